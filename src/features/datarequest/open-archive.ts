import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { findRequest } from "./present-request.ts";
import { recordOpening, selectArchivesOf } from "./store.ts";
import { openStoredArchive, type StoredArchive } from "./stored-archive.ts";

/**
 * Staff open the archive of a request; that they did is on record, and in the person's next report. Throws `not_found`,
 * `conflict` while there is none yet, and `gone` when it was deleted.
 */
export async function openArchive(ctx: Context, requestId: string): Promise<StoredArchive> {
  const request = await findRequest(ctx, requestId);
  const archive = (await selectArchivesOf(ctx, [request.id])).get(request.id);
  if (archive === undefined || archive.state === "building") {
    throw new SaysoError("conflict", "There is no archive yet. Look at the request's timeline.");
  }
  if ((await recordOpening(ctx, archive.id)) === undefined) {
    throw new SaysoError("gone", "This archive was deleted when its time was over. Its manifest is kept.");
  }
  return openStoredArchive(ctx, archive.id);
}
