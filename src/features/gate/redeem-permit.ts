import type { Context, Services } from "../../context.ts";
import { notFound, SaysoError } from "../../kernel/errors.ts";
import { gather } from "../../kernel/gather.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import { type DecisionDocument, type Judged, judge, newDecision, slotOf } from "./check.ts";
import { readInstant } from "./domain/instants.ts";
import { simulatedAtRedemption } from "./domain/simulator.ts";
import { type PermitCode, permitTexts } from "./domain/texts.ts";
import { insertRedemptions, type PermitKey, type PermitRow, selectPermits } from "./permit-store.ts";
import { createPolicies } from "./policies.ts";
import { factsQuery, type Prepared } from "./prepare-check.ts";
import { presentReason } from "./present-decision.ts";
import { insertDecisions } from "./store.ts";

/** What became of an attempt to redeem a permit. */
type Redemption =
  | { readonly redeemed: true }
  | { readonly redeemed: false; readonly code: PermitCode }
  /** The rules say no by now; that decision is on record. */
  | { readonly redeemed: false; readonly refused: Judged; readonly decisionId: string };

/** Redeems a permit by its public id, and says why not in a language. */
export type Redeemer = (ctx: Context, permitId: string, language: Language) => Promise<object>;

/**
 * Redeems permits: once each, before they run out, and only if every rule still says yes. A no that was acknowledged
 * before the redemption began is seen. What is redeemed holds its place under the frequency caps for good. Simultaneous
 * redemptions share their statements. Throws `not_found`; `unavailable` or `outcome_unknown` when the database is lost:
 * then the message must not go out, and a new check with the same messageRef tells how things stand.
 */
export function createRedeemer(services: Services): Redeemer {
  const policiesOf = createPolicies(services);
  const redeem = gather<PermitKey, Redemption | undefined>(
    (keys) => redeemGathered(services, policiesOf, keys, limits.checkTries),
    { most: limits.gatheredChecks, inFlight: 2 },
  );
  return async (ctx, permitId, language) => {
    const id = parseId("prm", permitId);
    const redemption = id && (await redeem({ organizationId: ctx.organizationId, id }));
    if (!redemption) throw notFound("permit");
    if (redemption.redeemed) return { redeemed: true };
    if ("code" in redemption) {
      const { code } = redemption;
      return {
        redeemed: false,
        reasons: [{ code, rule: "permit", ...permitTexts[language][code], evidence: [permitId] }],
      };
    }
    const { prepared, verdict } = redemption.refused;
    return {
      redeemed: false,
      decisionId: formatId("dec", redemption.decisionId),
      reasons: verdict.reasons.map((reason) => presentReason(reason, prepared.question, language)),
    };
  };
}

async function redeemGathered(
  services: Services,
  policiesOf: ReturnType<typeof createPolicies>,
  keys: readonly PermitKey[],
  triesLeft: number,
): Promise<(Redemption | undefined)[]> {
  const results = new Map<string, Redemption>();
  const permits = await selectPermits(services, keys);
  const unused = permits.filter((permit) => {
    if (permit.redeemedAt !== null) results.set(permit.id, { redeemed: false, code: "permit_used" });
    return permit.redeemedAt === null;
  });
  const judged = await judge(services, policiesOf, unused.map(preparedOf));

  const allowed: { permit: PermitRow; now: Judged }[] = [];
  const refused: { permit: PermitRow; refused: Judged; decisionId: string }[] = [];
  unused.forEach((permit, index) => {
    const now = judged[index];
    if (now === undefined) throw new Error("A permit was not judged.");
    const end = readInstant((permit.document as DecisionDocument).permitExpiresAt);
    if (!(readInstant(now.facts.now) < end)) {
      results.set(permit.id, { redeemed: false, code: "permit_expired" });
    } else if (now.verdict.decision === "allow") {
      allowed.push({ permit, now });
    } else {
      refused.push({ permit, refused: now, decisionId: services.newId("dec") });
    }
  });

  const redeemed = await insertRedemptions(
    services,
    allowed.map(({ permit, now }) => ({
      ...permit,
      senderId: parseId("snd", now.facts.sender?.id ?? "") ?? null,
      category: now.verdict.category,
      slot: slotOf(now, permit.id, null),
    })),
  );
  await insertDecisions(
    services,
    refused.map(({ permit, ...each }) => ({
      ...newDecision(each.refused, each.decisionId),
      messageRef: permit.messageRef,
    })),
  );
  for (const { permit, ...why } of refused) results.set(permit.id, { redeemed: false, ...why });

  // Somebody else redeemed it meanwhile, or took its place: the same again, as things are now.
  const late = allowed.flatMap(({ permit }) => (redeemed.has(permit.id) ? [] : [permit]));
  for (const id of redeemed) results.set(id, { redeemed: true });
  if (late.length > 0) {
    if (triesLeft === 0) {
      throw new SaysoError("unavailable", "Too many redeem at the same time. Check the message again.");
    }
    const again = await redeemGathered(services, policiesOf, late, triesLeft - 1);
    late.forEach((permit, index) => {
      const result = again[index];
      if (result !== undefined) results.set(permit.id, result);
    });
  }
  // One permit may be redeemed twice at the same time: the second one finds it used.
  const given = new Set<string>();
  return keys.map(({ id }): Redemption | undefined => {
    const result = results.get(id);
    if (result?.redeemed !== true || !given.has(id)) {
      given.add(id);
      return result;
    }
    return { redeemed: false, code: "permit_used" };
  });
}

/** The question of a stored decision, about the person that it was about. */
function preparedOf({ id, organizationId, subjectId, document }: PermitRow): Prepared {
  const { question, recipient, facts } = document as DecisionDocument;
  return {
    question,
    unreadable: facts.recipient.unreadable,
    countries: facts.recipient.countries,
    sandbox: simulatedAtRedemption(facts.sandbox),
    isDryRun: false,
    query: factsQuery(question, {
      organizationId,
      hashes: recipient,
      subjectId,
      // A newer permit of the same message has taken this one's place, and counts like any other.
      messageRef: null,
      redeeming: id,
    }),
  };
}
