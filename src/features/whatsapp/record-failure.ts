import type { Context } from "../../context.ts";
import { notFound } from "../../kernel/errors.ts";
import { findSender } from "../organization/index.ts";
import { changesBy } from "./domain/effects.ts";
import { insertMessageStatus } from "./store.ts";

/**
 * Records that the platform refused a message, as the sender was told in its answer: with the same effects as when a
 * `failed` status comes by webhook. Throws `not_found` for an unknown sender. Repeated, it does nothing.
 */
export async function recordFailure(
  ctx: Context,
  failure: {
    readonly messageId: string;
    readonly sender: string;
    /** The person's record (uuid), when they are known. */
    readonly subjectId: string | null;
    readonly hashes: readonly string[];
    readonly errorCode: number;
  },
): Promise<void> {
  const sender = await findSender(ctx, failure.sender);
  if (sender === undefined) throw notFound("sender");
  // It goes on record for itself, not as the answer to whatever request told it.
  await insertMessageStatus(
    { ...ctx, idempotency: undefined },
    {
      messageId: failure.messageId,
      status: "failed",
      at: ctx.services.now().toISOString(),
      senderId: sender.id,
      wabaId: sender.wabaId,
      errorCode: failure.errorCode,
      roots: failure.subjectId === null ? [] : [failure.subjectId],
      hashes: failure.hashes,
      effects: changesBy(failure.errorCode),
    },
  );
}
