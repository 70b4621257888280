import { and, asc, desc, eq, inArray, lt } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { type AuditAction, write } from "../../db/write.ts";
import { hold, holdEvent } from "./tables.ts";

export type HoldRow = typeof hold.$inferSelect;
export type HoldEventRow = typeof holdEvent.$inferSelect;

/** What happened to a hold: ids are uuids, the reason is sealed. */
interface Step {
  readonly id: string;
  readonly publicId: string;
  readonly eventId: string;
  readonly reason: Buffer;
}

/** A hold as its write answers it. */
export interface PlacedHold {
  readonly id: string;
  readonly subjectId: string | null;
  readonly placedAt: string;
  readonly reviewAt: string;
}

/**
 * Places a hold. Waits until whoever erases or removes at this moment is done, and whoever comes later sees it (see the
 * trigger of `hold`).
 */
export async function insertHold(
  ctx: Context,
  made: Step & { readonly subjectId: string | null; readonly reviewAt: string },
): Promise<PlacedHold | undefined> {
  return write<PlacedHold>(ctx, (sql) => ({
    parts: [
      [
        "held",
        sql`insert into hold (organization_id, id, subject_id, reason, actor_kind, actor_id, review_at)
          values (${ctx.organizationId}, ${made.id}, ${made.subjectId}, ${made.reason}, ${ctx.actor.kind},
            ${ctx.actor.id ?? null}, ${made.reviewAt})
          returning id, subject_id as "subjectId", placed_at as "placedAt", review_at as "reviewAt"`,
      ],
      ["event", eventPart(sql, ctx, made, "placed", sql`"reviewAt"`)],
    ],
    result: sql`select * from held`,
    audit: auditOf("hold.placed", made),
  }));
}

/** Puts off until when a hold is looked at again. Undefined: it was released. */
export async function reviewHold(ctx: Context, step: Step & { readonly reviewAt: string }) {
  return write<{ reviewAt: string }>(ctx, (sql) => ({
    parts: [
      [
        "held",
        sql`update hold set review_at = ${step.reviewAt}::timestamptz
          where organization_id = ${ctx.organizationId}::uuid and id = ${step.id}::uuid and released_at is null
          returning id, review_at as "reviewAt"`,
      ],
      ["event", eventPart(sql, ctx, step, "reviewed", sql`"reviewAt"`)],
    ],
    result: sql`select "reviewAt" from held`,
    audit: auditOf("hold.reviewed", step),
  }));
}

/** Releases a hold. Undefined: it was released before. */
export async function releaseHold(ctx: Context, step: Step) {
  return write<{ at: string }>(ctx, (sql) => ({
    parts: [
      [
        "held",
        sql`update hold set released_at = now()
          where organization_id = ${ctx.organizationId}::uuid and id = ${step.id}::uuid and released_at is null
          returning id, released_at as at`,
      ],
      ["event", eventPart(sql, ctx, step, "released", sql`null::timestamptz`)],
    ],
    result: sql`select at from held`,
    audit: auditOf("hold.released", step),
  }));
}

function eventPart(sql: Sql, ctx: Context, step: Step, kind: string, reviewAt: Fragment): Fragment {
  return sql`
    insert into hold_event (organization_id, id, hold_id, kind, reason, review_at, actor_kind, actor_id)
    select ${ctx.organizationId}::uuid, ${step.eventId}::uuid, id, ${kind}, ${step.reason}::bytea, ${reviewAt},
      ${ctx.actor.kind}, ${ctx.actor.id ?? null}
    from held returning id`;
}

/** Why is sealed with the hold: staff may name people there. */
function auditOf(action: AuditAction, { publicId }: Step) {
  return { action, entity: publicId };
}

/** Holds of the organization, released ones included, the newest first. */
export async function selectHolds(
  ctx: Context,
  before: string | undefined,
  limit: number,
): Promise<HoldRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(hold)
      .where(and(eq(hold.organizationId, ctx.organizationId), before ? lt(hold.id, before) : undefined))
      .orderBy(desc(hold.id))
      .limit(limit),
  );
}

export async function selectHold(ctx: Context, id: string): Promise<HoldRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(hold)
      .where(and(eq(hold.organizationId, ctx.organizationId), eq(hold.id, id))),
  );
  return rows[0];
}

export async function selectHoldEvents(ctx: Context, id: string): Promise<HoldEventRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(holdEvent)
      .where(and(eq(holdEvent.organizationId, ctx.organizationId), eq(holdEvent.holdId, id)))
      .orderBy(asc(holdEvent.at), asc(holdEvent.id)),
  );
}

/** The holds that stand on a person (the uuid of any of their records), those on everything included, the oldest first. */
export async function selectStandingHolds(ctx: Context, subjectId: string): Promise<HoldRow[]> {
  const ids = await ctx.services.db.statement(
    (sql) => sql<{ id: string }[]>`
      select h.id from hold h where h.organization_id = ${ctx.organizationId} and h.released_at is null
        and (h.subject_id is null or h.subject_id in (
          select r.id from subject s join subject r on r.organization_id = s.organization_id and r.root_id = s.root_id
          where s.organization_id = h.organization_id and s.id = ${subjectId}))`,
  );
  if (ids.length === 0) return [];
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(hold)
      .where(
        and(
          eq(hold.organizationId, ctx.organizationId),
          inArray(
            hold.id,
            ids.map(({ id }) => id),
          ),
        ),
      )
      .orderBy(asc(hold.id)),
  );
}
