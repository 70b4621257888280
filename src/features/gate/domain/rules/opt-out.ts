import { consentStanding } from "../consent.ts";
import { isInLaterSecond } from "../instants.ts";
import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/**
 * No opt-out in scope stands (GDPR Art. 21(3); Meta: requests to stop must be respected). What the person asked for
 * still arrives: a message with a valid cause, and a service reply to a message newer than the opt-out.
 */
export const optOut: Rule = {
  name: "opt_out",
  judge: ({ question, facts, window, isCaused, isServiceReply }) => {
    const standing = consentStanding(question.purpose, facts, { proofNeeded: false });
    const optOuts = standing.given ? [] : standing.nos.filter(({ kind }) => kind === "opted_out");
    if (optOuts.length === 0) return pass;
    if (isCaused) return notApplicable;
    const inForce = optOuts.filter(({ at }) => !(isServiceReply && isInLaterSecond(window.openedAt, at)));
    if (inForce.length === 0) return notApplicable;
    return fail(
      "recipient_opted_out",
      inForce.map(({ eventId }) => eventId),
    );
  },
};
