import type { Context } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import { type LetterRow, type SentLetterRow, selectLetters, selectSentLetters } from "./letter-store.ts";

/** A letter as lists show it. */
export function presentLetter(row: LetterRow, sent: SentLetterRow | undefined) {
  return {
    id: formatId("let", row.id),
    requestId: formatId("req", row.requestId),
    kind: row.kind,
    language: row.language,
    state: row.state,
    version: row.version,
    neededBy: row.neededBy?.toISOString() ?? null,
    way: sent?.way ?? (row.state === "sending" ? "email" : null),
    sentAt: sent?.sentAt.toISOString() ?? null,
    attempts: row.attempts,
    nextAttemptAt: row.state === "sending" ? (row.dueAt?.toISOString() ?? null) : null,
    failure: row.failure,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/** The letters of a request (uuid), the oldest first, without their words. */
export async function lettersOf(ctx: Context, requestId: string) {
  const [rows, sent] = await Promise.all([selectLetters(ctx, requestId), selectSentLetters(ctx, requestId)]);
  const byId = new Map(sent.map((each) => [each.letterId, each]));
  return rows.map((row) => presentLetter(row, byId.get(row.id)));
}

/** The letter that a step of the request rests on and that the person does not have yet: who has to send it. */
export function nextLetter(letters: Awaited<ReturnType<typeof lettersOf>>) {
  const waiting = letters.find(
    ({ neededBy, state }) => neededBy !== null && (state === "draft" || state === "sending"),
  );
  return (
    waiting && {
      by: waiting.state === "draft" ? ("staff" as const) : ("system" as const),
      event: "letter_sent" as const,
      letterId: waiting.id,
      neededBy: waiting.neededBy,
    }
  );
}
