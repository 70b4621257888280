import { and, asc, eq, inArray } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { auditEntry } from "../audit/tables.ts";
import { blockEvent } from "../blocklist/tables.ts";
import { archive, dataRequest, requestEvent, sentLetter } from "../datarequest/tables.ts";
import { purpose, sender } from "../organization/tables.ts";
import { standingNo } from "../subject/tables.ts";
import { platformPreference } from "../whatsapp/tables.ts";

// Reads what a report is made of, from the tables of every feature, and never writes.

/** The database's clock: what a report says was there at this time. */
export async function selectNow(ctx: Context): Promise<Date> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ now: Date }[]>`select clock_timestamp()::timestamptz(3) as now`,
  );
  return rows[0]?.now ?? ctx.services.now();
}

export async function selectPurposes(ctx: Context) {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(purpose)
      .where(eq(purpose.organizationId, ctx.organizationId))
      .orderBy(asc(purpose.createdAt), asc(purpose.key)),
  );
}

export async function selectSenders(ctx: Context) {
  return ctx.services.db.read((d) =>
    d
      .select({
        id: sender.id,
        phoneNumberId: sender.phoneNumberId,
        displayPhoneNumber: sender.displayPhoneNumber,
      })
      .from(sender)
      .where(eq(sender.organizationId, ctx.organizationId)),
  );
}

const fromHex = (hashes: readonly string[]) => hashes.map((hash) => Buffer.from(hash, "hex"));

export async function selectStandingNoes(ctx: Context, hashes: readonly string[]) {
  if (hashes.length === 0) return [];
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(standingNo)
      .where(
        and(
          eq(standingNo.organizationId, ctx.organizationId),
          inArray(standingNo.identifierHash, fromHex(hashes)),
        ),
      )
      .orderBy(asc(standingNo.at), asc(standingNo.eventId)),
  );
}

export async function selectPreferences(ctx: Context, hashes: readonly string[]) {
  if (hashes.length === 0) return [];
  return ctx.services.db.read((d) =>
    d
      .selectDistinct({
        wabaId: platformPreference.wabaId,
        value: platformPreference.value,
        at: platformPreference.at,
      })
      .from(platformPreference)
      .where(
        and(
          eq(platformPreference.organizationId, ctx.organizationId),
          inArray(platformPreference.identifierHash, fromHex(hashes)),
        ),
      )
      .orderBy(asc(platformPreference.at)),
  );
}

/** Messages that may be a no, with what staff made of them; also those that came along with a number. */
export async function selectSuspicions(
  ctx: Context,
  subjectIds: readonly string[],
  hashes: readonly string[],
) {
  return ctx.services.db.statement(
    (sql) => sql<
      { id: string; cause: string; occurredAt: Date; event: string; reason: string | null; at: Date }[]
    >`
      select s.id, s.cause, s.occurred_at as "occurredAt", e.kind as event, e.reason, e.at from opt_out_suspicion s
      join opt_out_suspicion_event e on e.organization_id = s.organization_id and e.suspicion_id = s.id
      where s.organization_id = ${ctx.organizationId} and (s.subject_id = any(${subjectIds as string[]}::uuid[])
        or s.id in (select p.suspicion_id from marketing_pause p where p.organization_id = s.organization_id
          and p.identifier_hash in (select decode(h, 'hex') from unnest(${hashes as string[]}::text[]) h)))
      order by e.at, e.id`,
  );
}

/** Why and when blocks were lifted. */
export async function selectLiftings(ctx: Context, blockIds: readonly string[]) {
  if (blockIds.length === 0) return [];
  return ctx.services.db.read((d) =>
    d
      .select({ blockId: blockEvent.blockId, reason: blockEvent.reason, at: blockEvent.at })
      .from(blockEvent)
      .where(
        and(
          eq(blockEvent.organizationId, ctx.organizationId),
          eq(blockEvent.kind, "lifted"),
          inArray(blockEvent.blockId, [...blockIds]),
        ),
      ),
  );
}

/** Sign-ins that were opened for a person, and what became of them. */
export async function selectCauses(ctx: Context, hashes: readonly string[]) {
  return ctx.services.db.statement(
    (sql) => sql<{ kind: string; openedAt: Date; usedAt: Date | null }[]>`
      select c.kind, c.opened_at as "openedAt", u.used_at as "usedAt" from cause c
      left join cause_use u on u.organization_id = c.organization_id and u.kind = c.kind and u.cause_id = c.id
      where c.organization_id = ${ctx.organizationId}
        and c.identifier_hashes && array(select decode(h, 'hex') from unnest(${hashes as string[]}::text[]) h)
      order by c.opened_at, c.id`,
  );
}

export async function selectRequests(ctx: Context, subjectIds: readonly string[]) {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(dataRequest)
      .where(
        and(
          eq(dataRequest.organizationId, ctx.organizationId),
          inArray(dataRequest.subjectId, [...subjectIds]),
        ),
      )
      .orderBy(asc(dataRequest.createdAt), asc(dataRequest.id)),
  );
}

export async function selectRequestEvents(ctx: Context, requestIds: readonly string[]) {
  if (requestIds.length === 0) return [];
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(requestEvent)
      .where(
        and(
          eq(requestEvent.organizationId, ctx.organizationId),
          inArray(requestEvent.requestId, [...requestIds]),
        ),
      )
      .orderBy(asc(requestEvent.at), asc(requestEvent.id)),
  );
}

/** Letters about some requests as they went out, sealed. */
export async function selectSentLetters(ctx: Context, requestIds: readonly string[]) {
  if (requestIds.length === 0) return [];
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(sentLetter)
      .where(
        and(
          eq(sentLetter.organizationId, ctx.organizationId),
          inArray(sentLetter.requestId, [...requestIds]),
        ),
      )
      .orderBy(asc(sentLetter.sentAt), asc(sentLetter.letterId)),
  );
}

export async function selectArchiveIds(ctx: Context, requestIds: readonly string[]): Promise<string[]> {
  if (requestIds.length === 0) return [];
  const rows = await ctx.services.db.read((d) =>
    d
      .select({ id: archive.id })
      .from(archive)
      .where(
        and(eq(archive.organizationId, ctx.organizationId), inArray(archive.requestId, [...requestIds])),
      ),
  );
  return rows.map(({ id }) => id);
}

/** Times at which staff opened archives (public ids). */
export async function selectOpenings(ctx: Context, entities: readonly string[]) {
  if (entities.length === 0) return [];
  return ctx.services.db.read((d) =>
    d
      .select({ at: auditEntry.at })
      .from(auditEntry)
      .where(
        and(
          eq(auditEntry.organizationId, ctx.organizationId),
          eq(auditEntry.action, "archive.opened"),
          inArray(auditEntry.entity, [...entities]),
        ),
      )
      .orderBy(asc(auditEntry.at)),
  );
}

/** Whose records, and until when they were received. */
export interface Span {
  readonly subjectIds: readonly string[];
  readonly until: Date;
}

/** How many rows a log has, and the times of its first and its last. */
export interface Extent {
  readonly count: number;
  readonly first: Date | null;
  readonly last: Date | null;
}

const nothing: Extent = { count: 0, first: null, last: null };

/** The times of a person's messages and statuses. */
function messageTimes(sql: Sql, ctx: Context, { subjectIds, until }: Span): Fragment {
  return sql`
    select m.at from inbound_message m where m.organization_id = ${ctx.organizationId}
      and m.subject_id in (select x::uuid from unnest(${subjectIds as string[]}::text[]) x) and m.received_at <= ${until}
    union all
    select m.at from message_status m where m.organization_id = ${ctx.organizationId}
      and m.subject_id in (select x::uuid from unnest(${subjectIds as string[]}::text[]) x) and m.received_at <= ${until}`;
}

/** The times of the decisions about a person. */
function decisionTimes(sql: Sql, ctx: Context, { subjectIds, until }: Span): Fragment {
  return sql`
    select d.at from decision d where d.organization_id = ${ctx.organizationId}
      and d.subject_id in (select x::uuid from unnest(${subjectIds as string[]}::text[]) x) and d.at <= ${until}`;
}

const timesOf = { messages: messageTimes, decisions: decisionTimes };

export async function selectExtent(ctx: Context, log: keyof typeof timesOf, span: Span): Promise<Extent> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<Extent[]>`
      select count(*)::int as count, min(t.at) as first, max(t.at) as last from (${timesOf[log](sql, ctx, span)}) t`,
  );
  return rows[0] ?? nothing;
}

/** How many rows of a log lie between each of these instants and the next one, in their order. */
export async function countBetween(
  ctx: Context,
  log: keyof typeof timesOf,
  span: Span,
  starts: readonly Date[],
): Promise<number[]> {
  const instants = starts.map((start) => start.toISOString());
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ place: number; count: number }[]>`
      select width_bucket(t.at, ${instants}::text[]::timestamptz[]) as place, count(*)::int as count
      from (${timesOf[log](sql, ctx, span)}) t group by 1`,
  );
  return starts.map((_, index) => rows.find(({ place }) => place === index + 1)?.count ?? 0);
}

export interface MessageRow {
  readonly direction: "in" | "out";
  readonly messageId: string;
  readonly at: Date;
  readonly receivedAt: Date;
  readonly senderId: string;
  readonly kind: string | null;
  readonly opensWindow: boolean | null;
  readonly status: string | null;
  readonly errorCode: number;
}

/** Where a log goes on: after this row, or with the first one of an instant. */
export type MessagePlace = Pick<MessageRow, "at"> & Partial<MessageRow>;

/**
 * The next `size` messages and statuses after one, `skipped` left out, in the order of their time. Page by page instead of by a cursor:
 * a cursor's transaction would have to live as long as whoever reads the report takes.
 */
export async function selectMessages(
  ctx: Context,
  { subjectIds, until }: Span,
  after: MessagePlace | undefined,
  size: number,
  skipped = 0,
): Promise<MessageRow[]> {
  const most = size + skipped;
  const at = after?.at ?? new Date(0);
  const id = after?.messageId ?? "";
  const direction = after?.direction ?? "";
  const status = after?.status ?? "";
  const errorCode = after?.errorCode ?? 0;
  return ctx.services.db.statement(
    (sql) => sql<MessageRow[]>`
      select x.* from unnest(${subjectIds as string[]}::text[]) s(id) cross join lateral (
        (select 'in' as direction, m.message_id as "messageId", m.at, m.received_at as "receivedAt",
          m.sender_id as "senderId", m.kind, m.opens_window as "opensWindow", null as status, 0 as "errorCode"
        from inbound_message m
        where m.organization_id = ${ctx.organizationId} and m.subject_id = s.id::uuid and m.received_at <= ${until}
          and m.at >= ${at} and (m.at, m.message_id, 'in', '', 0) > (${at}, ${id}, ${direction}, ${status}, ${errorCode}::int)
        order by m.at, m.message_id limit ${most})
        union all
        (select 'out', m.message_id, m.at, m.received_at, m.sender_id, null, null, m.status, m.error_code
        from message_status m
        where m.organization_id = ${ctx.organizationId} and m.subject_id = s.id::uuid and m.received_at <= ${until}
          and m.at >= ${at}
          and (m.at, m.message_id, 'out', m.status, m.error_code) > (${at}, ${id}, ${direction}, ${status}, ${errorCode}::int)
        order by m.at, m.message_id, m.status, m.error_code limit ${most})) x
      order by x.at, x."messageId", x.direction, coalesce(x.status, ''), x."errorCode"
      limit ${size} offset ${skipped}`,
  );
}

export interface DecisionRow {
  readonly id: string;
  readonly at: Date;
  readonly decision: "allow" | "deny";
  readonly messageRef: string | null;
  readonly document: unknown;
  readonly redeemedAt: Date | null;
  readonly outcome: string | null;
  readonly messageId: string | null;
}

export type DecisionPlace = Pick<DecisionRow, "at"> & Partial<DecisionRow>;

/** The next `size` decisions after one, `skipped` left out, in the order of their time. */
export async function selectDecisions(
  ctx: Context,
  { subjectIds, until }: Span,
  after: DecisionPlace | undefined,
  size: number,
  skipped = 0,
): Promise<DecisionRow[]> {
  const at = after?.at ?? new Date(0);
  const id = after?.id ?? "00000000-0000-0000-0000-000000000000";
  return ctx.services.db.statement(
    (sql) => sql<DecisionRow[]>`
      select x.* from unnest(${subjectIds as string[]}::text[]) s(id) cross join lateral (
        select d.id, d.at, d.decision, d.message_ref as "messageRef", d.document, r.redeemed_at as "redeemedAt",
          o.outcome, o.message_id as "messageId"
        from decision d
        left join permit_redemption r on r.organization_id = d.organization_id and r.decision_id = d.id
        left join lateral (
          select p.outcome, p.message_id from permit_outcome p
          where p.organization_id = d.organization_id and p.decision_id = d.id order by p.at desc limit 1) o on true
        where d.organization_id = ${ctx.organizationId} and d.subject_id = s.id::uuid and d.at <= ${until}
          and (d.at, d.id) > (${at}, ${id}::uuid)
        order by d.at, d.id limit ${size + skipped}) x
      order by x.at, x.id limit ${size} offset ${skipped}`,
  );
}
