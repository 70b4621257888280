import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { notFound, SaysoError } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { type BreakerRow, closeBreaker, selectBreaker, selectBreakers } from "./complaint-store.ts";
import type { Complaints } from "./domain/complaints.ts";

/**
 * Lets a sender's marketing go on, with a reason that stays on record. What was counted up to now counts no more; what
 * happens from now on may open the next one. Throws `not_found`; one that was closed before is a `conflict`.
 */
export async function endBreaker(ctx: Context, id: string, input: { reason: string }) {
  const uuid = parseId("brk", id);
  const known = uuid === undefined ? undefined : await selectBreaker(ctx, uuid);
  if (uuid === undefined || known === undefined) throw notFound("complaint breaker");
  const row =
    (await replay<{ at: string }>(ctx)) ??
    (await closeBreaker(ctx, {
      id: uuid,
      eventId: ctx.services.newId("evt"),
      publicId: id,
      reason: input.reason,
    }));
  if (row === undefined) throw new SaysoError("conflict", "This complaint breaker was closed before.");
  return { id, closedAt: new Date(row.at).toISOString() };
}

/** The organization's breakers, closed ones included, the newest first. */
export async function listBreakers(ctx: Context, before: string | undefined, limit: number) {
  return (await selectBreakers(ctx, before, limit)).map(presentBreaker);
}

function presentBreaker({ id, senderId, causes, counted, policyVersion, openedAt, closedAt }: BreakerRow) {
  const { from, ...numbers } = counted as Complaints & { readonly from: string };
  return {
    id: formatId("brk", id),
    sender: formatId("snd", senderId),
    causes,
    counted: { from: new Date(from).toISOString(), ...numbers, redTemplates: [...numbers.redTemplates] },
    policyVersion,
    openedAt: openedAt.toISOString(),
    closedAt: closedAt?.toISOString() ?? null,
  };
}
