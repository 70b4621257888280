import { hash, randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Context, Services } from "../../context.ts";
import { violatedUnique } from "../../db/database.ts";
import { notFound, SaysoError } from "../../kernel/errors.ts";
import { gather } from "../../kernel/gather.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import type { Scope } from "../../kernel/scopes.ts";
import { insertApiKey, type LiveApiKey, revokeApiKey, selectApiKeys, selectLiveApiKeys } from "./store.ts";

/**
 * Makes an API key: 32 random bytes, shown this once and kept as SHA-256 (a random key needs no slow hash). A sandbox's
 * says so by its beginning, so that nobody takes it for a live one.
 * Throws `conflict` when two keys of this name are live: revoke one first.
 */
export async function createApiKey(
  ctx: Context,
  input: { name: string; scopes: readonly Scope[]; expiresAt?: Date | undefined },
): Promise<{ id: string; key: string; name: string }> {
  const key = `${ctx.keys.isSandbox ? "sayso_test_" : "sayso_"}${randomBytes(32).toString("base64url")}`;
  const id = ctx.services.newId("key");
  const taken = new SaysoError(
    "conflict",
    `${limits.liveApiKeysOfOneName} keys named ${input.name} are live already. Revoke one of them first, or choose another name.`,
  );
  const made = { ...input, id, sha256: sum(key), expiresAt: input.expiresAt };
  // Another key of this name may take the same slot at the same moment; then the other slot is tried.
  for (let slot = 1; slot <= limits.liveApiKeysOfOneName; slot += 1) {
    try {
      if ((await insertApiKey(ctx, made, formatId("key", id))) === undefined) throw taken;
      return { id: formatId("key", id), key, name: input.name };
    } catch (error) {
      if (violatedUnique(error) === undefined) throw error;
    }
  }
  throw taken;
}

/** Ends a key at once. Throws `not_found` when there is no live key of that id. */
export async function endApiKey(ctx: Context, id: string): Promise<{ id: string; revokedAt: string }> {
  const uuid = parseId("key", id);
  const row = uuid === undefined ? undefined : await revokeApiKey(ctx, uuid, id);
  if (row === undefined) throw notFound("live API key");
  return { id, revokedAt: new Date(row.revoked_at).toISOString() };
}

/** The keys that were not revoked, without the keys themselves. */
export async function listApiKeys(ctx: Context) {
  return (await selectApiKeys(ctx)).map((row) => ({
    id: formatId("key", row.id),
    name: row.name,
    scopes: row.scopes,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
  }));
}

/** Finds live keys by what callers present; simultaneous requests share one statement, nothing is remembered. */
export function apiKeyFinder(services: Services): (key: string) => Promise<LiveApiKey | undefined> {
  const find = gather<string, LiveApiKey | undefined>((sums) => selectLiveApiKeys(services, sums), {
    most: 200,
    inFlight: 1,
    rest: () => delay(limits.checkRestMs),
  });
  return (key) => find(hash("sha256", key, "hex"));
}

function sum(key: string): Buffer {
  return hash("sha256", key, "buffer");
}
