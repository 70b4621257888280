import { and, desc, eq, lt } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { type Ended, endRecord, write } from "../../db/write.ts";
import { limits } from "../../kernel/limits.ts";
import { monitor } from "./tables.ts";

export type MonitorRow = typeof monitor.$inferSelect;

/** A monitor mode as its write answers it. */
export type StartedMonitor = Pick<MonitorRow, "id" | "senderId" | "purpose" | "reason"> & {
  readonly startedAt: string;
  readonly until: string;
};

/**
 * Starts a monitor mode. Undefined when the sender and the purpose are in one, and when it would end in the past or
 * too late after their first one began. One that is over makes room first; the database refuses the second of two at
 * the same time.
 */
export async function insertMonitor(
  ctx: Context,
  made: Pick<MonitorRow, "id" | "senderId" | "purpose" | "reason" | "until"> & {
    eventId: string;
    publicId: string;
  },
) {
  const until = made.until.toISOString();
  return write<StartedMonitor>(ctx, (sql) => ({
    parts: [
      [
        "ended",
        sql`update monitor set ended_at = until where organization_id = ${ctx.organizationId}
            and sender_id = ${made.senderId} and purpose = ${made.purpose} and ended_at is null and until <= now()
          returning id`,
      ],
      [
        "started",
        sql`insert into monitor (organization_id, id, sender_id, purpose, reason, until)
          select ${ctx.organizationId}::uuid, ${made.id}::uuid, ${made.senderId}::uuid, ${made.purpose}, ${made.reason},
            ${until}::timestamptz
          from monitor m
          where m.organization_id = ${ctx.organizationId} and m.sender_id = ${made.senderId} and m.purpose = ${made.purpose}
          having ${until}::timestamptz > now() and ${until}::timestamptz
              <= coalesce(min(m.started_at), now()) + ${limits.monitorDays}::int * interval '1 day'
            and not coalesce(bool_or(m.ended_at is null and m.until > now()), false)
            and (select count(*) from ended) >= 0
          returning id, sender_id as "senderId", purpose, reason, started_at as "startedAt", until`,
      ],
      [
        "event",
        sql`insert into monitor_event (organization_id, id, monitor_id, kind, reason, actor_kind, actor_id)
          select ${ctx.organizationId}::uuid, ${made.eventId}::uuid, id, 'started', reason, ${ctx.actor.kind}, ${ctx.actor.id ?? null}
          from started returning id`,
      ],
    ],
    result: sql`select * from started`,
    audit: { action: "monitor.started", entity: made.publicId, details: { reason: made.reason, until } },
  }));
}

/** Ends a monitor mode before its time. Undefined when it is over, or there is none of that id. */
export function endMonitor(ctx: Context, input: Ended) {
  return endRecord(ctx, input, {
    table: "monitor",
    endedAt: "ended_at",
    event: "monitor_event",
    of: "monitor_id",
    kind: "ended",
    action: "monitor.ended",
    onlyIf: (sql) => sql`until > now()`,
  });
}

export async function selectMonitor(ctx: Context, id: string): Promise<MonitorRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(monitor)
      .where(and(eq(monitor.organizationId, ctx.organizationId), eq(monitor.id, id))),
  );
  return rows[0];
}

/** Monitor modes of the organization, the newest first; of one sender and purpose when they are named. */
export async function selectMonitors(
  ctx: Context,
  of: Pick<MonitorRow, "senderId" | "purpose"> | undefined,
  before: string | undefined,
  limit: number,
): Promise<MonitorRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(monitor)
      .where(
        and(
          eq(monitor.organizationId, ctx.organizationId),
          of && and(eq(monitor.senderId, of.senderId), eq(monitor.purpose, of.purpose)),
          before ? lt(monitor.id, before) : undefined,
        ),
      )
      .orderBy(desc(monitor.id))
      .limit(limit),
  );
}
