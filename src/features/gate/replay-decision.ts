import type { Context } from "../../context.ts";
import { canonicalJson } from "../../kernel/canonical-json.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { decideAgain } from "./domain/decide-again.ts";
import type { Facts } from "./domain/facts.ts";
import { builtInPolicy } from "./domain/policy.ts";
import { seenUnder } from "./domain/seen-facts.ts";
import { capHours } from "./domain/supposed-sends.ts";
import type { Language } from "./domain/texts.ts";
import type { Verdict } from "./domain/verdict.ts";
import { findPolicy } from "./policies.ts";
import { findDecision, presentVerdict } from "./present-decision.ts";

/**
 * Decides a stored decision again from its own facts, under its own policy or a named one (`policy/3`). `same` says
 * whether everything but the policy's name is as it was. Sends nothing, stores nothing. Throws `not_found`, and
 * `invalid` for a policy that the organization has not.
 */
export async function replayDecision(
  ctx: Context,
  id: string,
  { policyVersion }: { policyVersion?: string | undefined },
  language: Language,
) {
  const { question, facts, verdict } = (await findDecision(ctx, id)).document;
  const [own, policy] = await Promise.all(
    [verdict.policyVersion, policyVersion ?? verdict.policyVersion].map((name) => findPolicy(ctx, name)),
  );
  if (policy === undefined) {
    throw policyVersion === undefined
      ? new SaysoError("internal", "The policy of this decision is not there any more.")
      : invalid("/policyVersion", "There is no such policy. Write it as in decisions, such as policy/3.");
  }
  // Caps that look further back than those of its time would count sends that it did not see.
  const isSeen = own !== undefined && capHours(policy) <= capHours(own);
  const seen = seenUnder(own ?? builtInPolicy, isSeen ? facts : withoutSends(facts));
  const replayed = decideAgain({ question, facts: seen }, policy);
  return {
    same: "verdict" in replayed && contentOf(replayed.verdict) === contentOf(verdict),
    recorded: presentVerdict(verdict, question, language),
    replayed:
      "verdict" in replayed
        ? presentVerdict(replayed.verdict, question, language)
        : { decision: replayed.decision, policyVersion: policy.version, missingFact: replayed.missing },
  };
}

function withoutSends({ sends: _unseen, ...seen }: Facts): Facts {
  return seen as Facts;
}

function contentOf({ policyVersion: _name, ...content }: Verdict): string {
  return canonicalJson(content);
}
