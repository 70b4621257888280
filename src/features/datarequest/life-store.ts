import type { Context } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { type AuditAction, type Job, write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Deadline } from "./domain/deadline.ts";
import type { Life, RequestEventKind, RequestStatus } from "./domain/life.ts";

type DueDate = Pick<Deadline, "dueAt" | "lastDay" | "steps">;

/** An event as it is stored. `sealed` is personal text under the person's evidence key; details hold none. */
export interface NewEvent {
  readonly kind: RequestEventKind;
  readonly details?: object;
  readonly id?: string;
  readonly sealed?: Buffer;
  /** Where the request stood then, when the same statement moves it on. */
  readonly status?: RequestStatus;
}

/** The part of a write that adds an event for each row of part `of` (columns `id`, `status` of the request). */
export function eventPart(sql: Sql, ctx: Context, event: NewEvent, of: string): Fragment {
  return sql`
    insert into request_event (organization_id, request_id, id, event, status, actor_kind, actor_id, details, sealed)
    select ${ctx.organizationId}::uuid, x.id, ${event.id ?? ctx.services.newId("evt")}::uuid, ${event.kind},
      coalesce(${event.status ?? null}, x.status),
      ${ctx.actor.kind}, ${ctx.actor.id ?? null}, ${JSON.stringify(event.details ?? {})}::text::jsonb,
      ${event.sealed ?? null}::bytea
    from ${sql(of)} x returning id`;
}

/**
 * The part of a write that moves a request from one state of its life to the next and returns its `id` and `status`.
 * No row: it is not in that state any more, and the step must be thought over again.
 */
function movedPart(
  sql: Sql,
  ctx: Context,
  before: Life & { readonly id: string },
  after: Life,
  due: DueDate | undefined,
): Fragment {
  return sql`
    update data_request set status = ${after.status}, approvals = ${[...after.approvals]}::text[],
      owner = ${after.owner}, is_clarifying = ${after.isClarifying}, is_extended = ${after.isExtended},
      due_at = coalesce(${due?.dueAt ?? null}::timestamptz, due_at),
      last_day = coalesce(${due?.lastDay ?? null}::date, last_day),
      counting = coalesce(${due === undefined ? null : JSON.stringify(due.steps)}::text::jsonb, counting)
    where organization_id = ${ctx.organizationId}::uuid and id = ${before.id}::uuid and status = ${before.status}
      and approvals = ${[...before.approvals]}::text[] and owner is not distinct from ${before.owner}
      and is_clarifying = ${before.isClarifying} and is_extended = ${before.isExtended}
    returning id, status`;
}

/**
 * Records one or more steps of a request, with their events, in ONE statement. `parts` may read the part `moved`
 * (`id` and `status` of the request). No row: the request is not in the state `before` any more.
 */
export function recordSteps<Answer extends object>(
  ctx: Context,
  before: Life & { readonly id: string },
  after: Life,
  step: {
    readonly events: readonly NewEvent[];
    readonly audit: { readonly action: AuditAction; readonly details?: object };
    readonly parts?: (sql: Sql) => readonly (readonly [name: string, part: Fragment])[];
    /** Where the step moves the due date. */
    readonly due?: DueDate;
    readonly job?: Job;
    readonly tells?: (sql: Sql) => readonly Fragment[];
    /** What is answered, now and to the same Idempotency-Key again: ids and words, no personal data. */
    readonly answer: Answer;
  },
): Promise<{ answer: Answer } | undefined> {
  return write<{ answer: Answer }>(ctx, (sql) => ({
    parts: [
      ["moved", movedPart(sql, ctx, before, after, step.due)],
      ...step.events.map((event, n) => [`event_${n}`, eventPart(sql, ctx, event, "moved")] as const),
      ...(step.parts?.(sql) ?? []),
    ],
    result: sql`select ${JSON.stringify(step.answer)}::text::jsonb as answer from moved`,
    audit: { ...step.audit, entity: formatId("req", before.id) },
    ...(step.job === undefined ? {} : { job: step.job }),
    ...(step.tells === undefined ? {} : { tells: step.tells(sql) }),
  }));
}

/** The part that deletes what archive the request in part `moved` has; its key is destroyed at once. */
export function endArchivePart(sql: Sql, ctx: Context): Fragment {
  return sql`
    update archive a set state = 'deleted', key = null, deleted_at = now(), lease_until = null from moved
    where a.organization_id = ${ctx.organizationId}::uuid and a.request_id = moved.id and a.state <> 'deleted'
    returning a.id`;
}
