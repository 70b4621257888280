import { consentStanding } from "../consent.ts";
import { isInLaterSecond } from "../instants.ts";
import type { Situation } from "../situation.ts";
import type { Grounds } from "../verdict.ts";
import { failOn, notApplicable, type Rule } from "./rule.ts";

/**
 * No opt-out in scope stands (GDPR Art. 21(3); Meta: requests to stop must be respected), and no marketing goes out
 * while a message that may be one waits for staff. What the person asked for still arrives: a message with a valid
 * cause, and a service reply to a message newer than the opt-out.
 */
export const optOut: Rule = {
  name: "opt_out",
  judge: (situation) => {
    const { question, facts, window, isCaused, isServiceReply } = situation;
    const suspected = suspicionsAgainst(situation);
    const standing = consentStanding(question.purpose, facts, { proofNeeded: false });
    const optOuts = standing.given ? [] : standing.nos.filter(({ kind }) => kind === "opted_out");
    if (optOuts.length === 0) return failOn(suspected);
    const inForce = isCaused
      ? []
      : optOuts.filter(({ at }) => !(isServiceReply && isInLaterSecond(window.openedAt, at)));
    if (inForce.length === 0) return suspected.length === 0 ? notApplicable : failOn(suspected);
    const evidence = inForce.map(({ eventId }) => eventId);
    return failOn([{ code: "recipient_opted_out", retryAt: null, evidence }, ...suspected]);
  },
};

function suspicionsAgainst({ category, facts }: Situation): Grounds[] {
  // What nobody knows the category of is denied elsewhere.
  if (category !== "marketing" || facts.suspicions.length === 0) return [];
  return [{ code: "opt_out_suspected", retryAt: null, evidence: facts.suspicions.map(({ id }) => id) }];
}
