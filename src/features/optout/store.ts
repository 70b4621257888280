import { and, asc, desc, eq, inArray, lt, or } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { tell, write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { hashesOf, standPart } from "../subject/index.ts";
import { optOutEvent } from "./tables.ts";

export type OptOutRow = typeof optOutEvent.$inferSelect;

/** Everything, every purpose of marketing (those to come included), or one purpose. */
export type OptOutScope = "all" | "marketing" | "purpose";

/** The purpose that a standing no has for an opt-out. */
function standingPurpose({ scope, purpose }: Pick<NewOptOut, "scope" | "purpose">): string {
  return scope === "marketing" ? "*marketing" : (purpose ?? "*");
}

export interface NewOptOut {
  /**
   * One event for each person that was named; usually one. Ids are uuids. Without a person it is of the one identifier
   * that was named, whoever's it is.
   */
  readonly events: readonly { readonly id: string; readonly subjectId: string | null }[];
  /** Public id of the first event. */
  readonly publicId: string;
  readonly scope: OptOutScope;
  readonly purpose: string | undefined;
  readonly channel: string | undefined;
  readonly source: string;
  readonly occurredAt: string;
  readonly named: readonly string[];
  /** What others are told beside it, such as the message that said it. */
  readonly told?: Readonly<Record<string, unknown>>;
  /** The suspicion (uuid) that this confirms: it holds for every identifier whose marketing waits for it, too. */
  readonly confirms?: string;
  /** Nothing is recorded when an opt-out of this scope, as late as this one, stands for everybody named already. */
  readonly unlessStanding?: boolean;
}

export interface RecordedOptOut {
  readonly id: string;
  readonly recorded_at: string;
  /** A later yes of the person's own to the same purpose (uuid of the consent event), if there is one. */
  readonly superseded_by: string | null;
}

/**
 * The parts of a write that record an opt-out and make it stand for every identifier of everybody named. The part
 * `opted_out` has the recorded events. `onlyIf` names an earlier part: without a row in it nothing is recorded.
 */
export function optOutParts(
  sql: Sql,
  ctx: Context,
  optOut: NewOptOut,
  onlyIf?: string,
): (readonly [string, Fragment])[] {
  const roots = optOut.events.flatMap(({ subjectId }) => subjectId ?? []);
  const people = JSON.stringify(optOut.events.map(({ id, subjectId }) => ({ id, subject_id: subjectId })));
  const no = {
    channel: optOut.channel ?? "*",
    purpose: standingPurpose(optOut),
    kind: "opted_out",
    at: optOut.occurredAt,
    eventId: optOut.publicId,
  } as const;
  return [
    [
      "opting_out",
      optOut.confirms === undefined
        ? hashesOf(sql, ctx, roots, optOut.named)
        : sql`${hashesOf(sql, ctx, roots, optOut.named)}
            union select p.identifier_hash from marketing_pause p
              where p.organization_id = ${ctx.organizationId}::uuid and p.suspicion_id = ${optOut.confirms}::uuid`,
    ],
    [
      "noes_before",
      sql`select opt_outs_before(${ctx.organizationId}::uuid, array(select hash from opting_out), ${no.channel},
          ${no.purpose}) as noes`,
    ],
    [
      "opted_out",
      sql`insert into opt_out_event (organization_id, id, subject_id, identifier_hash, kind, scope, purpose, channel,
          source, occurred_at, replaced, actor_kind, actor_id)
        select ${ctx.organizationId}::uuid, e.id, e.subject_id,
          case when e.subject_id is null then decode(${optOut.named[0] ?? null}, 'hex') end, 'opted_out', ${optOut.scope}, ${optOut.purpose ?? null},
          ${optOut.channel ?? null}, ${optOut.source}, ${optOut.occurredAt}::timestamptz,
          noes_before.noes, ${ctx.actor.kind}, ${ctx.actor.id ?? null}
        from noes_before, jsonb_to_recordset(${people}::text::jsonb) e(id uuid, subject_id uuid)
        where ${onlyIf === undefined ? sql`true` : sql`exists (select from ${sql(onlyIf)})`}
          and (${!optOut.unlessStanding}::boolean or exists (select from opting_out h where not exists (
            select from jsonb_to_recordset(noes_before.noes) n(hash text, at timestamptz)
            where n.hash = encode(h.hash, 'hex') and n.at >= ${optOut.occurredAt}::timestamptz))
            or ${mayBeUndone(sql, ctx, sql`e.subject_id`)})
        returning id, subject_id, recorded_at`,
    ],
    ["opt_out_stands", standPart(sql, ctx, no, "opting_out", "opted_out")],
  ];
}

/** What others are told of an opt-out, for each event that optOutParts recorded. */
export function optOutTells(sql: Sql, optOut: NewOptOut): Fragment[] {
  const { scope, purpose, channel, source, occurredAt, told } = optOut;
  return optOut.events.map(({ id, subjectId }) => {
    const data = {
      optOutId: formatId("opt", id),
      // Null: a no at /stop is of a number, whoever's it is.
      subjectId: subjectId === null ? null : formatId("sub", subjectId),
      scope,
      purpose: purpose ?? null,
      channel: channel ?? null,
      source,
      occurredAt,
      ...told,
    };
    return sql`
      select 'opt_out.created' as type, ${JSON.stringify(data)}::text::jsonb as data from opted_out where id = ${id}::uuid`;
  });
}

/**
 * Records an opt-out in one statement. `superseded_by` is a later yes of the person's own to the same purpose that
 * still counts: not expired, and no other no came after it.
 */
export async function insertOptOut(ctx: Context, optOut: NewOptOut): Promise<RecordedOptOut | undefined> {
  return write<RecordedOptOut>(ctx, (sql) => ({
    parts: optOutParts(sql, ctx, optOut),
    result: sql`select e.id, e.recorded_at, (
        select c.proven_event_id from consent_state c
        join subject s on s.organization_id = c.organization_id and s.id = c.subject_id
        join subject r on r.organization_id = s.organization_id and r.root_id = s.root_id
        where c.organization_id = ${ctx.organizationId}::uuid and r.id = e.subject_id
          and c.purpose = ${optOut.purpose ?? null} and c.channel = coalesce(${optOut.channel ?? null}, c.channel)
          and date_trunc('second', c.proven_at) > date_trunc('second', ${optOut.occurredAt}::timestamptz)
          and (c.proven_expires_at is null or c.proven_expires_at > now())
          and not exists (select from standing_no n join opting_out h on h.hash = n.identifier_hash
            where n.organization_id = c.organization_id and n.channel in ('*', c.channel)
              and n.purpose = any(no_purposes(c.organization_id, c.purpose))
              and date_trunc('second', n.at) >= date_trunc('second', c.proven_at))
        order by c.proven_at desc limit 1) as superseded_by
      from opted_out e where e.id = ${optOut.events[0]?.id ?? null}::uuid`,
    audit: auditOf(optOut),
    tells: optOutTells(sql, optOut),
  }));
}

/** What stands may still be taken back by whoever pressed the link: another no must go on record to outlive that. */
function mayBeUndone(sql: Sql, ctx: Context, subjectId: Fragment): Fragment {
  return sql`exists (
    select from opt_out_event l
    join subject s on s.organization_id = l.organization_id and s.id = l.subject_id
    join subject r on r.organization_id = s.organization_id and r.root_id = s.root_id
    where l.organization_id = ${ctx.organizationId}::uuid and r.id = ${subjectId} and l.kind = 'opted_out'
      and l.source = 'link' and l.recorded_at > now() - make_interval(secs => ${limits.optOutUndoSeconds}::int))`;
}

/** Whether an opt-out of this scope, as late as this one, stands for everybody named: then insertOptOut need not. */
export async function selectStands(
  ctx: Context,
  optOut: Pick<NewOptOut, "scope" | "purpose" | "channel" | "occurredAt" | "named"> & {
    readonly roots: readonly string[];
  },
): Promise<boolean> {
  const rows = await ctx.services.db.look(
    (sql) => sql<{ stands: boolean }[]>`
      select not exists (select from (${hashesOf(sql, ctx, optOut.roots, optOut.named)}) h
        where not exists (select from standing_no n
          where n.organization_id = ${ctx.organizationId} and n.identifier_hash = h.hash and n.kind = 'opted_out'
            and n.channel = ${optOut.channel ?? "*"} and n.purpose = ${standingPurpose(optOut)}
            and n.at >= ${optOut.occurredAt}::timestamptz))
        and not exists (select from unnest(${optOut.roots as string[]}::uuid[]) p(id)
          where ${mayBeUndone(sql, ctx, sql`p.id`)}) as stands`,
  );
  return rows[0]?.stands === true;
}

function auditOf({ publicId, scope, purpose, source }: NewOptOut) {
  return { action: "opt_out.recorded", entity: publicId, details: { scope, purpose, source } } as const;
}

/**
 * Records a no to all marketing of one number (the hash of an identifier), in one statement that does the same whether
 * anybody is known by it or not: what it takes tells nothing.
 */
export async function insertStop(
  ctx: Context,
  stop: Pick<NewOptOut, "publicId" | "occurredAt"> & { readonly id: string; readonly hash: string },
): Promise<{ id: string; recorded_at: string } | undefined> {
  const optOut: NewOptOut = {
    ...stop,
    events: [{ id: stop.id, subjectId: null }],
    scope: "marketing",
    purpose: undefined,
    channel: undefined,
    source: "page",
    named: [stop.hash],
  };
  return write(ctx, (sql) => ({
    parts: optOutParts(sql, ctx, optOut),
    result: sql`select id, recorded_at from opted_out`,
    audit: auditOf(optOut),
    tells: optOutTells(sql, optOut),
  }));
}

/** What a link is about, as its audit entry and a repeated request have it. */
export interface LinkRow {
  readonly subject_id: string;
  readonly purpose: string | null;
}

/** Notes that a link was handed out for a person (uuid). The link itself is stored nowhere. */
export async function recordLink(
  ctx: Context,
  subjectId: string,
  purpose: string | undefined,
): Promise<LinkRow | undefined> {
  return write<LinkRow>(ctx, (sql) => ({
    parts: [],
    result: sql`select ${subjectId}::text as subject_id, ${purpose ?? null}::text as purpose`,
    audit: { action: "opt_out_link.issued", entity: formatId("sub", subjectId), details: { purpose } },
  }));
}

/**
 * Records an opt-out that a person made by their link, unless one of the same scope stands already: two presses at
 * the same time are one. Undefined when one stands.
 */
export async function insertLinkOptOut(
  ctx: Context,
  optOut: NewOptOut & { readonly subjectId: string },
): Promise<{ id: string; recorded_at: string } | undefined> {
  return write<{ id: string; recorded_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "none_stands",
        sql`select 1 where standing_link_opt_out(${ctx.organizationId}::uuid, ${optOut.subjectId}::uuid,
          ${optOut.purpose ?? "*"}) is null`,
      ],
      ...optOutParts(sql, ctx, optOut, "none_stands"),
    ],
    result: sql`select id, recorded_at from opted_out`,
    audit: auditOf(optOut),
    tells: optOutTells(sql, optOut),
  }));
}

/** The opt-out of exactly this scope that a person made by a link and that stands; see standing_link_opt_out. */
export async function selectStandingLinkOptOut(
  ctx: Context,
  subjectId: string,
  purpose: string | undefined,
): Promise<OptOutRow | undefined> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ id: string | null }[]>`
      select standing_link_opt_out(${ctx.organizationId}, ${subjectId}, ${purpose ?? "*"}) as id`,
  );
  const id = rows[0]?.id ?? undefined;
  return id === undefined ? undefined : selectOptOut(ctx, id);
}

async function selectOptOut(ctx: Context, id: string): Promise<OptOutRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(optOutEvent)
      .where(and(eq(optOutEvent.organizationId, ctx.organizationId), eq(optOutEvent.id, id))),
  );
  return rows[0];
}

/** The opt-out (uuid) that a person said by keyword at this time, if there is one. */
export async function selectKeywordOptOut(
  ctx: Context,
  subjectId: string,
  occurredAt: string,
): Promise<string | undefined> {
  const rows = await ctx.services.db.look(
    (sql) => sql<{ id: string }[]>`
      select e.id from opt_out_event e
      join subject s on s.organization_id = e.organization_id and s.id = e.subject_id
      where e.organization_id = ${ctx.organizationId} and s.root_id = ${subjectId} and e.kind = 'opted_out'
        and e.source = 'keyword' and e.occurred_at = ${occurredAt}
      order by e.id limit 1`,
  );
  return rows[0]?.id;
}

export type UndoOutcome = "undone" | "undone_before" | "too_late" | "changed" | "unknown";

/**
 * Takes an opt-out by link back within ten minutes of its recording: what stood before stands again. Does nothing
 * when anything else about the person was recorded since; see undoable_opt_out. Never makes a consent.
 */
export async function insertUndo(
  ctx: Context,
  input: { id: string; subjectId: string; optOutId: string; publicId: string; publicOptOutId: string },
): Promise<UndoOutcome> {
  const done = await write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "target",
        sql`select * from undoable_opt_out(${ctx.organizationId}::uuid, ${input.subjectId}::uuid, ${input.optOutId}::uuid,
          ${input.publicOptOutId}, ${limits.optOutUndoSeconds}::int)`,
      ],
      [
        "event",
        sql`insert into opt_out_event (organization_id, id, subject_id, kind, scope, purpose, channel, source,
            occurred_at, undoes, actor_kind, actor_id)
          select organization_id, ${input.id}::uuid, subject_id, 'undone', scope, purpose, channel, 'link', now(), id,
            ${ctx.actor.kind}, ${ctx.actor.id ?? null}
          from target returning id`,
      ],
      [
        "earlier",
        sql`select decode(r.hash, 'hex') as hash, r.at, r."eventId" as event_id
          from target, jsonb_to_recordset(target.replaced) r(hash text, at timestamptz, "eventId" text)`,
      ],
      [
        "restored",
        sql`update standing_no n set at = earlier.at, event_id = earlier.event_id from earlier
          where n.organization_id = ${ctx.organizationId}::uuid and n.identifier_hash = earlier.hash
            and n.event_id = ${input.publicOptOutId} and exists (select from event) returning n.identifier_hash`,
      ],
      [
        "removed",
        sql`delete from standing_no n where n.organization_id = ${ctx.organizationId}::uuid
          and n.event_id = ${input.publicOptOutId} and exists (select from event)
          and not exists (select from earlier where earlier.hash = n.identifier_hash) returning n.identifier_hash`,
      ],
    ],
    result: sql`select id from event`,
    audit: { action: "opt_out.undone", entity: input.publicOptOutId, details: { by: input.publicId } },
    tells: [
      tell(
        sql,
        "opt_out.undone",
        { optOutId: input.publicOptOutId, subjectId: formatId("sub", input.subjectId) },
        "event",
      ),
    ],
  }));
  if (done !== undefined) return "undone";
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ late: boolean; undone: boolean }[]>`
      select e.recorded_at <= now() - ${limits.optOutUndoSeconds}::int * interval '1 second' as late,
        exists (select from opt_out_event u where u.organization_id = e.organization_id and u.undoes = e.id) as undone
      from opt_out_event e
      where e.organization_id = ${ctx.organizationId} and e.id = ${input.optOutId} and e.kind = 'opted_out'`,
  );
  const row = rows[0];
  if (row === undefined) return "unknown";
  return row.undone ? "undone_before" : row.late ? "too_late" : "changed";
}

/** Opt-out events of the organization, the newest first. */
export async function selectOptOuts(
  ctx: Context,
  before: string | undefined,
  limit: number,
): Promise<OptOutRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(optOutEvent)
      .where(
        and(
          eq(optOutEvent.organizationId, ctx.organizationId),
          before ? lt(optOutEvent.id, before) : undefined,
        ),
      )
      .orderBy(desc(optOutEvent.id))
      .limit(limit),
  );
}

/** Opt-outs and their undoing, the oldest first: those of a person's records, and those that were said of one of their identifiers alone. */
export async function selectOptOutsOf(
  ctx: Context,
  subjectIds: readonly string[],
  hashes: readonly string[],
) {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(optOutEvent)
      .where(
        and(
          eq(optOutEvent.organizationId, ctx.organizationId),
          or(
            inArray(optOutEvent.subjectId, [...subjectIds]),
            inArray(
              optOutEvent.identifierHash,
              hashes.map((hash) => Buffer.from(hash, "hex")),
            ),
          ),
        ),
      )
      .orderBy(asc(optOutEvent.recordedAt), asc(optOutEvent.id)),
  );
}
