import type { Services } from "../../context.ts";
import type { Sql } from "../../db/database.ts";
import { parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import type { Restriction } from "../../kernel/sender-state.ts";
import type { CauseKind, PeopleReached } from "./domain/facts.ts";

/** What one check asks the database about. Ids are uuids, hashes hex. */
export interface FactsQuery extends AskedFor, AskedAbout {}

/** What the checks of a campaign have in common. */
interface AskedFor {
  readonly organizationId: string;
  /** A sender's id or its phoneNumberId, as the caller names it: read once for all. */
  readonly sender: string;
  readonly channel: string;
  readonly purpose: string;
  readonly templateName: string | null;
  readonly templateLanguage: string | null;
}

/** Whom one of them is about, and which message. */
interface AskedAbout {
  readonly hashes: readonly string[];
  readonly subjectId: string | null;
  readonly causeKind: CauseKind | null;
  readonly causeId: string | null;
  /** The caller's id of the message; what holds its place under a frequency cap counts for nobody else. */
  readonly messageRef: string | null;
  /** The decision whose permit is being redeemed: its own cause and place under a cap do not stand against it. */
  readonly redeeming: string | null;
}

/** What is so whoever the recipient is. As in Facts, but with uuids and PostgreSQL's way to write instants. */
export interface CommonRow {
  readonly now: string;
  /** The organization's policy in force; null: the built-in one. */
  readonly policyVersion: number | null;
  readonly sender: { id: string; wabaId: string; restrictions: Readonly<Record<string, Restriction>> } | null;
  readonly purpose: { key: string; category: string; lawfulBasis: string } | null;
  readonly template: { id: string; category: string; status: string } | null;
  readonly switches: { id: string; scope: string; at: string }[] | null;
  readonly monitor: { id: string; until: string } | null;
  readonly intake: { field: string; at: string }[] | null;
  readonly breaker: { id: string; openedAt: string; causes: string[] } | null;
  readonly accountUse: (Pick<PeopleReached, "people" | "leavesAt"> & { id: string; most: number }) | null;
  readonly senderUse: Pick<PeopleReached, "people" | "leavesAt"> | null;
}

/** What the statement says of one recipient, by the name of the fact; one row for each. */
interface PersonRows {
  /** Records of the person, merged ones included; `mergedAt` of the one that was named. */
  readonly record: {
    id: string;
    rootId: string;
    mergedAt: string | null;
    timeZone: string | null;
    hasSavedNumber: boolean | null;
  };
  /** The recipient is the sender's own number. */
  readonly self: null;
  /** Of a number that is on record. */
  readonly country: string;
  readonly block: { id: string; reason: string; expiresAt: string | null };
  readonly no: { kind: string; purpose: string; at: string; eventId: string };
  readonly suspicion: { id: string; at: string };
  readonly pause: { id: string; until: string };
  readonly cap: { id: string; most: number; hours: number };
  readonly consent: ConsentRow;
  readonly stop: { wabaId: string; at: string };
  readonly hold: { code: number; at: string };
  readonly window: { openedAt: string; messageId: string; closedAt: string | null };
  readonly failure: { messageId: string; at: string };
  readonly seen: string;
  /** The counter of people written to that the person is one of: an account's or a sender's id. */
  readonly counted: string;
  readonly cause: { openedAt: string; usedAt: string | null; usedOfLate: number };
  readonly send: { at: string; category: string | null; purpose: string | null; decisionId: string | null };
}

/** What the database answers about one check: what is so for all of them, and what it knows of the person. */
export interface FactsRow {
  readonly common: CommonRow;
  readonly person: { readonly [Fact in keyof PersonRows]?: PersonRows[Fact][] };
}

export interface ConsentRow {
  readonly purpose: string;
  readonly subject_id: string;
  readonly given_event_id: string | null;
  readonly given_at: string | null;
  readonly given_expires_at: string | null;
  readonly proven_event_id: string | null;
  readonly proven_at: string | null;
  readonly proven_expires_at: string | null;
  readonly requested_event_id: string | null;
  readonly requested_at: string | null;
  readonly no_kind: string | null;
  readonly no_event_id: string | null;
  readonly no_at: string | null;
  readonly unproven: boolean;
}

/**
 * Reads the facts of all gathered checks in one statement, on the primary. Decisions linearize here, and its now()
 * is the only clock that they know. Reads the state of other features; writes nothing.
 *
 * Whatever does not depend on the recipient is read once for all checks that have it in common (`common`). Everything
 * else is one pass over the people for each table, not one for each person; `offset 0` keeps the planner to one index
 * lookup a row, however few rows it believes a table to have.
 */
export async function selectFacts(services: Services, queries: readonly FactsQuery[]): Promise<FactsRow[]> {
  const { common, people } = split(queries);
  // What hardly any check has is told of those that have it; a hash is its person's by its place.
  const special = people.filter(
    ({ subjectId, causeId, messageRef, redeeming }) => subjectId ?? causeId ?? messageRef ?? redeeming,
  );
  const asked = people.flatMap(({ n, hashes }) => hashes.map((hash) => ({ n, hash })));
  const hasCauses = people.some(({ causeId }) => causeId !== null);
  const rows = await services.db.statement(
    (sql) => sql<{ fact: string; n: number; value: unknown }[]>`
      with common as materialized (
        select c.c, c."organizationId" as organization_id, c.channel, c.purpose, policy.version, policy.cap_hours,
          policy.watches_silence, policy.watches_saved_numbers, policy.watches_intake, policy.has_ceilings,
          sender.id as sender_id, sender.waba_id, coalesce(sender.portfolio_id, sender.waba_id) as account,
          sender.messaging_limit, sender.number_hash, sender.restrictions, purpose.category, purpose.lawful_basis,
          template.id as template_id, template.category as template_category, template.status,
          'marketing' in (purpose.category, template.category) as is_marketing
        from json_to_recordset(${JSON.stringify(common)}::text::json) c(c int, "organizationId" uuid, "senderId" uuid,
          "phoneNumberId" text, channel text, purpose text, "templateName" text, "templateLanguage" text)
        left join lateral (select * from active_policy where organization_id = c."organizationId" offset 0) policy on true
        left join lateral (
          select * from sender where organization_id = c."organizationId" and id = c."senderId"
          union all
          select * from sender where organization_id = c."organizationId" and phone_number_id = c."phoneNumberId"
          limit 1) sender on true
        left join lateral (
          select * from purpose where organization_id = c."organizationId" and key = c.purpose offset 0) purpose on true
        left join lateral (
          select * from template t where t.organization_id = c."organizationId" and t.waba_id = sender.waba_id
            and t.name = c."templateName" and t.language = c."templateLanguage" offset 0) template on true),
      q as materialized (
        select p.n::int - 1 as n, p.c, c.organization_id, s."subjectId", s."causeKind", s."causeId", s."messageRef", s.redeeming
        from unnest(${people.map(({ c }) => c)}::text[]::int[]) with ordinality p(c, n)
        join common c on c.c = p.c
        left join json_to_recordset(${JSON.stringify(special)}::text::json) s(n int, "subjectId" uuid, "causeKind" text,
          "causeId" uuid, "messageRef" text, redeeming uuid) on s.n = p.n - 1),
      asked as materialized (
        select q.n, q.c, q.organization_id, decode(h.hash, 'hex') as hash
        from unnest(${asked.map(({ n }) => n)}::text[]::int[], ${asked.map(({ hash }) => hash)}::text[]) h(n, hash)
        join q on q.n = h.n),
      root as materialized (
        select f.n, f.c, f.organization_id, s.root_id, max(s.merged_at) as merged_at from (
          select a.n, a.c, a.organization_id, i.subject_id from asked a cross join lateral (
            select subject_id from identifier i
            where i.organization_id = a.organization_id and i.hash = a.hash offset 0) i
          union
          select n, c, organization_id, "subjectId" from q where "subjectId" is not null) f
        cross join lateral (
          select s.root_id, s.merged_at from subject s
          where s.organization_id = f.organization_id and s.id = f.subject_id and s.erased_at is null offset 0) s
        group by f.n, f.c, f.organization_id, s.root_id),
      record as materialized (
        select r.n, r.c, r.organization_id, r.root_id, r.merged_at, s.id, s.time_zone, s.saved_sender_ids
        from root r cross join lateral (
          select s.id, s.time_zone, s.saved_sender_ids from subject s
          where s.organization_id = r.organization_id and s.root_id = r.root_id offset 0) s),
      named as materialized (
        select r.n, r.c, r.organization_id, i.hash, i.country from record r cross join lateral (
          select i.hash, i.country from identifier i
          where i.organization_id = r.organization_id and i.subject_id = r.id offset 0) i),
      known as materialized (
        select n, c, organization_id, hash from asked union select n, c, organization_id, hash from named),
      preferred as materialized (
        select r.n, p.* from record r join common c on c.c = r.c and c.is_marketing cross join lateral (
          select p.aspect, p.event_id, p.until, p.most, p.hours from preference p
          where p.organization_id = r.organization_id and p.subject_id = r.id offset 0) p),
      failure as materialized (
        select distinct on (f.n) f.* from (
          select r.n, m.message_id, m.at, lead(m.message_id) over later as next_id, lead(m.at) over later as next_at
          from record r join common c on c.c = r.c and c.is_marketing cross join lateral (
            select m.message_id, m.at from message_status m
            where m.organization_id = r.organization_id and m.subject_id = r.id and m.error_code = 131026 offset 0) m
          window later as (partition by r.n order by m.at, m.message_id)) f
        where f.next_at - f.at <= make_interval(secs => ${limits.undeliverableWithinSeconds}::int)
        order by f.n, f.next_at desc, f.at desc)${hasCauses ? causedPart(sql) : sql``}
      select 'common' as fact, c.c as n, json_build_object('now', now()::timestamptz(3), 'policyVersion', c.version,
        'sender', case when c.sender_id is not null
          then json_build_object('id', c.sender_id, 'wabaId', c.waba_id, 'restrictions', c.restrictions) end,
        'purpose', case when c.category is not null
          then json_build_object('key', c.purpose, 'category', c.category, 'lawfulBasis', c.lawful_basis) end,
        'template', case when c.template_id is not null
          then json_build_object('id', c.template_id, 'category', c.template_category, 'status', c.status) end,
        'switches', (
          select json_agg(json_build_object('id', w.id, 'scope', case when w.sender_id is not null then 'sender'
            when w.purpose is not null then 'purpose' else 'organization' end, 'at', w.pulled_at))
          from sending_switch w where w.organization_id = c.organization_id and w.released_at is null
            and (w.sender_id is null or w.sender_id = c.sender_id) and (w.purpose is null or w.purpose = c.purpose)),
        'monitor', (
          select json_build_object('id', m.id, 'until', m.until) from monitor m
          where m.organization_id = c.organization_id and m.sender_id = c.sender_id and m.purpose = c.purpose
            and m.ended_at is null),
        'intake', (
          select json_agg(json_build_object('field', i.field, 'at', i.heard_at)) from webhook_intake i
          where c.watches_intake and i.organization_id = c.organization_id and i.waba_id = c.waba_id),
        'breaker', (
          select json_build_object('id', b.id, 'openedAt', b.opened_at, 'causes', b.causes) from complaint_breaker b
          where c.is_marketing and b.organization_id = c.organization_id and b.sender_id = c.sender_id
            and b.closed_at is null),
        'accountUse', case when c.messaging_limit is not null then (
          select json_build_object('id', c.account, 'most', c.messaging_limit, 'people', coalesce(max(r.people), 0),
            'leavesAt', max(r.leaves_at))
          from reach_count r where r.organization_id = c.organization_id and r.counter = c.account) end,
        'senderUse', case when c.has_ceilings then (
          select json_build_object('people', coalesce(max(r.people), 0), 'leavesAt', max(r.leaves_at))
          from reach_count r where r.organization_id = c.organization_id and r.counter = c.sender_id::text) end
        ) as value
      from common c
      union all
      select 'record', r.n, json_build_object('id', r.id, 'rootId', r.root_id, 'mergedAt', r.merged_at, 'timeZone',
        r.time_zone, 'hasSavedNumber', c.watches_saved_numbers and c.sender_id = any(r.saved_sender_ids))
      from record r join common c on c.c = r.c
      union all
      select 'self', k.n, null from known k join common c on c.c = k.c and c.number_hash = k.hash
      union all
      select 'country', x.n, to_json(x.country) from (
        select distinct n, country from named where country is not null) x
      union all
      select 'block', x.n, json_build_object('id', x.id, 'reason', x.reason, 'expiresAt', x.expires_at) from (
        select distinct k.n, b.id, b.reason, b.expires_at from known k cross join lateral (
          select b.id, b.reason, b.expires_at from block b
          where b.organization_id = k.organization_id and b.identifier_hash = k.hash and b.lifted_at is null
            and (b.expires_at is null or b.expires_at > now()) offset 0) b) x
      union all
      select 'no', x.n, json_build_object('kind', x.kind, 'purpose', x.purpose, 'at', x.at, 'eventId', x.event_id) from (
        select distinct on (k.n, o.kind, o.purpose) k.n, o.* from known k join common c on c.c = k.c cross join lateral (
          select o.kind, o.purpose, o.at, o.event_id from standing_no o
          where o.organization_id = k.organization_id and o.identifier_hash = k.hash
            and o.channel in ('*', c.channel)
            and o.purpose in ('*', c.purpose, case when c.is_marketing then '*marketing' end) offset 0) o
        order by k.n, o.kind, o.purpose, o.at desc) x
      union all
      select 'suspicion', x.n, json_build_object('id', x.suspicion_id, 'at', x.at) from (
        select distinct k.n, p.suspicion_id, p.at from known k join common c on c.c = k.c and c.is_marketing
        cross join lateral (
          select p.suspicion_id, p.at from marketing_pause p
          where p.organization_id = k.organization_id and p.identifier_hash = k.hash offset 0) p) x
      union all
      select 'pause', n, json_build_object('id', event_id, 'until', until) from preferred
      where aspect = 'pause' and until > now()
      union all
      select 'cap', n, json_build_object('id', event_id, 'most', most, 'hours', hours) from preferred
      where aspect = 'frequency'
      union all
      select 'consent', r.n, row_to_json(s) from record r join common c on c.c = r.c cross join lateral (
        select s.purpose, s.subject_id, s.given_event_id, s.given_at, s.given_expires_at, s.proven_event_id, s.proven_at,
          s.proven_expires_at, s.requested_event_id, s.requested_at, s.no_kind, s.no_event_id, s.no_at, s.unproven
        from consent_state s
        where s.organization_id = r.organization_id and s.subject_id = r.id and s.channel = c.channel offset 0) s
      union all
      select 'stop', k.n, json_build_object('wabaId', p.waba_id, 'at', p.at) from known k cross join lateral (
        select p.waba_id, p.at from platform_preference p
        where p.organization_id = k.organization_id and p.identifier_hash = k.hash and p.value = 'stop' offset 0) p
      union all
      select 'window', x.n, json_build_object('openedAt', x.opened_at, 'messageId', x.message_id, 'closedAt', x.closed_at)
      from (
        select distinct on (r.n) r.n, w.opened_at, w.message_id, max(w.closed_at) over (partition by r.n) as closed_at
        from record r join common c on c.c = r.c cross join lateral (
          select w.opened_at, w.message_id, w.closed_at from service_window w
          where w.organization_id = r.organization_id and w.sender_id = c.sender_id and w.subject_id = r.id offset 0) w
        order by r.n, w.opened_at desc) x
      union all
      select 'hold', r.n, json_build_object('code', m.error_code, 'at', max(m.at))
      from record r join common c on c.c = r.c and c.is_marketing cross join lateral (
        select m.error_code, m.at from message_status m
        where m.organization_id = r.organization_id and m.subject_id = r.id and m.error_code in (131049, 130472)
          and m.at > now() - make_interval(secs => ${limits.platformHoldSeconds}::int) offset 0) m
      group by r.n, m.error_code
      union all
      select 'failure', f.n, json_build_object('messageId', m.id, 'at', m.at)
      from failure f cross join lateral (values (f.message_id, f.at), (f.next_id, f.next_at)) m(id, at)
      union all
      select 'seen', r.n, to_json(max(s.at)) from record r
      join common c on c.c = r.c and (c.is_marketing and c.watches_silence or r.n in (select n from failure))
      cross join lateral (
        select w.opened_at as at from service_window w
        where w.organization_id = r.organization_id and w.subject_id = r.id
        union all
        (select m.at from message_status m
        where m.organization_id = r.organization_id and m.subject_id = r.id
          and m.status in ('delivered', 'read', 'played')
        order by m.at desc limit 1)) s
      group by r.n
      union all
      select 'counted', r.n, to_json(p.counter)
      from record r join common c on c.c = r.c and (c.messaging_limit is not null or c.has_ceilings) cross join lateral (
        select p.counter from reached_person p
        where p.organization_id = r.organization_id and p.counter in (c.account, c.sender_id::text)
          and p.subject_id = r.id offset 0) p
      ${hasCauses ? causeBranch(sql) : sql``}
      union all
      select 'send', q.n, json_build_object('at', s.at, 'category', s.category, 'purpose', s.purpose, 'decisionId',
        s.decision_id)
      from q join common c on c.c = q.c
      left join (select n, max(hours) as hours from preferred where aspect = 'frequency' group by n) own on own.n = q.n
      join (select r.n, array_agg(r.id) as ids from record r group by r.n) p on p.n = q.n
        and coalesce(c.cap_hours, own.hours) is not null
      cross join lateral recent_sends(q.organization_id, p.ids,
        now() - greatest(c.cap_hours, own.hours) * interval '1 hour', q.redeeming, q."messageRef") s`,
  );
  return assemble(people, rows);
}

/** Who is asked about because of a cause; left out when nobody is, as almost always: it names six tables more. */
const causedPart = (sql: Sql) => sql`,
      caused as materialized (
        select q.*, array(select r.id from record r where r.n = q.n) as ids,
          array(select k.hash from known k where k.n = q.n) as known_hashes
        from q where q."causeId" is not null)`;

const causeBranch = (sql: Sql) => sql`
      union all
      select 'cause', x.n, json_build_object('openedAt', o.at, 'usedAt', (
        select u.used_at from cause_use u where u.organization_id = x.organization_id and u.kind = x."causeKind"
          and u.cause_id = x."causeId" and u.decision_id is distinct from x.redeeming), 'usedOfLate', (
        select count(*) from cause_use u
        where u.organization_id = x.organization_id and u.kind = x."causeKind" and u.subject_id = any(x.ids)
          and u.used_at > now() - interval '24 hours' and u.decision_id is distinct from x.redeeming))
      from caused x cross join lateral (
        select c.opened_at as at from cause c where x."causeKind" = 'sign_in' and c.kind = 'sign_in'
          and c.organization_id = x.organization_id and c.id = x."causeId" and c.identifier_hashes && x.known_hashes
        union all
        select r.created_at from data_request r where x."causeKind" = 'data_request'
          and r.organization_id = x.organization_id and r.id = x."causeId" and r.subject_id = any(x.ids)
        union all
        select e.recorded_at from opt_out_event e where x."causeKind" = 'opt_out_confirmation' and e.kind = 'opted_out'
          and e.organization_id = x.organization_id and e.id = x."causeId" and e.subject_id = any(x.ids)
        union all
        select e.recorded_at from consent_event e where x."causeKind" = 'double_opt_in' and e.state = 'requested'
          and e.organization_id = x.organization_id and e.id = x."causeId" and e.subject_id = any(x.ids)
        limit 1) o`;

/** Checks apart into what they have in common and whom they are about. */
function split(queries: readonly FactsQuery[]) {
  const common: (Omit<AskedFor, "sender"> & {
    c: number;
    senderId: string | null;
    phoneNumberId: string | null;
  })[] = [];
  const places = new Map<string, number>();
  const people = queries.map((query, n) => {
    const { organizationId, sender, channel, purpose, templateName, templateLanguage } = query;
    const key = JSON.stringify([organizationId, sender, channel, purpose, templateName, templateLanguage]);
    let c = places.get(key);
    if (c === undefined) {
      c = common.length;
      places.set(key, c);
      const senderId = parseId("snd", sender) ?? null;
      common.push({
        c,
        organizationId,
        senderId,
        phoneNumberId: senderId === null ? sender : null,
        channel,
        purpose,
        templateName,
        templateLanguage,
      });
    }
    const { hashes, subjectId, causeKind, causeId, messageRef, redeeming } = query;
    return { n, c, hashes, subjectId, causeKind, causeId, messageRef, redeeming };
  });
  return { common, people };
}

/** Rows put together again, in the order of the questions. Throws when the statement left one out. */
function assemble(
  people: readonly { readonly c: number }[],
  rows: readonly { fact: string; n: number; value: unknown }[],
): FactsRow[] {
  const common = new Map<number, CommonRow>();
  const persons = people.map((): Record<string, unknown[]> => ({}));
  for (const { fact, n, value } of rows) {
    const person = persons[n];
    const found = person?.[fact];
    if (fact === "common") common.set(n, value as CommonRow);
    else if (found !== undefined) found.push(value);
    else if (person !== undefined) person[fact] = [value];
  }
  return people.map(({ c }, n) => {
    const shared = common.get(c);
    const person = persons[n];
    if (shared === undefined || person === undefined) throw new Error("Facts are missing.");
    return { common: shared, person: person as FactsRow["person"] };
  });
}
