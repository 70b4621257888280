import type { Context } from "../../context.ts";
import { answerOnce } from "../../db/write.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import { type Key, seal } from "../../kernel/seal.ts";
import { type SentLetter, sentLetterPlace } from "../../kernel/sealed-letter.ts";
import { notInFuture } from "../../kernel/time.ts";
import { chooseAddress, type OtherWay } from "./domain/letter.ts";
import { assertDraft, changedMeanwhile } from "./edit-letter.ts";
import { claimLetter, type LetterRow, queueLetter, recordFailure, recordSent } from "./letter-store.ts";
import { findLetter, getLetter } from "./present-letter.ts";
import { openDraft, sealDraft } from "./sealed-draft.ts";
import { evidenceKeyOf } from "./sealed-text.ts";
import { selectRequest } from "./store.ts";
import { mailOf } from "./write-letter.ts";

/**
 * Has a draft mailed to an address of the person, that version of it which was looked at: from then on it does not change.
 * A job hands it over, and tries again. Throws `not_found`; `invalid` for an address that is not theirs; `conflict` when it
 * is no draft or not that version, when there is no address, and when nothing is mailed here.
 */
export async function sendLetter(
  ctx: Context,
  requestId: string,
  id: string,
  { version, to }: { version: number; to?: string | undefined },
) {
  const queued = await answerOnce(ctx, async () => {
    const { request, row } = await findLetter(ctx, requestId, id);
    assertDraft(row, version);
    const key = await evidenceKeyOf(ctx, request);
    const draft = openDraft(key, row);
    const address = chooseAddress(draft, to);
    if (ctx.keys.isSandbox)
      throw new SaysoError("conflict", "A sandbox sends nothing. Mark the letter as sent.");
    if (ctx.services.sendMail === undefined) {
      throw new SaysoError(
        "conflict",
        "No mail server is configured (SMTP_URL). Send the letter another way, and mark it as sent.",
      );
    }
    const sealed = sealDraft(key, row.id, { ...draft, to: address });
    const changed = await queueLetter(ctx, { id: row.id, version }, sealed);
    if (changed === undefined) throw changedMeanwhile();
    return changed;
  });
  return { id: formatId("let", queued.id), state: "sending" as const };
}

/**
 * Notes that staff sent a draft another way, and when. It is kept as it was then. Throws `not_found`, `invalid` for a time
 * in the future or before the request came in, and `conflict` when it is no draft or not that version any more.
 */
export async function markLetterSent(
  ctx: Context,
  requestId: string,
  id: string,
  input: { version: number; way: OtherWay; sentAt: string; note?: string | undefined },
) {
  await answerOnce(ctx, async () => {
    const { request, row } = await findLetter(ctx, requestId, id);
    assertDraft(row, input.version);
    const sentAt = notInFuture(input.sentAt, ctx.services.now(), "/sentAt");
    if (sentAt < request.receivedAt) throw invalid("/sentAt", "The request had not come in yet.");
    const key = await evidenceKeyOf(ctx, request);
    const { subject, text } = openDraft(key, row);
    const sealed = sealSent(key, row.id, { subject, text, html: null, to: null, note: input.note ?? null });
    const sent = await recordSent(
      ctx,
      { id: row.id, kind: row.kind, way: input.way, sentAt, sealed },
      { version: input.version },
    );
    if (sent === undefined) throw changedMeanwhile();
    return sent;
  });
  return getLetter(ctx, requestId, id);
}

/**
 * The job of mailing a letter. Asked again it does nothing that was done: an attempt that is alive is left alone, and a
 * letter that was handed over is kept. A mail that was handed over when the process died may go out a second time, under
 * the same Message-ID. What fails is noted with its reason and tried again, later each time; what the mail server refused
 * for good, and what failed for a day and a half, becomes a draft again, for staff to send another way.
 */
export async function mailLetter(ctx: Context, letterId: string): Promise<void> {
  const row = await claimLetter(ctx, letterId);
  if (row === undefined) return;
  const failure = await handOver(ctx, row).catch((error: unknown) => ({
    reason: reasonOf(error),
    isFinal: error instanceof SaysoError && error.code === "conflict",
  }));
  if (failure === undefined) return;
  const retrySeconds = failure.isFinal ? undefined : limits.letterRetrySeconds[row.attempts - 1];
  await recordFailure(ctx, row, { reason: failure.reason, retrySeconds });
}

async function handOver(ctx: Context, row: LetterRow): Promise<undefined> {
  const { sendMail } = ctx.services;
  if (sendMail === undefined) throw new SaysoError("unavailable", "No mail server is configured (SMTP_URL).");
  const request = await selectRequest(ctx, row.requestId);
  if (request === undefined) throw new SaysoError("internal", "A letter has no request.");
  const key = await evidenceKeyOf(ctx, request);
  const draft = openDraft(key, row);
  const { subject, text } = draft;
  const to = chooseAddress(draft, draft.to);
  const html = mailOf(draft, row.language as Language);
  await sendMail({ to, subject, text, html, id: formatId("let", row.id) });
  const sealed = sealSent(key, row.id, { subject, text, html, to, note: null });
  await recordSent(
    ctx,
    { id: row.id, kind: row.kind, way: "email", sentAt: null, sealed },
    { attempt: row.attempts },
  );
}

/** What staff are told: never the message of an unexpected error, which can quote a value. */
function reasonOf(error: unknown): string {
  if (error instanceof SaysoError) return error.detail;
  return `The letter could not be mailed (${error instanceof Error ? error.name : typeof error}).`;
}

function sealSent(key: Key, letterId: string, letter: SentLetter): Buffer {
  return seal(key, sentLetterPlace(letterId), Buffer.from(JSON.stringify(letter)));
}
