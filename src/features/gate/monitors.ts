import type { Context } from "../../context.ts";
import { violatedUnique } from "../../db/database.ts";
import { replay } from "../../db/write.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { addSeconds } from "../../kernel/time.ts";
import { findPurpose, findSender } from "../organization/index.ts";
import {
  endMonitor,
  insertMonitor,
  type MonitorRow,
  type StartedMonitor,
  selectMonitor,
  selectMonitors,
} from "./monitor-store.ts";

/** Which sender and purpose to watch only, why, and until when (ISO 8601). */
export interface MonitorInput {
  readonly sender: string;
  readonly purpose: string;
  readonly reason: string;
  readonly until: string;
}

/**
 * Puts a sender and a purpose into monitor mode: everything is decided and recorded, but of the rules only those about
 * recipient, sender, switches and every no deny (see `isEnforced`). It ends by itself, at most 60 days after the first
 * time that it began for them. Throws `invalid` for an unknown sender or purpose and for an end that cannot be, and
 * `conflict` when they are in monitor mode already.
 */
export async function startMonitor(ctx: Context, input: MonitorInput) {
  const sender = await findSender(ctx, input.sender);
  if (sender === undefined) throw invalid("/sender", "There is no such sender.");
  if ((await findPurpose(ctx, input.purpose)) === undefined)
    throw invalid("/purpose", "There is no such purpose.");
  const id = ctx.services.newId("mon");
  const of = { senderId: sender.id, purpose: input.purpose };
  const made = {
    ...of,
    id,
    eventId: ctx.services.newId("evt"),
    publicId: formatId("mon", id),
    reason: input.reason,
    until: new Date(input.until),
  };
  const row =
    (await replay<StartedMonitor>(ctx)) ??
    (await insertMonitor(ctx, made).catch((error: unknown) => {
      if (violatedUnique(error) === undefined) throw error;
      return undefined;
    }));
  if (row === undefined) throw await refusal(ctx, of);
  const [startedAt, until] = [new Date(row.startedAt), new Date(row.until)];
  return presentMonitor({ ...row, startedAt, until, endedAt: null }, startedAt);
}

async function refusal(ctx: Context, of: Pick<MonitorRow, "senderId" | "purpose">): Promise<SaysoError> {
  const now = ctx.services.now();
  const earlier = await selectMonitors(ctx, of, undefined, limits.listMost);
  const running = earlier.find(({ endedAt, until }) => endedAt === null && until > now);
  if (running !== undefined) {
    return new SaysoError(
      "conflict",
      `They are in monitor mode already, by ${formatId("mon", running.id)}. End that one first.`,
    );
  }
  const last = addSeconds(earlier.at(-1)?.startedAt ?? now, limits.monitorDays * 24 * 3600);
  return invalid(
    "/until",
    `Monitor mode ends in the future and at most ${limits.monitorDays} days after it first began: not after ${last.toISOString()}.`,
  );
}

/** Ends monitor mode before its time, with a reason that stays on record. Throws `not_found`; `conflict` when it is over. */
export async function stopMonitor(ctx: Context, id: string, input: { reason: string }) {
  const uuid = parseId("mon", id);
  const known = uuid === undefined ? undefined : await selectMonitor(ctx, uuid);
  if (uuid === undefined || known === undefined) throw notFound("monitor mode");
  const row =
    (await replay<{ at: string }>(ctx)) ??
    (await endMonitor(ctx, {
      id: uuid,
      eventId: ctx.services.newId("evt"),
      publicId: id,
      reason: input.reason,
    }));
  if (row === undefined) throw new SaysoError("conflict", "This monitor mode is over.");
  return { id, endedAt: new Date(row.at).toISOString() };
}

/** Monitor modes of the organization, those that are over included, the newest first. */
export async function listMonitors(ctx: Context, before: string | undefined, limit: number) {
  const now = ctx.services.now();
  return (await selectMonitors(ctx, undefined, before, limit)).map((row) => presentMonitor(row, now));
}

function presentMonitor(row: Omit<MonitorRow, "organizationId">, now: Date) {
  const endedAt = row.endedAt ?? (row.until > now ? null : row.until);
  return {
    id: formatId("mon", row.id),
    sender: formatId("snd", row.senderId),
    purpose: row.purpose,
    reason: row.reason,
    startedAt: row.startedAt.toISOString(),
    until: row.until.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}
