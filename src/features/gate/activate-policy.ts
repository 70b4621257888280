import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { policyProblems } from "./domain/policy.ts";
import { formatPolicyName, parsePolicyName } from "./domain/policy-name.ts";
import { readPolicy } from "./policies.ts";
import { activatePolicy as activate } from "./policy-store.ts";
import { getPolicy, getPolicyInForce } from "./show-policies.ts";

/**
 * Brings a version into force; an older one again, too. Every check that starts after the answer decides by it, on
 * every replica. `expected` is the name of the policy that it is to replace, so that of two who decide at the same
 * time one is told. Throws `not_found`, `precondition_failed` when another policy is in force, and `conflict` for a
 * version that could not be proposed today.
 */
export async function activatePolicy(
  ctx: Context,
  version: number,
  { expected, reason }: { expected: string; reason: string },
) {
  const { document } = await getPolicy(ctx, version);
  const problems = policyProblems(readPolicy(version, document));
  if (problems.length > 0) {
    throw new SaysoError("conflict", "This version cannot come into force as it is. Propose a new one.", {
      errors: problems,
    });
  }
  const replaced = parsePolicyName(expected);
  const done =
    replaced === undefined
      ? undefined
      : await activate(ctx, { version, expected: replaced, reason }, formatPolicyName(version));
  if (done === undefined) {
    const { policyVersion } = await getPolicyInForce(ctx);
    throw new SaysoError(
      "precondition_failed",
      `The policy in force is ${policyVersion}, not what If-Match names. Look at it and decide anew.`,
    );
  }
  return getPolicy(ctx, version);
}
