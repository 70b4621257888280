import { consentStanding, hasChannelOptIn, type Standing } from "../consent.ts";
import type { Situation } from "../situation.ts";
import type { Grounds } from "../verdict.ts";
import { fail, failOn, notApplicable, type Rule } from "./rule.ts";

const otherBases: readonly string[] = ["contract", "legal_obligation", "legitimate_interest"];
/** Kinds of no that somebody said to the purpose, as against a yes that is void. */
export const objections: readonly string[] = ["withdrawn", "refused", "revoked"];

/**
 * To write first the business needs a basis for the purpose (GDPR Art. 6(1)) and the person's opt-in to the channel
 * (Meta). Marketing is on consent, always, and so is a purpose whose basis is not known.
 */
export const consent: Rule = {
  name: "consent",
  judge: (situation) => {
    if (situation.isCaused || situation.isServiceReply) return notApplicable;
    const { question, facts, category } = situation;
    const standing = consentStanding(question.purpose, facts, { proofNeeded: category === "marketing" });
    const grounds: Grounds[] = [];
    if (needsConsent(situation)) {
      if (!standing.given) return fail(standing.code, standing.evidence);
    } else {
      grounds.push(...objectionGrounds(standing));
    }
    if (!hasChannelOptIn(facts))
      grounds.push({ code: "channel_opt_in_missing", retryAt: null, evidence: [] });
    return failOn(grounds);
  },
};

function needsConsent({ category, facts: { purpose } }: Situation): boolean {
  return category === "marketing" || purpose === null || !otherBases.includes(purpose.lawfulBasis);
}

function objectionGrounds(standing: Standing): Grounds[] {
  const objected = standing.given ? [] : standing.nos.filter(({ kind }) => objections.includes(kind));
  if (objected.length === 0) return [];
  return [{ code: "basis_objected", retryAt: null, evidence: objected.map(({ eventId }) => eventId) }];
}
