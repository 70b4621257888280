import { and, asc, desc, eq, gt, inArray, isNotNull, isNull, lt } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import type { Sql } from "../../db/database.ts";
import { write } from "../../db/write.ts";
import type { EventType } from "../../kernel/event-types.ts";
import { limits } from "../../kernel/limits.ts";
import { webhookAttempt, webhookDelivery, webhookEndpoint } from "./tables.ts";

export type EndpointRow = typeof webhookEndpoint.$inferSelect;
export type DeliveryRow = typeof webhookDelivery.$inferSelect;

/** An endpoint as its write answers it. */
export interface RecordedEndpoint {
  readonly id: string;
  readonly url: string | null;
  readonly eventTypes: string[];
  readonly description: string | null;
  readonly createdAt: string;
}

/** Makes an endpoint. Without a URL it is a listener's, who must give signs of life. */
export function insertEndpoint(
  ctx: Context,
  made: {
    id: string;
    publicId: string;
    url: string | null;
    eventTypes: readonly EventType[];
    description: string | null;
  },
) {
  return write<RecordedEndpoint>(ctx, (sql) => ({
    parts: [
      [
        "made",
        sql`insert into webhook_endpoint (organization_id, id, url, event_types, description, listening_until)
          values (${ctx.organizationId}, ${made.id}, ${made.url}, ${made.eventTypes as string[]}::text[],
            ${made.description}, ${made.url === null ? sql`now() + make_interval(secs => ${limits.webhookListenSeconds}::int)` : null})
          returning id, url, event_types as "eventTypes", description, created_at as "createdAt"`,
      ],
    ],
    result: sql`select * from made`,
    // The host is not told: an address may name a person.
    audit: {
      action: "webhook_endpoint.created",
      entity: made.publicId,
      details: { eventTypes: made.eventTypes },
    },
  }));
}

/** Ends an endpoint with a reason. Undefined when there is none, or it is disabled. */
export function disableEndpoint(ctx: Context, endpoint: { id: string; publicId: string; reason: string }) {
  return write<{ disabledAt: string }>(ctx, (sql) => ({
    parts: [
      [
        "ended",
        sql`update webhook_endpoint set disabled_at = now(), disabled_reason = ${endpoint.reason}
          where organization_id = ${ctx.organizationId} and id = ${endpoint.id} and disabled_at is null
          returning disabled_at as "disabledAt"`,
      ],
    ],
    result: sql`select * from ended`,
    audit: {
      action: "webhook_endpoint.disabled",
      entity: endpoint.publicId,
      details: { reason: endpoint.reason },
    },
  }));
}

export async function selectEndpoint(ctx: Context, id: string): Promise<EndpointRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(webhookEndpoint)
      .where(and(eq(webhookEndpoint.organizationId, ctx.organizationId), eq(webhookEndpoint.id, id))),
  );
  return rows[0];
}

/** Endpoints of the organization that have a URL, disabled ones included. */
export async function selectEndpoints(ctx: Context, after: string | undefined, limit: number) {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(webhookEndpoint)
      .where(
        and(
          eq(webhookEndpoint.organizationId, ctx.organizationId),
          isNotNull(webhookEndpoint.url),
          after ? gt(webhookEndpoint.id, after) : undefined,
        ),
      )
      .orderBy(asc(webhookEndpoint.id))
      .limit(limit),
  );
}

export type DeliveryStatus = "pending" | "delivered" | "failed";

/** What an endpoint was told, or is to be, the newest first. */
export async function selectDeliveries(
  ctx: Context,
  endpointId: string,
  {
    before,
    limit,
    status,
  }: { before: string | undefined; limit: number; status: DeliveryStatus | undefined },
): Promise<DeliveryRow[]> {
  const { deliveredAt, failedAt } = webhookDelivery;
  const wanted = {
    pending: and(isNull(deliveredAt), isNull(failedAt)),
    delivered: isNotNull(deliveredAt),
    failed: isNotNull(failedAt),
  };
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(webhookDelivery)
      .where(
        and(
          eq(webhookDelivery.organizationId, ctx.organizationId),
          eq(webhookDelivery.endpointId, endpointId),
          before ? lt(webhookDelivery.eventId, before) : undefined,
          status && wanted[status],
        ),
      )
      .orderBy(desc(webhookDelivery.eventId))
      .limit(limit),
  );
}

/** The attempts of some deliveries of an endpoint, the first one first. */
export async function selectAttempts(ctx: Context, endpointId: string, eventIds: readonly string[]) {
  if (eventIds.length === 0) return [];
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(webhookAttempt)
      .where(
        and(
          eq(webhookAttempt.organizationId, ctx.organizationId),
          eq(webhookAttempt.endpointId, endpointId),
          inArray(webhookAttempt.eventId, [...eventIds]),
        ),
      )
      .orderBy(asc(webhookAttempt.eventId), asc(webhookAttempt.attempt)),
  );
}

/** Makes deliveries due again from the first attempt on: those of these events, or of a time. Answers how many. */
export function replayDeliveries(
  ctx: Context,
  endpoint: { id: string; publicId: string },
  which: { readonly eventId: string } | { readonly since: string; readonly until: string | undefined },
) {
  return write<{ count: number }>(ctx, (sql) => ({
    parts: [
      [
        "again",
        sql`update webhook_delivery set delivered_at = null, failed_at = null, due_at = now(),
            -- One that waits keeps its count, so that replaying does not make it wait for ever.
            attempts = case when delivered_at is null and failed_at is null then attempts else 0 end
          where organization_id = ${ctx.organizationId}::uuid and endpoint_id = ${endpoint.id}::uuid
            and ${
              "eventId" in which
                ? sql`event_id = ${which.eventId}::uuid`
                : sql`at >= ${which.since}::timestamptz and at <= coalesce(${which.until ?? null}::timestamptz, now())`
            }
            and exists (select from webhook_endpoint e where e.organization_id = ${ctx.organizationId}::uuid
              and e.id = ${endpoint.id}::uuid and e.disabled_at is null)
          returning event_id`,
      ],
      [
        "woken",
        sql`select wake_webhooks(${ctx.organizationId}::uuid, ${endpoint.id}::uuid, now()) where exists (select from again)`,
      ],
    ],
    result: sql`select (select count(*) from again)::int + 0 * (select count(*) from woken)::int as count
      where ${"eventId" in which ? sql`exists (select from again)` : sql`true`}`,
    audit: {
      action: "webhook.replayed",
      entity: endpoint.publicId,
      details: "eventId" in which ? { event: which.eventId } : which,
    },
  }));
}

/** An endpoint that its claimant may work off for a while. */
export interface ClaimedEndpoint {
  readonly url: string;
}

/**
 * Takes an endpoint for a while, so that one process works it off at a time. Undefined, and woken again when the other
 * claim is over, when somebody has it; undefined too when it is disabled or a listener's.
 */
export async function claimEndpoint(ctx: Context, id: string): Promise<ClaimedEndpoint | undefined> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ url: string | null; woken: string }[]>`
      with mine as (
        update webhook_endpoint set claimed_until = now() + make_interval(secs => ${limits.webhookClaimSeconds}::int)
        where organization_id = ${ctx.organizationId} and id = ${id} and disabled_at is null and url is not null
          and coalesce(claimed_until, '-infinity') <= now()
        returning url),
      others as (
        select wake_webhooks(organization_id, id, claimed_until) from webhook_endpoint
        where organization_id = ${ctx.organizationId} and id = ${id} and disabled_at is null and url is not null
          and claimed_until > now() and not exists (select from mine))
      select (select url from mine) as url, (select count(*) from others) as woken`,
  );
  const url = rows[0]?.url ?? undefined;
  return url === undefined ? undefined : { url };
}

/**
 * Gives an endpoint back, to be left alone for some seconds more, and has it woken when the next delivery is due.
 */
export async function releaseEndpoint(ctx: Context, id: string, restSeconds: number): Promise<void> {
  await ctx.services.db.statement(
    (sql) => sql`
      with given_back as (
        update webhook_endpoint set claimed_until = now() + make_interval(secs => ${restSeconds}::int)
        where organization_id = ${ctx.organizationId} and id = ${id} and disabled_at is null returning claimed_until)
      select wake_webhooks(${ctx.organizationId}, ${id}, greatest(d.due_at, g.claimed_until))
      from given_back g, (${pendingOf(sql, id)} order by due_at limit 1) d`,
  );
}

const pendingOf = (sql: Sql, endpointId: string) => sql`
  select due_at from webhook_delivery where endpoint_id = ${endpointId}::uuid and delivered_at is null and failed_at is null`;

/** A delivery that an attempt is made at. */
export interface ClaimedDelivery {
  readonly eventId: string;
  readonly type: string;
  readonly data: object;
  readonly at: Date;
  /** This one included. */
  readonly attempts: number;
}

/** Takes the delivery of an endpoint that has been due longest. If nothing is heard of it, it is due again later. */
export async function claimDelivery(ctx: Context, endpointId: string): Promise<ClaimedDelivery | undefined> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<ClaimedDelivery[]>`
      update webhook_delivery set attempts = attempts + 1,
        due_at = now() + make_interval(secs => ${limits.webhookClaimSeconds}::int)
      where organization_id = ${ctx.organizationId} and endpoint_id = ${endpointId} and event_id = (
        select event_id from webhook_delivery
        where endpoint_id = ${endpointId} and delivered_at is null and failed_at is null and due_at <= now()
        order by due_at, event_id limit 1 for update skip locked)
      returning event_id as "eventId", type, data, at, attempts`,
  );
  return rows[0];
}

/** Notes an attempt in the log with what follows from it: delivered, due again, or given up. */
export async function recordAttempt(
  ctx: Context,
  endpointId: string,
  attempt: {
    eventId: string;
    attempt: number;
    status: number | null;
    error: string | null;
    durationMs: number;
    isDelivered: boolean;
    /** Undefined: there is no further attempt. */
    retryAfterSeconds: number | undefined;
  },
): Promise<void> {
  const { eventId, isDelivered, retryAfterSeconds } = attempt;
  await ctx.services.db.statement(
    (sql) => sql`
      with logged as (
        insert into webhook_attempt (organization_id, endpoint_id, event_id, attempt, status, error, duration_ms)
        select organization_id, endpoint_id, event_id, (
            select coalesce(max(a.attempt), 0) + 1 from webhook_attempt a
            where a.organization_id = d.organization_id and a.endpoint_id = d.endpoint_id and a.event_id = d.event_id),
          ${attempt.status}::int, ${attempt.error}, ${attempt.durationMs}::int
        from webhook_delivery d
        where organization_id = ${ctx.organizationId} and endpoint_id = ${endpointId} and event_id = ${eventId})
      update webhook_delivery set
        delivered_at = case when ${isDelivered}::boolean then now() else delivered_at end,
        failed_at = case when not ${isDelivered}::boolean and ${retryAfterSeconds === undefined}::boolean then now() end,
        due_at = case when attempts > ${attempt.attempt}::int then due_at
          else now() + make_interval(secs => ${retryAfterSeconds ?? 0}::int) end
      where organization_id = ${ctx.organizationId} and endpoint_id = ${endpointId} and event_id = ${eventId}
        and delivered_at is null`,
  );
}

/** Wakes every endpoint that has something due: what was lost with a process is taken up again. */
export async function wakeDueEndpoints(services: Services): Promise<void> {
  await services.db.statement(
    (sql) => sql`
      select wake_webhooks(e.organization_id, e.id, now()) from webhook_endpoint e
      where e.disabled_at is null and e.url is not null and coalesce(e.claimed_until, '-infinity') <= now()
        and exists (${pendingOfEndpoint(sql)})`,
  );
}

const pendingOfEndpoint = (sql: Sql) => sql`
  select from webhook_delivery d where d.endpoint_id = e.id and d.delivered_at is null and d.failed_at is null
    and d.due_at <= now()`;

/** Removes deliveries, with their attempts, that are older than they are kept. Returns how many. */
export async function deleteOldDeliveries(services: Services): Promise<number> {
  const rows = await services.db.statement(
    (sql) => sql<{ count: string }[]>`
      with removed as (
        delete from webhook_delivery where ctid = any(array(
          select ctid from webhook_delivery where at < now() - make_interval(days => ${limits.webhookDeliveryDays}::int)
          limit ${limits.retentionRows}::int))
        returning 1)
      select count(*) from removed`,
  );
  return Number(rows[0]?.count ?? 0);
}

/** What a listener has not heard yet, the oldest first, noted as heard; also a sign of life of theirs. */
export async function takeHeard(ctx: Context, endpointId: string): Promise<ClaimedDelivery[]> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<ClaimedDelivery[]>`
      with alive as (
        update webhook_endpoint set listening_until = now() + make_interval(secs => ${limits.webhookListenSeconds}::int)
        where organization_id = ${ctx.organizationId} and id = ${endpointId} and disabled_at is null)
      update webhook_delivery set delivered_at = now(), attempts = 1
      where organization_id = ${ctx.organizationId} and endpoint_id = ${endpointId} and delivered_at is null
      returning event_id as "eventId", type, data, at, attempts`,
  );
  return rows.toSorted((a, b) => (a.eventId < b.eventId ? -1 : 1));
}
