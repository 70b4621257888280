import { consentStanding } from "./consent.ts";
import { readInstant } from "./instants.ts";
import { objections } from "./rules/consent.ts";
import { isOwnCapFull } from "./rules/frequency-cap.ts";
import type { Situation } from "./situation.ts";
import type { RuleName } from "./verdict.ts";

/** The rules about who is written to, who writes, and every no: nothing relaxes them. */
const alwaysEnforced: readonly RuleName[] = [
  "recipient",
  "sender",
  "switch",
  "block",
  "opt_out",
  "platform_stop",
];

/**
 * Whether a failing rule denies. In monitor mode (staff, for a sender and a purpose, for a time) the others are only
 * watched. A consent that the person took back or refused is a no like an opt-out, and no acknowledged no is ever
 * passed over, so marketing must also go by a purpose that is one. An end that cannot be read is over.
 */
export function isEnforced(rule: RuleName, situation: Situation): boolean {
  if (alwaysEnforced.includes(rule) || !isMonitored(situation)) return true;
  const { question, facts, category } = situation;
  // Whose noes would count: those to a purpose of marketing, which nobody has looked at.
  if (rule === "purpose") return category === "marketing" && facts.purpose?.category !== "marketing";
  // What the policy caps is watched; what the person does not want more of is theirs.
  if (rule === "frequency_cap") return isOwnCapFull(situation);
  if (rule !== "consent") return false;
  const standing = consentStanding(question.purpose, facts, { proofNeeded: category === "marketing" });
  return !standing.given && standing.nos.some(({ kind }) => objections.includes(kind));
}

function isMonitored({ question, facts, now }: Situation): boolean {
  const { monitor, purpose, template, platformStops } = facts;
  if (monitor === null || !(now < readInstant(monitor.until))) return false;
  if (purpose === null || purpose.key !== question.purpose) return false;
  // Of a template that nobody registered only the caller says that it is no marketing, which a purpose that is none, a
  // stop or a cause turns on.
  const isCategoryHearsay = question.message.kind === "template" && template === null;
  const turnsOnCategory =
    purpose.category !== "marketing" || platformStops.length > 0 || question.cause !== undefined;
  return !(isCategoryHearsay && turnsOnCategory);
}
