import type { Context } from "../context.ts";
import { SaysoError } from "../kernel/errors.ts";
import type { EventType } from "../kernel/event-types.ts";
import { keyedHash } from "../kernel/seal.ts";
import { errorCode, type Fragment, type Sql, violatedUnique } from "./database.ts";

/** Every action that leaves an audit entry: a closed union, so that a reader can rely on the words. */
export type AuditAction =
  | "organization.created"
  | "organization.updated"
  | "api_key.created"
  | "api_key.revoked"
  | "sender.registered"
  | "sender.restricted"
  | "sender.restriction_lifted"
  | "sender.changed"
  | "sender.limited"
  | "sender.quality_rated"
  | "purpose.created"
  | "template.recorded"
  | "templates.imported"
  | "collection_point.created"
  | "collection_point.changed"
  | "collection_point.versioned"
  | "capture_token.issued"
  | "consent.recorded"
  | "consent.confirmation_asked"
  | "attachment.added"
  | "attachment.opened"
  | "consent_import.started"
  | "consents.imported"
  | "consents.exported"
  | "legacy_evidence.recorded"
  | "opt_out.recorded"
  | "opt_out.undone"
  | "opt_out.suspected"
  | "opt_out_suspicion.confirmed"
  | "opt_out_suspicion.dismissed"
  | "opt_out_link.issued"
  | "preference.changed"
  | "preference.undone"
  | "preference_code.created"
  | "preference_code.revealed"
  | "preference_code.used"
  | "preference_code.refused"
  | "block.created"
  | "block.lifted"
  | "cause.opened"
  | "switch.pulled"
  | "switch.released"
  | "complaint_breaker.opened"
  | "complaint_breaker.closed"
  | "monitor.started"
  | "monitor.ended"
  | "policy.proposed"
  | "policy.activated"
  | "subject.changed"
  | "subject.merged"
  | "subject.unlinked"
  | "subject.erased"
  | "inbound_message.recorded"
  | "message_status.recorded"
  | "platform_preference.recorded"
  | "account_data.recorded"
  | "account_section.registered"
  | "sources.told"
  | "request_claim.settled"
  | "identity_code.created"
  | "identity_code.used"
  | "identity_code.refused"
  | "notice.sent"
  | "notice.failed"
  | "notice.kept"
  | "outbox.read"
  | "data_request.opened"
  | "data_request.joined"
  | "data_request.identity_noted"
  | "data_request.approved"
  | "data_request.warned"
  | "data_request.assigned"
  | "data_request.clarification_asked"
  | "data_request.clarification_received"
  | "data_request.extended"
  | "data_request.refused"
  | "data_request.cancelled"
  | "data_request.closed"
  | "holiday_calendar.loaded"
  | "opendsr_request.recorded"
  | "opendsr_request.cancelled"
  | "opendsr_callback.attempted"
  | "archive.started"
  | "archive.built"
  | "archive.failed"
  | "archive.opened"
  | "archive.deleted"
  | "delivery.created"
  | "delivery.opened"
  | "delivery.refused"
  | "letter.drafted"
  | "letter.edited"
  | "letter.discarded"
  | "letter.queued"
  | "letter.sent"
  | "letter.failed"
  | "retention.applied"
  | "hold.placed"
  | "hold.reviewed"
  | "hold.released"
  | "webhook_endpoint.created"
  | "webhook_endpoint.disabled"
  | "webhook.replayed";

/** A job for the background worker, queued by the same statement. */
export interface Job {
  readonly task: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Jobs of one key that have not started are one. */
  readonly key: string;
  /** Not before; at once without it. */
  readonly delaySeconds?: number;
}

export interface Write {
  /** Named parts (CTEs) in order. They do not see each other's writes, only what those return. */
  readonly parts: readonly (readonly [name: string, part: Fragment])[];
  /**
   * A SELECT of at most one row: the answer. No row: nothing was done, and neither the audit entry nor the
   * idempotency record is written (the parts must have seen to it that they wrote nothing either).
   */
  readonly result: Fragment;
  /** `entity` is the public id of what the action is about; details never hold personal data. */
  readonly audit: { readonly action: AuditAction; readonly entity: string; readonly details?: object };
  readonly job?: Job;
  /**
   * What other systems are told when it happened: SELECTs of at most one row with `type` (an EventType) and `data`
   * (jsonb: ids and words of ours), which may read the parts. See `tell`.
   */
  readonly tells?: readonly Fragment[];
  /** The same for many events: a SELECT of `id` (uuid, of each event alone), `type` and `data`. */
  readonly tellsAll?: Fragment;
}

/** One event to tell if the part `when` has a row. */
export function tell(sql: Sql, type: EventType, data: object, when: string): Fragment {
  return sql`select ${type}::text as type, ${JSON.stringify(data)}::text::jsonb as data from ${sql(when)} limit 1`;
}

/**
 * Sends one write as ONE statement: its parts, the audit entry, the job and the idempotency record travel
 * together, so that either all of it happened or none. Returns the result's row as JSON (timestamps as text), or
 * undefined when there was none. A repeated idempotency key gives the first answer again.
 *
 * Throws `idempotency_key_reused` (same key, other request), `in_progress` (the first one is still running), and
 * whatever the database says of a violated constraint.
 */
export async function write<Row>(ctx: Context, build: (sql: Sql) => Write): Promise<Row | undefined> {
  try {
    const rows = await retryDeadlock(() =>
      ctx.services.db.statement((sql) => assemble<Row>(sql, ctx, build(sql))),
    );
    // Nothing was done, perhaps because an earlier request with this key did it meanwhile.
    return rows[0]?.answer ?? (await replay<Row>(ctx));
  } catch (error) {
    // Whichever constraint noticed it first: the request may have been answered already.
    const earlier = violatedUnique(error) === undefined ? undefined : await replay<Row>(ctx);
    if (earlier === undefined) throw error;
    return earlier;
  }
}

function assemble<Row>(sql: Sql, ctx: Context, { parts, result, audit, job, tells = [], tellsAll }: Write) {
  // Materialized, so that none is worked out once for each row of another.
  const named = parts.reduce(
    (before, [name, part]) => sql`${before}${sql(name)} as materialized (${part}), `,
    sql``,
  );
  const queued = job
    ? sql`, queued as (select queue_job(${job.task}, ${JSON.stringify(job.payload)}::text::json, ${job.key},
        ${job.delaySeconds ?? 0}::int) from result)`
    : sql``;
  const remembered = ctx.idempotency
    ? sql`, remembered as (
        insert into idempotency_record (organization_id, key, route, body_hash, answer)
        select ${ctx.organizationId}::uuid, ${ctx.idempotency.key}, ${ctx.idempotency.route},
          ${ctx.idempotency.bodyHash}::bytea, to_jsonb(result) from result returning 1)`
    : sql``;
  const events = [
    ...tells.map(
      (event) => sql`(select ${ctx.services.newId("evt")}::uuid as id, t.type, t.data from (${event}) t)`,
    ),
    ...(tellsAll === undefined ? [] : [sql`(${tellsAll})`]),
  ];
  const told =
    events.length === 0
      ? sql``
      : toldParts(
          sql,
          ctx.organizationId,
          sql`
          select * from (${events.reduce((before, event) => sql`${before} union all ${event}`)}) t
          where exists (select from result)`,
        );
  return sql<{ answer: Row }[]>`
    with ${named}result as materialized (${result}),
    audited as (
      insert into audit_entry (organization_id, id, action, actor_kind, actor_id, entity, request_id, details)
      select ${ctx.organizationId}::uuid, ${ctx.services.newId("aud")}::uuid, ${audit.action}, ${ctx.actor.kind},
        ${ctx.actor.id ?? null}, ${audit.entity}, ${ctx.requestId}, ${JSON.stringify(audit.details ?? {})}::text::jsonb
      from result returning 1)
    ${queued}${remembered}${told}
    select to_jsonb(result) as answer${job ? sql`, (select count(*) from queued)` : sql``}${
      events.length > 0 ? sql`, (select count(*) from woken)` : sql``
    } from result`;
}

/**
 * The parts that tell others of events: a SELECT of `id`, `type` and `data`. Whoever wants to know has a row of each; where
 * nobody does, this looks at one index and finds nothing. `woken` must be read.
 */
function toldParts(sql: Sql, organizationId: string, events: Fragment): Fragment {
  return sql`, told as (
      insert into webhook_delivery (organization_id, endpoint_id, event_id, type, data)
      select e.organization_id, e.id, t.id, t.type, t.data from (${events}) t
      join webhook_endpoint e on e.organization_id = ${organizationId}::uuid and e.disabled_at is null
        and (e.listening_until is null or e.listening_until > now())
        and (e.event_types = '{}' or t.type = any(e.event_types))
      returning organization_id, endpoint_id),
    woken as (
      select wake_webhooks(organization_id, endpoint_id, now()) from (
        select distinct organization_id, endpoint_id from told) t)`;
}

/** Writes of many requests of one organization at once; see writeAll. */
export interface WriteAll {
  readonly parts: readonly (readonly [name: string, part: Fragment])[];
  /** A SELECT of the answers: `n` says which request's. One that has no row did nothing. */
  readonly result: Fragment;
  /** `of` is a SELECT of `n`, `entity` and `details` (jsonb): an entry for each row. */
  readonly audit: { readonly action: AuditAction; readonly of: Fragment };
  /** A SELECT of `n`, `type` and `data`, at most one row a request: what other systems are told. See Write. */
  readonly tells: Fragment;
}

/**
 * The same as `write` for many requests of one organization in ONE statement: either all of it happened or none. Answers
 * in the order of `contexts`, undefined for a request that did nothing (see replay). Throws what the database says of a
 * violated constraint, whichever request it is about; a request by itself gets the first answer to its key again.
 */
export async function writeAll<Row>(
  contexts: readonly Context[],
  build: (sql: Sql) => WriteAll,
): Promise<(Row | undefined)[]> {
  const [first] = contexts;
  if (first === undefined) return [];
  try {
    const rows = await retryDeadlock(() =>
      first.services.db.statement((sql) => assembleAll<Row>(sql, contexts, first, build(sql))),
    );
    const answers = new Map(rows.map(({ n, answer }) => [n, answer]));
    return contexts.map((_ctx, n) => answers.get(n));
  } catch (error) {
    const earlier =
      violatedUnique(error) === undefined || contexts.length > 1 ? undefined : await replay<Row>(first);
    if (earlier === undefined) throw error;
    return [earlier];
  }
}

function assembleAll<Row>(
  sql: Sql,
  contexts: readonly Context[],
  { organizationId, services }: Context,
  { parts, result, audit, tells }: WriteAll,
) {
  const requests = contexts.map(({ actor, requestId, idempotency }, n) => ({
    n,
    auditId: services.newId("aud"),
    toldId: services.newId("evt"),
    actorKind: actor.kind,
    actorId: actor.id,
    requestId,
    key: idempotency?.key,
    route: idempotency?.route,
    bodyHash: idempotency?.bodyHash.toString("base64"),
  }));
  const named = parts.reduce((before, [name, part]) => sql`${before}${sql(name)} as (${part}), `, sql``);
  return sql<{ n: number; answer: Row }[]>`
    with request as materialized (
      select * from json_to_recordset(${JSON.stringify(requests)}::text::json) r(n int, "auditId" uuid, "toldId" uuid, "actorKind" text,
        "actorId" text, "requestId" text, key text, route text, "bodyHash" text)),
    ${named}result as materialized (${result}),
    audited as (
      insert into audit_entry (organization_id, id, action, actor_kind, actor_id, entity, request_id, details)
      select ${organizationId}::uuid, r."auditId", ${audit.action}, r."actorKind", r."actorId", a.entity, r."requestId",
        a.details
      from (${audit.of}) a join request r on r.n = a.n returning 1),
    remembered as (
      insert into idempotency_record (organization_id, key, route, body_hash, answer)
      select ${organizationId}::uuid, r.key, r.route, decode(r."bodyHash", 'base64'), to_jsonb(result) - 'n'
      from result join request r on r.n = result.n where r.key is not null order by r.key returning 1)
    ${toldParts(sql, organizationId, sql`select r."toldId" as id, t.type, t.data from (${tells}) t join request r on r.n = t.n`)}
    select n, to_jsonb(result) - 'n' as answer, (select count(*) from woken) from result`;
}

/** A record that is to end: its uuid and public id, its event's uuid, and why. */
export interface Ended {
  readonly id: string;
  readonly publicId: string;
  readonly eventId: string;
  readonly reason: string;
}

/**
 * Ends a record: sets the column that says since when it is over, once, with an event that says why and by whom.
 * Undefined when there is no such record, or it is over. `of` is the event's column that names the record.
 */
export function endRecord(
  ctx: Context,
  { id, publicId, eventId, reason }: Ended,
  how: {
    readonly table: string;
    readonly endedAt: string;
    readonly event: string;
    readonly of: string;
    readonly kind: string;
    readonly action: AuditAction;
    /** What else must be so of the record. */
    readonly onlyIf?: (sql: Sql) => Fragment;
    /** What other systems are told; the part `ended` has the record. */
    readonly tells?: (sql: Sql) => readonly Fragment[];
  },
): Promise<{ at: string } | undefined> {
  return write<{ at: string }>(ctx, (sql) => ({
    parts: [
      [
        "ended",
        sql`update ${sql(how.table)} set ${sql(how.endedAt)} = now()
          where organization_id = ${ctx.organizationId} and id = ${id} and ${sql(how.endedAt)} is null
            and ${how.onlyIf?.(sql) ?? sql`true`}
          returning id, ${sql(how.endedAt)} as at`,
      ],
      [
        "event",
        sql`insert into ${sql(how.event)} (organization_id, id, ${sql(how.of)}, kind, reason, actor_kind, actor_id)
          select ${ctx.organizationId}::uuid, ${eventId}::uuid, id, ${how.kind}, ${reason}, ${ctx.actor.kind}, ${ctx.actor.id ?? null}
          from ended returning id`,
      ],
    ],
    result: sql`select at from ended`,
    audit: { action: how.action, entity: publicId, details: { reason } },
    tells: how.tells?.(sql) ?? [],
  }));
}

/** What an earlier request with this key answered, when it was the same request. Throws `idempotency_key_reused`. */
export async function replay<Row>(ctx: Context): Promise<Row | undefined> {
  const [outcome] = await replayAll<Row>([ctx]);
  if (outcome instanceof SaysoError) throw outcome;
  return outcome;
}

/** The same for many requests of one organization, in their order; the error is answered instead of thrown. */
export async function replayAll<Row>(
  contexts: readonly Context[],
): Promise<(Row | SaysoError | undefined)[]> {
  const keys = contexts.flatMap(({ idempotency }) => idempotency?.key ?? []);
  const [first] = contexts;
  if (first === undefined || keys.length === 0) return contexts.map(() => undefined);
  const rows = await first.services.db.look(
    (sql) => sql<{ key: string; route: string; body_hash: Buffer; answer: Row }[]>`
      select key, route, body_hash, answer from idempotency_record
      where organization_id = ${first.organizationId} and key = any(${keys}::text[])`,
  );
  const records = new Map(rows.map((row) => [row.key, row]));
  return contexts.map(({ idempotency }) => {
    const record = idempotency && records.get(idempotency.key);
    if (record === undefined) return undefined;
    if (record.route === idempotency?.route && record.body_hash.equals(idempotency.bodyHash))
      return record.answer;
    return new SaysoError(
      "idempotency_key_reused",
      "This Idempotency-Key was used for another request. Use a new key for a new request.",
    );
  });
}

/** Begins the idempotency keys that Sayso makes itself: no caller's key has a control character in it. */
const own = "\u0001";

/**
 * The context in which something that nobody sent a key for happens once: `name` says what it is (tell its use first), and
 * `said` what must be the same when it comes again.
 */
export function once(ctx: Context, use: string, name: string, said: string = name): Context {
  return {
    ...ctx,
    idempotency: { key: `${own}${use}/${name}`, route: use, bodyHash: keyedHash(ctx.keys.data, said) },
  };
}

/** Binds the context's key to what was said first under it. Whether it is the same that is said now; of two that come at the same time one is first. */
export async function claim({ organizationId, idempotency, services }: Context): Promise<boolean> {
  if (idempotency === undefined) return true;
  const { key, route, bodyHash } = idempotency;
  const rows = await services.db.statement(
    (sql) => sql<{ body_hash: Buffer }[]>`
      insert into idempotency_record as r (organization_id, key, route, body_hash, answer)
      values (${organizationId}::uuid, ${key}, ${route}, ${bodyHash}, '{}')
      on conflict (organization_id, key) do update set route = r.route returning body_hash`,
  );
  return rows[0]?.body_hash.equals(bodyHash) === true;
}

/**
 * What the first request with this key answered, else what `run` answers now. When `run` finds that what it wants is
 * done already, the first request may have done it in between: then its answer is given.
 */
export async function answerOnce<Row>(ctx: Context, run: () => Promise<Row>): Promise<Row> {
  const earlier = await replay<Row>(ctx);
  if (earlier !== undefined) return earlier;
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof SaysoError && error.code === "conflict")) throw error;
    const meanwhile = await replay<Row>(ctx);
    if (meanwhile === undefined) throw error;
    return meanwhile;
  }
}

/** Runs a statement again when PostgreSQL chose it as a deadlock's victim: it was rolled back whole. */
export async function retryDeadlock<T>(run: () => Promise<T>, attempts = 5): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (errorCode(error) !== "40P01" || attempt === attempts) throw error;
    }
  }
}
