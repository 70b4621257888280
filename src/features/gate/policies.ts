import type { Context, Services } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import { builtInPolicy, type Policy, policySchema } from "./domain/policy.ts";
import { formatPolicyName, parsePolicyName } from "./domain/policy-name.ts";
import { type PolicyKey, selectPolicy, selectPolicyDocuments } from "./policy-store.ts";

/** Which policy of which organization; null: the built-in one. */
interface NamedPolicy {
  readonly organizationId: string;
  readonly policyVersion: number | null;
}

/**
 * Gives policies in the order they are named, reading those that this process has not seen. A version never changes,
 * so it may be kept; which one is in force is for the caller to know. Throws `internal` for one that is not there or
 * cannot be read: nothing is decided under a guess.
 */
export function createPolicies(
  services: Services,
): (named: readonly NamedPolicy[]) => Promise<readonly Policy[]> {
  const atHand = new Map<string, Policy>();

  return async (named) => {
    const found = new Map<string, Policy>();
    const missing = new Map<string, PolicyKey>();
    for (const { organizationId, policyVersion } of named) {
      if (policyVersion === null) continue;
      const key = keyOf(organizationId, policyVersion);
      const known = atHand.get(key);
      if (known === undefined) missing.set(key, { organizationId, version: policyVersion });
      else found.set(key, known);
    }
    if (missing.size > 0) {
      for (const row of await selectPolicyDocuments(services, [...missing.values()])) {
        const policy = readPolicy(row.version, row.document);
        const key = keyOf(row.organizationId, row.version);
        found.set(key, policy);
        atHand.set(key, policy);
      }
      for (const oldest of atHand.keys()) {
        if (atHand.size <= limits.policiesAtHand) break;
        atHand.delete(oldest);
      }
    }
    return named.map(({ organizationId, policyVersion }) => {
      if (policyVersion === null) return builtInPolicy;
      return found.get(keyOf(organizationId, policyVersion)) ?? unreadable(policyVersion);
    });
  };
}

/** The organization's policy of a name such as `policy/3` or `built-in/1`; undefined when there is none. */
export async function findPolicy(ctx: Context, name: string): Promise<Policy | undefined> {
  const version = parsePolicyName(name);
  if (version === undefined || version === null) return version === null ? builtInPolicy : undefined;
  const { organizationId } = ctx;
  const [row] = await selectPolicyDocuments(ctx.services, [{ organizationId, version }]);
  return row && readPolicy(version, row.document);
}

/** The words that the organization takes for a no beside the common ones (policy in force). */
export async function optOutKeywords(ctx: Context): Promise<readonly string[]> {
  return (await policyInForce(ctx)).optOutKeywords;
}

/** How long a permit may be redeemed (policy in force), and so how long after a no a message may still arrive. */
export async function permitSeconds(ctx: Context): Promise<number> {
  return (await policyInForce(ctx)).permitTtlSeconds;
}

async function policyInForce(ctx: Context): Promise<Policy> {
  const row = await selectPolicy(ctx, "in force");
  return row === undefined ? builtInPolicy : readPolicy(row.version, row.document);
}

/** The policy that a stored document says. Throws `internal` when it cannot be read. */
export function readPolicy(version: number, document: unknown): Policy {
  const parsed = policySchema.safeParse(document);
  if (!parsed.success) return unreadable(version, parsed.error);
  return { ...parsed.data, version: formatPolicyName(version) };
}

const keyOf = (organizationId: string, version: number) => `${organizationId} ${version}`;

function unreadable(version: number, cause?: unknown): never {
  throw new SaysoError(
    "internal",
    `The policy ${formatPolicyName(version)} cannot be read, so nothing is decided. Do not send. Activate another version.`,
    { cause },
  );
}
