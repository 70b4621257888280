import type { ConsentFact, Facts } from "../../../src/features/gate/domain/facts.ts";
import type { ReasonCode } from "../../../src/features/gate/domain/verdict.ts";
import {
  denied,
  type GateCase,
  noConsent,
  now,
  orderUpdate,
  promotion,
  provenConsent,
  reportedConsent,
  supportReply,
  why,
} from "./scenarios.ts";

const september1 = "2026-09-01T10:00:00.000Z";
const september20 = "2026-09-20T08:00:00.000Z";
const proven = provenConsent("promotions", "cns_1", september1);

function promoted(guarantee: string, consents: readonly ConsentFact[], facts: Partial<Facts> = {}) {
  return { guarantee, question: promotion.question, facts: { ...promotion.facts, ...facts, consents } };
}

function because(code: ReasonCode, evidence: readonly string[] = []) {
  return denied(promotion, [why("consent", code, evidence)]);
}

function expiring(expiresAt: string): ConsentFact {
  const yes = { eventId: "cns_1", at: september1, expiresAt };
  return { ...noConsent("promotions"), given: yes, proven: yes };
}

const imported: ConsentFact = { ...reportedConsent("promotions", "cns_import", september1), unproven: true };

const consentPurpose: Facts["purpose"] = {
  key: "order_updates",
  category: "utility",
  lawfulBasis: "consent",
};

/** Rule 7: a basis for the purpose and an opt-in to the channel. */
export const consentCases: readonly GateCase[] = [
  {
    ...promoted("a stranger has not agreed to anything", [], {
      recipient: { ...promotion.facts.recipient, subjectIds: [] },
    }),
    wanted: because("consent_missing"),
  },
  {
    ...promoted("a consent to one purpose is none to another", [
      provenConsent("order_updates", "cns_1", september1),
    ]),
    wanted: because("consent_missing"),
  },
  {
    ...promoted("a consent that the caller reports is enough while the person never said no", [
      reportedConsent("promotions", "cns_1", september1),
    ]),
    wanted: promotion.allowed,
  },
  {
    ...promoted("a requested consent is pending until it is confirmed", [
      { ...noConsent("promotions"), requested: { eventId: "cns_1", at: september1 } },
    ]),
    wanted: because("consent_pending", ["cns_1"]),
  },
  {
    ...promoted("a request to confirm does not undo a standing consent", [
      { ...proven, requested: { eventId: "cns_2", at: september20 } },
    ]),
    wanted: promotion.allowed,
  },
  ...(
    [
      ["withdrawn", "consent_withdrawn"],
      ["revoked", "consent_revoked"],
      ["refused", "consent_refused"],
      ["invalidated", "consent_invalidated"],
    ] as const
  ).flatMap(([kind, code]): GateCase[] => [
    {
      ...promoted(`a consent that was ${kind} does not stand`, [proven], {
        nos: [{ kind, purpose: "promotions", at: september20, eventId: "cns_no" }],
      }),
      wanted: because(code, ["cns_no"]),
    },
    {
      ...promoted(`a consent that the events show as ${kind} does not stand, though no row says so`, [
        { ...proven, no: { kind, at: september20, eventId: "cns_no" } },
      ]),
      wanted: because(code, ["cns_no"]),
    },
    {
      ...promoted(`a proven yes after a consent was ${kind} revives it`, [
        {
          ...provenConsent("promotions", "cns_2", "2026-09-25T08:00:00.000Z"),
          no: { kind, at: september20, eventId: "cns_no" },
        },
      ]),
      wanted: promotion.allowed,
    },
    {
      ...promoted(`a reported yes after a consent was ${kind} revives nothing`, [
        {
          ...proven,
          given: { eventId: "cns_2", at: "2026-09-25T08:00:00.000Z", expiresAt: null },
          no: { kind, at: september20, eventId: "cns_no" },
        },
      ]),
      wanted: because(code, ["cns_no"]),
    },
  ]),
  {
    ...promoted("a refusal before any consent is reported as a refusal", [
      { ...noConsent("promotions"), no: { kind: "refused", at: september20, eventId: "cns_no" } },
    ]),
    wanted: because("consent_refused", ["cns_no"]),
  },
  {
    ...promoted(
      "the latest no explains, and every no that no yes followed is evidence",
      [{ ...proven, no: { kind: "revoked", at: "2026-09-22T08:00:00.000Z", eventId: "cns_revoked" } }],
      { nos: [{ kind: "withdrawn", purpose: "promotions", at: september20, eventId: "cns_withdrawn" }] },
    ),
    wanted: because("consent_revoked", ["cns_revoked", "cns_withdrawn"]),
  },
  {
    ...promoted("in the same second the withdrawal wins", [
      {
        ...provenConsent("promotions", "cns_1", "2026-09-20T08:00:00.900Z"),
        no: { kind: "withdrawn", at: "2026-09-20T08:00:00.100Z", eventId: "cns_no" },
      },
    ]),
    wanted: because("consent_withdrawn", ["cns_no"]),
  },
  {
    ...promoted("a yes in a record without proof beats no earlier no", [
      {
        ...proven,
        unproven: true,
        no: { kind: "withdrawn", at: "2026-08-01T00:00:00.000Z", eventId: "cns_no" },
      },
    ]),
    wanted: because("consent_withdrawn", ["cns_no"]),
  },
  {
    ...promoted("a withdrawal of another purpose leaves this one alone", [
      proven,
      {
        ...provenConsent("order_updates", "cns_2", september1),
        no: { kind: "withdrawn", at: september20, eventId: "cns_no" },
      },
    ]),
    wanted: promotion.allowed,
  },
  {
    ...promoted("a consent is good one millisecond before it expires", [
      expiring("2026-10-01T12:00:00.001Z"),
    ]),
    wanted: promotion.allowed,
  },
  {
    ...promoted("a consent is expired at the instant it expires", [expiring(now)]),
    wanted: because("consent_expired", ["cns_1"]),
  },
  {
    ...promoted("a consent whose expiry cannot be read is expired", [expiring("next year")]),
    wanted: because("consent_expired", ["cns_1"]),
  },
  {
    ...promoted("an older yes that is still valid does not outlive the expiry of the latest", [
      { ...proven, given: { eventId: "cns_2", at: september20, expiresAt: now } },
    ]),
    wanted: because("consent_expired", ["cns_2"]),
  },
  {
    ...promoted("a reported renewal does not prolong the only yes that beat a no", [
      {
        ...expiring("2026-09-30T00:00:00.000Z"),
        given: { eventId: "cns_2", at: september20, expiresAt: null },
        no: { kind: "withdrawn", at: "2026-08-01T00:00:00.000Z", eventId: "cns_no" },
      },
    ]),
    wanted: because("consent_expired", ["cns_1"]),
  },
  {
    ...promoted("a yes whose time cannot be read is none", [provenConsent("promotions", "cns_1", "soon")]),
    wanted: because("consent_missing"),
  },
  {
    ...promoted("a yes from more than five minutes ahead is none", [
      provenConsent("promotions", "cns_1", "2026-10-01T12:05:00.001Z"),
    ]),
    wanted: because("consent_missing"),
  },
  {
    ...promoted("a yes from five minutes ahead counts as of now", [
      provenConsent("promotions", "cns_1", "2026-10-01T12:05:00.000Z"),
    ]),
    wanted: promotion.allowed,
  },
  {
    ...promoted("a yes from ahead of our clock does not beat a no of this second", [
      {
        ...provenConsent("promotions", "cns_1", "2026-10-01T12:05:00.000Z"),
        no: { kind: "withdrawn", at: now, eventId: "cns_no" },
      },
    ]),
    wanted: because("consent_withdrawn", ["cns_no"]),
  },
  {
    ...promoted("an import without evidence does not allow marketing", [imported]),
    wanted: because("consent_unproven", ["cns_import"]),
  },
  {
    guarantee: "marketing is on consent, always, whatever basis the purpose claims",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      purpose: { key: "promotions", category: "marketing", lawfulBasis: "legitimate_interest" },
      consents: [provenConsent("order_updates", "cns_1", september1)],
    },
    wanted: because("consent_missing"),
  },
  {
    guarantee: "a utility purpose on consent needs its own consent, not only a channel opt-in",
    question: orderUpdate.question,
    facts: { ...orderUpdate.facts, purpose: consentPurpose },
    wanted: denied(orderUpdate, [why("consent", "consent_missing")]),
  },
  {
    guarantee: "a utility purpose on consent is allowed by its own consent",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      purpose: consentPurpose,
      consents: [provenConsent("order_updates", "cns_1", september1)],
    },
    wanted: orderUpdate.allowed,
  },
  {
    guarantee: "an import without evidence is a basis for utility, but no channel opt-in",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      purpose: consentPurpose,
      consents: [{ ...imported, purpose: "order_updates" }],
    },
    wanted: denied(orderUpdate, [why("consent", "channel_opt_in_missing")]),
  },
  {
    guarantee: "an import without evidence and a proven opt-in for another purpose allow utility",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      purpose: consentPurpose,
      consents: [{ ...imported, purpose: "order_updates" }, proven],
    },
    wanted: orderUpdate.allowed,
  },
  {
    guarantee: "a contract does not replace the opt-in to the channel",
    question: orderUpdate.question,
    facts: { ...orderUpdate.facts, consents: [] },
    wanted: denied(orderUpdate, [why("consent", "channel_opt_in_missing")]),
  },
  ...(
    [
      ["is only requested", { ...noConsent("promotions"), requested: { eventId: "cns_1", at: september1 } }],
      ["has expired", expiring(now)],
      ["was withdrawn", { ...proven, no: { kind: "withdrawn", at: september20, eventId: "cns_no" } }],
      ["has no proof", imported],
    ] satisfies [string, ConsentFact][]
  ).map(
    ([state, record]): GateCase => ({
      guarantee: `a consent that ${state} is no channel opt-in`,
      question: orderUpdate.question,
      facts: { ...orderUpdate.facts, consents: [record] },
      wanted: denied(orderUpdate, [why("consent", "channel_opt_in_missing")]),
    }),
  ),
  ...(["withdrawn", "refused", "revoked"] as const).map(
    (kind): GateCase => ({
      guarantee: `a contract purpose that the person has ${kind} is objected to`,
      question: orderUpdate.question,
      facts: {
        ...orderUpdate.facts,
        nos: [{ kind, purpose: "order_updates", at: september20, eventId: "cns_no" }],
      },
      wanted: denied(orderUpdate, [why("consent", "basis_objected", ["cns_no"])]),
    }),
  ),
  {
    guarantee: "an objection and a missing channel opt-in are both reported, the objection first",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      consents: [
        {
          ...provenConsent("order_updates", "cns_1", september1),
          no: { kind: "withdrawn", at: september20, eventId: "cns_no" },
        },
      ],
    },
    wanted: denied(orderUpdate, [
      why("consent", "basis_objected", ["cns_no"]),
      why("consent", "channel_opt_in_missing"),
    ]),
  },
  {
    guarantee: "a proven yes after an objection ends it",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      nos: [{ kind: "withdrawn", purpose: "order_updates", at: september20, eventId: "cns_no" }],
      consents: [provenConsent("order_updates", "cns_1", "2026-09-25T08:00:00.000Z")],
    },
    wanted: orderUpdate.allowed,
  },
  {
    guarantee: "a reported yes after an objection does not end it",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      nos: [{ kind: "withdrawn", purpose: "order_updates", at: september20, eventId: "cns_no" }],
      consents: [proven, reportedConsent("order_updates", "cns_1", "2026-09-25T08:00:00.000Z")],
    },
    wanted: denied(orderUpdate, [why("consent", "basis_objected", ["cns_no"])]),
  },
  {
    guarantee: "an invalidated consent is no objection to a contract purpose",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      consents: [
        proven,
        {
          ...provenConsent("order_updates", "cns_2", september1),
          no: { kind: "invalidated", at: september20, eventId: "cns_no" },
        },
      ],
    },
    wanted: orderUpdate.allowed,
  },
  {
    guarantee: "a service purpose outside the window needs the channel opt-in and the window",
    question: supportReply.question,
    facts: { ...supportReply.facts, window: null },
    wanted: denied(supportReply, [why("consent", "channel_opt_in_missing"), why("window", "window_closed")], {
      notApplicable: ["platform_stop", "template", "platform_hold"],
      window: { open: false, openedAt: null, expiresAt: null },
      obligations: ["identify_business", "use_template"],
    }),
  },
];
