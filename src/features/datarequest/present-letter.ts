import type { Context } from "../../context.ts";
import { notFound } from "../../kernel/errors.ts";
import { parseId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { open } from "../../kernel/seal.ts";
import { sentLetterPlace, sentLetterSchema } from "../../kernel/sealed-letter.ts";
import { type LetterRow, selectLetter, selectSentLetters } from "./letter-store.ts";
import { lettersOf, presentLetter } from "./letters-of.ts";
import { findRequest } from "./present-request.ts";
import { openDraft } from "./sealed-draft.ts";
import { evidenceKeyOf } from "./sealed-text.ts";
import type { DataRequestRow } from "./store.ts";
import { mailOf } from "./write-letter.ts";

/** The letter of a public id. Throws `not_found`. */
export async function findLetter(
  ctx: Context,
  requestId: string,
  id: string,
): Promise<{ request: DataRequestRow; row: LetterRow }> {
  const request = await findRequest(ctx, requestId);
  const uuid = parseId("let", id);
  const row = uuid === undefined ? undefined : await selectLetter(ctx, request.id, uuid);
  if (row === undefined) throw notFound("letter");
  return { request, row };
}

/**
 * A letter with its words: as they would go out, text and HTML, or exactly as they did. `mustSay` are the words that
 * changes must leave in it, `addresses` those that it can be mailed to. Throws `not_found`.
 */
export async function getLetter(ctx: Context, requestId: string, id: string) {
  const { request, row } = await findLetter(ctx, requestId, id);
  const [key, allSent] = await Promise.all([evidenceKeyOf(ctx, request), selectSentLetters(ctx, request.id)]);
  const sent = allSent.find(({ letterId }) => letterId === row.id);
  const draft = openDraft(key, row);
  const kept =
    sent &&
    sentLetterSchema.parse(JSON.parse(open(key, sentLetterPlace(row.id), sent.sealed).toString("utf8")));
  const { subject, text } = kept ?? draft;
  return {
    ...presentLetter(row, sent),
    subject,
    text,
    html: kept ? kept.html : mailOf(draft, row.language as Language),
    to: kept?.to ?? (row.state === "sending" ? (draft.to ?? null) : null),
    note: kept?.note ?? null,
    mustSay: draft.mustSay,
    addresses: draft.addresses,
  };
}

/** The letters of a request, the oldest first, without their words. Throws `not_found`. */
export async function listLetters(ctx: Context, requestId: string) {
  return lettersOf(ctx, (await findRequest(ctx, requestId)).id);
}
