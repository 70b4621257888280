import { and, desc, eq, inArray, lt } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import { retryDeadlock, write } from "../../db/write.ts";
import { limits } from "../../kernel/limits.ts";
import type { Restriction } from "../../kernel/sender-state.ts";
import type { CauseKind } from "./domain/facts.ts";
import { decision } from "./tables.ts";

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
}

/** What the database answers: as in Facts, but with uuids and PostgreSQL's way to write instants. */
export interface FactsRow {
  readonly now: Date;
  readonly roots: string[] | null;
  /** A subjectId was named that this organization has not. */
  readonly subjectUnknown: boolean;
  readonly mergedAt: Date | null;
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
  readonly window: { openedAt: string; messageId: string; closedAt: string | null } | null;
  readonly template: { id: string; category: string; status: string } | null;
  readonly cause: { openedAt: string; usedAt: string | null } | null;
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
      select now()::timestamptz(3) as now, person.roots, person.merged_at as "mergedAt",
        q."subjectId" is not null and not exists (select from subject s
          where s.organization_id = q."organizationId" and s.id = q."subjectId") as "subjectUnknown", sender.row as sender, blocks.rows as blocks,
        nos.rows as nos, purpose.row as purpose, consents.rows as consents, stops.rows as "platformStops",
        service.row as "window", template.row as template, cause.row as cause
      from json_to_recordset(${asked}::text::json) q(n int, "organizationId" uuid, "senderId" uuid,
        "phoneNumberId" text, hashes text[], "subjectId" uuid, channel text, purpose text, "templateName" text,
        "templateLanguage" text, "causeKind" text, "causeId" uuid)
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
          select array_agg(decode(h, 'hex')) from unnest(q.hashes) h), '{}') as hashes
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
      left join lateral (
        select json_build_object('key', p.key, 'category', p.category, 'lawfulBasis', p.lawful_basis) as row
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
        select json_build_object('id', t.id, 'category', t.category, 'status', t.status) as row from template t
        where t.organization_id = q."organizationId" and t.waba_id = sender.waba_id and t.name = q."templateName"
          and t.language = q."templateLanguage"
      ) template on true
      left join lateral (
        select json_build_object('openedAt', o.at, 'usedAt', (
          select u.used_at from cause_use u where u.organization_id = q."organizationId" and u.kind = q."causeKind"
            and u.cause_id = q."causeId")) as row
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
      order by q.n`,
  );
}

/** A decision that is about to be recorded: as it is when its cause can still be used, and as it is when not. */
export interface NewDecision {
  readonly id: string;
  readonly organizationId: string;
  readonly at: string;
  readonly subjectId: string | null;
  readonly messageRef: string | null;
  readonly decision: "allow" | "deny";
  readonly document: object;
  readonly cause: { readonly kind: CauseKind; readonly id: string } | null;
  /** What is true when another decision has used the cause up meanwhile. */
  readonly withoutCause: { readonly decision: "allow" | "deny"; readonly document: object } | null;
}

/** Records gathered decisions in one statement and says for each whether the cause it needed was still there. */
export async function insertDecisions(services: Services, made: readonly NewDecision[]): Promise<boolean[]> {
  const rows = await retryDeadlock(() =>
    services.db.statement(
      (sql) => sql<{ id: string; held: boolean }[]>`
        with q as (
          select * from json_to_recordset(${JSON.stringify(made)}::text::json) q(id uuid, "organizationId" uuid,
            at timestamptz, "subjectId" uuid, "messageRef" text, decision text, document json, cause json,
            "withoutCause" json)),
        claimed as (
          insert into cause_use (organization_id, kind, cause_id, decision_id)
          select "organizationId", cause->>'kind', (cause->>'id')::uuid, id from q where json_typeof(cause) = 'object'
          order by 1, 2, 3, 4
          on conflict do nothing returning decision_id),
        judged as (
          select q.*, json_typeof(q.cause) is distinct from 'object' or claimed.decision_id is not null as held
          from q left join claimed on claimed.decision_id = q.id),
        recorded as (
          insert into decision (organization_id, id, at, subject_id, decision, message_ref, document)
          select "organizationId", id, at, "subjectId",
            case when held then decision else "withoutCause"->>'decision' end, "messageRef",
            case when held then document else "withoutCause"->'document' end
          from judged returning id)
        select judged.id, judged.held from judged join recorded using (id)`,
    ),
  );
  const held = new Map(rows.map((row) => [row.id, row.held]));
  return made.map(({ id }) => {
    const answer = held.get(id);
    if (answer === undefined) throw new Error("A decision was not recorded.");
    return answer;
  });
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
