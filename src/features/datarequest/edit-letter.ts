import type { Context } from "../../context.ts";
import { answerOnce } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { type Edit, edited } from "./domain/letter.ts";
import { discardDraft, type LetterRow, updateDraft } from "./letter-store.ts";
import { findLetter, getLetter } from "./present-letter.ts";
import { openDraft, sealDraft } from "./sealed-draft.ts";
import { evidenceKeyOf, sealForRequest } from "./sealed-text.ts";

/**
 * Changes the words of a draft; `version` is the one that was looked at. Throws `not_found`, `invalid` when the letter
 * would no longer say what it must, and `conflict` when it is no draft, or not that version any more.
 */
export async function editLetter(
  ctx: Context,
  requestId: string,
  id: string,
  { version, ...edit }: Edit & { readonly version: number },
) {
  const { request, row } = await findLetter(ctx, requestId, id);
  assertDraft(row, version);
  const key = await evidenceKeyOf(ctx, request);
  const draft = edited(openDraft(key, row), edit);
  const changed = await updateDraft(ctx, { id: row.id, version }, sealDraft(key, row.id, draft));
  if (changed === undefined) throw changedMeanwhile();
  return getLetter(ctx, requestId, id);
}

/**
 * Gives a draft up, with a reason that is kept sealed. Throws `not_found`, and `conflict` when it is no draft or when a step of the request rests on it: what
 * the person has to be told cannot be dropped.
 */
export async function discardLetter(
  ctx: Context,
  requestId: string,
  id: string,
  { reason }: { reason: string },
) {
  await answerOnce(ctx, async () => {
    const { request, row } = await findLetter(ctx, requestId, id);
    assertDraft(row, row.version);
    if (row.neededBy !== null) {
      throw new SaysoError("conflict", "The person must get this letter: change it, but send it.");
    }
    const discarded = await discardDraft(ctx, row.id, await sealForRequest(ctx, request, { reason }));
    if (discarded === undefined) throw changedMeanwhile();
    return discarded;
  });
  return getLetter(ctx, requestId, id);
}

/** Throws `conflict` unless a letter is a draft, and that version of it. */
export function assertDraft(row: LetterRow, version: number): void {
  if (row.state !== "draft") {
    throw new SaysoError("conflict", `This letter is no draft any more: it is ${row.state}.`);
  }
  if (row.version !== version) throw changedMeanwhile();
}

export function changedMeanwhile(): SaysoError {
  return new SaysoError("conflict", "This letter was changed by somebody else. Look at it again.");
}
