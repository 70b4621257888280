import { and, asc, desc, eq, gt, gte, inArray, isNotNull, lt } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import { retryDeadlock, write } from "../../db/write.ts";
import { limits } from "../../kernel/limits.ts";
import type { CauseKind } from "./domain/facts.ts";
import { activePolicy, decision, monitor, policyVersion, sendingSwitch } from "./tables.ts";

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

/** A place under frequency caps and the sender's limits, for one message to one person; see `reserve_slots`. Ids are uuids. */
export interface WantedSlot {
  readonly organizationId: string;
  readonly decisionId: string;
  /** All records of the person; of a stranger what stands for the record, see `reached_person`. */
  readonly subjectIds: readonly string[];
  readonly at: string;
  readonly category: string;
  readonly purpose: string;
  readonly messageRef: string | null;
  /** Null: for good. */
  readonly until: string | null;
  /** Null: none is on the message. */
  readonly caps: readonly object[] | null;
  /** What counts the person as written to; `most` null: whatever the limit. */
  readonly counters: readonly { readonly counter: string; readonly most: number | null }[];
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
          insert into cause_use (organization_id, kind, cause_id, decision_id, subject_id)
          select "organizationId", cause->>'kind', (cause->>'id')::uuid, id, "subjectId" from q where json_typeof(cause) = 'object'
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
  permits: readonly (Pick<PermitRow, "organizationId" | "id" | "subjectId"> & {
    senderId: string | null;
    category: string | null;
    slot: WantedSlot | null;
  })[],
): Promise<ReadonlySet<string>> {
  if (permits.length === 0) return new Set();
  const asked = permits.map(({ organizationId, id, subjectId, senderId, category, slot }) => ({
    organizationId,
    id,
    subjectId,
    senderId,
    category,
    slot,
  }));
  const rows = await retryDeadlock(() =>
    services.db.statement(
      (sql) => sql<{ id: string }[]>`
        with q as (
          select * from json_to_recordset(${JSON.stringify(asked)}::text::json) q("organizationId" uuid, id uuid,
            "subjectId" uuid, "senderId" uuid, category text, slot json)),
        reserved as materialized (
          select decision_id from reserve_slots((select json_agg(slot) from q where json_typeof(slot) = 'object')))
        insert into permit_redemption (organization_id, decision_id, subject_id, sender_id, category)
        select "organizationId", id, "subjectId", "senderId", category from q
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
          and s.decision_id = ${decisionId}::uuid and ${outcome} <> 'failed' and exists (select from said)),
      uncounted as (
        select unreach_person(${ctx.organizationId}::uuid, ${decisionId}::uuid) from said where ${outcome} = 'failed')
      select at from said, (select count(*) from uncounted) u union all select at from earlier where outcome = ${outcome} limit 1`,
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
        sql`insert into active_policy as a (organization_id, version, cap_hours, decision_months,
            inbound_months, watches_silence, watches_saved_numbers, watches_intake, has_ceilings)
          select p.organization_id, p.version,
            (select max((c->>'hours')::int) from json_array_elements(p.document->'caps') c),
            (p.document->'retention'->>'decisionMonths')::int, (p.document->'retention'->>'inboundMonths')::int,
            p.document->>'silenceMonths' is not null,
            coalesce((p.document->>'onlyToPeopleWhoWrote')::boolean, false),
            exists (select from json_object_keys(p.document->'intakeSilenceHours')),
            coalesce(json_array_length(p.document->'senderCeilings') > 0, false)
          from policy_version p
          where p.organization_id = ${ctx.organizationId} and p.version = ${version}
            and (${expected}::int is null
              or exists (select from active_policy where organization_id = ${ctx.organizationId}))
          on conflict (organization_id) do update
            set version = excluded.version, cap_hours = excluded.cap_hours,
              decision_months = excluded.decision_months, inbound_months = excluded.inbound_months,
              watches_silence = excluded.watches_silence, watches_saved_numbers = excluded.watches_saved_numbers,
              watches_intake = excluded.watches_intake, has_ceilings = excluded.has_ceilings, activated_at = excluded.activated_at
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
export async function endMonitor(
  ctx: Context,
  input: { id: string; eventId: string; publicId: string; reason: string },
) {
  return write<{ endedAt: string }>(ctx, (sql) => ({
    parts: [
      [
        "ended",
        sql`update monitor set ended_at = now() where organization_id = ${ctx.organizationId} and id = ${input.id}
            and ended_at is null and until > now()
          returning id, ended_at as "endedAt"`,
      ],
      [
        "event",
        sql`insert into monitor_event (organization_id, id, monitor_id, kind, reason, actor_kind, actor_id)
          select ${ctx.organizationId}::uuid, ${input.eventId}::uuid, id, 'ended', ${input.reason}, ${ctx.actor.kind}, ${ctx.actor.id ?? null}
          from ended returning id`,
      ],
    ],
    result: sql`select "endedAt" from ended`,
    audit: { action: "monitor.ended", entity: input.publicId, details: { reason: input.reason } },
  }));
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
