import { and, asc, desc, eq, gt, gte, inArray, isNotNull, lt } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import { retryDeadlock, write } from "../../db/write.ts";
import { limits } from "../../kernel/limits.ts";
import type { Restriction } from "../../kernel/sender-state.ts";
import type { CauseKind } from "./domain/facts.ts";
import { activePolicy, decision, policyVersion, sendingSwitch } from "./tables.ts";

/** What one check asks the database about. Ids are uuids, hashes hex. */
export interface FactsQuery {
  readonly organizationId: string;
  readonly senderId: string | null;
  readonly phoneNumberId: string | null;
  readonly hashes: readonly string[];
  readonly subjectId: string | null;
  readonly channel: string;
  readonly purpose: string;
  readonly templateName: string | null;
  readonly templateLanguage: string | null;
  readonly causeKind: CauseKind | null;
  readonly causeId: string | null;
  /** The caller's id of the message; what holds its place under a frequency cap counts for nobody else. */
  readonly messageRef: string | null;
  /** The decision whose permit is being redeemed: its own cause and place under a cap do not stand against it. */
  readonly redeeming: string | null;
}

/** What the database answers: as in Facts, but with uuids and PostgreSQL's way to write instants. */
export interface FactsRow {
  readonly now: Date;
  /** The organization's policy in force; null: the built-in one. */
  readonly policyVersion: number | null;
  readonly roots: string[] | null;
  /** All records of the person, merged ones included. */
  readonly recordIds: string[];
  /** A subjectId was named that this organization has not. */
  readonly subjectUnknown: boolean;
  readonly mergedAt: Date | null;
  /** Of the numbers that are on record. */
  readonly countries: string[] | null;
  readonly switches: { id: string; scope: string; at: string }[] | null;
  readonly sender: {
    id: string;
    restrictions: Readonly<Record<string, Restriction>>;
    isRecipient: boolean;
  } | null;
  readonly blocks: { id: string; reason: string; expiresAt: string | null }[] | null;
  readonly nos: { kind: string; purpose: string; at: string; eventId: string }[] | null;
  readonly purpose: { key: string; category: string; lawfulBasis: string } | null;
  readonly consents: ConsentRow[] | null;
  readonly platformStops: { wabaId: string; at: string }[] | null;
  readonly holds: { code: number; at: string }[] | null;
  readonly window: { openedAt: string; messageId: string; closedAt: string | null } | null;
  readonly template: { id: string; category: string; status: string } | null;
  readonly cause: { openedAt: string; usedAt: string | null; usedOfLate: number } | null;
  readonly sends:
    | { at: string; category: string | null; purpose: string | null; decisionId: string | null }[]
    | null;
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
 */
export async function selectFacts(services: Services, queries: readonly FactsQuery[]): Promise<FactsRow[]> {
  const asked = JSON.stringify(queries.map((query, n) => ({ n, ...query })));
  return services.db.statement(
    (sql) => sql<FactsRow[]>`
      select now()::timestamptz(3) as now, policy.version as "policyVersion", person.roots, known.ids as "recordIds", person.merged_at as "mergedAt",
        q."subjectId" is not null and not exists (select from subject s
          where s.organization_id = q."organizationId" and s.id = q."subjectId") as "subjectUnknown", sender.row as sender, blocks.rows as blocks,
        nos.rows as nos, purpose.row as purpose, consents.rows as consents, stops.rows as "platformStops",
        known.countries, switches.rows as switches, holds.rows as holds,
        service.row as "window", template.row as template, cause.row as cause,
        sends.rows as sends
      from json_to_recordset(${asked}::text::json) q(n int, "organizationId" uuid, "senderId" uuid,
        "phoneNumberId" text, hashes text[], "subjectId" uuid, channel text, purpose text, "templateName" text,
        "templateLanguage" text, "causeKind" text, "causeId" uuid, "messageRef" text, redeeming uuid)
      left join active_policy policy on policy.organization_id = q."organizationId"
      cross join lateral (
        select array_agg(r.root_id) as roots, max(r.merged_at) as merged_at from (
          select s.root_id, max(s.merged_at) as merged_at from subject s
          where s.organization_id = q."organizationId" and s.id in (
            select i.subject_id from identifier i where i.organization_id = q."organizationId"
              and i.hash in (select decode(h, 'hex') from unnest(q.hashes) h)
            union select q."subjectId" where q."subjectId" is not null)
          group by s.root_id) r
      ) person
      cross join lateral (
        select coalesce(array_agg(distinct s.id), '{}') as ids, array_agg(i.hash) || coalesce((
          select array_agg(decode(h, 'hex')) from unnest(q.hashes) h), '{}') as hashes,
          array_agg(distinct i.country) filter (where i.country is not null) as countries
        from subject s left join identifier i on i.organization_id = s.organization_id and i.subject_id = s.id
        where s.organization_id = q."organizationId" and s.root_id = any(person.roots)
      ) known
      left join lateral (
        select s.id, s.waba_id, json_build_object('id', s.id, 'restrictions', s.restrictions,
          'isRecipient', coalesce(s.number_hash = any(known.hashes), false)) as row
        from (
          select * from sender where organization_id = q."organizationId" and id = q."senderId"
          union all
          select * from sender where organization_id = q."organizationId" and phone_number_id = q."phoneNumberId"
        ) s limit 1
      ) sender on true
      cross join lateral (
        select json_agg(json_build_object('id', b.id, 'reason', b.reason, 'expiresAt', b.expires_at)) as rows
        from block b where b.organization_id = q."organizationId" and b.identifier_hash = any(known.hashes)
          and b.lifted_at is null and (b.expires_at is null or b.expires_at > now())
      ) blocks
      cross join lateral (
        select json_agg(json_build_object('kind', o.kind, 'purpose', o.purpose, 'at', o.at, 'eventId', o.event_id)) as rows
        from (
          select distinct on (n.kind, n.purpose) n.kind, n.purpose, n.at, n.event_id from standing_no n
          where n.organization_id = q."organizationId" and n.identifier_hash = any(known.hashes)
            and n.channel in ('*', q.channel) and n.purpose in ('*', q.purpose)
          order by n.kind, n.purpose, n.at desc) o
      ) nos
      cross join lateral (
        select json_agg(json_build_object('id', w.id, 'scope', case when w.sender_id is not null then 'sender'
          when w.purpose is not null then 'purpose' else 'organization' end, 'at', w.pulled_at)) as rows
        from sending_switch w where w.organization_id = q."organizationId" and w.released_at is null
          and (w.sender_id is null or w.sender_id = sender.id) and (w.purpose is null or w.purpose = q.purpose)
      ) switches
      left join lateral (
        select p.category, json_build_object('key', p.key, 'category', p.category, 'lawfulBasis', p.lawful_basis) as row
        from purpose p where p.organization_id = q."organizationId" and p.key = q.purpose
      ) purpose on true
      cross join lateral (
        select json_agg(row_to_json(c)) as rows from consent_state c
        where c.organization_id = q."organizationId" and c.subject_id = any(known.ids) and c.channel = q.channel
      ) consents
      cross join lateral (
        select json_agg(json_build_object('wabaId', p.waba_id, 'at', p.at)) as rows from platform_preference p
        where p.organization_id = q."organizationId" and p.identifier_hash = any(known.hashes) and p.value = 'stop'
      ) stops
      left join lateral (
        select json_build_object('openedAt', w.opened_at, 'messageId', w.message_id, 'closedAt', max(w.closed_at) over ()) as row
        from service_window w where w.organization_id = q."organizationId" and w.sender_id = sender.id
          and w.subject_id = any(known.ids)
        order by w.opened_at desc limit 1
      ) service on true
      left join lateral (
        select t.category, json_build_object('id', t.id, 'category', t.category, 'status', t.status) as row from template t
        where t.organization_id = q."organizationId" and t.waba_id = sender.waba_id and t.name = q."templateName"
          and t.language = q."templateLanguage"
      ) template on true
      cross join lateral (
        select json_agg(h) as rows from (
          select m.error_code as code, max(m.at) as at from message_status m
          where 'marketing' in (purpose.category, template.category) and m.organization_id = q."organizationId"
            and m.subject_id = any(known.ids) and m.error_code in (131049, 130472)
            and m.at > now() - make_interval(secs => ${limits.platformHoldSeconds}::int)
          group by m.error_code) h
      ) holds
      left join lateral (
        select json_build_object('openedAt', o.at, 'usedAt', (
          select u.used_at from cause_use u where u.organization_id = q."organizationId" and u.kind = q."causeKind"
            and u.cause_id = q."causeId" and u.decision_id is distinct from q.redeeming), 'usedOfLate', (
          select count(*) from decision d join cause_use u on u.organization_id = d.organization_id
            and u.decision_id = d.id and u.kind = q."causeKind"
          where d.organization_id = q."organizationId" and d.subject_id = any(known.ids)
            and d.at > now() - interval '24 hours' and d.id is distinct from q.redeeming)) as row
        from (
          select c.opened_at as at from cause c where q."causeKind" = 'sign_in' and c.kind = 'sign_in'
            and c.organization_id = q."organizationId" and c.id = q."causeId" and c.identifier_hashes && known.hashes
          union all
          select r.created_at from data_request r where q."causeKind" = 'data_request'
            and r.organization_id = q."organizationId" and r.id = q."causeId" and r.subject_id = any(known.ids)
          union all
          select e.recorded_at from opt_out_event e where q."causeKind" = 'opt_out_confirmation' and e.kind = 'opted_out'
            and e.organization_id = q."organizationId" and e.id = q."causeId" and e.subject_id = any(known.ids)
          union all
          select e.recorded_at from consent_event e where q."causeKind" = 'double_opt_in' and e.state = 'requested'
            and e.organization_id = q."organizationId" and e.id = q."causeId" and e.subject_id = any(known.ids)
        ) o limit 1
      ) cause on q."causeId" is not null
      left join lateral (
        select json_agg(json_build_object('at', s.at, 'category', s.category, 'purpose', s.purpose,
          'decisionId', s.decision_id)) as rows
        from recent_sends(q."organizationId", known.ids, now() - policy.cap_hours * interval '1 hour', q.redeeming,
          q."messageRef") s
      ) sends on policy.cap_hours is not null
      order by q.n`,
  );
}

/** A decision that is about to be recorded. */
export interface NewDecision {
  readonly id: string;
  readonly organizationId: string;
  readonly at: string;
  readonly subjectId: string | null;
  readonly messageRef: string | null;
  readonly decision: "allow" | "deny";
  readonly document: object;
  /** Used up by it. */
  readonly cause: { readonly kind: CauseKind; readonly id: string } | null;
  readonly slot: WantedSlot | null;
}

/** A place under frequency caps, for one message to one person; see `reserve_slots`. Ids are uuids. */
export interface WantedSlot {
  readonly organizationId: string;
  readonly decisionId: string;
  /** All records of the person. */
  readonly subjectIds: readonly string[];
  readonly at: string;
  readonly category: string;
  readonly purpose: string;
  readonly messageRef: string | null;
  /** Null: for good. */
  readonly until: string | null;
  readonly caps: readonly object[];
}

/**
 * Records gathered decisions in one statement, each only if the cause it uses is still unused and every cap it is
 * under leaves a place; says which it recorded.
 */
export async function insertDecisions(
  services: Services,
  made: readonly NewDecision[],
): Promise<ReadonlySet<string>> {
  if (made.length === 0) return new Set();
  const rows = await retryDeadlock(() =>
    services.db.statement(
      (sql) => sql<{ id: string }[]>`
        with q as (
          select * from json_to_recordset(${JSON.stringify(made)}::text::json) q(id uuid, "organizationId" uuid,
            at timestamptz, "subjectId" uuid, "messageRef" text, decision text, document json, cause json, slot json)),
        claimed as (
          insert into cause_use (organization_id, kind, cause_id, decision_id)
          select "organizationId", cause->>'kind', (cause->>'id')::uuid, id from q where json_typeof(cause) = 'object'
          order by 1, 2, 3, 4
          on conflict do nothing returning decision_id),
        reserved as materialized (
          select decision_id from reserve_slots((select json_agg(slot) from q where json_typeof(slot) = 'object')))
        insert into decision (organization_id, id, at, subject_id, decision, message_ref, document)
        select "organizationId", id, at, "subjectId", decision, "messageRef", document from q
        where (json_typeof(cause) is distinct from 'object' or id in (select decision_id from claimed))
          and (json_typeof(slot) is distinct from 'object' or id in (select decision_id from reserved))
        returning id`,
    ),
  );
  return new Set(rows.map(({ id }) => id));
}

export type DecisionRow = typeof decision.$inferSelect;

export async function selectDecision(ctx: Context, id: string): Promise<DecisionRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(decision)
      .where(and(eq(decision.organizationId, ctx.organizationId), eq(decision.id, id))),
  );
  return rows[0];
}

/** Decisions about some records of one person, the newest first. */
export async function selectDecisionsOf(
  ctx: Context,
  subjectIds: readonly string[],
  before: string | undefined,
  limit: number,
): Promise<DecisionRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(decision)
      .where(
        and(
          eq(decision.organizationId, ctx.organizationId),
          inArray(decision.subjectId, [...subjectIds]),
          before ? lt(decision.id, before) : undefined,
        ),
      )
      .orderBy(desc(decision.id))
      .limit(limit),
  );
}

/** A permit by its decision's uuid. */
export interface PermitKey {
  readonly organizationId: string;
  readonly id: string;
}

/** An allowed decision with what became of its permit. */
export interface PermitRow extends PermitKey {
  readonly subjectId: string | null;
  readonly messageRef: string | null;
  readonly document: unknown;
  readonly redeemedAt: Date | null;
}

/** The permits that there are among those named. */
export async function selectPermits(services: Services, keys: readonly PermitKey[]): Promise<PermitRow[]> {
  return services.db.look(
    (sql) => sql<PermitRow[]>`
      select distinct on (d.organization_id, d.id) d.organization_id as "organizationId", d.id,
        d.subject_id as "subjectId", d.message_ref as "messageRef", d.document, r.redeemed_at as "redeemedAt"
      from json_to_recordset(${JSON.stringify(keys)}::text::json) q("organizationId" uuid, id uuid)
      join decision d on d.organization_id = q."organizationId" and d.id = q.id and d.decision = 'allow'
      left join permit_redemption r on r.organization_id = d.organization_id and r.decision_id = d.id`,
  );
}

/** Redeems permits, each only once and only if its place under the caps is still to be had; says which. */
export async function insertRedemptions(
  services: Services,
  permits: readonly (Pick<PermitRow, "organizationId" | "id" | "subjectId"> & { slot: WantedSlot | null })[],
): Promise<ReadonlySet<string>> {
  if (permits.length === 0) return new Set();
  const asked = permits.map(({ organizationId, id, subjectId, slot }) => ({
    organizationId,
    id,
    subjectId,
    slot,
  }));
  const rows = await retryDeadlock(() =>
    services.db.statement(
      (sql) => sql<{ id: string }[]>`
        with q as (
          select * from json_to_recordset(${JSON.stringify(asked)}::text::json) q("organizationId" uuid, id uuid,
            "subjectId" uuid, slot json)),
        reserved as materialized (
          select decision_id from reserve_slots((select json_agg(slot) from q where json_typeof(slot) = 'object')))
        insert into permit_redemption (organization_id, decision_id, subject_id)
        select "organizationId", id, "subjectId" from q
        where json_typeof(slot) is distinct from 'object' or id in (select decision_id from reserved)
        order by 1, 2
        on conflict do nothing returning decision_id as id`,
    ),
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * Records what became of a message and settles its place under the caps. Undefined when it is known to have ended
 * otherwise. A repeated report answers with the time of the first.
 */
export async function insertOutcome(
  ctx: Context,
  decisionId: string,
  {
    outcome,
    messageId,
    errorCode,
  }: { outcome: string; messageId?: string | undefined; errorCode?: number | undefined },
): Promise<{ at: Date } | undefined> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ at: Date }[]>`
      with earlier as (
        select o.outcome, o.at from permit_outcome o
        where o.organization_id = ${ctx.organizationId}::uuid and o.decision_id = ${decisionId}::uuid),
      said as (
        insert into permit_outcome (organization_id, decision_id, outcome, message_id, error_code)
        select ${ctx.organizationId}::uuid, ${decisionId}::uuid, ${outcome}, ${messageId ?? null}, ${errorCode ?? null}::int
        where not exists (select from earlier where outcome in ('sent', 'failed'))
        on conflict do nothing returning at),
      given_back as (
        delete from cap_slot s where s.organization_id = ${ctx.organizationId}::uuid
          and s.decision_id = ${decisionId}::uuid and ${outcome} = 'failed' and exists (select from said)),
      kept as (
        update cap_slot s set until = null where s.organization_id = ${ctx.organizationId}::uuid
          and s.decision_id = ${decisionId}::uuid and ${outcome} <> 'failed' and exists (select from said))
      select at from said union all select at from earlier where outcome = ${outcome} limit 1`,
  );
  return rows[0];
}

/** Opens a cause. Undefined when this person has too many of late. */
export async function insertCause(
  ctx: Context,
  made: { id: string; kind: CauseKind; hashes: readonly string[] },
  entity: string,
) {
  return write<{ id: string; opened_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "opened",
        sql`select * from open_cause(${ctx.organizationId}::uuid, ${made.id}::uuid, ${made.kind},
          array(select decode(h, 'hex') from unnest(${made.hashes as string[]}::text[]) h), ${limits.causesPerPerson}::int,
          ${limits.causeLifeSeconds}::int)`,
      ],
    ],
    result: sql`select id, opened_at from opened`,
    audit: { action: "cause.opened", entity, details: { kind: made.kind } },
  }));
}

/** An organization's policy by its number. */
export interface PolicyKey {
  readonly organizationId: string;
  readonly version: number;
}

/** The documents of some policies; one that does not exist is left out. */
export async function selectPolicyDocuments(
  services: Services,
  keys: readonly PolicyKey[],
): Promise<(PolicyKey & { document: unknown })[]> {
  return services.db.look(
    (sql) => sql<(PolicyKey & { document: unknown })[]>`
      select p.organization_id as "organizationId", p.version, p.document
      from json_to_recordset(${JSON.stringify(keys)}::text::json) q("organizationId" uuid, version int)
      join policy_version p on p.organization_id = q."organizationId" and p.version = q.version`,
  );
}

/** Adds a version. Undefined when it is not the next one any more. */
export async function insertPolicy(
  ctx: Context,
  proposed: { version: number; document: object; note: string | null },
  entity: string,
) {
  return write<{ version: number }>(ctx, (sql) => ({
    parts: [
      [
        "proposed",
        sql`insert into policy_version (organization_id, version, document, note, actor_kind, actor_id)
          select ${ctx.organizationId}::uuid, ${proposed.version}::int, ${JSON.stringify(proposed.document)}::text::json,
            ${proposed.note}, ${ctx.actor.kind}, ${ctx.actor.id ?? null}
          from policy_version where organization_id = ${ctx.organizationId}
          having coalesce(max(version), 0) + 1 = ${proposed.version}::int
          returning version`,
      ],
    ],
    result: sql`select version from proposed`,
    audit: { action: "policy.proposed", entity },
  }));
}

/**
 * Brings a version into force, when the one in force is still the expected one (null: the built-in one). Undefined
 * when it is not, or when there is no such version: of several at the same time, one succeeds.
 */
export async function activatePolicy(
  ctx: Context,
  change: { version: number; expected: number | null; reason: string },
  entity: string,
) {
  const { version, expected, reason } = change;
  return write<{ version: number; activated_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "activated",
        sql`insert into active_policy as a (organization_id, version, cap_hours)
          select p.organization_id, p.version,
            (select max((c->>'hours')::int) from json_array_elements(p.document->'caps') c)
          from policy_version p
          where p.organization_id = ${ctx.organizationId} and p.version = ${version}
            and (${expected}::int is null
              or exists (select from active_policy where organization_id = ${ctx.organizationId}))
          on conflict (organization_id) do update
            set version = excluded.version, cap_hours = excluded.cap_hours, activated_at = excluded.activated_at
            where a.version = ${expected}::int
          returning version, activated_at`,
      ],
      [
        "event",
        sql`insert into policy_activation (organization_id, id, version, replaced, reason, at, actor_kind, actor_id)
          select ${ctx.organizationId}::uuid, ${ctx.services.newId("evt")}::uuid, version, ${expected}::int, ${reason},
            activated_at, ${ctx.actor.kind}, ${ctx.actor.id ?? null} from activated`,
      ],
    ],
    result: sql`select version, activated_at from activated`,
    audit: { action: "policy.activated", entity, details: { replaced: expected } },
  }));
}

const policyColumns = {
  version: policyVersion.version,
  note: policyVersion.note,
  createdAt: policyVersion.createdAt,
  actorKind: policyVersion.actorKind,
  actorId: policyVersion.actorId,
  activatedAt: activePolicy.activatedAt,
};

/** The policy in force, or the one of a number. */
export async function selectPolicy(
  ctx: Context,
  version: number | "in force",
): Promise<(PolicyRow & { document: unknown }) | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select({ ...policyColumns, document: policyVersion.document })
      .from(policyVersion)
      .leftJoin(activePolicy, inForce)
      .where(
        and(
          eq(policyVersion.organizationId, ctx.organizationId),
          version === "in force" ? isNotNull(activePolicy.version) : eq(policyVersion.version, version),
        ),
      ),
  );
  return rows[0];
}

/** A policy without its document. `activatedAt` is null when another one is in force. */
export interface PolicyRow {
  readonly version: number;
  readonly note: string | null;
  readonly createdAt: Date;
  readonly actorKind: string;
  readonly actorId: string | null;
  readonly activatedAt: Date | null;
}

/** The organization's policies, the newest first. */
export async function selectPolicies(
  ctx: Context,
  before: number | undefined,
  limit: number,
): Promise<PolicyRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select(policyColumns)
      .from(policyVersion)
      .leftJoin(activePolicy, inForce)
      .where(
        and(
          eq(policyVersion.organizationId, ctx.organizationId),
          before === undefined ? undefined : lt(policyVersion.version, before),
        ),
      )
      .orderBy(desc(policyVersion.version))
      .limit(limit),
  );
}

const inForce = and(
  eq(activePolicy.organizationId, policyVersion.organizationId),
  eq(activePolicy.version, policyVersion.version),
);

/** Where decisions of a time begin: their ids begin with their time, so the key is the way to them. */
interface DecisionsSince {
  readonly at: Date;
  readonly id: string;
}

const madeSince = (ctx: Context, since: DecisionsSince) =>
  and(
    eq(decision.organizationId, ctx.organizationId),
    gte(decision.id, since.id),
    gte(decision.at, since.at),
  );

/** A page of the decisions since a time, the oldest first, after an id. */
export async function selectDecisionsAfter(
  ctx: Context,
  since: DecisionsSince,
  after: string | undefined,
  limit: number,
): Promise<DecisionRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(decision)
      .where(and(madeSince(ctx, since), after === undefined ? undefined : gt(decision.id, after)))
      .orderBy(asc(decision.id))
      .limit(limit),
  );
}

/** The newest decision since a time but for so many newer ones; undefined when there are no more than those. */
export async function selectNewestDecision(
  ctx: Context,
  since: DecisionsSince,
  newer: number,
): Promise<{ id: string } | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select({ id: decision.id })
      .from(decision)
      .where(madeSince(ctx, since))
      .orderBy(desc(decision.id))
      .limit(1)
      .offset(newer),
  );
  return rows[0];
}

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
export async function releaseSwitch(
  ctx: Context,
  input: { id: string; eventId: string; publicId: string; reason: string },
) {
  return write<{ releasedAt: string }>(ctx, (sql) => ({
    parts: [
      [
        "released",
        sql`update sending_switch set released_at = now()
          where organization_id = ${ctx.organizationId} and id = ${input.id} and released_at is null
          returning id, released_at as "releasedAt"`,
      ],
      [
        "event",
        sql`insert into sending_switch_event (organization_id, id, switch_id, kind, reason, actor_kind, actor_id)
          select ${ctx.organizationId}::uuid, ${input.eventId}::uuid, id, 'released', ${input.reason}, ${ctx.actor.kind}, ${ctx.actor.id ?? null}
          from released returning id`,
      ],
    ],
    result: sql`select "releasedAt" from released`,
    audit: { action: "switch.released", entity: input.publicId, details: { reason: input.reason } },
  }));
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
