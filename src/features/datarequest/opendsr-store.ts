import { and, eq } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import { write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { opendsrRequest } from "./tables.ts";

export type OpendsrRow = typeof opendsrRequest.$inferSelect;

export async function selectOpendsrRequest(
  ctx: Context,
  subjectRequestId: string,
): Promise<OpendsrRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(opendsrRequest)
      .where(
        and(
          eq(opendsrRequest.organizationId, ctx.organizationId),
          eq(opendsrRequest.subjectRequestId, subjectRequestId),
        ),
      ),
  );
  return rows[0];
}

/** Keeps whose request of ours a controller's id stands for. No row: it is kept already. */
export async function insertOpendsrRequest(
  ctx: Context,
  made: Pick<OpendsrRow, "subjectRequestId" | "dataRequestId" | "bodyHash" | "callbackUrls" | "isOpener">,
) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "kept",
        sql`insert into opendsr_request (organization_id, subject_request_id, data_request_id, body_hash, callback_urls,
            is_opener)
          values (${ctx.organizationId}::uuid, ${made.subjectRequestId}::uuid, ${made.dataRequestId}::uuid,
            ${made.bodyHash}::bytea, ${made.callbackUrls}::text[], ${made.isOpener})
          on conflict do nothing returning subject_request_id as id`,
      ],
    ],
    result: sql`select id from kept`,
    audit: { action: "opendsr_request.recorded", entity: formatId("req", made.dataRequestId) },
  }));
}

/**
 * Cancels a request that is still pending. Ours ends with it when it opened ours and nobody joined; else only what this
 * controller asked ends, and its addresses are told so. No row: it is not pending.
 */
export async function cancelOpendsrRequest(ctx: Context, row: OpendsrRow, reason: string) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "pending",
        sql`select r.id, o.subject_request_id, o.is_opener and not exists (
            select from request_event e where e.organization_id = r.organization_id and e.request_id = r.id
              and e.event = 'joined') as is_alone
          from opendsr_request o
          join data_request r on r.organization_id = o.organization_id and r.id = o.data_request_id
          where o.organization_id = ${ctx.organizationId}::uuid and o.subject_request_id = ${row.subjectRequestId}::uuid
            and o.cancelled_at is null and opendsr_status(r.status) = 'pending'`,
      ],
      [
        "ended",
        sql`update data_request r set status = 'cancelled' from pending p
          where r.organization_id = ${ctx.organizationId}::uuid and r.id = p.id and p.is_alone
            and opendsr_status(r.status) = 'pending' returning r.id, r.status`,
      ],
      [
        "event",
        sql`insert into request_event (organization_id, request_id, id, event, status, actor_kind, actor_id, details)
          select ${ctx.organizationId}::uuid, e.id, ${ctx.services.newId("evt")}::uuid, 'cancelled', e.status,
            ${ctx.actor.kind}, ${ctx.actor.id ?? null}, ${JSON.stringify({ reason })}::text::jsonb from ended e returning id`,
      ],
      [
        "left_alone",
        sql`update opendsr_request o set cancelled_at = now() from pending p
          where o.organization_id = ${ctx.organizationId}::uuid and o.subject_request_id = p.subject_request_id
            and not p.is_alone and o.cancelled_at is null
          returning o.subject_request_id, o.callback_urls`,
      ],
      [
        "told",
        sql`insert into opendsr_callback (organization_id, id, subject_request_id, url, status)
          select ${ctx.organizationId}::uuid, gen_random_uuid(), l.subject_request_id, unnest(l.callback_urls), 'cancelled'
          from left_alone l returning id`,
      ],
    ],
    result: sql`select id from ended union all select subject_request_id as id from left_alone`,
    audit: { action: "opendsr_request.cancelled", entity: formatId("req", row.dataRequestId) },
    job: callbackJob(ctx.organizationId),
  }));
}

const callbackJob = (organizationId: string) => ({
  task: "send_opendsr_callbacks",
  payload: { organizationId },
  key: `opendsr:${organizationId}`,
});

/** A status that is to be told now. */
export interface ClaimedCallback {
  readonly id: string;
  readonly subjectRequestId: string;
  readonly url: string;
  readonly status: string;
  readonly attempts: number;
  readonly expectedAt: string;
}

/**
 * Takes the next callback that is due, for long enough that nobody else sends it meanwhile. Of one request and address the
 * earliest comes first: a status that is told late must not follow a newer one.
 */
export async function claimCallback(ctx: Context): Promise<ClaimedCallback | undefined> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<ClaimedCallback[]>`
      with due as (
        select c.id from opendsr_callback c
        where c.organization_id = ${ctx.organizationId}::uuid and c.due_at <= now() and not exists (
          select from opendsr_callback e where e.organization_id = c.organization_id
            and e.subject_request_id = c.subject_request_id and e.url = c.url and e.due_at is not null
            and (e.created_at, e.id) < (c.created_at, c.id))
        order by c.due_at limit 1 for update skip locked)
      update opendsr_callback c set attempts = c.attempts + 1,
        due_at = now() + ${limits.webhookClaimSeconds}::int * interval '1 second'
      from due, opendsr_request o, data_request r
      where c.organization_id = ${ctx.organizationId}::uuid and c.id = due.id
        and o.organization_id = c.organization_id and o.subject_request_id = c.subject_request_id
        and r.organization_id = o.organization_id and r.id = o.data_request_id
      returning c.id, c.subject_request_id as "subjectRequestId", c.url, c.status, c.attempts,
        to_char(r.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "expectedAt"`,
  );
  return rows[0];
}

/** What came of an attempt. Without `retryAfterSeconds` a callback that was not delivered is given up. */
export async function recordCallback(
  ctx: Context,
  callback: ClaimedCallback,
  result: { isDelivered: boolean; outcome: string; retryAfterSeconds: number | undefined },
) {
  await write(ctx, (sql) => ({
    parts: [
      [
        "noted",
        sql`update opendsr_callback set outcome = ${result.outcome},
            delivered_at = case when ${result.isDelivered}::boolean then now() end,
            due_at = case when ${result.isDelivered}::boolean then null
              else now() + ${result.retryAfterSeconds ?? null}::int * interval '1 second' end
          where organization_id = ${ctx.organizationId}::uuid and id = ${callback.id}::uuid
            and attempts = ${callback.attempts}::int returning id`,
      ],
    ],
    result: sql`select id from noted`,
    audit: {
      action: "opendsr_callback.attempted",
      entity: callback.subjectRequestId,
      details: { status: callback.status, attempt: callback.attempts, outcome: result.outcome },
    },
  }));
}

/** Has every organization with a callback that is due worked off, also what a process took along when it died. */
export async function resumeCallbacks(services: Services): Promise<void> {
  await services.db.statement(
    (sql) => sql`
      select queue_job('send_opendsr_callbacks', json_build_object('organizationId', c.organization_id),
        'opendsr:' || c.organization_id)
      from (select distinct organization_id from opendsr_callback where due_at <= now()) c`,
  );
}
