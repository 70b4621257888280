import { readInstant } from "../instants.ts";
import type { Situation } from "../situation.ts";
import type { Grounds } from "../verdict.ts";
import { failOn, type Rule } from "./rule.ts";

/**
 * Staff have not paused the organization, the sender or the purpose, and the platform's webhooks do not keep silent for
 * longer than the policy allows: with them the noes would be missing, so marketing and free-form messages wait. Nothing
 * exempts from it.
 */
export const pausing: Rule = {
  name: "switch",
  judge: (situation) => {
    const grounds: Grounds[] = [];
    const { switches } = situation.facts;
    if (switches.length > 0)
      grounds.push({ code: "sending_paused", retryAt: null, evidence: switches.map(({ id }) => id) });
    const silent = silentFields(situation);
    if (silent.length > 0) grounds.push({ code: "intake_stale", retryAt: null, evidence: silent });
    return failOn(grounds);
  },
};

/** The watched fields that have come before, and not of late. */
function silentFields({ question, category, policy, facts, now }: Situation): string[] {
  const isAbout = category === null || category === "marketing" || question.message.kind === "free_form";
  const watched = Object.entries(policy.intakeSilenceHours);
  if (!isAbout || watched.length === 0) return [];
  return watched.flatMap(([field, hours]) => {
    const isSilent = (at: string) => !(now < readInstant(at) + hours * 3_600_000);
    return facts.intake.some((heard) => heard.field === field && isSilent(heard.at)) ? [field] : [];
  });
}
