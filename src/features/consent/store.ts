import { and, desc, eq, inArray, lt } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { write, writeAll } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { againstPart, hashesOfAll, scopesPart, standAllPart } from "../subject/index.ts";
import { consentEvent } from "./tables.ts";

export type ConsentEventRow = typeof consentEvent.$inferSelect;

/** A consent event that is about to be recorded. Ids are uuids. */
export interface NewConsentEvent {
  readonly id: string;
  /** Public id, for what refers to the event. */
  readonly publicId: string;
  readonly subjectId: string;
  readonly channel: string;
  readonly purpose: string;
  readonly reportedState: "given" | "withdrawn" | "refused";
  /** What a yes is stored as when nothing stands against it: given, or requested until it is confirmed. */
  readonly yesState: "given" | "requested";
  /** Typed: on a page where anybody may type any number, and nobody has shown yet whose doing it was. */
  readonly proof: "demonstrated" | "typed" | "reported";
  readonly collectionPointId: string;
  readonly version: number;
  readonly indication: string;
  readonly language: string | undefined;
  readonly occurredAt: string;
  /** When the message was written that the yes rests on: it was said then, not later. */
  readonly saidAt: string | undefined;
  readonly validityDays: number | null;
  readonly captureTokenId: string | undefined;
  readonly sealed: Buffer;
  /** Hashes of the identifiers that were named. */
  readonly named: readonly string[];
  /** Not when the same was recorded of this person before: channel, purpose, state, version and time. */
  readonly unlessRecorded: boolean;
  /** Files (uuids) that are its own from now on, with their keys sealed for the person (base64). */
  readonly attachments: readonly { readonly id: string; readonly key: string }[] | undefined;
}

export interface RecordedRow {
  readonly id: string;
  readonly subject_id: string;
  readonly state: string;
  readonly recorded_at: string;
  /** Recorded by this very request. */
  readonly is_new: boolean;
}

/**
 * Records consent events of one organization with the state that each adds up to, and for a no the standing no of every
 * identifier, in one statement. A yes that is only reported, or was typed on a page, while a no stands in its scope is
 * stored as `requested`; a typed one also while its number is on the blocklist or stopped marketing on the platform. A
 * yes counts from the first use of its capture token and from the message that it rests on at the latest: the same
 * proof, told again after a no, proves nothing new. Undefined: the capture token was used for somebody else, or a file is
 * not there or proves another consent.
 *
 * No two may be of one person, channel and purpose: the parts of a statement do not see what it writes.
 */
export async function insertConsentEvents(
  events: readonly { readonly ctx: Context; readonly event: NewConsentEvent }[],
): Promise<(RecordedRow | undefined)[]> {
  const [first] = events;
  if (first === undefined) return [];
  const { ctx } = first;
  const withFiles = events.some(({ event }) => event.attachments !== undefined);
  const rows = events.map(({ ctx: { actor }, event }, n) => ({
    ...event,
    n,
    sealed: event.sealed.toString("base64"),
    publicSubjectId: formatId("sub", event.subjectId),
    actorKind: actor.kind,
    actorId: actor.id,
  }));
  return writeAll<RecordedRow>(
    events.map((each) => each.ctx),
    (sql) => ({
      parts: [
        ["q", rowsPart(sql, rows)],
        ["hashes", hashesOfAll(sql, ctx, "q")],
        ["scopes", scopesPart(sql, ctx)],
        ["recorded", recordedPart(sql, ctx)],
        ["used", tokenPart(sql, ctx)],
        ...(withFiles ? [["free", freePart(sql, ctx)] as const] : []),
        ["event", insertPart(sql, ctx, withFiles)],
        ...(withFiles ? [["claimed", claimPart(sql, ctx)] as const] : []),
        ["state", statePart(sql, eachSum(sql))],
        [
          "noes",
          sql`select q.n, q.channel, q.purpose, q."reportedState" as kind, q."occurredAt" as at, q."publicId" as event_id
            from q join event e on e.id = q.id where q."reportedState" <> 'given'`,
        ],
        ["stands", standAllPart(sql, ctx, "noes", "hashes")],
      ],
      result: sql`
        select q.n, e.id, e.subject_id, e.state, e.recorded_at, true as is_new from event e join q on q.id = e.id
        union all select n, id, subject_id, state, recorded_at, false from recorded`,
      audit: {
        action: "consent.recorded",
        of: sql`select q.n, q."publicId" as entity, jsonb_build_object('state', q."reportedState") as details
          from q join event e on e.id = q.id`,
      },
      // The state that was stored, which may not be the one that was reported.
      tells: sql`
        select q.n, 'consent.' || e.state as type, jsonb_build_object('consentId', q."publicId", 'subjectId',
          q."publicSubjectId", 'channel', q.channel, 'purpose', q.purpose, 'state', e.state, 'occurredAt',
          to_char(q."occurredAt" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as data
        from q join event e on e.id = q.id`,
    }),
  );
}

function rowsPart(sql: Sql, rows: readonly object[]): Fragment {
  return sql`select * from json_to_recordset(${JSON.stringify(rows)}::text::json) q(n int, id uuid, "publicId" text,
    "subjectId" uuid, "publicSubjectId" text, channel text, purpose text, "reportedState" text, "yesState" text, proof text,
    "collectionPointId" uuid, version int, indication text, language text, "occurredAt" timestamptz,
    "saidAt" timestamptz, "validityDays" int, "captureTokenId" uuid, sealed text, named text[],
    "unlessRecorded" boolean, "actorKind" text, "actorId" text, attachments json)`;
}

const filesOfEach = (sql: Sql) => sql`
  (select q.n, q.id as event_id, (f->>'id')::uuid as id, decode(f->>'key', 'base64') as key
    from q cross join lateral json_array_elements(q.attachments) f)`;

/** The files that no consent has yet, locked: of two that name one, the second finds it taken. */
function freePart(sql: Sql, ctx: Context): Fragment {
  return sql`
    select f.n, a.id from ${filesOfEach(sql)} f join attachment a on a.id = f.id
    where a.organization_id = ${ctx.organizationId}::uuid and a.consent_event_id is null
    order by a.id for update of a`;
}

/** Gives the files to the events that were recorded, each with its key sealed for the person. */
function claimPart(sql: Sql, ctx: Context): Fragment {
  return sql`
    update attachment a set consent_event_id = e.id, subject_id = e.subject_id, key = f.key
    from ${filesOfEach(sql)} f join event e on e.id = f.event_id
    where a.organization_id = ${ctx.organizationId}::uuid and a.id = f.id returning a.id`;
}

/** The events that are on record already, where that is asked for; of any record of the person. */
function recordedPart(sql: Sql, ctx: Context): Fragment {
  return sql`
    select q.n, x.id, x.subject_id, x.state, x.recorded_at from q cross join lateral (
      select e.id, e.subject_id, e.state, e.recorded_at from subject p
      join subject s on s.organization_id = p.organization_id and s.root_id = p.root_id
      join consent_event e on e.organization_id = s.organization_id and e.subject_id = s.id
      where q."unlessRecorded" and p.organization_id = ${ctx.organizationId}::uuid and p.id = q."subjectId"
        and e.channel = q.channel and e.purpose = q.purpose and e.reported_state = q."reportedState"
        and e.collection_point_id = q."collectionPointId" and e.collection_point_version = q.version
        and e.occurred_at = q."occurredAt"
      order by e.recorded_at, e.id limit 1) x`;
}

/** The first use of each capture token: when it was, and for whom. */
function tokenPart(sql: Sql, ctx: Context): Fragment {
  return sql`
    insert into capture_token_use (organization_id, token_id, subject_id)
    select distinct on (q."captureTokenId") ${ctx.organizationId}::uuid, q."captureTokenId", q."subjectId" from q
    where q."captureTokenId" is not null order by q."captureTokenId", q.n
    on conflict (organization_id, token_id) do update set subject_id = capture_token_use.subject_id
    returning token_id, subject_id, used_at`;
}

function insertPart(sql: Sql, ctx: Context, withFiles: boolean): Fragment {
  return sql`
    insert into consent_event (organization_id, id, subject_id, channel, purpose, state, reported_state, proof,
      collection_point_id, collection_point_version, indication, language, occurred_at, effective_at, expires_at,
      capture_token_id, sealed, actor_kind, actor_id)
    select ${ctx.organizationId}::uuid, q.id, q."subjectId", q.channel, q.purpose,
      case when q."reportedState" <> 'given' then q."reportedState"
        when q.proof = 'demonstrated' then q."yesState"
        when no.stands or (q.proof = 'typed' and exists (select from hashes h
          where h.n = q.n and is_closed(${ctx.organizationId}::uuid, h.hash, q.purpose))) then 'requested'
        else q."yesState" end,
      q."reportedState", q.proof, q."collectionPointId", q.version, q.indication, q.language, q."occurredAt", t.effective,
      case when q."reportedState" = 'given' then t.effective + q."validityDays" * interval '1 day' end,
      q."captureTokenId", decode(q.sealed, 'base64'), q."actorKind", q."actorId"
    from q
    left join used u on u.token_id = q."captureTokenId"
    left join (${againstPart(sql, ctx)}) no on no.n = q.n
    cross join lateral (select least(q."occurredAt", now(), q."saidAt", u.used_at) as effective) t
    where not exists (select from recorded r where r.n = q.n)
      ${withFiles ? sql`and coalesce(json_array_length(q.attachments), 0) = (select count(*) from free where free.n = q.n)` : sql``}
      and (q."captureTokenId" is null or u.subject_id = q."subjectId" or exists (
        select from subject a join subject b on b.organization_id = a.organization_id and b.root_id = a.root_id
        where a.organization_id = ${ctx.organizationId}::uuid and a.id = u.subject_id and b.id = q."subjectId"))
    returning *`;
}

/** What the events of part `event`, each of another person, channel or purpose, add up to: see statePart. */
function eachSum(sql: Sql): Fragment {
  return sql`
    select organization_id, subject_id, channel, purpose,
      case when state = 'given' then id end, case when state = 'given' then effective_at end,
      case when state = 'given' then expires_at end,
      case when state = 'given' and proof = 'demonstrated' then id end,
      case when state = 'given' and proof = 'demonstrated' then effective_at end,
      case when state = 'given' and proof = 'demonstrated' then expires_at end,
      case when state = 'requested' then id end, case when state = 'requested' then effective_at end,
      case when state in ('withdrawn', 'refused') then state end,
      case when state in ('withdrawn', 'refused') then id end,
      case when state in ('withdrawn', 'refused') then occurred_at end,
      state = 'given' and proof = 'unproven'
    from event order by subject_id, channel, purpose`;
}

/**
 * What the events add up to, kept in the same statement: see compareConsents for the same sum over all events. A yes
 * with proof counts before one without, whenever that was said. `sums` is a SELECT of a row for each person, channel and
 * purpose.
 */
export function statePart(sql: Sql, sums: Fragment): Fragment {
  return sql`
    insert into consent_state as s (organization_id, subject_id, channel, purpose, given_event_id, given_at,
      given_expires_at, proven_event_id, proven_at, proven_expires_at, requested_event_id, requested_at,
      no_kind, no_event_id, no_at, unproven)
    ${sums}
    on conflict (organization_id, subject_id, channel, purpose) do update set
      (given_event_id, given_at, given_expires_at, unproven) = (select x.* from (values
        (s.given_event_id, s.given_at, s.given_expires_at, s.unproven),
        (excluded.given_event_id, excluded.given_at, excluded.given_expires_at, excluded.unproven)) x(id, at, until, unproven)
        order by x.at is null, x.unproven, x.at desc limit 1),
      (proven_event_id, proven_at, proven_expires_at) = (select x.* from (values
        (s.proven_event_id, s.proven_at, s.proven_expires_at),
        (excluded.proven_event_id, excluded.proven_at, excluded.proven_expires_at)) x(id, at, until)
        order by x.at desc nulls last limit 1),
      (requested_event_id, requested_at) = (select x.* from (values
        (s.requested_event_id, s.requested_at), (excluded.requested_event_id, excluded.requested_at)) x(id, at)
        order by x.at desc nulls last limit 1),
      (no_kind, no_event_id, no_at) = (select x.* from (values
        (s.no_kind, s.no_event_id, s.no_at), (excluded.no_kind, excluded.no_event_id, excluded.no_at)) x(kind, id, at)
        order by x.at desc nulls last limit 1)
    returning subject_id`;
}

/** Whose consents (uuids of the people's roots) capture tokens proved before, by the token; those that were used. */
export async function selectTokenUsers(
  ctx: Context,
  tokenIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (tokenIds.length === 0) return new Map();
  const rows = await ctx.services.db.look(
    (sql) => sql<{ token: string; root: string }[]>`
      select u.token_id as token, s.root_id as root from capture_token_use u
      join subject s on s.organization_id = u.organization_id and s.id = u.subject_id
      where u.organization_id = ${ctx.organizationId}::uuid
        and u.token_id = any(array(select t::uuid from unnest(${tokenIds as string[]}::text[]) t))`,
  );
  return new Map(rows.map(({ token, root }) => [token, root]));
}

/** A message of the person that a yes is rested on. */
export interface Evidence {
  readonly at: Date;
  /** They wrote it after they had asked for this very thing, and have said no to it neither since nor then. */
  readonly confirms: boolean;
}

/** A message that a consent of somebody (`subjectId`: uuid of their root) refers to. */
export interface Quoted {
  readonly subjectId: string;
  readonly messageId: string;
  readonly channel: string;
  readonly purpose: string;
}

/**
 * The messages that Sayso holds of the people who are said to have written them; undefined where it holds no such
 * message of theirs, or keeps it no more: it could be gone before the consent is on record. One confirms a request from
 * a later second only: in doubt it came before.
 */
export async function findEvidence(
  ctx: Context,
  quoted: readonly Quoted[],
): Promise<(Evidence | undefined)[]> {
  if (quoted.length === 0) return [];
  const asked = quoted.map((each, n) => ({ ...each, named: [], n }));
  const rows = await ctx.services.db.look(
    (sql) => sql<(Evidence & { n: number })[]>`
      with q as materialized (
        select * from json_to_recordset(${JSON.stringify(asked)}::text::json) q(n int, "subjectId" uuid, "messageId" text,
          channel text, purpose text, named text[])),
      hashes as materialized (${hashesOfAll(sql, ctx, "q")})
      select q.n, m.at, exists (
        select from consent_event e
        join subject r on r.organization_id = e.organization_id and r.id = e.subject_id and r.root_id = q."subjectId"
        where e.organization_id = ${ctx.organizationId}::uuid and e.channel = q.channel and e.purpose = q.purpose
          and e.state = 'requested' and date_trunc('second', e.occurred_at) < date_trunc('second', m.at)
          and not exists (
            select from standing_no n join hashes h on h.hash = n.identifier_hash and h.n = q.n
            where n.organization_id = e.organization_id and n.channel in ('*', e.channel)
              and n.purpose = any(no_purposes(e.organization_id, e.purpose))
              and date_trunc('second', n.at) >= date_trunc('second', e.occurred_at))) as confirms
      from q cross join lateral (
        select m.at from inbound_message m
        join subject w on w.organization_id = m.organization_id and w.id = m.subject_id
        where m.organization_id = ${ctx.organizationId}::uuid and m.message_id = q."messageId"
          and w.root_id = q."subjectId" and m.at >= kept_since(m.organization_id, 'inbound_message')
        order by m.at limit 1) m`,
  );
  const found = new Map(rows.map(({ n, at, confirms }) => [n, { at, confirms }]));
  return quoted.map((_each, n) => found.get(n));
}

/** A yes that was typed on a page and that the owner of the number or address may confirm. Ids are uuids. */
export interface TypedYes {
  readonly id: string;
  readonly subjectId: string;
  readonly channel: string;
  readonly purpose: string;
  readonly collectionPointId: string;
  readonly version: number;
  readonly language: string | null;
  readonly captureTokenId: string;
  readonly occurredAt: Date;
  readonly recordedAt: Date;
  /** It counts for nothing before it is confirmed. */
  readonly isWaiting: boolean;
  /** They have said yes to it themselves since. */
  readonly isConfirmed: boolean;
  /** They have said no to it since, or in the same second. */
  readonly isOverridden: boolean;
  /** An identifier of theirs is on the blocklist. */
  readonly isBlocked: boolean;
}

/**
 * The yeses of a person, merged records included, that were typed on pages within the last `days`; or those of one
 * sign-up, which its capture token (uuid) names.
 */
export async function selectTypedYeses(
  ctx: Context,
  of: { readonly subjectId: string } | { readonly captureTokenId: string },
  days: number,
): Promise<readonly TypedYes[]> {
  return ctx.services.db.look(
    (sql) => sql<TypedYes[]>`
      select e.id, e.subject_id as "subjectId", e.channel, e.purpose, e.collection_point_id as "collectionPointId",
        e.collection_point_version as version, e.language, e.capture_token_id as "captureTokenId",
        e.occurred_at as "occurredAt", e.recorded_at as "recordedAt", e.state = 'requested' as "isWaiting",
        exists (
          select from consent_event y join subject r on r.organization_id = y.organization_id and r.id = y.subject_id
          where y.organization_id = e.organization_id and r.root_id = s.root_id and y.channel = e.channel
            and y.purpose = e.purpose and y.state = 'given' and y.proof = 'demonstrated'
            and y.recorded_at > e.recorded_at) as "isConfirmed",
        exists (
          select from subject r join identifier i on i.organization_id = r.organization_id and i.subject_id = r.id
          join standing_no n on n.organization_id = i.organization_id and n.identifier_hash = i.hash
          where r.organization_id = e.organization_id and r.root_id = s.root_id and n.channel in ('*', e.channel)
            and n.purpose = any(no_purposes(e.organization_id, e.purpose))
            and date_trunc('second', n.at) >= date_trunc('second', e.occurred_at)) as "isOverridden",
        exists (
          select from subject r join identifier i on i.organization_id = r.organization_id and i.subject_id = r.id
          where r.organization_id = e.organization_id and r.root_id = s.root_id
            and is_blocked(e.organization_id, i.hash)) as "isBlocked"
      from consent_event e join subject s on s.organization_id = e.organization_id and s.id = e.subject_id
      where e.organization_id = ${ctx.organizationId}::uuid and e.proof = 'typed' and e.reported_state = 'given'
        and e.recorded_at > now() - make_interval(days => ${days}::int)
        and ${
          "subjectId" in of
            ? sql`s.root_id = (select root_id from subject where organization_id = ${ctx.organizationId}::uuid and id = ${of.subjectId}::uuid)`
            : sql`e.capture_token_id = ${of.captureTokenId}::uuid and e.subject_id = (select subject_id from capture_token_use
                where organization_id = ${ctx.organizationId}::uuid and token_id = ${of.captureTokenId}::uuid)`
        }
      order by e.recorded_at desc, e.id desc limit 100`,
  );
}

/** Queues the mail that asks the owner of an address (its hash) to confirm a sign-up (uuid of its capture token). */
export async function queueConfirmation(
  ctx: Context,
  { captureTokenId, hash }: { captureTokenId: string; hash: string },
  reference: string,
): Promise<void> {
  await write<{ id: string }>(ctx, (sql) => ({
    parts: [],
    result: sql`select ${captureTokenId}::text as id`,
    audit: { action: "consent.confirmation_asked", entity: reference },
    job: {
      task: "send_confirmation",
      payload: { organizationId: ctx.organizationId, captureTokenId, hash },
      key: `send_confirmation:${captureTokenId}:${hash}`,
    },
  }));
}

/** Events of some records of one person, the newest first. */
export async function selectEventsOf(
  ctx: Context,
  subjectIds: readonly string[],
): Promise<ConsentEventRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(consentEvent)
      .where(
        and(
          eq(consentEvent.organizationId, ctx.organizationId),
          inArray(consentEvent.subjectId, [...subjectIds]),
        ),
      )
      .orderBy(desc(consentEvent.recordedAt), desc(consentEvent.id)),
  );
}

/** An event of the organization by its uuid. */
export async function selectEvent(ctx: Context, id: string): Promise<ConsentEventRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(consentEvent)
      .where(and(eq(consentEvent.organizationId, ctx.organizationId), eq(consentEvent.id, id))),
  );
  return rows[0];
}

/** Events of the organization, the newest first. */
export async function selectEvents(
  ctx: Context,
  before: string | undefined,
  limit: number,
): Promise<ConsentEventRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(consentEvent)
      .where(
        and(
          eq(consentEvent.organizationId, ctx.organizationId),
          before ? lt(consentEvent.id, before) : undefined,
        ),
      )
      .orderBy(desc(consentEvent.id))
      .limit(limit),
  );
}

/** What stands against a consent event now. */
export interface Against {
  /** A no does, as the gate counts it. */
  readonly isEnded: boolean;
  /** An identifier of the person is on the blocklist. */
  readonly isBlocked: boolean;
  /** It is to marketing, which the person stopped on the platform. */
  readonly isStopped: boolean;
}

/**
 * What stands against these events (uuids) now. A no is one in its scope by any identifier of the person, or a later one
 * of their consent events. Only what they demonstrably said outlives an earlier no.
 */
export async function selectAgainst(
  ctx: Context,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Against>> {
  if (ids.length === 0) return new Map();
  const rows = await ctx.services.db.look(
    (sql) => sql<(Against & { id: string })[]>`
      with q as materialized (
        select e.*, s.root_id from consent_event e
        join subject s on s.organization_id = e.organization_id and s.id = e.subject_id
        where e.organization_id = ${ctx.organizationId}::uuid
          and e.id = any(array(select x::uuid from unnest(${ids as string[]}::text[]) x))),
      scopes as materialized (${scopesPart(sql, ctx)}),
      hashes as materialized (
        select distinct q.root_id, i.hash from q
        join subject r on r.organization_id = q.organization_id and r.root_id = q.root_id
        join identifier i on i.organization_id = r.organization_id and i.subject_id = r.id)
      select q.id, exists (
          select from hashes h
          join standing_no n on n.organization_id = q.organization_id and n.identifier_hash = h.hash
          where h.root_id = q.root_id and n.channel in ('*', q.channel)
            and n.purpose = any(o.purposes) and (q.proof <> 'demonstrated'
              or date_trunc('second', n.at) >= date_trunc('second', q.effective_at)))
        or exists (
          select from subject r join consent_event e on e.organization_id = r.organization_id and e.subject_id = r.id
          where r.organization_id = q.organization_id and r.root_id = q.root_id and e.channel = q.channel
            and e.purpose = q.purpose and e.reported_state <> 'given'
            and date_trunc('second', e.occurred_at) >= date_trunc('second', q.effective_at)) as "isEnded",
        exists (
          select from hashes h where h.root_id = q.root_id and is_blocked(q.organization_id, h.hash)) as "isBlocked",
        q.channel = 'whatsapp' and '*marketing' = any(o.purposes) and exists (
          select from hashes h
          join platform_preference f on f.organization_id = q.organization_id and f.identifier_hash = h.hash
          where h.root_id = q.root_id and f.value = 'stop') as "isStopped"
      from q join scopes o on o.purpose = q.purpose`,
  );
  return new Map(rows.map(({ id, ...against }) => [id, against]));
}

/** A no that stands for an identifier, with whose it is and what it is to. */
export interface StandingNoRow {
  /** In hex. */
  readonly hash: string;
  /** '*' stands for every channel. */
  readonly channel: string;
  readonly purpose: string;
  readonly kind: string;
  readonly at: Date;
  readonly eventId: string;
  /** Uuid of the person's root; null: nobody is known by it. */
  readonly subjectId: string | null;
  /** The keys of the purposes that it is to. */
  readonly purposes: readonly string[];
  /** Another identifier of the person has the same no and comes before. */
  readonly isAgain: boolean;
}

/** A consent event, or a standing no. */
export type RecordRow =
  | ({ readonly what: "event" } & ConsentEventRow)
  | ({ readonly what: "no" } & StandingNoRow);

/**
 * Every consent event of the organization, by its id, and then every standing no, `rows` at a time: all of them as they
 * were at one instant, so that nothing that is recorded meanwhile, under whichever id, is there without what came before.
 */
export function streamRecords(ctx: Context, rows: number): AsyncIterable<readonly RecordRow[]> {
  return ctx.services.db.stream(
    rows,
    (sql) => sql<RecordRow[]>`
      (select 'event' as what, e.id, e.subject_id as "subjectId", e.channel, e.purpose, e.state,
        e.reported_state as "reportedState", e.proof, e.collection_point_id as "collectionPointId",
        e.collection_point_version as "collectionPointVersion", e.indication, e.language, e.occurred_at as "occurredAt",
        e.recorded_at as "recordedAt", e.effective_at as "effectiveAt", e.expires_at as "expiresAt", e.sealed,
        e.import_id as "importId", null::text as hash, null::text as kind, null::timestamptz as at, null::text as "eventId",
        null::text[] as purposes, null::boolean as "isAgain"
      from consent_event e where e.organization_id = ${ctx.organizationId}::uuid order by e.id)
      union all
      (select 'no', null, s.root_id, n.channel, n.purpose, null, null, null, null, null, null, null, null, null, null, null,
        null, null, encode(n.identifier_hash, 'hex'), n.kind, n.at, n.event_id,
        array(select key from purpose p where p.organization_id = n.organization_id
          and n.purpose = any(no_purposes(p.organization_id, p.key)) order by key),
        exists (
          select from standing_no m
          join identifier j on j.organization_id = m.organization_id and j.hash = m.identifier_hash
          join subject r on r.organization_id = j.organization_id and r.id = j.subject_id
          where m.organization_id = n.organization_id and m.event_id = n.event_id and m.channel = n.channel
            and m.purpose = n.purpose and m.kind = n.kind and m.identifier_hash < n.identifier_hash
            and r.root_id = s.root_id)
      from standing_no n
      left join identifier i on i.organization_id = n.organization_id and i.hash = n.identifier_hash
      left join subject s on s.organization_id = i.organization_id and s.id = i.subject_id
      where n.organization_id = ${ctx.organizationId}::uuid
      order by n.identifier_hash, n.channel, n.purpose, n.kind)`,
  );
}

/** Notes that everybody's consents were handed out. */
export async function recordExport(ctx: Context): Promise<void> {
  await write<{ done: boolean }>(ctx, (sql) => ({
    parts: [],
    result: sql`select true as done`,
    audit: { action: "consents.exported", entity: formatId("org", ctx.organizationId) },
  }));
}
