import type { Facts } from "./facts.ts";
import { formatInstant } from "./instants.ts";
import { type Finding, fail, pass } from "./rules/rule.ts";
import { type ReasonCode, type RuleName, reasonCodes } from "./verdict.ts";

/**
 * What a simulator number stands for: a reason to deny, an allow, no answer, or an allow whose permit is refused when it
 * is redeemed.
 */
export type Simulated = ReasonCode | "allow" | "undecided" | "refused_at_redemption";

/** Reserved for fiction in every North American area code (NANPA): 555-0100 to 555-0199. */
const firstDigits = "+130355501";
/** Once given a number never stands for anything else, so that senders' tests stay good. */
const lastDigits: Readonly<Record<Simulated, `${number}`>> = {
  allow: "00",
  undecided: "01",
  refused_at_redemption: "02",
  recipient_invalid: "10",
  recipient_unsupported: "11",
  recipient_ambiguous: "12",
  sender_unknown: "13",
  sender_restricted: "14",
  sending_paused: "15",
  intake_stale: "16",
  recipient_blocked: "17",
  recipient_opted_out: "18",
  purpose_unknown: "19",
  purpose_category_mismatch: "20",
  consent_missing: "21",
  consent_pending: "22",
  consent_refused: "23",
  consent_withdrawn: "24",
  consent_revoked: "25",
  consent_expired: "26",
  consent_invalidated: "27",
  consent_unproven: "28",
  channel_opt_in_missing: "29",
  basis_objected: "30",
  platform_marketing_stopped: "31",
  window_closed: "32",
  service_limit_reached: "50",
  template_unknown: "33",
  template_not_approved: "34",
  template_paused: "35",
  template_disabled: "36",
  quiet_hours: "37",
  frequency_cap_reached: "38",
  platform_hold: "39",
  destination_restricted: "40",
  sender_limit_reached: "41",
  complaint_rate_exceeded: "42",
  recipient_unreachable: "43",
  opt_out_suspected: "44",
  recipient_paused: "45",
};
/** Reasons that pass by themselves: asking again is said to make sense in an hour. */
const passing: readonly Simulated[] = [
  "sender_restricted",
  "recipient_paused",
  "quiet_hours",
  "frequency_cap_reached",
  "platform_hold",
  "sender_limit_reached",
];
/** What the rules say when the permit of `refused_at_redemption` is redeemed. */
const refusal: Simulated = "recipient_opted_out";

/** Every simulator number with what it stands for, in the numbers' order. */
export const simulatorNumbers: readonly { readonly phone: string; readonly simulates: Simulated }[] =
  Object.entries(lastDigits)
    .map(([simulates, digits]) => ({ phone: `${firstDigits}${digits}`, simulates: simulates as Simulated }))
    .toSorted((a, b) => a.phone.localeCompare(b.phone));

const byCanonicalForm = new Map<string, Simulated>(
  simulatorNumbers.map(({ phone, simulates }) => [`phone:${phone}`, simulates]),
);

/** What a sandbox's recipient stands for, by the canonical forms of its identifiers; null: it is an ordinary one. */
export function simulatedBy(canonicalForms: readonly string[]): Simulated | null {
  const [first] = canonicalForms.flatMap((form) => byCanonicalForm.get(form) ?? []);
  return first ?? null;
}

/** What the same recipient stands for when the permit is redeemed. */
export function simulatedAtRedemption(sandbox: Facts["sandbox"]): Facts["sandbox"] {
  return sandbox?.simulates === "refused_at_redemption" ? { simulates: refusal } : sandbox;
}

/** The rule that a simulated reason belongs to; null for what is none. */
export function ruleOf(simulates: Simulated): RuleName | null {
  const rules = Object.entries(reasonCodes) as [RuleName, readonly string[]][];
  return rules.find(([, codes]) => codes.includes(simulates))?.[0] ?? null;
}

/** Whether a verdict is made from the simulator number alone. A word that nobody knows simulates nothing. */
export function isSimulated({ sandbox }: Facts): boolean {
  const simulates = sandbox?.simulates ?? "undecided";
  return simulates !== "undecided" && Object.hasOwn(lastDigits, simulates);
}

/** What a rule makes of a simulator number: it fails when the code is its own, whatever the facts are. */
export function simulatedFinding(rule: RuleName, { sandbox }: Facts, now: number): Finding {
  const code = reasonCodes[rule].find((own) => own === sandbox?.simulates);
  if (code === undefined) return pass;
  return fail(code, [], passing.includes(code) ? formatInstant(now + 3_600_000) : null);
}
