import type { Context, Services } from "../../context.ts";
import { notFound, SaysoError } from "../../kernel/errors.ts";
import { gather } from "../../kernel/gather.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import { readInstant } from "./domain/instants.ts";
import { simulatedAtRedemption } from "./domain/simulator.ts";
import { type PermitCode, permitTexts } from "./domain/texts.ts";
import { type Judged, type Lanes, newDecision, reading, slotOf, writing } from "./judge.ts";
import {
  type Claim,
  insertRedemptions,
  type PermitKey,
  type PermitRow,
  selectPermits,
} from "./permit-store.ts";
import { factsQuery, type Prepared } from "./prepare-check.ts";
import { presentReason } from "./present-decision.ts";

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
export function createRedeemer(services: Services, { judge, record }: Lanes): Redeemer {
  const find = gather(async (keys: readonly PermitKey[]) => {
    const found = new Map((await selectPermits(services, keys)).map((permit) => [keyOf(permit), permit]));
    return keys.map((key) => found.get(keyOf(key)));
  }, reading);
  const claim = gather(async (wanted: readonly Claim[]) => {
    // Of one permit that is redeemed twice at the same time one attempt is made; the others find it used.
    const unlike = new Map(wanted.map((each) => [keyOf(each), each]));
    const redeemed = await insertRedemptions(services, [...unlike.values()]);
    return wanted.map((each) => redeemed.has(each.id) && unlike.get(keyOf(each)) === each);
  }, writing);

  async function redeem(key: PermitKey): Promise<Redemption | undefined> {
    for (let triesLeft: number = limits.checkTries; ; triesLeft -= 1) {
      const permit = await find(key);
      if (permit === undefined) return undefined;
      if (permit.redeemedAt !== null) return { redeemed: false, code: "permit_used" };
      const judged = await judge(preparedOf(permit));
      const end = readInstant(permit.document.permitExpiresAt);
      if (!(readInstant(judged.facts.now) < end)) return { redeemed: false, code: "permit_expired" };
      if (judged.verdict.decision === "allow") {
        const claimed = await claim({
          organizationId: permit.organizationId,
          id: permit.id,
          subjectId: permit.subjectId,
          senderId: parseId("snd", judged.facts.sender?.id ?? "") ?? null,
          category: judged.verdict.category,
          slot: slotOf(judged, permit.id, null),
        });
        if (claimed) return { redeemed: true };
        // Somebody else redeemed it meanwhile, or took its place: the same again, as things are now.
        if (triesLeft === 0)
          throw new SaysoError("unavailable", "Too many redeem at the same time. Check the message again.");
      } else {
        const decisionId = services.newId("dec");
        await record({ ...newDecision(judged, decisionId), messageRef: permit.messageRef });
        return { redeemed: false, refused: judged, decisionId };
      }
    }
  }

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

const keyOf = ({ organizationId, id }: PermitKey): string => `${organizationId} ${id}`;

/** The question of a stored decision, about the person that it was about. */
function preparedOf({ id, organizationId, subjectId, document }: PermitRow): Prepared {
  const { question, recipient, facts } = document;
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
