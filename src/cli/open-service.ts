import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { type Composed, compose } from "../compose.ts";
import { readConfig } from "../config.ts";
import type { Context } from "../context.ts";
import { firstOrganizationId } from "../features/organization/index.ts";
import { notFound, SaysoError } from "../kernel/errors.ts";
import { parseId } from "../kernel/ids.ts";
import { plainReason } from "../process-end.ts";

/**
 * Runs `work` on the database that the environment names, without HTTP and without workers; a service may be running
 * beside it. Standard output stays the command's own: nothing is logged.
 */
export async function withService<Result>(work: (composed: Composed) => Promise<Result>): Promise<Result> {
  const config = orSaysoError("invalid", readConfig);
  const composed = await compose(config, pino({ level: "silent" })).catch((error: unknown) => {
    throw asSaysoError("unavailable", error);
  });
  try {
    return await work(composed);
  } finally {
    await composed.close();
  }
}

/**
 * The same for one organization (`org_…`); without an id the first one is meant. Throws `not_found` for an id that
 * is none.
 */
export async function withOrganization<Result>(
  id: string | undefined,
  work: (ctx: Context, composed: Composed) => Promise<Result>,
): Promise<Result> {
  return withService(async (composed) => {
    const uuid = id === undefined ? await firstOrganizationId(composed.services.db) : parseId("org", id);
    if (uuid === undefined) throw notFound("organization");
    const actor = { kind: "system", id: "command_line" } as const;
    return work(await composed.contextFor(uuid, actor, randomUUID()), composed);
  });
}

function orSaysoError<Result>(code: "invalid", work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw asSaysoError(code, error);
  }
}

function asSaysoError(code: "invalid" | "unavailable", cause: unknown): SaysoError {
  return cause instanceof SaysoError ? cause : new SaysoError(code, plainReason(cause), { cause });
}
