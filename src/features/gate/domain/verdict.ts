import type { Category } from "./facts.ts";

/** The rules, worst first, and the codes each can fail with. New codes may appear: clients branch on `decision`. */
export const reasonCodes = {
  recipient: ["recipient_invalid", "recipient_unsupported", "recipient_ambiguous"],
  sender: ["sender_unknown", "sender_restricted"],
  switch: ["sending_paused", "intake_stale"],
  block: ["recipient_blocked"],
  opt_out: ["recipient_opted_out", "opt_out_suspected", "recipient_paused"],
  purpose: ["purpose_unknown", "purpose_category_mismatch"],
  consent: [
    "consent_missing",
    "consent_pending",
    "consent_refused",
    "consent_withdrawn",
    "consent_revoked",
    "consent_expired",
    "consent_invalidated",
    "consent_unproven",
    "channel_opt_in_missing",
    "basis_objected",
  ],
  platform_stop: ["platform_marketing_stopped"],
  window: ["window_closed", "service_limit_reached"],
  template: ["template_unknown", "template_not_approved", "template_paused", "template_disabled"],
  quiet_hours: ["quiet_hours"],
  frequency_cap: ["frequency_cap_reached"],
  platform_hold: ["platform_hold"],
  destination: ["destination_restricted"],
  sender_limit: ["sender_limit_reached"],
  complaints: ["complaint_rate_exceeded"],
  reachability: ["recipient_unreachable"],
} as const;

export type RuleName = keyof typeof reasonCodes;
export const ruleNames = Object.keys(reasonCodes) as readonly RuleName[];
export type ReasonCode = (typeof reasonCodes)[RuleName][number];
export type Outcome = "pass" | "fail" | "not_applicable";
/** What the sender must still do. */
export type Obligation = "include_opt_out_instructions" | "identify_business" | "use_template";

/** Why a rule failed. Words for people come from `explain`. */
export interface Grounds {
  readonly code: ReasonCode;
  /** When asking again makes sense (ISO 8601); null: waiting alone does not help. */
  readonly retryAt: string | null;
  /** Ids of the events and records that carried the rule. */
  readonly evidence: readonly string[];
}

export interface Reason extends Grounds {
  readonly rule: RuleName;
  /** False: monitor mode only watched the rule. Left out: it denies. */
  readonly enforced?: false;
}

/** The answer to a check, without the words: plain JSON, to be stored as it is. */
export interface Verdict {
  readonly decision: "allow" | "deny";
  /** The category that counts; null when neither purpose nor template says one. */
  readonly category: Category | null;
  /** Every failing rule's grounds, worst first. The decision is allow exactly when none of them is enforced. */
  readonly reasons: readonly Reason[];
  /** Every rule's outcome, in the same order. */
  readonly rules: Readonly<Record<RuleName, Outcome>>;
  /** The customer service window as the rules saw it; times are null when there is none. */
  readonly window: {
    readonly open: boolean;
    readonly openedAt: string | null;
    readonly expiresAt: string | null;
  };
  readonly obligations: readonly Obligation[];
  /** A valid cause was named and the message may go: whoever records the decision must use the cause up. */
  readonly causeUsed: boolean;
  readonly policyVersion: string;
}

/** What a decision is counted under: the worst reason that denies; of an allow the worst that was only watched. */
export function worstCode({ reasons }: Pick<Verdict, "reasons">): ReasonCode | undefined {
  return (reasons.find(({ enforced }) => enforced !== false) ?? reasons[0])?.code;
}
