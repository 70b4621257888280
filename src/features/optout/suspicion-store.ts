import { and, asc, eq, gt, inArray, isNull } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { tell, write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { hashesOf } from "../subject/index.ts";
import { optOutSuspicion, optOutSuspicionEvent } from "./tables.ts";

export type SuspicionRow = typeof optOutSuspicion.$inferSelect;

/** A message that may be a no. Ids are uuids. */
export interface NewSuspicion {
  readonly id: string;
  readonly publicId: string;
  readonly eventId: string;
  /** Whose it is: usually one person; the suspicion is the first one's, the pause everybody's. */
  readonly subjectIds: readonly string[];
  readonly cause: "near_match" | "voice_note";
  readonly senderId: string;
  readonly messageId: string;
  readonly occurredAt: string;
  /** Hashes (hex) of how the person was named. */
  readonly named: readonly string[];
}

/**
 * The parts of a write that suspect a no and let the marketing of every identifier of the person wait. The part
 * `suspected` has the suspicion. `onlyIf` names an earlier part: without a row in it nothing is recorded. A message is
 * suspected once.
 */
export function suspicionParts(
  sql: Sql,
  ctx: Context,
  suspicion: NewSuspicion,
  onlyIf?: string,
): (readonly [string, Fragment])[] {
  return [
    ["suspecting", hashesOf(sql, ctx, suspicion.subjectIds, suspicion.named)],
    [
      "suspected",
      sql`insert into opt_out_suspicion (organization_id, id, subject_id, cause, sender_id, message_id, occurred_at)
        select ${ctx.organizationId}::uuid, ${suspicion.id}::uuid, ${suspicion.subjectIds[0] ?? null}::uuid,
          ${suspicion.cause}, ${suspicion.senderId}::uuid, ${suspicion.messageId}, ${suspicion.occurredAt}::timestamptz
        where ${onlyIf === undefined ? sql`true` : sql`exists (select from ${sql(onlyIf)})`}
        on conflict (organization_id, subject_id, message_id) do nothing
        returning organization_id, id, occurred_at`,
    ],
    [
      "suspected_event",
      sql`insert into opt_out_suspicion_event (organization_id, id, suspicion_id, kind, actor_kind, actor_id)
        select organization_id, ${suspicion.eventId}::uuid, id, 'suspected', ${ctx.actor.kind}, ${ctx.actor.id ?? null}
        from suspected`,
    ],
    [
      "paused",
      sql`insert into marketing_pause (organization_id, identifier_hash, suspicion_id, at)
        select s.organization_id, h.hash, s.id, s.occurred_at from suspected s cross join suspecting h`,
    ],
  ];
}

/** What others are told of a suspicion that suspicionParts recorded. */
export function suspicionTells(sql: Sql, suspicion: NewSuspicion): Fragment[] {
  const { publicId, subjectIds, cause, senderId, messageId, occurredAt } = suspicion;
  const data = {
    suspicionId: publicId,
    subjectId: formatId("sub", subjectIds[0] ?? ""),
    cause,
    senderId: formatId("snd", senderId),
    messageId,
    occurredAt,
  };
  return [tell(sql, "opt_out.suspected", data, "suspected")];
}

/** Suspects a no by itself, where no message is recorded with it. Undefined when it was suspected before. */
export function insertSuspicion(ctx: Context, suspicion: NewSuspicion) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: suspicionParts(sql, ctx, suspicion),
    result: sql`select id from suspected`,
    audit: { action: "opt_out.suspected", entity: suspicion.publicId, details: { cause: suspicion.cause } },
    tells: suspicionTells(sql, suspicion),
  }));
}

export interface Decided {
  readonly decided_at: string;
  /** The opt-out (uuid) that a confirmation recorded. */
  readonly opt_out_id: string | null;
}

/**
 * Ends a suspicion and its pause, once, with an event that says how, why and by whom. `confirm` gives the parts that
 * record the no, which must hang on the part they are told. Undefined when it was decided before.
 */
export function decideSuspicion(
  ctx: Context,
  input: {
    id: string;
    publicId: string;
    eventId: string;
    decision: "confirmed" | "dismissed";
    reason: string | undefined;
    confirm?: (sql: Sql, onlyIf: string) => (readonly [string, Fragment])[];
    tells: (sql: Sql, when: string) => readonly Fragment[];
  },
): Promise<Decided | undefined> {
  const { id, decision, reason, confirm } = input;
  return write<Decided>(ctx, (sql) => ({
    parts: [
      [
        "decided",
        sql`update opt_out_suspicion set decided_at = now()
          where organization_id = ${ctx.organizationId}::uuid and id = ${id}::uuid and decided_at is null
          returning id, decided_at`,
      ],
      [
        "decided_event",
        sql`insert into opt_out_suspicion_event (organization_id, id, suspicion_id, kind, reason, actor_kind, actor_id)
          select ${ctx.organizationId}::uuid, ${input.eventId}::uuid, id, ${decision}, ${reason ?? null},
            ${ctx.actor.kind}, ${ctx.actor.id ?? null}
          from decided`,
      ],
      ...(confirm?.(sql, "decided") ?? []),
      [
        "resumed",
        sql`delete from marketing_pause where organization_id = ${ctx.organizationId}::uuid
          and suspicion_id in (select id from decided)`,
      ],
    ],
    result: sql`select decided_at, ${confirm === undefined ? sql`null` : sql`(select id from opted_out)`} as opt_out_id
      from decided`,
    audit: {
      action: `opt_out_suspicion.${decision}`,
      entity: input.publicId,
      details: { reason },
    },
    tells: input.tells(sql, "decided"),
  }));
}

/** The suspicion about a message of a person (the root of their records), if there is one. */
export async function selectSuspicionOf(
  ctx: Context,
  subjectId: string,
  messageId: string,
): Promise<string | undefined> {
  const rows = await ctx.services.db.look(
    (sql) => sql<{ id: string }[]>`
      select e.id from opt_out_suspicion e
      join subject s on s.organization_id = e.organization_id and s.id = e.subject_id
      where e.organization_id = ${ctx.organizationId} and s.root_id = ${subjectId} and e.message_id = ${messageId}
      order by e.id limit 1`,
  );
  return rows[0]?.id;
}

export async function selectSuspicion(ctx: Context, id: string): Promise<SuspicionRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(optOutSuspicion)
      .where(and(eq(optOutSuspicion.organizationId, ctx.organizationId), eq(optOutSuspicion.id, id))),
  );
  return rows[0];
}

/** Suspicions with what staff made of them, the oldest first: they wait. */
export async function selectSuspicions(
  ctx: Context,
  { after, limit, isOpen }: { after: string | undefined; limit: number; isOpen: boolean },
) {
  return ctx.services.db.read((d) =>
    d
      .select({
        suspicion: optOutSuspicion,
        decision: optOutSuspicionEvent.kind,
        reason: optOutSuspicionEvent.reason,
      })
      .from(optOutSuspicion)
      .leftJoin(
        optOutSuspicionEvent,
        and(
          eq(optOutSuspicionEvent.organizationId, optOutSuspicion.organizationId),
          eq(optOutSuspicionEvent.suspicionId, optOutSuspicion.id),
          inArray(optOutSuspicionEvent.kind, ["confirmed", "dismissed"]),
        ),
      )
      .where(
        and(
          eq(optOutSuspicion.organizationId, ctx.organizationId),
          after ? gt(optOutSuspicion.id, after) : undefined,
          isOpen ? isNull(optOutSuspicion.decidedAt) : undefined,
        ),
      )
      .orderBy(asc(optOutSuspicion.id))
      .limit(limit),
  );
}
