import type { Context } from "../../context.ts";
import { firstUuidOf, formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { addSeconds } from "../../kernel/time.ts";
import { decideAgain } from "./domain/decide-again.ts";
import { builtInPolicy } from "./domain/policy.ts";
import { parsePolicyName } from "./domain/policy-name.ts";
import { seenUnder } from "./domain/seen-facts.ts";
import { SupposedPeople } from "./domain/supposed-people.ts";
import { capHours, SupposedSends } from "./domain/supposed-sends.ts";
import { worstCode } from "./domain/verdict.ts";
import { createPolicies, readPolicy } from "./policies.ts";
import { getPolicy } from "./show-policies.ts";
import { type DecisionRow, selectDecisionsAfter, selectNewestDecision } from "./store.ts";

/** Decisions that a policy turns round, by the worst reason of the deny: the numbers add up to the count. */
interface Turned {
  count: number;
  readonly byReason: Record<string, number>;
}

/** The reason of a deny under facts that lack what a newer rule looks at. */
const missingFact = "fact_missing";

/**
 * What a version of the policy would have made of the decisions of the last days: each is decided again from its own
 * stored facts, a page at a time. Of more than the limit the newest are looked at, and `from` is the time of the first
 * of them. Changes nothing. Throws `not_found`.
 */
export async function backtestPolicy(ctx: Context, version: number, { days }: { days: number }) {
  const policy = readPolicy(version, (await getPolicy(ctx, version)).document);
  const sends = new SupposedSends(policy);
  const people = new SupposedPeople(policy);
  const policiesOf = createPolicies(ctx.services);
  const start = addSeconds(ctx.services.now(), -days * 24 * 3600);
  // An id is as old as the clock of the process that made it.
  const since = { at: start, id: firstUuidOf(addSeconds(start, -limits.clockSkewSeconds)) };
  const tooOld = await selectNewestDecision(ctx, since, limits.backtestDecisions);
  const allowsToDenies: Turned = { count: 0, byReason: {} };
  const deniesToAllows: Turned = { count: 0, byReason: {} };
  let decisions = 0;
  let first = start;

  for (let after = tooOld?.id; decisions < limits.backtestDecisions; ) {
    const page = await selectDecisionsAfter(ctx, since, after, limits.backtestPage);
    const under = await policiesOf(page.map((row) => policyOf(ctx, row)));
    for (const [index, row] of page.entries()) {
      if (decisions === 0 && tooOld !== undefined) first = row.at;
      decisions += 1;
      const { question, facts, verdict } = row.document;
      const asked = { ...row, decisionId: formatId("dec", row.id), question, facts };
      const own = under[index] ?? builtInPolicy;
      const seen = seenUnder(own, sends.complete(asked, capHours(own)));
      const replayed = decideAgain({ question, facts: people.complete({ ...asked, facts: seen }) }, policy);
      if ("verdict" in replayed) {
        sends.add(asked, replayed.verdict);
        people.add(asked, replayed.verdict);
      }
      if (replayed.decision === row.decision) continue;
      if (replayed.decision === "allow") count(deniesToAllows, worstCode(verdict));
      else count(allowsToDenies, "verdict" in replayed ? worstCode(replayed.verdict) : missingFact);
    }
    after = page.at(-1)?.id;
    if (page.length < limits.backtestPage) break;
  }
  return {
    policyVersion: policy.version,
    decisions,
    unchanged: decisions - allowsToDenies.count - deniesToAllows.count,
    allowsToDenies,
    deniesToAllows,
    from: first.toISOString(),
    to: ctx.services.now().toISOString(),
    truncated: tooOld !== undefined,
  };
}

/** The policy that a decision was made under. */
function policyOf({ organizationId }: Context, { document }: Pick<DecisionRow, "document">) {
  const { policyVersion } = document.verdict;
  return { organizationId, policyVersion: parsePolicyName(policyVersion) ?? null };
}

function count(turned: Turned, reason = missingFact): void {
  turned.count += 1;
  turned.byReason[reason] = (turned.byReason[reason] ?? 0) + 1;
}
