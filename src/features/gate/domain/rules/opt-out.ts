import { consentStanding } from "../consent.ts";
import { formatInstant, isInLaterSecond, readInstant } from "../instants.ts";
import type { Situation } from "../situation.ts";
import type { Grounds } from "../verdict.ts";
import { failOn, notApplicable, type Rule } from "./rule.ts";

/**
 * No opt-out in scope stands (GDPR Art. 21(3); Meta: requests to stop must be respected), and no marketing goes out
 * while a message that may be one waits for staff, or the person has paused it. What the person asked for still arrives: a message with a valid
 * cause, and a service reply to a message newer than the opt-out.
 */
export const optOut: Rule = {
  name: "opt_out",
  judge: (situation) => {
    const { question, facts, window, isCaused, isServiceReply } = situation;
    const waiting = [...suspicionsAgainst(situation), ...pausesAgainst(situation)];
    const standing = consentStanding(question.purpose, facts, { proofNeeded: false });
    const optOuts = standing.given ? [] : standing.nos.filter(({ kind }) => kind === "opted_out");
    if (optOuts.length === 0) return failOn(waiting);
    const inForce = isCaused
      ? []
      : optOuts.filter(({ at }) => !(isServiceReply && isInLaterSecond(window.openedAt, at)));
    if (inForce.length === 0) return waiting.length === 0 ? notApplicable : failOn(waiting);
    const evidence = inForce.map(({ eventId }) => eventId);
    return failOn([{ code: "recipient_opted_out", retryAt: null, evidence }, ...waiting]);
  },
};

function suspicionsAgainst({ category, facts }: Situation): Grounds[] {
  // What nobody knows the category of is denied elsewhere.
  if (category !== "marketing" || facts.suspicions.length === 0) return [];
  return [{ code: "opt_out_suspected", retryAt: null, evidence: facts.suspicions.map(({ id }) => id) }];
}

/** A pause holds until it is over; one whose end cannot be read is not. No later yes ends it, only what the person does there. */
function pausesAgainst({ category, facts, now }: Situation): Grounds[] {
  if (category !== "marketing") return [];
  const pauses = facts.preferences.pauses.filter(({ until }) => !(readInstant(until) <= now));
  if (pauses.length === 0) return [];
  const ends = pauses.map(({ until }) => readInstant(until));
  return [
    {
      code: "recipient_paused",
      retryAt: ends.some(Number.isNaN) ? null : formatInstant(Math.max(...ends)),
      evidence: pauses.map(({ id }) => id),
    },
  ];
}
