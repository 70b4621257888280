import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { type Attempt, failAttempt, startAttempt, sweepChunks } from "./store.ts";
import { newArchiveKey } from "./stored-archive.ts";

/** Carries an attempt out, away from the threads that answer requests (fillArchive). */
export type BuildRunner = (attempt: Attempt & { readonly organizationId: string }) => Promise<void>;

/**
 * The job of building an archive. Asked again it goes on where nothing is lost: an attempt that died leaves nothing
 * that counts, one that is alive is left alone, a finished archive is finished. A failure stays in the request's
 * timeline, and is thrown so that the job is tried again.
 */
export async function buildRequestedArchive(
  ctx: Context,
  archiveId: string,
  run: BuildRunner,
): Promise<void> {
  const started = await startAttempt(ctx, { archiveId, key: newArchiveKey(ctx, archiveId).wrapped });
  if (started === undefined) return;
  const attempt = { archiveId, attempt: started.attempt };
  try {
    await sweepChunks(ctx, archiveId);
    await run({ ...attempt, organizationId: ctx.organizationId });
  } catch (error) {
    await failAttempt(ctx, attempt, reasonOf(error));
    throw error;
  }
}

/** What staff are told: never the message of an unexpected error, which can quote a value. */
function reasonOf(error: unknown): string {
  if (error instanceof SaysoError) return error.detail;
  return `Building the archive failed unexpectedly (${error instanceof Error ? error.name : typeof error}). It is tried again.`;
}
