import type { ConsentFact, Facts, Question } from "../../../src/features/gate/domain/facts.ts";
import type { PolicyDocument } from "../../../src/features/gate/domain/policy.ts";
import type { Reason, ReasonCode, RuleName, Verdict } from "../../../src/features/gate/domain/verdict.ts";

/** One row of a table: what is asked, what is known, and the whole record that is wanted. */
export interface GateCase {
  readonly guarantee: string;
  readonly question: Question;
  readonly facts: Facts;
  /** What the policy sets beside the built-in one. */
  readonly policy?: Partial<PolicyDocument>;
  readonly wanted: Wanted;
}

/**
 * The verdict without what follows from the rest: a rule fails when it has a reason, is not applicable when the policy
 * sets nothing for it, and else passes.
 */
export interface Wanted extends Omit<Verdict, "rules" | "policyVersion"> {
  readonly notApplicable: readonly RuleName[];
}

export interface Scenario {
  readonly question: Question;
  readonly facts: Facts;
  /** The record of the scenario as it stands: an allow. */
  readonly allowed: Wanted;
}

/** The moment of every check in the tables. */
export const now = "2026-10-01T12:00:00.000Z";
const noWindow = { open: false, openedAt: null, expiresAt: null };

export function why(
  rule: RuleName,
  code: ReasonCode,
  evidence: readonly string[] = [],
  retryAt: string | null = null,
): Reason {
  return { code, rule, retryAt, evidence };
}

/** The scenario's record, had it been denied for these reasons. */
export function denied(
  { allowed }: Scenario,
  reasons: readonly Reason[],
  rest: Partial<Wanted> = {},
): Wanted {
  return { ...allowed, decision: "deny", reasons, causeUsed: false, ...rest };
}

/** A yes that the person demonstrably gave. */
export function provenConsent(purpose: string, eventId: string, at: string): ConsentFact {
  const yes = { eventId, at, expiresAt: null };
  return { ...noConsent(purpose), given: yes, proven: yes };
}

/** A yes that the caller reported: evidence on file, but nothing that the person's own act left with us. */
export function reportedConsent(purpose: string, eventId: string, at: string): ConsentFact {
  return { ...noConsent(purpose), given: { eventId, at, expiresAt: null } };
}

export function noConsent(purpose: string): ConsentFact {
  return {
    purpose,
    subjectId: "sub_1",
    given: null,
    proven: null,
    requested: null,
    no: null,
    unproven: false,
  };
}

const person: Facts = {
  now,
  recipient: {
    unreadable: [],
    identifierCount: 1,
    isSender: false,
    subjectIds: ["sub_1"],
    mergedAt: null,
    countries: ["US"],
    timeZones: [],
    hasSavedNumber: false,
  },
  sandbox: null,
  monitor: null,
  switches: [],
  sender: { id: "snd_1", wabaId: "waba_1", state: "active", restrictedUntil: null },
  blocks: [],
  nos: [],
  suspicions: [],
  preferences: { pauses: [], caps: [] },
  purpose: null,
  consents: [],
  platformStops: [],
  holds: [],
  intake: [],
  reach: { failures: [], seenAt: null },
  sends: [],
  senderUse: { account: null, sender: null },
  breaker: null,
  window: null,
  template: null,
  cause: null,
};

/** A promotion by an approved marketing template to a person who agreed to promotions a month ago. */
export const promotion: Scenario = {
  question: {
    sender: "snd_1",
    channel: "whatsapp",
    purpose: "promotions",
    message: { kind: "template", category: "marketing", template: { name: "autumn_sale", language: "en" } },
  },
  facts: {
    ...person,
    purpose: { key: "promotions", category: "marketing", lawfulBasis: "consent" },
    consents: [provenConsent("promotions", "cns_promotions", "2026-09-01T10:00:00.000Z")],
    template: { id: "tpl_sale", category: "marketing", status: "approved" },
  },
  allowed: {
    decision: "allow",
    category: "marketing",
    reasons: [],
    notApplicable: ["window"],
    window: noWindow,
    obligations: ["include_opt_out_instructions", "identify_business"],
    causeUsed: false,
  },
};

/** An order update by an approved utility template; the basis is the contract, the opt-in that for promotions. */
export const orderUpdate: Scenario = {
  question: {
    sender: "snd_1",
    channel: "whatsapp",
    purpose: "order_updates",
    message: { kind: "template", category: "utility", template: { name: "order_shipped", language: "en" } },
  },
  facts: {
    ...promotion.facts,
    purpose: { key: "order_updates", category: "utility", lawfulBasis: "contract" },
    template: { id: "tpl_order", category: "utility", status: "approved" },
  },
  allowed: {
    decision: "allow",
    category: "utility",
    reasons: [],
    notApplicable: ["platform_stop", "window", "platform_hold"],
    window: noWindow,
    obligations: ["identify_business"],
    causeUsed: false,
  },
};

/** A free-form answer to somebody who wrote an hour ago and never agreed to anything. */
export const supportReply: Scenario = {
  question: {
    sender: "snd_1",
    channel: "whatsapp",
    purpose: "support",
    message: { kind: "free_form", inReplyTo: "wamid.1" },
  },
  facts: {
    ...person,
    purpose: { key: "support", category: "service", lawfulBasis: "legitimate_interest" },
    window: { openedAt: "2026-10-01T11:00:00.000Z", messageId: "inb_1", closedAt: null },
  },
  allowed: {
    decision: "allow",
    category: "service",
    reasons: [],
    notApplicable: ["consent", "platform_stop", "template", "platform_hold"],
    window: { open: true, openedAt: "2026-10-01T11:00:00.000Z", expiresAt: "2026-10-02T11:00:00.000Z" },
    obligations: [],
    causeUsed: false,
  },
};

/** A sign-in code, asked for a minute ago by somebody who never agreed to anything. */
export const signInCode: Scenario = {
  question: {
    sender: "snd_1",
    channel: "whatsapp",
    purpose: "sign_in_codes",
    message: {
      kind: "template",
      category: "authentication",
      template: { name: "sign_in_code", language: "en" },
    },
    cause: { kind: "sign_in", id: "cau_1" },
  },
  facts: {
    ...person,
    purpose: { key: "sign_in_codes", category: "authentication", lawfulBasis: "contract" },
    template: { id: "tpl_code", category: "authentication", status: "approved" },
    cause: {
      kind: "sign_in",
      id: "cau_1",
      openedAt: "2026-10-01T11:59:00.000Z",
      usedAt: null,
      usedOfLate: 0,
    },
  },
  allowed: {
    decision: "allow",
    category: "authentication",
    reasons: [],
    notApplicable: ["consent", "platform_stop", "window", "platform_hold"],
    window: noWindow,
    obligations: ["identify_business"],
    causeUsed: true,
  },
};
