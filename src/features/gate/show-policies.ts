import type { Context } from "../../context.ts";
import { notFound } from "../../kernel/errors.ts";
import { builtInPolicy, type PolicyDocument } from "./domain/policy.ts";
import { formatPolicyName } from "./domain/policy-name.ts";
import { presets } from "./domain/presets.ts";
import { type PolicyRow, selectPolicies, selectPolicy } from "./policy-store.ts";

/** The policy in force: the built-in one until a version of the organization's own was activated. */
export async function getPolicyInForce(ctx: Context) {
  const row = await selectPolicy(ctx, "in force");
  if (row !== undefined) return { ...present(row), document: row.document as PolicyDocument };
  const { version, ...document } = builtInPolicy;
  return {
    version: null,
    policyVersion: version,
    note: null,
    createdAt: null,
    createdBy: null,
    inForce: true,
    activatedAt: null,
    document,
  };
}

/** One version of the organization's policy. Throws `not_found`. */
export async function getPolicy(ctx: Context, version: number) {
  const row = await selectPolicy(ctx, version);
  if (row === undefined) throw notFound("version of the policy");
  return { ...present(row), document: row.document as PolicyDocument };
}

/** The versions without their documents, the newest first. */
export async function listPolicies(ctx: Context, before: number | undefined, limit: number) {
  return (await selectPolicies(ctx, before, limit)).map(present);
}

/** Documents to start from, by their names. */
export function listPresets() {
  return Object.entries(presets).map(([name, document]) => ({ name, document }));
}

function present(row: PolicyRow) {
  return {
    version: row.version,
    policyVersion: formatPolicyName(row.version),
    note: row.note,
    createdAt: row.createdAt.toISOString(),
    createdBy: { kind: row.actorKind, id: row.actorId },
    inForce: row.activatedAt !== null,
    activatedAt: row.activatedAt?.toISOString() ?? null,
  };
}
