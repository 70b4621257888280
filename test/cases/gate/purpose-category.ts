import type { Category, Question } from "../../../src/features/gate/domain/facts.ts";
import {
  denied,
  type GateCase,
  orderUpdate,
  promotion,
  provenConsent,
  supportReply,
  why,
} from "./scenarios.ts";

function saying(question: Question, category: Category): Question {
  return question.message.kind === "template"
    ? { ...question, message: { ...question.message, category } }
    : question;
}

const agreed = (purpose: string) => [provenConsent(purpose, "cns_1", "2026-09-01T10:00:00.000Z")];

/** A template of one category for a purpose of another, by a person with a proven consent to that very purpose. */
function pairing(purpose: Category, template: Category): Pick<GateCase, "question" | "facts"> {
  return {
    question: saying({ ...promotion.question, purpose: "news" }, template),
    facts: {
      ...promotion.facts,
      purpose: { key: "news", category: purpose, lawfulBasis: "consent" },
      consents: agreed("news"),
      template: { id: "tpl_1", category: template, status: "approved" },
    },
  };
}

const marketingRecord = promotion.allowed;
const plainRecord = (category: Category) => ({ ...orderUpdate.allowed, category });

/** Rule 6 and the category that counts. */
export const purposeCategoryCases: readonly GateCase[] = [
  {
    guarantee: "a purpose nobody registered is unknown, whatever the person agreed to",
    question: promotion.question,
    facts: { ...promotion.facts, purpose: null },
    wanted: denied(promotion, [why("purpose", "purpose_unknown")]),
  },
  {
    guarantee: "facts about another purpose than the one asked about are no answer",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      purpose: { key: "PROMOTIONS", category: "marketing", lawfulBasis: "consent" },
    },
    wanted: denied(promotion, [why("purpose", "purpose_unknown")]),
  },
  {
    guarantee: "a marketing purpose covers a utility template, and the message is still marketing",
    ...pairing("marketing", "utility"),
    wanted: marketingRecord,
  },
  {
    guarantee: "a utility template for a marketing purpose meets the platform's marketing stop",
    ...pairing("marketing", "utility"),
    facts: {
      ...pairing("marketing", "utility").facts,
      platformStops: [{ wabaId: "waba_1", at: "2026-09-20T08:00:00.000Z" }],
    },
    wanted: denied(promotion, [why("platform_stop", "platform_marketing_stopped", ["waba_1"])]),
  },
  {
    guarantee: "a utility purpose covers a utility template",
    ...pairing("utility", "utility"),
    wanted: plainRecord("utility"),
  },
  {
    guarantee: "an authentication purpose covers an authentication template",
    ...pairing("authentication", "authentication"),
    wanted: plainRecord("authentication"),
  },
  ...(
    [
      ["utility", "marketing"],
      ["authentication", "marketing"],
      ["service", "marketing"],
      ["marketing", "authentication"],
    ] satisfies [Category, Category][]
  ).map(
    ([purpose, template]): GateCase => ({
      guarantee: `a purpose of ${purpose} does not cover a template of ${template}, and the message counts as marketing`,
      ...pairing(purpose, template),
      wanted: denied(promotion, [why("purpose", "purpose_category_mismatch", ["tpl_1"])]),
    }),
  ),
  ...(
    [
      ["utility", "authentication", "utility"],
      ["authentication", "utility", "utility"],
      ["service", "utility", "utility"],
      ["service", "authentication", "authentication"],
    ] satisfies [Category, Category, Category][]
  ).map(
    ([purpose, template, counted]): GateCase => ({
      guarantee: `a purpose of ${purpose} does not cover a template of ${template}`,
      ...pairing(purpose, template),
      wanted: {
        ...plainRecord(counted),
        decision: "deny",
        reasons: [why("purpose", "purpose_category_mismatch", ["tpl_1"])],
      },
    }),
  ),
  {
    guarantee: "the registered category counts, not the caller's word",
    question: saying(orderUpdate.question, "utility"),
    facts: { ...orderUpdate.facts, template: { id: "tpl_1", category: "marketing", status: "approved" } },
    wanted: denied(promotion, [
      why("purpose", "purpose_category_mismatch", ["tpl_1"]),
      why("consent", "consent_missing"),
    ]),
  },
  {
    guarantee: "a caller who calls a utility template marketing is still answered for utility",
    question: saying(orderUpdate.question, "marketing"),
    facts: orderUpdate.facts,
    wanted: orderUpdate.allowed,
  },
  {
    guarantee: "for an unregistered template the caller's word counts, and it is denied anyway",
    question: saying(orderUpdate.question, "marketing"),
    facts: { ...orderUpdate.facts, template: null },
    wanted: denied(promotion, [
      why("purpose", "purpose_category_mismatch"),
      why("consent", "consent_missing"),
      why("template", "template_unknown"),
    ]),
  },
  {
    guarantee: "an unregistered template never escapes the category of its purpose",
    question: saying(promotion.question, "utility"),
    facts: { ...promotion.facts, template: null },
    wanted: denied(promotion, [why("template", "template_unknown")]),
  },
  {
    guarantee: "a promotion as free text to somebody who wrote today needs consent to promotions",
    question: { ...supportReply.question, purpose: "promotions" },
    facts: { ...supportReply.facts, purpose: promotion.facts.purpose },
    wanted: denied(supportReply, [why("consent", "consent_missing")], {
      category: "marketing",
      notApplicable: ["template"],
      obligations: ["include_opt_out_instructions", "identify_business"],
    }),
  },
  {
    guarantee:
      "an order update as free text in the open window is no service reply: it needs the channel opt-in",
    question: { ...supportReply.question, purpose: "order_updates" },
    facts: { ...supportReply.facts, purpose: orderUpdate.facts.purpose },
    wanted: denied(supportReply, [why("consent", "channel_opt_in_missing")], {
      category: "utility",
      notApplicable: ["platform_stop", "template", "platform_hold"],
      obligations: ["identify_business"],
    }),
  },
];
