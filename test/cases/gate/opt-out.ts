import type { Facts } from "../../../src/features/gate/domain/facts.ts";
import {
  denied,
  type GateCase,
  noConsent,
  orderUpdate,
  promotion,
  provenConsent,
  reportedConsent,
  signInCode,
  supportReply,
  why,
} from "./scenarios.ts";

type No = Facts["nos"][number];

function stop(at: string, purpose: string | null = null, eventId = "opt_1"): No {
  return { kind: "opted_out", purpose, at, eventId };
}

const optedOut = (evidence = ["opt_1"]) => [
  why("opt_out", "recipient_opted_out", evidence),
  why("consent", "consent_withdrawn", evidence),
];
const paused = (...ends: readonly string[]): Facts["preferences"] => ({
  pauses: ends.map((until, n) => ({ id: `prf_${n + 1}`, until })),
  caps: [],
});
const september20 = "2026-09-20T08:00:00.000Z";

/** Rule 5: an opt-out ends every earlier consent in its scope, and only the person's own later yes revives one. */
export const optOutCases: readonly GateCase[] = [
  {
    guarantee: "an opt-out from everything ends an earlier proven consent",
    question: promotion.question,
    facts: { ...promotion.facts, nos: [stop(september20)] },
    wanted: denied(promotion, optedOut()),
  },
  {
    guarantee: "an opt-out from the purpose ends an earlier proven consent",
    question: promotion.question,
    facts: { ...promotion.facts, nos: [stop(september20, "promotions")] },
    wanted: denied(promotion, optedOut()),
  },
  {
    guarantee: "an opt-out beats a newer consent that a caller merely reports",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      nos: [stop(september20)],
      consents: [reportedConsent("promotions", "cns_import", "2026-09-25T08:00:00.000Z")],
    },
    wanted: denied(promotion, optedOut()),
  },
  {
    guarantee: "an opt-out beats a newer consent that still awaits its confirmation",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      nos: [stop(september20)],
      consents: [
        {
          ...provenConsent("promotions", "cns_promotions", "2026-09-01T10:00:00.000Z"),
          requested: { eventId: "cns_requested", at: "2026-09-25T08:00:00.000Z" },
        },
      ],
    },
    wanted: denied(promotion, optedOut()),
  },
  {
    guarantee: "a yes that the person demonstrably gave after the opt-out revives its purpose",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      nos: [stop(september20)],
      consents: [provenConsent("promotions", "cns_again", "2026-09-25T08:00:00.000Z")],
    },
    wanted: promotion.allowed,
  },
  {
    guarantee: "a yes revives its own purpose only",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      nos: [stop(september20)],
      consents: [provenConsent("promotions", "cns_again", "2026-09-25T08:00:00.000Z")],
    },
    wanted: denied(orderUpdate, [why("opt_out", "recipient_opted_out", ["opt_1"])]),
  },
  {
    guarantee: "orders only: after a STOP a proven yes to order updates lets them through again",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      nos: [stop(september20)],
      consents: [
        provenConsent("promotions", "cns_promotions", "2026-09-01T10:00:00.000Z"),
        provenConsent("order_updates", "cns_orders", "2026-09-20T08:01:00.000Z"),
      ],
    },
    wanted: orderUpdate.allowed,
  },
  {
    guarantee: "in the same second the opt-out wins, though the yes is 998 milliseconds later",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      nos: [stop("2026-09-20T08:00:00.001Z")],
      consents: [provenConsent("promotions", "cns_again", "2026-09-20T08:00:00.999Z")],
    },
    wanted: denied(promotion, optedOut()),
  },
  {
    guarantee: "in the next second the yes wins, though it is one millisecond later",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      nos: [stop("2026-09-20T08:00:00.999Z")],
      consents: [provenConsent("promotions", "cns_again", "2026-09-20T08:00:01.000Z")],
    },
    wanted: promotion.allowed,
  },
  {
    guarantee: "a yes must be later than every opt-out, not only than the first",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      nos: [stop(september20), stop("2026-09-26T08:00:00.000Z", "promotions", "opt_2")],
      consents: [provenConsent("promotions", "cns_again", "2026-09-25T08:00:00.000Z")],
    },
    wanted: denied(promotion, [
      why("opt_out", "recipient_opted_out", ["opt_1", "opt_2"]),
      why("consent", "consent_withdrawn", ["opt_2"]),
    ]),
  },
  {
    guarantee: "an opt-out whose time cannot be read stands against every yes",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      nos: [stop("-infinity")],
      consents: [provenConsent("promotions", "cns_again", "2026-09-25T08:00:00.000Z")],
    },
    wanted: denied(promotion, optedOut()),
  },
  {
    guarantee: "an opt-out that a since expired yes had beaten stands again",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      nos: [stop(september20)],
      consents: [
        {
          ...noConsent("promotions"),
          given: {
            eventId: "cns_again",
            at: "2026-09-25T08:00:00.000Z",
            expiresAt: "2026-10-01T00:00:00.000Z",
          },
          proven: {
            eventId: "cns_again",
            at: "2026-09-25T08:00:00.000Z",
            expiresAt: "2026-10-01T00:00:00.000Z",
          },
        },
      ],
    },
    wanted: denied(promotion, [
      why("opt_out", "recipient_opted_out", ["opt_1"]),
      why("consent", "consent_expired", ["cns_again"]),
    ]),
  },
  {
    guarantee: "an opt-out that an invalidated yes had beaten stands again",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      nos: [stop(september20, "order_updates")],
      consents: [
        ...orderUpdate.facts.consents,
        {
          ...provenConsent("order_updates", "cns_orders", "2026-09-25T08:00:00.000Z"),
          no: { kind: "invalidated", eventId: "cns_invalidated", at: "2026-09-26T08:00:00.000Z" },
        },
      ],
    },
    wanted: denied(orderUpdate, [why("opt_out", "recipient_opted_out", ["opt_1"])]),
  },
  {
    guarantee: "an opt-out of somebody who never agreed is an opt-out, and no withdrawal",
    question: promotion.question,
    facts: { ...promotion.facts, nos: [stop(september20)], consents: [] },
    wanted: denied(promotion, [
      why("opt_out", "recipient_opted_out", ["opt_1"]),
      why("consent", "consent_missing"),
    ]),
  },
  {
    guarantee: "a service reply to a message newer than the opt-out arrives",
    question: supportReply.question,
    facts: { ...supportReply.facts, nos: [stop("2026-10-01T10:59:59.999Z")] },
    wanted: {
      ...supportReply.allowed,
      notApplicable: ["opt_out", "consent", "platform_stop", "template", "platform_hold"],
    },
  },
  {
    guarantee: "a service reply to the very message that said STOP does not arrive",
    question: supportReply.question,
    facts: { ...supportReply.facts, nos: [stop("2026-10-01T11:00:00.000Z")] },
    wanted: denied(supportReply, [why("opt_out", "recipient_opted_out", ["opt_1"])]),
  },
  {
    guarantee: "a message stamped ahead of our clock is not newer than an opt-out of this second",
    question: supportReply.question,
    facts: {
      ...supportReply.facts,
      window: { openedAt: "2026-10-01T12:04:00.000Z", messageId: "inb_1", closedAt: null },
      nos: [stop("2026-10-01T12:00:00.000Z")],
    },
    wanted: denied(supportReply, [why("opt_out", "recipient_opted_out", ["opt_1"])], {
      window: { open: true, openedAt: "2026-10-01T12:00:00.000Z", expiresAt: "2026-10-02T12:00:00.000Z" },
    }),
  },
  {
    guarantee: "of several opt-outs the one newer than the person's message still stops the reply",
    question: supportReply.question,
    facts: {
      ...supportReply.facts,
      nos: [stop(september20), stop("2026-10-01T11:30:00.000Z", "support", "opt_2")],
    },
    wanted: denied(supportReply, [why("opt_out", "recipient_opted_out", ["opt_2"])]),
  },
  {
    guarantee: "a promotion as free text in the open window is no service reply: the opt-out stops it",
    question: { ...supportReply.question, purpose: "promotions" },
    facts: {
      ...supportReply.facts,
      purpose: promotion.facts.purpose,
      consents: promotion.facts.consents,
      nos: [stop("2026-09-20T08:00:00.000Z")],
    },
    wanted: denied(supportReply, optedOut(), {
      category: "marketing",
      notApplicable: ["template"],
      obligations: ["include_opt_out_instructions", "identify_business"],
    }),
  },
  {
    guarantee: "a sign-in code that the person just asked for arrives in spite of an opt-out",
    question: signInCode.question,
    facts: { ...signInCode.facts, nos: [stop(september20)] },
    wanted: {
      ...signInCode.allowed,
      notApplicable: ["opt_out", "consent", "platform_stop", "window", "platform_hold"],
    },
  },
  {
    guarantee: "marketing waits while a message that may be a no is undecided, however good the consent is",
    question: promotion.question,
    facts: { ...promotion.facts, suspicions: [{ id: "sus_1", at: september20 }] },
    wanted: denied(promotion, [why("opt_out", "opt_out_suspected", ["sus_1"])]),
  },
  {
    guarantee: "a yes since, though demonstrably given, does not answer for staff: marketing waits for them",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      suspicions: [
        { id: "sus_1", at: september20 },
        { id: "sus_2", at: september20 },
      ],
      consents: [provenConsent("promotions", "cns_again", "2026-09-25T08:00:00.000Z")],
    },
    wanted: denied(promotion, [why("opt_out", "opt_out_suspected", ["sus_1", "sus_2"])]),
  },
  {
    guarantee: "a promotion as free text in the open window waits too",
    question: { ...supportReply.question, purpose: "promotions" },
    facts: {
      ...supportReply.facts,
      purpose: promotion.facts.purpose,
      consents: promotion.facts.consents,
      suspicions: [{ id: "sus_1", at: september20 }],
    },
    wanted: denied(supportReply, [why("opt_out", "opt_out_suspected", ["sus_1"])], {
      category: "marketing",
      notApplicable: ["template"],
      obligations: ["include_opt_out_instructions", "identify_business"],
    }),
  },
  {
    guarantee: "an order update goes on while a message that may be a no waits for staff",
    question: orderUpdate.question,
    facts: { ...orderUpdate.facts, suspicions: [{ id: "sus_1", at: september20 }] },
    wanted: orderUpdate.allowed,
  },
  {
    guarantee: "an answer to the person goes on while a message that may be a no waits for staff",
    question: supportReply.question,
    facts: { ...supportReply.facts, suspicions: [{ id: "sus_1", at: september20 }] },
    wanted: supportReply.allowed,
  },
  {
    guarantee: "a no and what may be another are both told",
    question: promotion.question,
    facts: { ...promotion.facts, nos: [stop(september20)], suspicions: [{ id: "sus_1", at: september20 }] },
    wanted: denied(promotion, [
      why("opt_out", "recipient_opted_out", ["opt_1"]),
      why("opt_out", "opt_out_suspected", ["sus_1"]),
      why("consent", "consent_withdrawn", ["opt_1"]),
    ]),
  },
  {
    guarantee: "a pause of the person's holds marketing back until it is over, however good the consent is",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      preferences: paused("2026-10-05T08:00:00.000Z", "2026-10-09T08:00:00.000Z"),
    },
    wanted: denied(promotion, [
      why("opt_out", "recipient_paused", ["prf_1", "prf_2"], "2026-10-09T08:00:00.000Z"),
    ]),
  },
  {
    guarantee: "a yes since, though demonstrably given, does not end a pause",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      preferences: paused("2026-10-05T08:00:00.000Z"),
      consents: [provenConsent("promotions", "cns_again", "2026-09-30T08:00:00.000Z")],
    },
    wanted: denied(promotion, [why("opt_out", "recipient_paused", ["prf_1"], "2026-10-05T08:00:00.000Z")]),
  },
  {
    guarantee: "a pause is over at its end",
    question: promotion.question,
    facts: { ...promotion.facts, preferences: paused("2026-10-01T12:00:00.000Z") },
    wanted: promotion.allowed,
  },
  {
    guarantee: "a pause lasts until its last millisecond",
    question: promotion.question,
    facts: { ...promotion.facts, preferences: paused("2026-10-01T12:00:00.001Z") },
    wanted: denied(promotion, [why("opt_out", "recipient_paused", ["prf_1"], "2026-10-01T12:00:00.001Z")]),
  },
  {
    guarantee: "a pause whose end cannot be read is not over, and nobody can say when it is",
    question: promotion.question,
    facts: { ...promotion.facts, preferences: paused("in a month", "2026-10-05T08:00:00.000Z") },
    wanted: denied(promotion, [why("opt_out", "recipient_paused", ["prf_1", "prf_2"])]),
  },
  {
    guarantee: "an order update and an answer to the person go on in a pause",
    question: orderUpdate.question,
    facts: { ...orderUpdate.facts, preferences: paused("2026-10-05T08:00:00.000Z") },
    wanted: orderUpdate.allowed,
  },
  {
    guarantee: "a no, what may be one and a pause are all told",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      nos: [stop(september20)],
      suspicions: [{ id: "sus_1", at: september20 }],
      preferences: paused("2026-10-05T08:00:00.000Z"),
    },
    wanted: denied(promotion, [
      why("opt_out", "recipient_opted_out", ["opt_1"]),
      why("opt_out", "opt_out_suspected", ["sus_1"]),
      why("opt_out", "recipient_paused", ["prf_1"], "2026-10-05T08:00:00.000Z"),
      why("consent", "consent_withdrawn", ["opt_1"]),
    ]),
  },
];
