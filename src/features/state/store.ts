import type { Services } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";

/** A stored state and the same as its events give it, where they differ; null: there is none. */
export interface Difference {
  readonly state:
    | "consent_state"
    | "standing_no"
    | "service_window"
    | "block"
    | "platform_preference"
    | "preference";
  /** Which one: ids as uuids, identifiers as their keyed hashes in hex. */
  readonly of: Readonly<Record<string, string>>;
  readonly stored: Readonly<Record<string, unknown>> | null;
  readonly rebuilt: Readonly<Record<string, unknown>> | null;
}

/** The rows of an organization (uuid) whose key lies after one and up to another. */
export interface Range<Key = string> {
  readonly organizationId: string;
  readonly after: Key;
  readonly until: Key;
}

/** What a range was compared to: how many states there are or should be, and which differ. */
export interface Compared {
  readonly count: number;
  readonly differences: readonly Difference[];
}

/** A record or an event (uuid) so many further on; undefined: there are not so many. */
export async function selectLastId(
  services: Services,
  table: "subject" | "platform_preference_event",
  organizationId: string,
  after: string,
  size: number,
): Promise<string | undefined> {
  const rows = await services.db.look(
    (sql) => sql<{ id: string }[]>`
      select id from ${sql(table)} where organization_id = ${organizationId} and id > ${after}
      order by id offset ${size - 1} limit 1`,
  );
  return rows[0]?.id;
}

const inRange = (sql: Sql, { organizationId, after, until }: Range, row: string): Fragment =>
  sql`${sql(row)}.organization_id = ${organizationId}::uuid and ${sql(row)}.subject_id > ${after}::uuid
    and ${sql(row)}.subject_id <= ${until}::uuid`;

async function compare(
  services: Services,
  state: Difference["state"],
  run: (sql: Sql) => PromiseLike<(Omit<Difference, "state"> & { readonly count: number })[]>,
): Promise<Compared> {
  const rows = await services.db.look(run);
  return {
    count: rows[0]?.count ?? 0,
    differences: rows
      .filter(({ of }) => of !== null)
      .map(({ of, stored, rebuilt }) => ({ state, of, stored, rebuilt })),
  };
}

/** Rows of a comparison: one for each difference, or a single one without any; each says how many were compared. */
interface Row extends Omit<Difference, "state"> {
  readonly count: number;
}

// Looked for by `is not distinct from` in one column, an event is found by its key. With nothing but `=` PostgreSQL may
// rather read the whole table, once for every piece.

/**
 * Consent states against consent events: the latest of each kind, with the event that it comes from. Of events at the
 * same instant any one may be named.
 */
export function compareConsents(services: Services, range: Range): Promise<Compared> {
  return compare(services, "consent_state", (sql) => {
    const names = (id: string, at: string, until: string | undefined, which: Fragment) => sql`
      (s.${sql(id)} is null) = (s.${sql(at)} is null) and (s.${sql(id)} is null or exists (
        select from consent_event e where e.organization_id = s.organization_id and e.id = s.${sql(id)}
          and e.subject_id = s.subject_id and e.channel = s.channel
          and e.purpose is not distinct from s.purpose and ${which}
          ${until === undefined ? sql`` : sql`and e.expires_at is not distinct from s.${sql(until)}`}))`;
    const yes = sql`e.state = 'given' and e.effective_at = s.given_at and (e.proof = 'unproven') = s.unproven`;
    const proven = sql`e.state = 'given' and e.proof = 'demonstrated' and e.effective_at = s.proven_at`;
    const requested = sql`e.state = 'requested' and e.effective_at = s.requested_at`;
    const no = sql`e.state = s.no_kind and e.occurred_at = s.no_at`;
    return sql<Row[]>`
      with rebuilt as (
        select subject_id, channel, purpose,
          coalesce(max(effective_at) filter (where state = 'given' and proof <> 'unproven'),
            max(effective_at) filter (where state = 'given')) as given_at,
          coalesce(bool_and(proof = 'unproven') filter (where state = 'given'), false) as unproven,
          max(effective_at) filter (where state = 'given' and proof = 'demonstrated') as proven_at,
          max(effective_at) filter (where state = 'requested') as requested_at,
          max(occurred_at) filter (where state in ('withdrawn', 'refused')) as no_at
        from consent_event e where ${inRange(sql, range, "e")} group by 1, 2, 3),
      pair as (
        select s.subject_id is not null as is_stored, r.subject_id is not null as is_rebuilt,
          coalesce(s.subject_id, r.subject_id) as subject_id, coalesce(s.channel, r.channel) as channel,
          coalesce(s.purpose, r.purpose) as purpose, to_jsonb(s) as stored, to_jsonb(r) as rebuilt,
          s.subject_id is not null and r.subject_id is not null
            and (s.given_at, s.unproven, s.proven_at, s.requested_at, s.no_at)
              is not distinct from (r.given_at, r.unproven, r.proven_at, r.requested_at, r.no_at)
            and ${names("given_event_id", "given_at", "given_expires_at", yes)}
            and ${names("proven_event_id", "proven_at", "proven_expires_at", proven)}
            and ${names("requested_event_id", "requested_at", undefined, requested)}
            and ${names("no_event_id", "no_at", undefined, no)} as is_same
        from (select * from consent_state s where ${inRange(sql, range, "s")}) s
        full join rebuilt r on r.subject_id = s.subject_id and r.channel = s.channel and r.purpose = s.purpose)
      ${counted(
        sql,
        sql`jsonb_build_object('subjectId', subject_id, 'channel', channel, 'purpose', purpose) as of,
          stored - '{organization_id,subject_id,channel,purpose}'::text[] as stored,
          rebuilt - '{subject_id,channel,purpose}'::text[] as rebuilt`,
      )}`;
  });
}

/** The pairs of part `pair` that are not the same, and in every row how many pairs there are. */
function counted(sql: Sql, columns: Fragment): Fragment {
  return sql`
    select d.of, d.stored, d.rebuilt, n.count from (select count(*)::int as count from pair) n
    left join (select ${columns} from pair where not is_same) d on true`;
}

/**
 * Windows against the messages that open them and the statuses (131047) that close them. A window whose messages may
 * have been removed by retention is left out. A status closes the windows that its person has at that time, so what
 * it must have closed is less than what it may have.
 */
export function compareWindows(services: Services, range: Range): Promise<Compared> {
  return compare(
    services,
    "service_window",
    (sql) => sql<Row[]>`
      with closing as materialized (
        select m.subject_id, m.sender_id, m.at, m.received_at from message_status m
        where ${inRange(sql, range, "m")} and m.error_code = 131047),
      rebuilt as (
        select m.subject_id, m.sender_id, max(m.at) as opened_at,
          (select max(c.at) from closing c where c.subject_id = m.subject_id and c.sender_id = m.sender_id
            and c.received_at > min(m.received_at)) as closed_at
        from inbound_message m where ${inRange(sql, range, "m")} and m.opens_window group by 1, 2),
      pair as (
        select coalesce(s.subject_id, r.subject_id) as subject_id, coalesce(s.sender_id, r.sender_id) as sender_id,
          to_jsonb(s) as stored, to_jsonb(r) as rebuilt,
          coalesce(s.opened_at = r.opened_at and exists (
              select from inbound_message m where m.organization_id = s.organization_id and m.message_id = s.message_id
                and m.at = s.opened_at and m.subject_id is not distinct from s.subject_id and m.sender_id = s.sender_id
                and m.opens_window)
            and coalesce(s.closed_at, '-infinity') >= coalesce(r.closed_at, '-infinity')
            and (s.closed_at is null or s.closed_at = r.closed_at or exists (
              select from message_status m where m.organization_id = s.organization_id and m.sender_id = s.sender_id
                and m.error_code = 131047 and m.at between s.closed_at and s.closed_at)), false) as is_same
        from (select * from service_window s where ${inRange(sql, range, "s")}) s
        full join rebuilt r on r.subject_id = s.subject_id and r.sender_id = s.sender_id
        where s.opened_at is null or s.opened_at >= kept_since(s.organization_id, 'inbound_message')
          or r.opened_at > s.opened_at)
      ${counted(
        sql,
        sql`jsonb_build_object('subjectId', subject_id, 'senderId', sender_id) as of,
          stored - '{organization_id,subject_id,sender_id}'::text[] as stored,
          rebuilt - '{subject_id,sender_id}'::text[] as rebuilt`,
      )}`,
  );
}

/**
 * The identifiers that certainly were of the person when something was recorded about record `subject_id` of part
 * `said`: those that came with the record, and those that others have known for longer than a statement may run.
 */
const knownIdentifiers = (sql: Sql): Fragment => sql`
  join subject p on p.organization_id = said.organization_id and p.id = said.subject_id
  join subject s on s.organization_id = p.organization_id and s.root_id = p.root_id
    and (s.id = p.id or p.root_id = p.id and s.merged_at < said.recorded_at - interval '10 seconds')
  join identifier i on i.organization_id = s.organization_id and i.subject_id = s.id
    and (i.created_at = s.created_at or i.created_at < said.recorded_at - interval '10 seconds')`;

/** The purpose that a standing no has for an opt-out event `e`. */
const noPurpose = (sql: Sql): Fragment =>
  sql`case when e.scope = 'marketing' then '*marketing' else coalesce(e.purpose, '*') end`;

/** Noes of the events that do not stand, or stand older than they were said, for an identifier of their person. */
export function compareNoes(services: Services, range: Range): Promise<Compared> {
  return compare(
    services,
    "standing_no",
    (sql) => sql<Row[]>`
      with said as (
        select e.organization_id, e.subject_id, coalesce(e.channel, '*') as channel, ${noPurpose(sql)} as purpose,
          'opted_out' as kind, e.occurred_at as at, e.recorded_at
        from opt_out_event e
        where ${inRange(sql, range, "e")} and e.kind = 'opted_out' and not exists (
          select from opt_out_event u where u.organization_id = e.organization_id and u.undoes = e.id)
        union all
        select e.organization_id, e.subject_id, e.channel, e.purpose, e.state, e.occurred_at, e.recorded_at
        from consent_event e where ${inRange(sql, range, "e")} and e.state in ('withdrawn', 'refused')),
      latest as (
        select said.organization_id, i.hash, said.channel, said.purpose, said.kind, max(said.at) as at
        from said ${knownIdentifiers(sql)} group by 1, 2, 3, 4, 5),
      pair as (
        select r.*, n.at as stored_at, coalesce(n.at >= r.at, false) as is_same from latest r
        left join standing_no n on n.organization_id = r.organization_id and n.identifier_hash = r.hash
          and n.channel = r.channel and n.purpose = r.purpose and n.kind = r.kind)
      ${counted(sql, lackingNo(sql))}`,
  );
}

const lackingNo = (sql: Sql): Fragment => sql`
  jsonb_build_object('identifierHash', encode(hash, 'hex'), 'channel', channel, 'purpose', purpose, 'kind', kind) as of,
  case when stored_at is not null then jsonb_build_object('at', stored_at) end as stored,
  jsonb_build_object('at', at) as rebuilt`;

/** Noes that were said of an identifier alone and do not stand for it, or stand older. */
export function compareStops(
  services: Services,
  { organizationId, after, until }: Range<Buffer>,
): Promise<Compared> {
  return compare(
    services,
    "standing_no",
    (sql) => sql<Row[]>`
      with latest as (
        select e.identifier_hash as hash, coalesce(e.channel, '*') as channel, ${noPurpose(sql)} as purpose,
          'opted_out' as kind, max(e.occurred_at) as at
        from opt_out_event e
        where e.organization_id = ${organizationId} and e.identifier_hash > ${after} and e.identifier_hash <= ${until}
        group by 1, 2, 3),
      pair as (
        select l.*, n.at as stored_at, coalesce(n.at >= l.at, false) as is_same from latest l
        left join standing_no n on n.organization_id = ${organizationId} and n.identifier_hash = l.hash
          and n.channel = l.channel and n.purpose = l.purpose and n.kind = l.kind)
      ${counted(sql, lackingNo(sql))}`,
  );
}

/** Numbers and user ids that somebody came to by a change: what was agreed to before must count no more. */
export function compareChangedIdentifiers(
  services: Services,
  { organizationId, after, until }: Range<Buffer>,
): Promise<Compared> {
  return compare(
    services,
    "standing_no",
    (sql) => sql<Row[]>`
      with pair as (
        select c.to_hash as hash, '*' as channel, '*' as purpose, 'invalidated' as kind, c.at, n.at as stored_at,
          coalesce(n.at >= c.at, false) as is_same
        from (
          select to_hash, max(at) as at from identity_change
          where organization_id = ${organizationId} and from_hash > ${after} and from_hash <= ${until} group by 1) c
        left join standing_no n on n.organization_id = ${organizationId} and n.identifier_hash = c.to_hash
          and n.channel = '*' and n.purpose = '*' and n.kind = 'invalidated')
      ${counted(sql, lackingNo(sql))}`,
  );
}

/** A hash so many further on, of those that a table has; undefined: there are not so many. */
export async function selectLastHash(
  services: Services,
  table: "standing_no" | "opt_out_event" | "identity_change" | "platform_preference",
  organizationId: string,
  after: Buffer,
  size: number,
): Promise<Buffer | undefined> {
  const rows = await services.db.look((sql) => {
    const column = sql(table === "identity_change" ? "from_hash" : "identifier_hash");
    return sql<{ hash: Buffer }[]>`
      select ${column} as hash from ${sql(table)} where organization_id = ${organizationId} and ${column} > ${after}
      order by ${column} offset ${size - 1} limit 1`;
  });
  return rows[0]?.hash;
}

export interface StandingRow {
  readonly hash: string;
  readonly channel: string;
  readonly purpose: string;
  readonly kind: string;
  readonly eventId: string;
}

export async function selectNoes(
  services: Services,
  { organizationId, after, until }: Range<Buffer>,
): Promise<StandingRow[]> {
  return services.db.look(
    (sql) => sql<StandingRow[]>`
      select encode(identifier_hash, 'hex') as hash, channel, purpose, kind, event_id as "eventId" from standing_no
      where organization_id = ${organizationId} and identifier_hash > ${after} and identifier_hash <= ${until}`,
  );
}

/**
 * Which of these noes, as they still stand, are not what their event said: another time, scope or kind, an event that
 * was undone or never was. `event` is its uuid and what kind of event it is.
 */
export function compareNoesToEvents(
  services: Services,
  organizationId: string,
  noes: readonly (StandingRow & {
    readonly event: { readonly id: string; readonly of: "opt" | "cns" } | null;
  })[],
): Promise<Compared> {
  const asked = JSON.stringify(noes.map(({ event, ...no }) => ({ ...no, ...event })));
  return compare(
    services,
    "standing_no",
    (sql) => sql<Row[]>`
      with pair as (
        select n.identifier_hash as hash, n.channel, n.purpose, n.kind, n.at, n.event_id, r.at as rebuilt_at,
          case when q.of is null then n.kind = 'invalidated' and n.event_id = 'number_changed' and n.channel = '*'
            and n.purpose = '*' else coalesce(r.at = n.at, false) end as is_same
        from json_to_recordset(${asked}::text::json) q(hash text, channel text, purpose text, kind text,
          "eventId" text, id uuid, of text)
        join standing_no n on n.organization_id = ${organizationId} and n.identifier_hash = decode(q.hash, 'hex')
          and n.channel = q.channel and n.purpose = q.purpose and n.kind = q.kind and n.event_id = q."eventId"
        left join lateral (
          select e.occurred_at as at from opt_out_event e
          where q.of = 'opt' and e.organization_id = n.organization_id and e.id = q.id and e.kind = 'opted_out'
            and n.kind = 'opted_out' and coalesce(e.channel, '*') = n.channel and ${noPurpose(sql)} = n.purpose
            and not exists (
              select from opt_out_event u where u.organization_id = e.organization_id and u.undoes = e.id)
          union all
          select e.occurred_at from consent_event e
          where q.of = 'cns' and e.organization_id = n.organization_id and e.id = q.id and e.state = n.kind
            and e.channel = n.channel and e.purpose = n.purpose) r on true)
      ${counted(
        sql,
        sql`jsonb_build_object('identifierHash', encode(hash, 'hex'), 'channel', channel, 'purpose', purpose,
            'kind', kind) as of,
          jsonb_build_object('at', at, 'event_id', event_id) as stored,
          case when rebuilt_at is not null then jsonb_build_object('at', rebuilt_at, 'event_id', event_id) end as rebuilt`,
      )}`,
  );
}

/** What the platform said of marketing, for every identifier that it was news for: nothing earlier may stand. */
export function comparePreferences(
  services: Services,
  { organizationId, after, until }: Range,
): Promise<Compared> {
  return compare(
    services,
    "platform_preference",
    (sql) => sql<Row[]>`
      with latest as (
        select distinct on (2, 1) e.waba_id, h.hash, e.value, e.at
        from platform_preference_event e cross join unnest(e.identifier_hashes) h(hash)
        where e.organization_id = ${organizationId} and e.id > ${after} and e.id <= ${until}
        order by 2, 1, e.at desc, e.value = 'stop' desc),
      pair as (
        select l.hash, l.waba_id, jsonb_build_object('value', l.value, 'at', l.at) as rebuilt,
          case when p.at is not null then jsonb_build_object('value', p.value, 'at', p.at) end as stored,
          coalesce(p.at > l.at or p.at = l.at and p.value in (l.value, 'stop'), false) as is_same
        from latest l left join platform_preference p on p.organization_id = ${organizationId}
          and p.identifier_hash = l.hash and p.waba_id = l.waba_id)
      ${counted(sql, sql`${preferenceOf(sql)}, stored, rebuilt`)}`,
  );
}

/** Preferences that nothing said: only a stop is copied to other identifiers than those it was news for. */
export function comparePreferencesToEvents(
  services: Services,
  { organizationId, after, until }: Range<Buffer>,
): Promise<Compared> {
  return compare(
    services,
    "platform_preference",
    (sql) => sql<Row[]>`
      with pair as (
        select p.identifier_hash as hash, p.waba_id, jsonb_build_object('value', p.value, 'at', p.at) as stored,
          exists (select from platform_preference_event e where e.organization_id = p.organization_id
            and e.waba_id = p.waba_id and e.at = p.at and e.value = p.value
            and (p.value = 'stop' or p.identifier_hash = any(e.identifier_hashes))) as is_same
        from platform_preference p
        where p.organization_id = ${organizationId} and p.identifier_hash > ${after} and p.identifier_hash <= ${until})
      ${counted(sql, sql`${preferenceOf(sql)}, stored, null::jsonb as rebuilt`)}`,
  );
}

const preferenceOf = (sql: Sql): Fragment =>
  sql`jsonb_build_object('identifierHash', encode(hash, 'hex'), 'wabaId', waba_id) as of`;

/** A block (uuid) so many further on, of those that there are or that events tell of. */
export async function selectLastBlock(
  services: Services,
  organizationId: string,
  after: string,
  size: number,
): Promise<string | undefined> {
  const rows = await services.db.look(
    (sql) => sql<{ id: string }[]>`
      select id from (
        (select id from block where organization_id = ${organizationId} and id > ${after} order by id limit ${size})
        union
        (select block_id from block_event where organization_id = ${organizationId} and block_id > ${after}
          order by block_id limit ${size})) b
      order by id offset ${size - 1} limit 1`,
  );
  return rows[0]?.id;
}

/** Blocks against their events: that they are there, why, since when, and whether and when they were lifted. */
export function compareBlocks(
  services: Services,
  { organizationId, after, until }: Range,
): Promise<Compared> {
  return compare(
    services,
    "block",
    (sql) => sql<Row[]>`
      with rebuilt as (
        select e.block_id as id, max(e.at) filter (where e.kind = 'created') as created_at,
          max(e.reason) filter (where e.kind = 'created') as reason,
          max(e.at) filter (where e.kind = 'lifted') as lifted_at
        from block_event e
        where e.organization_id = ${organizationId} and e.block_id > ${after} and e.block_id <= ${until} group by 1),
      stored as (
        select b.id, b.created_at, b.reason, b.lifted_at from block b
        where b.organization_id = ${organizationId} and b.id > ${after} and b.id <= ${until}),
      pair as (
        select coalesce(s.id, r.id) as id, to_jsonb(s) as stored, to_jsonb(r) as rebuilt,
          s is not distinct from (r.id, r.created_at, r.reason, r.lifted_at) as is_same
        from stored s full join rebuilt r on r.id = s.id)
      ${counted(sql, sql`jsonb_build_object('blockId', id) as of, stored - 'id' as stored, rebuilt - 'id' as rebuilt`)}`,
  );
}

/** What holds of people's preferences against their choices: each that was not taken back, and that none replaced that was not. */
export function compareChoices(services: Services, range: Range): Promise<Compared> {
  const undone = (sql: Sql, event: string) => sql`exists (select from preference_event u
    where u.organization_id = ${sql(event)}.organization_id and u.undoes = ${sql(event)}.id)`;
  return compare(
    services,
    "preference",
    (sql) => sql<Row[]>`
      with rebuilt as (
        select e.subject_id, e.aspect, e.id as event_id, e.until, e.most, e.hours, e.word, e.recorded_at as at
        from preference_event e
        join subject s on s.organization_id = e.organization_id and s.id = e.subject_id
        where ${inRange(sql, range, "e")} and e.kind = 'chosen' and not ${undone(sql, "e")} and not exists (
          select from subject t
          join preference_event o on o.organization_id = t.organization_id and o.subject_id = t.id
            and o.replaced @> jsonb_build_array(jsonb_build_object('event_id', e.id))
          where t.organization_id = s.organization_id and t.root_id = s.root_id and not ${undone(sql, "o")})),
      pair as (
        select coalesce(s.subject_id, r.subject_id) as subject_id, coalesce(s.aspect, r.aspect) as aspect,
          to_jsonb(s) as stored, to_jsonb(r) as rebuilt, coalesce(
            (s.event_id, s.until, s.most, s.hours, s.word, s.at)
              is not distinct from (r.event_id, r.until, r.most, r.hours, r.word, r.at), false) as is_same
        from (select * from preference s where ${inRange(sql, range, "s")}) s
        full join rebuilt r on r.subject_id = s.subject_id and r.aspect = s.aspect)
      ${counted(
        sql,
        sql`jsonb_build_object('subjectId', subject_id, 'aspect', aspect) as of,
          stored - '{organization_id,subject_id,aspect}'::text[] as stored,
          rebuilt - '{subject_id,aspect}'::text[] as rebuilt`,
      )}`,
  );
}
