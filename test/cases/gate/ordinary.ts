import { denied, type GateCase, orderUpdate, promotion, signInCode, supportReply, why } from "./scenarios.ts";

/** What ordinary life looks like, and what is denied when nothing at all is known. */
export const ordinaryCases: readonly GateCase[] = [
  {
    guarantee: "a promotion goes to a person who demonstrably agreed to promotions",
    question: promotion.question,
    facts: promotion.facts,
    wanted: promotion.allowed,
  },
  {
    guarantee: "an order update on contract goes to a person who opted in to the channel for another purpose",
    question: orderUpdate.question,
    facts: orderUpdate.facts,
    wanted: orderUpdate.allowed,
  },
  {
    guarantee: "a service reply in an open window needs no consent",
    question: supportReply.question,
    facts: supportReply.facts,
    wanted: supportReply.allowed,
  },
  {
    guarantee: "a sign-in code that the person just asked for needs no consent and uses its cause up",
    question: signInCode.question,
    facts: signInCode.facts,
    wanted: signInCode.allowed,
  },
  {
    guarantee:
      "a template that nothing is known about is denied by every rule that needs knowledge, worst first",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      recipient: {
        unreadable: ["phone"],
        identifierCount: 0,
        isSender: false,
        subjectIds: [],
        mergedAt: null,
        countries: [],
        timeZones: [],
        hasSavedNumber: false,
      },
      sender: null,
      purpose: null,
      consents: [],
      template: null,
    },
    wanted: denied(promotion, [
      why("recipient", "recipient_invalid"),
      why("sender", "sender_unknown"),
      why("purpose", "purpose_unknown"),
      why("consent", "consent_missing"),
      why("template", "template_unknown"),
    ]),
  },
  {
    guarantee: "a free-form message that nothing is known about is denied and told to use a template",
    question: supportReply.question,
    facts: { ...supportReply.facts, sender: null, purpose: null, window: null },
    wanted: denied(
      supportReply,
      [
        why("sender", "sender_unknown"),
        why("purpose", "purpose_unknown"),
        why("consent", "consent_missing"),
        why("window", "window_closed"),
      ],
      {
        category: null,
        notApplicable: ["platform_stop", "template", "platform_hold"],
        window: { open: false, openedAt: null, expiresAt: null },
        obligations: ["identify_business", "use_template"],
      },
    ),
  },
  {
    guarantee: "every failing rule is reported, worst first, and not only the first",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      recipient: { ...promotion.facts.recipient, isSender: true, subjectIds: ["sub_1", "sub_2"] },
      sender: { id: "snd_1", wabaId: "waba_1", state: "locked", restrictedUntil: null },
      blocks: [{ id: "blk_1", reason: "complaint", expiresAt: null }],
      nos: [{ kind: "opted_out", purpose: null, at: "2026-09-20T08:00:00.000Z", eventId: "opt_1" }],
      platformStops: [{ wabaId: "waba_1", at: "2026-09-20T08:00:00.000Z" }],
      template: { id: "tpl_sale", category: "marketing", status: "disabled" },
    },
    wanted: denied(promotion, [
      why("recipient", "recipient_invalid"),
      why("recipient", "recipient_ambiguous", ["sub_1", "sub_2"]),
      why("sender", "sender_restricted", ["snd_1"]),
      why("block", "recipient_blocked", ["blk_1"]),
      why("opt_out", "recipient_opted_out", ["opt_1"]),
      why("consent", "consent_withdrawn", ["opt_1"]),
      why("platform_stop", "platform_marketing_stopped", ["waba_1"]),
      why("template", "template_disabled", ["tpl_sale"]),
    ]),
  },
  {
    guarantee: "facts whose clock cannot be read deny even what needs no consent",
    question: supportReply.question,
    facts: { ...supportReply.facts, now: "yesterday" },
    wanted: denied(
      supportReply,
      [why("consent", "channel_opt_in_missing"), why("window", "window_closed", ["inb_1"])],
      {
        notApplicable: ["platform_stop", "template", "platform_hold"],
        window: { open: false, openedAt: null, expiresAt: null },
        obligations: ["identify_business", "use_template"],
      },
    ),
  },
];
