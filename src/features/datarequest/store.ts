import { and, asc, desc, eq, inArray, isNull, lt } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { type AuditAction, type Job, tell, write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { type NewOptOut, optOutParts, optOutTells } from "../optout/index.ts";
import type { DeadlineStep } from "./domain/deadline.ts";
import type { Clock } from "./domain/earliest.ts";
import { type RequestKind, requestKinds } from "./domain/kind.ts";
import {
  isFinal,
  type Life,
  type RequestEventKind,
  type RequestStatus,
  requestStatuses,
} from "./domain/life.ts";
import { eventPart, type NewEvent, recordSteps } from "./life-store.ts";
import { archive, dataRequest, delivery, requestEvent } from "./tables.ts";

/** A stored request: where it is in its life, and what else is known of it. */
export type DataRequestRow = Omit<typeof dataRequest.$inferSelect, keyof Life> & Life;
export type RequestEventRow = typeof requestEvent.$inferSelect;
export type ArchiveRow = typeof archive.$inferSelect;
export type DeliveryRow = typeof delivery.$inferSelect;

const openStatuses = requestStatuses.filter((status) => !isFinal(status));

/** The work of building an archive. Queued again under its key it is still one. */
function buildJob(organizationId: string, archiveId: string): Job {
  return {
    task: "build_archive",
    payload: { organizationId, archiveId },
    key: `archive:${archiveId}`,
  };
}

export interface NewDataRequest {
  readonly id: string;
  readonly subjectId: string;
  readonly kind: RequestKind;
  readonly regime: string;
  readonly regimes: readonly string[];
  readonly status: RequestStatus;
  readonly approvalsNeeded: number;
  readonly requesterCapacity: string;
  readonly requesterSealed: Buffer | null;
  readonly requesterUntil: string | null;
  readonly channel: string;
  readonly language: string;
  readonly receivedAt: string;
  readonly dueAt: string;
  readonly lastDay: string;
  /** How the due date was counted. */
  readonly counting: readonly DeadlineStep[];
  readonly clocks: readonly Clock[];
}

/** The open request of a person (root record) and kind that they made themself. */
export async function findOpenRequest(
  ctx: Context,
  subjectId: string,
  kind: string,
): Promise<string | undefined> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ id: string }[]>`
      select r.id from data_request r
      join subject s on s.organization_id = r.organization_id and s.id = r.subject_id
      where r.organization_id = ${ctx.organizationId} and s.root_id = ${subjectId} and r.kind = ${kind}
        and r.requester_capacity = 'self' and r.status in ${sql(openStatuses)}
      order by r.created_at, r.id limit 1`,
  );
  return rows[0]?.id;
}

export interface OpenedRequest {
  readonly id: string;
  readonly joined: boolean;
}

/**
 * Opens a request, and with an objection ends marketing in the same statement. No row: one of the same person and kind was
 * opened at this very moment.
 */
export async function insertRequest(
  ctx: Context,
  made: NewDataRequest,
  optOut: NewOptOut | undefined,
): Promise<OpenedRequest | undefined> {
  return write<OpenedRequest>(ctx, (sql) => ({
    parts: [
      [
        "opened",
        sql`insert into data_request (organization_id, id, subject_id, kind, regime, regimes, status, channel,
            language, received_at, due_at, last_day, counting, clocks, approvals_needed, requester_capacity,
            requester_sealed, requester_until)
          values (${ctx.organizationId}, ${made.id}, ${made.subjectId}, ${made.kind}, ${made.regime}, ${made.regimes}::text[],
            ${made.status}, ${made.channel}, ${made.language}, ${made.receivedAt}, ${made.dueAt}, ${made.lastDay},
            ${JSON.stringify(made.counting)}::text::jsonb, ${JSON.stringify(made.clocks)}::text::jsonb,
            ${made.approvalsNeeded}, ${made.requesterCapacity},
            ${made.requesterSealed}::bytea, ${made.requesterUntil}::timestamptz)
          on conflict (organization_id, subject_id, kind)
            where requester_capacity = 'self' and status in ('received', 'identity_check', 'in_progress', 'ready', 'delivered') do nothing
          returning id, status`,
      ],
      [
        "event",
        eventPart(
          sql,
          ctx,
          {
            kind: "opened",
            status: "received",
            details: {
              ...receipt(made),
              approvalsNeeded: made.approvalsNeeded,
              capacity: made.requesterCapacity,
            },
          },
          "opened",
        ),
      ],
      ...objectionParts(sql, ctx, optOut, "opened"),
    ],
    result: sql`select id, false as joined from opened`,
    audit: {
      action: "data_request.opened",
      entity: formatId("req", made.id),
      details: { kind: made.kind, capacity: made.requesterCapacity },
    },
    tells: [
      ...(optOut === undefined ? [] : optOutTells(sql, optOut)),
      ...(made.requesterCapacity === "self"
        ? []
        : [
            tell(
              sql,
              "data_request.asked_by_other",
              {
                requestId: formatId("req", made.id),
                subjectId: formatId("sub", made.subjectId),
                kind: made.kind,
                capacity: made.requesterCapacity,
              },
              "opened",
            ),
          ]),
    ],
  }));
}

/** Joins an open request: of two due dates the earlier counts. No row: it has ended meanwhile. */
export async function joinRequest(
  ctx: Context,
  id: string,
  made: NewDataRequest,
  optOut: NewOptOut | undefined,
): Promise<OpenedRequest | undefined> {
  return write<OpenedRequest>(ctx, (sql) => ({
    parts: [
      [
        "joined",
        sql`update data_request r set
            counting = case when ${made.dueAt}::timestamptz < r.due_at
              then ${JSON.stringify(made.counting)}::text::jsonb else r.counting end,
            regime = case when ${made.dueAt}::timestamptz < r.due_at then ${made.regime} else r.regime end,
            regimes = array(select distinct unnest(r.regimes || ${made.regimes}::text[]) order by 1),
            clocks = r.clocks || ${JSON.stringify(made.clocks)}::text::jsonb,
            due_at = least(r.due_at, ${made.dueAt}::timestamptz), last_day = least(r.last_day, ${made.lastDay}::date)
          where r.organization_id = ${ctx.organizationId}::uuid and r.id = ${id}::uuid
            and r.status in ${sql(openStatuses)}
          returning r.id, r.status`,
      ],
      ["event", eventPart(sql, ctx, { kind: "joined", details: receipt(made) }, "joined")],
      ...(optOut === undefined ? [] : optOutParts(sql, ctx, optOut, "joined")),
    ],
    ...(optOut === undefined ? {} : { tells: optOutTells(sql, optOut) }),
    result: sql`select id, true as joined from joined`,
    audit: { action: "data_request.joined", entity: formatId("req", id), details: { kind: made.kind } },
  }));
}

/** The parts by which an objection in part `of` is carried out as it is received: marketing to the person ends. */
function objectionParts(sql: Sql, ctx: Context, optOut: NewOptOut | undefined, of: string) {
  if (optOut === undefined) return [];
  const details = { optOutId: optOut.publicId };
  return [
    ...optOutParts(sql, ctx, optOut, of),
    ["carried_out", eventPart(sql, ctx, { kind: "carried_out", details }, of)] as const,
  ];
}

function receipt({ receivedAt, channel, regime, regimes, dueAt }: NewDataRequest) {
  return { receivedAt, channel, regime, regimes, dueAt };
}

export async function selectRequest(ctx: Context, id: string): Promise<DataRequestRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(dataRequest)
      .where(and(eq(dataRequest.organizationId, ctx.organizationId), eq(dataRequest.id, id))),
  );
  return rows.map(typed)[0];
}

/** Requests of the organization, the newest first. */
export async function selectRequests(
  ctx: Context,
  before: string | undefined,
  limit: number,
  isUnassigned: boolean,
): Promise<DataRequestRow[]> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(dataRequest)
      .where(
        and(
          eq(dataRequest.organizationId, ctx.organizationId),
          before ? lt(dataRequest.id, before) : undefined,
          isUnassigned
            ? and(isNull(dataRequest.owner), inArray(dataRequest.status, openStatuses))
            : undefined,
        ),
      )
      .orderBy(desc(dataRequest.id))
      .limit(limit),
  );
  return rows.map(typed);
}

function typed(row: typeof dataRequest.$inferSelect): DataRequestRow {
  const status = requestStatuses.find((known) => known === row.status);
  const kind = requestKinds.find((known) => known === row.kind);
  if (status === undefined || kind === undefined) {
    throw new Error("A data request has a status or kind that does not exist.");
  }
  return { ...row, status, kind };
}

export async function selectEvents(ctx: Context, requestId: string): Promise<RequestEventRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(requestEvent)
      .where(and(eq(requestEvent.organizationId, ctx.organizationId), eq(requestEvent.requestId, requestId)))
      .orderBy(asc(requestEvent.at), asc(requestEvent.id)),
  );
}

export async function selectArchive(ctx: Context, id: string): Promise<ArchiveRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(archive)
      .where(and(eq(archive.organizationId, ctx.organizationId), eq(archive.id, id))),
  );
  return rows[0];
}

/** The newest archive of each request. */
export async function selectArchivesOf(
  ctx: Context,
  requestIds: readonly string[],
): Promise<Map<string, ArchiveRow>> {
  if (requestIds.length === 0) return new Map();
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(archive)
      .where(and(eq(archive.organizationId, ctx.organizationId), inArray(archive.requestId, [...requestIds])))
      .orderBy(asc(archive.createdAt), asc(archive.id)),
  );
  return new Map(rows.map((row) => [row.requestId, row]));
}

export async function selectDeliveries(ctx: Context, archiveId: string): Promise<DeliveryRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(delivery)
      .where(and(eq(delivery.organizationId, ctx.organizationId), eq(delivery.archiveId, archiveId)))
      .orderBy(asc(delivery.createdAt), asc(delivery.id)),
  );
}

/** Records steps of a request that have its archive built. No row: the request is not in the state `before` any more. */
export function recordBuild<Answer extends object>(
  ctx: Context,
  before: DataRequestRow,
  after: Life,
  step: { events: readonly NewEvent[]; audit: { action: AuditAction }; archiveId: string; answer: Answer },
) {
  return recordSteps(ctx, before, after, {
    events: step.events,
    audit: step.audit,
    answer: step.answer,
    parts: (sql) => [["building", newArchivePart(sql, ctx, step.archiveId, "moved")]],
    job: buildJob(ctx.organizationId, step.archiveId),
  });
}

/** The part of a write that adds an archive to be built for the request in part `of`. */
function newArchivePart(sql: Sql, ctx: Context, archiveId: string, of: string): Fragment {
  return sql`
    insert into archive (organization_id, id, request_id, state, lease_until)
    select ${ctx.organizationId}::uuid, ${archiveId}::uuid, id, 'building',
      now() + ${limits.archiveQueueSeconds}::int * interval '1 second'
    from ${sql(of)} returning id`;
}

/**
 * Takes the lease on an archive that is to be built, under a new key and attempt: whatever an earlier attempt left is
 * worthless from then on. No row: it is built, or somebody else builds it.
 */
export async function startAttempt(
  ctx: Context,
  input: { archiveId: string; key: Buffer },
): Promise<{ attempt: number; requestId: string } | undefined> {
  const row = await write<{ attempt: number; id: string }>(ctx, (sql) => ({
    parts: [
      [
        "started",
        sql`update archive a set attempt = a.attempt + 1, key = ${input.key}::bytea,
            lease_until = now() + ${limits.archiveLeaseSeconds}::int * interval '1 second'
          from data_request r
          where a.organization_id = ${ctx.organizationId}::uuid and a.id = ${input.archiveId}::uuid and a.state = 'building'
            and (a.key is null or a.lease_until < now())
            and r.organization_id = a.organization_id and r.id = a.request_id and r.status = 'in_progress'
          returning r.id, r.status, a.attempt`,
      ],
      ["event", eventPart(sql, ctx, { kind: "build_started" }, "started")],
    ],
    result: sql`select id, attempt from started`,
    audit: { action: "archive.started", entity: formatId("arc", input.archiveId) },
  }));
  return row && { attempt: row.attempt, requestId: row.id };
}

/** One attempt at building one archive. */
export interface Attempt {
  readonly archiveId: string;
  readonly attempt: number;
}

/** The part that holds the lease of an attempt for longer; without a row the attempt has lost it. */
function heldPart(sql: Sql, ctx: Context, { archiveId, attempt }: Attempt): Fragment {
  return sql`
    update archive set lease_until = now() + ${limits.archiveLeaseSeconds}::int * interval '1 second'
    where organization_id = ${ctx.organizationId}::uuid and id = ${archiveId}::uuid and state = 'building'
      and attempt = ${attempt}::int
    returning id`;
}

/** A sign of life of an attempt. False: another one has taken over. */
export async function holdLease(ctx: Context, attempt: Attempt): Promise<boolean> {
  const rows = await ctx.services.db.statement((sql) => sql`${heldPart(sql, ctx, attempt)}`);
  return rows.length > 0;
}

/** Stores the next sealed piece of an archive. False: another attempt has taken over, and nothing was stored. */
export async function insertChunk(
  ctx: Context,
  attempt: Attempt,
  position: number,
  sealed: Buffer,
): Promise<boolean> {
  const rows = await ctx.services.db.statement(
    (sql) => sql`
      with held as (${heldPart(sql, ctx, attempt)})
      insert into archive_chunk (organization_id, archive_id, attempt, position, sealed)
      select ${ctx.organizationId}::uuid, id, ${attempt.attempt}::int, ${position}::int, ${sealed}::bytea from held
      returning position`,
  );
  return rows.length > 0;
}

/** A source that failed for one section while an archive was built. `mayHeal`: without anybody's doing. */
export interface FailedSource {
  readonly source: string;
  readonly section: string;
  readonly reason: string;
  readonly mayHeal: boolean;
}

/** The finished archive becomes ready, and its request with it. No row: another attempt has taken over. */
export async function finishAttempt(
  ctx: Context,
  { archiveId, attempt }: Attempt,
  made: {
    bytes: number;
    sha256: string;
    manifest: object;
    partial: boolean;
    /** What could not be read, and why: for staff. */
    failedSources?: readonly FailedSource[];
  },
) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "finished",
        sql`update archive a set state = 'ready', bytes = ${made.bytes}::bigint, sha256 = ${made.sha256},
            manifest = ${JSON.stringify(made.manifest)}::text::jsonb, ready_at = now(), lease_until = null,
            expires_at = now() + ${limits.archiveLifeDays}::int * interval '1 day'
          from data_request r
          where a.organization_id = ${ctx.organizationId}::uuid and a.id = ${archiveId}::uuid and a.state = 'building'
            and a.attempt = ${attempt}::int
            and r.organization_id = a.organization_id and r.id = a.request_id and r.status = 'in_progress'
          returning r.id`,
      ],
      [
        "moved",
        sql`update data_request r set status = 'ready', approvals = r.approvals[1:1] from finished
          where r.organization_id = ${ctx.organizationId}::uuid and r.id = finished.id and r.status = 'in_progress'
          returning r.id, r.status`,
      ],
      [
        "event",
        eventPart(
          sql,
          ctx,
          {
            kind: "archive_ready",
            details: {
              archiveId: formatId("arc", archiveId),
              bytes: made.bytes,
              sha256: made.sha256,
              partial: made.partial,
              ...(made.failedSources?.length && { failedSources: made.failedSources }),
            },
          },
          "moved",
        ),
      ],
    ],
    result: sql`select id from moved`,
    audit: {
      action: "archive.built",
      entity: formatId("arc", archiveId),
      details: { bytes: made.bytes, sha256: made.sha256, partial: made.partial, attempt },
    },
  }));
}

/** Notes why an attempt failed, for all to see, and gives its lease back: without a key nobody is at work. */
export async function failAttempt(ctx: Context, { archiveId, attempt }: Attempt, reason: string) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "failed",
        sql`update archive a set key = null,
            lease_until = now() + ${limits.archiveRetrySeconds}::int * interval '1 second'
          from data_request r
          where a.organization_id = ${ctx.organizationId}::uuid and a.id = ${archiveId}::uuid and a.state = 'building'
            and a.attempt = ${attempt}::int and r.organization_id = a.organization_id and r.id = a.request_id
          returning r.id, r.status`,
      ],
      ["event", eventPart(sql, ctx, { kind: "build_failed", details: { reason, attempt } }, "failed")],
    ],
    result: sql`select id from failed`,
    audit: { action: "archive.failed", entity: formatId("arc", archiveId), details: { reason, attempt } },
  }));
}

const chunksAtOnce = 64;

/**
 * Removes pieces that belong to no archive any more: of earlier attempts, of deleted archives. In steps, since an
 * archive may be large.
 */
export async function sweepChunks(ctx: Context, archiveId: string): Promise<void> {
  for (;;) {
    const rows = await ctx.services.db.statement(
      (sql) => sql`
        delete from archive_chunk c using (
          select k.archive_id, k.attempt, k.position from archive_chunk k
          join archive a on a.organization_id = k.organization_id and a.id = k.archive_id
          where k.organization_id = ${ctx.organizationId} and k.archive_id = ${archiveId}
            and (a.state = 'deleted' or k.attempt < a.attempt) limit ${chunksAtOnce}) old
        where c.organization_id = ${ctx.organizationId} and c.archive_id = old.archive_id
          and c.attempt = old.attempt and c.position = old.position
        returning c.position`,
    );
    if (rows.length < chunksAtOnce) return;
  }
}

export async function selectChunk(
  ctx: Context,
  { archiveId, attempt }: Attempt,
  position: number,
): Promise<Buffer | undefined> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ sealed: Buffer }[]>`
      select sealed from archive_chunk where organization_id = ${ctx.organizationId} and archive_id = ${archiveId}
        and attempt = ${attempt} and position = ${position}`,
  );
  return rows[0]?.sealed;
}

/** Staff look at an archive. No row: it is not there (any more). */
export async function recordOpening(ctx: Context, archiveId: string) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [],
    result: sql`select id from archive where organization_id = ${ctx.organizationId}::uuid and id = ${archiveId}::uuid
      and state = 'ready' and expires_at > now()`,
    audit: { action: "archive.opened", entity: formatId("arc", archiveId) },
  }));
}

/**
 * Makes a delivery of a ready archive, which from then on ends together with its link. No row: the request is not
 * where that can happen, or the archive is not there.
 */
export async function insertDelivery(
  ctx: Context,
  made: {
    id: string;
    requestId: string;
    from: RequestStatus;
    to: RequestStatus;
    tokenSha256: Buffer;
    passcodeHash: string;
  },
) {
  return write<{ id: string; expires_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "chosen",
        sql`update archive a
          set expires_at = least(a.expires_at, now() + ${limits.deliveryLifeDays}::int * interval '1 day')
          from data_request r
          where a.organization_id = ${ctx.organizationId}::uuid and a.request_id = ${made.requestId}::uuid
            and a.state = 'ready' and a.expires_at > now()
            and r.organization_id = a.organization_id and r.id = a.request_id and r.status = ${made.from}
            and cardinality(r.approvals) >= r.approvals_needed
            and (r.requester_until is null or r.requester_until > now())
          returning a.id as archive_id, a.expires_at, r.id`,
      ],
      [
        "moved",
        sql`update data_request r set status = ${made.to}, is_clarifying = false from chosen
          where r.organization_id = ${ctx.organizationId}::uuid and r.id = chosen.id and r.status = ${made.from}
            and cardinality(r.approvals) >= r.approvals_needed
          returning r.id, r.status`,
      ],
      [
        "made",
        sql`insert into delivery (organization_id, id, archive_id, token_sha256, passcode_hash, tries_left, expires_at)
          select ${ctx.organizationId}::uuid, ${made.id}::uuid, archive_id, ${made.tokenSha256}::bytea, ${made.passcodeHash},
            ${limits.passcodeTries}::smallint, expires_at
          from chosen where exists (select from moved) returning id, expires_at`,
      ],
      [
        "event",
        eventPart(
          sql,
          ctx,
          { kind: "delivery_created", details: { deliveryId: formatId("dlv", made.id) } },
          "moved",
        ),
      ],
    ],
    result: sql`select id, expires_at from made`,
    audit: {
      action: "delivery.created",
      entity: formatId("dlv", made.id),
      details: { requestId: formatId("req", made.requestId) },
    },
  }));
}

/** What a delivery link leads to. */
export interface Pickup {
  readonly organizationId: string;
  readonly deliveryId: string;
  readonly archiveId: string;
  readonly requestId: string;
  readonly isThere: boolean;
  readonly triesLeft: number;
  readonly expiresAt: Date;
  readonly bytes: number | null;
  readonly language: string;
}

export async function selectPickup(services: Services, tokenSha256: Buffer): Promise<Pickup | undefined> {
  const rows = await services.db.statement(
    (sql) => sql<(Omit<Pickup, "bytes"> & { bytes: string | null })[]>`
      select d.organization_id as "organizationId", d.id as "deliveryId", a.id as "archiveId", r.id as "requestId",
        d.tries_left as "triesLeft", d.expires_at as "expiresAt", a.bytes, r.language,
        (d.expires_at > now() and a.state = 'ready' and a.expires_at > now()) as "isThere"
      from delivery d
      join archive a on a.organization_id = d.organization_id and a.id = d.archive_id
      join data_request r on r.organization_id = a.organization_id and r.id = a.request_id
      where d.token_sha256 = ${tokenSha256}`,
  );
  const row = rows[0];
  return row && { ...row, bytes: row.bytes === null ? null : Number(row.bytes) };
}

/**
 * Takes one try of a delivery before the passcode is looked at, so that guesses at the same time never get more tries
 * than there are. Undefined: none is left, or the archive is gone.
 */
export async function takeTry(
  ctx: Context,
  deliveryId: string,
): Promise<{ passcodeHash: string; triesLeft: number } | undefined> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ passcodeHash: string; triesLeft: number }[]>`
      update delivery d set tries_left = d.tries_left - 1 from archive a
      where d.organization_id = ${ctx.organizationId} and d.id = ${deliveryId} and d.tries_left > 0
        and d.expires_at > now() and a.organization_id = d.organization_id and a.id = d.archive_id and a.state = 'ready'
      returning d.passcode_hash as "passcodeHash", d.tries_left as "triesLeft"`,
  );
  return rows[0];
}

/** A right passcode: gives back the try that it took, and counts the download. No row: the archive is gone. */
export async function recordDownload(ctx: Context, pickup: Pickup) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "counted",
        sql`update delivery d set downloads = d.downloads + 1, tries_left = d.tries_left + 1
          from archive a, data_request r
          where d.organization_id = ${ctx.organizationId}::uuid and d.id = ${pickup.deliveryId}::uuid
            and d.expires_at > now() and a.organization_id = d.organization_id and a.id = d.archive_id
            and a.state = 'ready' and r.organization_id = a.organization_id and r.id = a.request_id
            and r.status = 'delivered'
          returning r.id, r.status, d.downloads`,
      ],
      [
        "event",
        eventPart(
          sql,
          ctx,
          { kind: "downloaded", details: { deliveryId: formatId("dlv", pickup.deliveryId) } },
          "counted",
        ),
      ],
    ],
    result: sql`select id from counted`,
    audit: { action: "delivery.opened", entity: formatId("dlv", pickup.deliveryId) },
  }));
}

/** Notes that a passcode was wrong. */
export async function recordRefusal(ctx: Context, deliveryId: string, triesLeft: number): Promise<void> {
  await write(ctx, (sql) => ({
    parts: [],
    result: sql`select 1 as one`,
    audit: { action: "delivery.refused", entity: formatId("dlv", deliveryId), details: { triesLeft } },
  }));
}

/** An archive whose time is over, with where its request stands. */
export interface ExpiredArchive extends Life {
  readonly organizationId: string;
  readonly archiveId: string;
  readonly requestId: string;
  readonly isFetched: boolean;
}

export async function selectExpired(services: Services): Promise<ExpiredArchive[]> {
  return services.db.statement(
    (sql) => sql<ExpiredArchive[]>`
      select a.organization_id as "organizationId", a.id as "archiveId", r.id as "requestId", r.kind, r.status,
        r.approvals_needed as "approvalsNeeded", r.approvals, r.owner, r.is_clarifying as "isClarifying",
        r.is_extended as "isExtended",
        exists (select from delivery d where d.organization_id = a.organization_id and d.archive_id = a.id
          and d.downloads > 0) as "isFetched"
      from archive a
      join data_request r on r.organization_id = a.organization_id and r.id = a.request_id
      where a.state = 'ready' and a.expires_at <= now() order by a.expires_at limit 100`,
  );
}

/**
 * Deletes an archive whose time is over: its key is destroyed at once, its pieces are swept up afterwards, its manifest
 * stays. The request takes its step; `again` names the archive to be built in its place. No row: something came in
 * between, or it was done before.
 */
export async function expireArchive(
  ctx: Context,
  expired: ExpiredArchive,
  step: { kind: RequestEventKind; to: RequestStatus; reason: string; again?: string },
) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "ended",
        sql`update archive a set state = 'deleted', key = null, deleted_at = now() from data_request r
          where a.organization_id = ${ctx.organizationId}::uuid and a.id = ${expired.archiveId}::uuid
            and a.state = 'ready' and a.expires_at <= now()
            and r.organization_id = a.organization_id and r.id = a.request_id and r.status = ${expired.status}
            and ${expired.isFetched}::boolean = exists (select from delivery d
              where d.organization_id = a.organization_id and d.archive_id = a.id and d.downloads > 0)
          returning r.id`,
      ],
      [
        "moved",
        sql`update data_request r set status = ${step.to} from ended
          where r.organization_id = ${ctx.organizationId}::uuid and r.id = ended.id returning r.id, r.status`,
      ],
      [
        "event",
        eventPart(
          sql,
          ctx,
          {
            kind: step.kind,
            details: { archiveId: formatId("arc", expired.archiveId), reason: step.reason },
          },
          "moved",
        ),
      ],
      ...(step.again === undefined
        ? []
        : ([["again", newArchivePart(sql, ctx, step.again, "moved")]] as const)),
    ],
    result: sql`select id from moved`,
    audit: { action: "archive.deleted", entity: formatId("arc", expired.archiveId) },
    ...(step.again === undefined ? {} : { job: buildJob(ctx.organizationId, step.again) }),
  }));
}

/** Archives of which pieces are left that belong to nothing any more. */
export async function selectUnswept(
  services: Services,
): Promise<{ organizationId: string; archiveId: string }[]> {
  return services.db.statement(
    (sql) => sql<{ organizationId: string; archiveId: string }[]>`
      select a.organization_id as "organizationId", a.id as "archiveId" from archive a
      where (a.state = 'deleted' and a.deleted_at > now() - interval '30 days' or a.state <> 'deleted' and a.attempt > 1)
        and exists (select from archive_chunk c where c.organization_id = a.organization_id and c.archive_id = a.id
          and c.attempt < case when a.state = 'deleted' then a.attempt + 1 else a.attempt end)
      limit 100`,
  );
}

/** Queues again what nobody has worked at for too long: its worker died. Returns how many. */
export async function requeueStalled(services: Services): Promise<number> {
  const rows = await services.db.statement(
    (sql) => sql`
      select queue_job('build_archive',
        json_build_object('organizationId', organization_id, 'archiveId', id), 'archive:' || id)
      from archive where state = 'building' and lease_until < now()`,
  );
  return rows.length;
}
