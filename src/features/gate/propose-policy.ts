import type { Context } from "../../context.ts";
import { violatedUnique } from "../../db/database.ts";
import { replay } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import { findSender } from "../organization/index.ts";
import { type PolicyDocument, type PolicyProblem, policyProblems } from "./domain/policy.ts";
import { formatPolicyName } from "./domain/policy-name.ts";
import { insertPolicy, selectPolicies } from "./policy-store.ts";
import { getPolicy } from "./show-policies.ts";

/**
 * Adds a version of the organization's policy. It changes nothing until it is activated. Throws `invalid` with
 * pointers into the document for what no policy may say, and `conflict` past the limit of versions.
 */
export async function proposePolicy(
  ctx: Context,
  { document, note }: { document: PolicyDocument; note?: string | undefined },
) {
  const problems = [...policyProblems(document), ...(await unknownSenders(ctx, document))];
  if (problems.length > 0) {
    throw new SaysoError("invalid", "The policy has values that cannot be taken; see errors.", {
      errors: problems.map(({ pointer, message }) => ({ pointer: `/document${pointer}`, message })),
    });
  }
  const { version } =
    (await replay<{ version: number }>(ctx)) ?? (await insertNext(ctx, document, note ?? null));
  return getPolicy(ctx, version);
}

/** A ceiling for a sender that nobody registered would hold nothing back. */
async function unknownSenders(ctx: Context, { senderCeilings }: PolicyDocument): Promise<PolicyProblem[]> {
  const problems: PolicyProblem[] = [];
  for (const [n, { sender }] of senderCeilings.entries()) {
    if (sender !== undefined && (await findSender(ctx, sender)) === undefined)
      problems.push({ pointer: `/senderCeilings/${n}/sender`, message: "There is no such sender." });
  }
  return problems;
}

async function insertNext(ctx: Context, document: PolicyDocument, note: string | null) {
  for (let attempt = 1; attempt <= 20; attempt += 1) {
    const [latest] = await selectPolicies(ctx, undefined, 1);
    const version = (latest?.version ?? 0) + 1;
    if (version > limits.policyVersions) break;
    try {
      const made = await insertPolicy(ctx, { version, document, note }, formatPolicyName(version));
      if (made !== undefined) return made;
    } catch (error) {
      // Somebody else proposed that version in the same moment: take the next number.
      if (violatedUnique(error) === undefined) throw error;
    }
  }
  throw new SaysoError(
    "conflict",
    `An organization has at most ${limits.policyVersions} versions of its policy.`,
  );
}
