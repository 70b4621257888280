import type { Context } from "../../context.ts";
import { replay, tell } from "../../db/write.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { findPurpose } from "../organization/index.ts";
import { optOutParts, optOutTells } from "./store.ts";
import { type Decided, decideSuspicion, selectSuspicion, selectSuspicions } from "./suspicion-store.ts";

/** What staff make of a message that may be a no. */
export type SuspicionDecision =
  | {
      readonly decision: "confirm";
      /** Left out: the person wants no message at all, as with a STOP. */
      readonly purpose?: string | undefined;
      readonly reason?: string | undefined;
    }
  | { readonly decision: "dismiss"; readonly reason: string };

/**
 * Ends a suspicion, and with it the pause of the person's marketing. Confirmed it is an opt-out as of when the message
 * was written, for every identifier of theirs. Throws `not_found`, `invalid` for an unknown purpose, and `conflict` when
 * it was decided before.
 */
export async function decideOptOutSuspicion(ctx: Context, id: string, input: SuspicionDecision) {
  const uuid = parseId("sus", id);
  const known = uuid === undefined ? undefined : await selectSuspicion(ctx, uuid);
  if (known === undefined) throw notFound("suspicion");
  const row = (await replay<Decided>(ctx)) ?? (await decide(ctx, known, input));
  if (row === undefined) throw new SaysoError("conflict", "This suspicion was decided before.");
  return {
    id,
    decision: decisionOf[input.decision],
    decidedAt: new Date(row.decided_at).toISOString(),
    optOutId: row.opt_out_id === null ? null : formatId("opt", row.opt_out_id),
  };
}

const decisionOf = { confirm: "confirmed", dismiss: "dismissed" } as const;

async function decide(
  ctx: Context,
  { id, subjectId, occurredAt }: NonNullable<Awaited<ReturnType<typeof selectSuspicion>>>,
  input: SuspicionDecision,
) {
  const common = {
    id,
    publicId: formatId("sus", id),
    eventId: ctx.services.newId("evt"),
    decision: decisionOf[input.decision],
    reason: input.reason,
  };
  if (input.decision === "dismiss") {
    const dismissed = { suspicionId: common.publicId, subjectId: formatId("sub", subjectId) };
    return decideSuspicion(ctx, {
      ...common,
      tells: (sql, when) => [tell(sql, "opt_out.dismissed", dismissed, when)],
    });
  }
  if (input.purpose !== undefined && (await findPurpose(ctx, input.purpose)) === undefined)
    throw invalid("/purpose", "There is no such purpose.");
  const optOutId = ctx.services.newId("opt");
  const optOut = {
    events: [{ id: optOutId, subjectId }],
    publicId: formatId("opt", optOutId),
    scope: input.purpose === undefined ? "all" : "purpose",
    purpose: input.purpose,
    channel: undefined,
    source: "staff",
    occurredAt: occurredAt.toISOString(),
    named: [],
    confirms: id,
    told: { suspicionId: common.publicId },
  } as const;
  return decideSuspicion(ctx, {
    ...common,
    confirm: (sql, onlyIf) => optOutParts(sql, ctx, optOut, onlyIf),
    tells: (sql) => optOutTells(sql, optOut),
  });
}

/** Messages that may be a no, the oldest first; `isOpen`: those that wait for a decision. */
export async function listOptOutSuspicions(
  ctx: Context,
  asked: { after: string | undefined; limit: number; isOpen: boolean },
) {
  return (await selectSuspicions(ctx, asked)).map(({ suspicion, decision, reason }) => ({
    id: formatId("sus", suspicion.id),
    subjectId: formatId("sub", suspicion.subjectId),
    cause: suspicion.cause,
    senderId: formatId("snd", suspicion.senderId),
    messageId: suspicion.messageId,
    occurredAt: suspicion.occurredAt.toISOString(),
    recordedAt: suspicion.recordedAt.toISOString(),
    decidedAt: suspicion.decidedAt?.toISOString() ?? null,
    decision,
    reason,
  }));
}
