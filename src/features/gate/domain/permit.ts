import type { Facts } from "./facts.ts";
import { formatInstant, readInstant } from "./instants.ts";
import type { Policy } from "./policy.ts";
import type { Verdict } from "./verdict.ts";

/** Until when the permit of an allow may be redeemed (ISO 8601); null for a deny, which has none. */
export function permitExpiresAt(verdict: Verdict, facts: Facts, policy: Policy): string | null {
  if (verdict.decision !== "allow") return null;
  return formatInstant(readInstant(facts.now) + policy.permitTtlSeconds * 1000);
}
