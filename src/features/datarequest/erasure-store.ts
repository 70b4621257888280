import type { Context } from "../../context.ts";
import { tell, write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { noticesPart, type PreparedTelling } from "../accountdata/index.ts";
import type { Traces } from "./domain/erasure.ts";
import type { RequestStatus } from "./domain/life.ts";

/** Tables whose rows name a record of a person, and those that name their identifiers by hash. */
const bySubject = [
  "account_section",
  "attachment",
  "cap_slot",
  "capture_token_use",
  "cause_use",
  "consent_event",
  "consent_state",
  "data_request",
  "decision",
  "hold",
  "identifier",
  "inbound_message",
  "message_status",
  "opt_out_event",
  "opt_out_suspicion",
  "permit_redemption",
  "preference",
  "preference_code",
  "preference_event",
  "reached_person",
  "service_window",
] as const;
const byHash = ["block", "platform_preference", "standing_no"] as const;

/** How many rows each table has about a person (uuids of all their records). */
export async function countTraces(ctx: Context, records: readonly string[]): Promise<Traces> {
  const rows = await ctx.services.db.look((sql) => {
    const ofSubject = bySubject.map(
      (table) => sql`
        select ${table} as name, count(*)::int as rows from ${sql(table)}
        where organization_id = ${ctx.organizationId} and subject_id = any(${records as string[]}::uuid[])`,
    );
    const ofHash = byHash.map(
      (table) => sql`
        select ${table} as name, count(*)::int as rows from ${sql(table)} x
        where x.organization_id = ${ctx.organizationId} and x.identifier_hash in (select hash from named)`,
    );
    const others = sql`
      select 'cause' as name, count(*)::int as rows from cause c
      where c.organization_id = ${ctx.organizationId} and c.identifier_hashes && array(select hash from named)
      union all
      select 'archive', count(*)::int from archive a
      join data_request r on r.organization_id = a.organization_id and r.id = a.request_id
      where r.organization_id = ${ctx.organizationId} and r.subject_id = any(${records as string[]}::uuid[])
        and a.state <> 'deleted'`;
    return sql<{ name: string; rows: number }[]>`
      with named as (
        select hash from identifier
        where organization_id = ${ctx.organizationId} and subject_id = any(${records as string[]}::uuid[]))
      ${[...ofSubject, ...ofHash].reduce((before, each) => sql`${before} union all ${each}`, others)}`;
  });
  return Object.fromEntries(rows.map(({ name, rows: count }) => [name, count]));
}

/** What stands in the way of an erasure, as of now. */
export async function selectObstacles(
  ctx: Context,
  request: { readonly id: string; readonly subjectId: string },
): Promise<{ isHeld: boolean; openRequests: readonly string[] }> {
  const rows = await ctx.services.db.look(
    (sql) => sql<{ isHeld: boolean; openRequests: string[] }[]>`
      select is_held(${ctx.organizationId}, ${request.subjectId}) as "isHeld", array(
        select r.id::text from data_request r
        join subject s on s.organization_id = r.organization_id and s.id = r.subject_id
        join subject n on n.organization_id = s.organization_id and n.root_id = s.root_id
        where n.organization_id = ${ctx.organizationId} and n.id = ${request.subjectId} and r.id <> ${request.id}
          and r.status in ('received', 'identity_check', 'in_progress', 'ready') order by r.id) as "openRequests"`,
  );
  return rows[0] ?? { isHeld: true, openRequests: [] };
}

/** An erasure as its write answers it, and as the request's event has it. */
export interface ErasedRow {
  readonly erasedAt: string;
  readonly evidenceUntil: string;
  readonly counts: Traces;
  readonly records: number;
}

/**
 * Erases the person of a request in one statement, tells whoever listens, and moves the request on with an event that
 * says what went; see erase_subject in the migrations. Undefined: something stands in the way, and nothing was done.
 */
export async function eraseSubject(
  ctx: Context,
  step: {
    readonly requestId: string;
    readonly subjectId: string;
    readonly from: RequestStatus;
    readonly to: RequestStatus;
    readonly backupDays: number | null;
    readonly traces: Traces;
    readonly telling: PreparedTelling;
  },
): Promise<ErasedRow | undefined> {
  const requestId = formatId("req", step.requestId);
  const subjectId = formatId("sub", step.subjectId);
  return write<ErasedRow>(ctx, (sql) => ({
    parts: [
      [
        "erased",
        sql`select * from erase_subject(${ctx.organizationId}::uuid, ${step.requestId}::uuid, ${step.from},
          ${ctx.services.newId("opt")}::uuid, ${limits.evidenceYears}::int) where outcome = 'erased'`,
      ],
      [
        "moved",
        sql`update data_request r set status = ${step.to}, is_clarifying = false from erased
          where r.organization_id = ${ctx.organizationId}::uuid and r.id = ${step.requestId}::uuid returning r.id, r.status`,
      ],
      [
        "event",
        sql`insert into request_event (organization_id, request_id, id, event, status, actor_kind, actor_id, details)
          select ${ctx.organizationId}::uuid, m.id, ${ctx.services.newId("evt")}::uuid, 'carried_out', m.status,
            ${ctx.actor.kind}, ${ctx.actor.id ?? null}, jsonb_build_object('erasedAt', e.erased_at, 'evidenceUntil',
              e.evidence_until, 'backupDays', ${step.backupDays}::int, 'records', cardinality(e.records), 'counts',
              ${JSON.stringify(step.traces)}::text::jsonb || e.counts)
          from moved m, erased e returning id`,
      ],
      noticesPart(sql, ctx, step.telling, "erased"),
    ],
    result: sql`select e.erased_at as "erasedAt", e.evidence_until as "evidenceUntil", e.counts,
      cardinality(e.records) as records from erased e, moved, telling`,
    audit: { action: "subject.erased", entity: subjectId, details: { requestId } },
    tells: [
      tell(sql, step.telling.type, { subjectId, requestId, sections: step.telling.sections }, "erased"),
    ],
    job: {
      task: "sweep_erased",
      payload: { organizationId: ctx.organizationId, requestId: step.requestId },
      key: `sweep_erased:${step.requestId}`,
      delaySeconds: limits.eraseAgainSeconds,
    },
  }));
}

/** The records (uuids) of the person whom a request was about; none unless they were erased. */
export async function selectErasedRecords(ctx: Context, requestId: string): Promise<string[]> {
  const rows = await ctx.services.db.look(
    (sql) => sql<{ id: string }[]>`
      select s.id from data_request r
      join subject n on n.organization_id = r.organization_id and n.id = r.subject_id
      join subject s on s.organization_id = n.organization_id and s.root_id = n.root_id
      where r.organization_id = ${ctx.organizationId} and r.id = ${requestId} and s.erased_at is not null`,
  );
  return rows.map(({ id }) => id);
}
