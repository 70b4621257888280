import type { Situation } from "../situation.ts";
import type { Grounds, ReasonCode, RuleName } from "../verdict.ts";

/** What one rule makes of a situation. */
export type Finding =
  | { readonly outcome: "pass" | "not_applicable" }
  | { readonly outcome: "fail"; readonly grounds: readonly Grounds[] };

/** One rule of the gate. Unknown denies: whatever `judge` cannot make out is a failure. */
export interface Rule {
  readonly name: RuleName;
  readonly judge: (situation: Situation) => Finding;
}

export const pass: Finding = { outcome: "pass" };
export const notApplicable: Finding = { outcome: "not_applicable" };

export function fail(
  code: ReasonCode,
  evidence: readonly string[] = [],
  retryAt: string | null = null,
): Finding {
  return { outcome: "fail", grounds: [{ code, retryAt, evidence }] };
}

/** Passes without grounds, fails with all of them. */
export function failOn(grounds: readonly Grounds[]): Finding {
  return grounds.length === 0 ? pass : { outcome: "fail", grounds };
}
