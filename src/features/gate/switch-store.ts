import { and, desc, eq, lt } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { type Ended, endRecord, write } from "../../db/write.ts";
import { sendingSwitch } from "./tables.ts";

export type SwitchRow = typeof sendingSwitch.$inferSelect;

/** A switch as its write answers it. */
export type PulledSwitch = Pick<SwitchRow, "id" | "senderId" | "purpose" | "reason"> & {
  readonly pulledAt: string;
};

export async function insertSwitch(
  ctx: Context,
  made: Pick<SwitchRow, "id" | "senderId" | "purpose" | "reason"> & { eventId: string; publicId: string },
) {
  return write<PulledSwitch>(ctx, (sql) => ({
    parts: [
      [
        "pulled",
        sql`insert into sending_switch (organization_id, id, sender_id, purpose, reason)
          values (${ctx.organizationId}, ${made.id}, ${made.senderId}, ${made.purpose}, ${made.reason})
          returning id, sender_id as "senderId", purpose, reason, pulled_at as "pulledAt"`,
      ],
      [
        "event",
        sql`insert into sending_switch_event (organization_id, id, switch_id, kind, reason, actor_kind, actor_id)
          select ${ctx.organizationId}::uuid, ${made.eventId}::uuid, id, 'pulled', reason, ${ctx.actor.kind}, ${ctx.actor.id ?? null}
          from pulled returning id`,
      ],
    ],
    result: sql`select * from pulled`,
    audit: { action: "switch.pulled", entity: made.publicId, details: { reason: made.reason } },
  }));
}

/** Releases a switch with a reason. Undefined when there is no pulled one of that id. */
export function releaseSwitch(ctx: Context, input: Ended) {
  return endRecord(ctx, input, {
    table: "sending_switch",
    endedAt: "released_at",
    event: "sending_switch_event",
    of: "switch_id",
    kind: "released",
    action: "switch.released",
  });
}

export async function selectSwitch(ctx: Context, id: string): Promise<SwitchRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(sendingSwitch)
      .where(and(eq(sendingSwitch.organizationId, ctx.organizationId), eq(sendingSwitch.id, id))),
  );
  return rows[0];
}

/** Switches of the organization, the newest first. */
export async function selectSwitches(
  ctx: Context,
  before: string | undefined,
  limit: number,
): Promise<SwitchRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(sendingSwitch)
      .where(
        and(
          eq(sendingSwitch.organizationId, ctx.organizationId),
          before ? lt(sendingSwitch.id, before) : undefined,
        ),
      )
      .orderBy(desc(sendingSwitch.id))
      .limit(limit),
  );
}
