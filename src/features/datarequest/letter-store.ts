import { and, asc, eq } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { type Job, write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import type { LetterKind, LetterNote } from "./domain/letter.ts";
import { letter, sentLetter } from "./tables.ts";

export type LetterRow = typeof letter.$inferSelect;
export type SentLetterRow = typeof sentLetter.$inferSelect;

/** A letter that is to be stored as a draft. */
export interface NewLetter {
  readonly id: string;
  readonly kind: LetterKind;
  readonly language: string;
  /** A step of the request rests on it. */
  readonly neededBy?: Date | undefined;
  readonly sealed: Buffer;
}

/**
 * The parts of a write that leave a draft and its note in the history of the request in part `of` (column `id`, at most
 * one row). `replaces`: a draft of the same kind that was not sent gives way to it; else that is a unique violation.
 */
export function draftParts(
  sql: Sql,
  ctx: Context,
  made: NewLetter,
  { of, replaces }: { readonly of: string; readonly replaces: boolean },
): readonly (readonly [name: string, part: Fragment])[] {
  return [
    [
      "drafted",
      sql`insert into letter (organization_id, id, request_id, kind, language, state, needed_by, sealed)
        select ${ctx.organizationId}::uuid, ${made.id}::uuid, x.id, ${made.kind}, ${made.language}, 'draft',
          ${made.neededBy?.toISOString() ?? null}::timestamptz, ${made.sealed}::bytea
        from ${sql(of)} x ${
          replaces
            ? sql`on conflict (organization_id, request_id, kind) where state = 'draft' do update
                set id = excluded.id, language = excluded.language, version = 1, needed_by = excluded.needed_by,
                  sealed = excluded.sealed, failure = null, created_at = now(), updated_at = now()`
            : sql``
        } returning request_id, id`,
    ],
    [
      "draft_noted",
      notePart(
        sql,
        ctx,
        "letter_drafted",
        { letterId: formatId("let", made.id), letter: made.kind },
        "drafted",
      ),
    ],
  ];
}

/** Staff's words about a note, sealed for its event. */
interface SealedWords {
  readonly id: string;
  readonly sealed: Buffer;
}

/** The part of a write that notes something in the history of the request in part `of` (column `request_id`). */
function notePart(
  sql: Sql,
  ctx: Context,
  event: LetterNote,
  details: object,
  of: string,
  said?: SealedWords,
): Fragment {
  return sql`
    insert into request_event (organization_id, request_id, id, event, status, actor_kind, actor_id, details, sealed)
    select ${ctx.organizationId}::uuid, r.id, ${said?.id ?? ctx.services.newId("evt")}::uuid, ${event}, r.status,
      ${ctx.actor.kind}, ${ctx.actor.id ?? null}, ${JSON.stringify(details)}::text::jsonb, ${said?.sealed ?? null}::bytea
    from ${sql(of)} x join data_request r on r.organization_id = ${ctx.organizationId}::uuid and r.id = x.request_id
    returning id`;
}

/** Stores a draft by itself. Throws a unique violation when one of its kind is being worked on. */
export async function insertDraft(ctx: Context, requestId: string, made: NewLetter) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "request",
        sql`select id from data_request where organization_id = ${ctx.organizationId}::uuid
          and id = ${requestId}::uuid`,
      ],
      ...draftParts(sql, ctx, made, { of: "request", replaces: false }),
    ],
    result: sql`select id from drafted`,
    audit: {
      action: "letter.drafted",
      entity: formatId("let", made.id),
      details: { requestId: formatId("req", requestId), kind: made.kind },
    },
  }));
}

export async function selectLetter(
  ctx: Context,
  requestId: string,
  id: string,
): Promise<LetterRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(letter)
      .where(
        and(
          eq(letter.organizationId, ctx.organizationId),
          eq(letter.id, id),
          eq(letter.requestId, requestId),
        ),
      ),
  );
  return rows[0];
}

/** The letters of a request, the oldest first. */
export async function selectLetters(ctx: Context, requestId: string): Promise<LetterRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(letter)
      .where(and(eq(letter.organizationId, ctx.organizationId), eq(letter.requestId, requestId)))
      .orderBy(asc(letter.createdAt), asc(letter.id)),
  );
}

export async function selectSentLetters(ctx: Context, requestId: string): Promise<SentLetterRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(sentLetter)
      .where(and(eq(sentLetter.organizationId, ctx.organizationId), eq(sentLetter.requestId, requestId))),
  );
}

/** The link by which an archive of a request can be fetched, the newest one. */
export async function selectOpenDelivery(
  ctx: Context,
  requestId: string,
): Promise<{ id: string; expiresAt: Date } | undefined> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ id: string; expiresAt: Date }[]>`
      select d.id, d.expires_at as "expiresAt" from delivery d
      join archive a on a.organization_id = d.organization_id and a.id = d.archive_id
      where a.organization_id = ${ctx.organizationId} and a.request_id = ${requestId} and a.state = 'ready'
        and d.expires_at > now() and a.expires_at > now() and d.tries_left > 0
      order by d.created_at desc, d.id desc limit 1`,
  );
  return rows[0];
}

/** A letter as somebody looked at it. */
export interface SeenLetter {
  readonly id: string;
  readonly version: number;
}

/** Stores a changed draft. No row: it was changed, sent or discarded meanwhile. */
export async function updateDraft(ctx: Context, { id, version }: SeenLetter, sealed: Buffer) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "edited",
        sql`update letter set sealed = ${sealed}::bytea, version = version + 1, updated_at = now(), failure = null
          where organization_id = ${ctx.organizationId}::uuid and id = ${id}::uuid and state = 'draft'
            and version = ${version}::int returning id`,
      ],
    ],
    result: sql`select id from edited`,
    audit: { action: "letter.edited", entity: formatId("let", id) },
  }));
}

/** Gives a draft up, for a sealed reason. No row: a step rests on it, or it is no draft any more. */
export async function discardDraft(ctx: Context, id: string, said: SealedWords) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "discarded",
        sql`update letter set state = 'discarded', updated_at = now()
          where organization_id = ${ctx.organizationId}::uuid and id = ${id}::uuid and state = 'draft'
            and needed_by is null returning request_id, id`,
      ],
      ["noted", notePart(sql, ctx, "letter_discarded", { letterId: formatId("let", id) }, "discarded", said)],
    ],
    result: sql`select id from discarded`,
    audit: { action: "letter.discarded", entity: formatId("let", id) },
  }));
}

function sendJob(organizationId: string, letterId: string): Job {
  return { task: "send_letter", payload: { organizationId, letterId }, key: `letter:${letterId}` };
}

/** Has a draft mailed; `sealed` is the draft with the address that was chosen. No row: it is not that draft any more. */
export async function queueLetter(ctx: Context, { id, version }: SeenLetter, sealed: Buffer) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "queued_letter",
        sql`update letter set state = 'sending', sealed = ${sealed}::bytea, due_at = now(), attempts = 0, failure = null,
            updated_at = now()
          where organization_id = ${ctx.organizationId}::uuid and id = ${id}::uuid and state = 'draft'
            and version = ${version}::int returning id`,
      ],
    ],
    result: sql`select id from queued_letter`,
    audit: { action: "letter.queued", entity: formatId("let", id) },
    job: sendJob(ctx.organizationId, id),
  }));
}

/** Takes an attempt at mailing a letter. Undefined: it is not due, or not to be sent any more. */
export async function claimLetter(ctx: Context, id: string): Promise<LetterRow | undefined> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ requestId: string; attempts: number }[]>`
      update letter set attempts = attempts + 1,
        due_at = now() + ${limits.letterClaimSeconds}::int * interval '1 second'
      where organization_id = ${ctx.organizationId} and id = ${id} and state = 'sending' and due_at <= now()
      returning request_id as "requestId", attempts`,
  );
  const [claimed] = rows;
  if (claimed === undefined) return undefined;
  const row = await selectLetter(ctx, claimed.requestId, id);
  return row?.state === "sending" && row.attempts === claimed.attempts ? row : undefined;
}

/** A letter that went out. */
export interface Sending {
  readonly id: string;
  readonly kind: string;
  readonly way: string;
  /** Null: now. */
  readonly sentAt: Date | null;
  readonly sealed: Buffer;
}

/**
 * Records that a letter went out, exactly as it was. `from` says what it must have been: that attempt at mailing it, or
 * that version of the draft. No row: it is not.
 */
export async function recordSent(
  ctx: Context,
  { id, kind, way, sentAt, sealed }: Sending,
  from: { readonly attempt: number } | { readonly version: number },
) {
  return write<{ id: string; sent_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "ended",
        sql`update letter set state = 'sent', due_at = null, failure = null, updated_at = now()
          where organization_id = ${ctx.organizationId}::uuid and id = ${id}::uuid and ${
            "attempt" in from
              ? sql`state = 'sending' and attempts = ${from.attempt}::int`
              : sql`state = 'draft' and version = ${from.version}::int`
          } returning request_id, id, kind, language`,
      ],
      [
        "kept",
        sql`insert into sent_letter (organization_id, letter_id, request_id, kind, language, way, sent_at, actor_kind,
            actor_id, sealed)
          select ${ctx.organizationId}::uuid, id, request_id, kind, language, ${way},
            coalesce(${sentAt?.toISOString() ?? null}::timestamptz, now()), ${ctx.actor.kind}, ${ctx.actor.id ?? null},
            ${sealed}::bytea
          from ended returning request_id, letter_id, sent_at`,
      ],
      [
        "noted",
        notePart(sql, ctx, "letter_sent", { letterId: formatId("let", id), letter: kind, way }, "kept"),
      ],
    ],
    result: sql`select letter_id as id, sent_at from kept`,
    audit: { action: "letter.sent", entity: formatId("let", id), details: { way } },
  }));
}

/**
 * Notes that an attempt at mailing a letter failed, and why. `retrySeconds`: until the next one; undefined: there is none,
 * and it is a draft again that staff send another way.
 */
export async function recordFailure(
  ctx: Context,
  { id, attempts }: Pick<LetterRow, "id" | "attempts">,
  failure: { readonly reason: string; readonly retrySeconds: number | undefined },
) {
  const { reason, retrySeconds } = failure;
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "failed",
        sql`update letter set failure = ${reason}, updated_at = now(), ${
          retrySeconds === undefined
            ? sql`state = 'draft', due_at = null, version = version + 1`
            : sql`due_at = now() + ${retrySeconds}::int * interval '1 second'`
        } where organization_id = ${ctx.organizationId}::uuid and id = ${id}::uuid and state = 'sending'
            and attempts = ${attempts}::int returning request_id, id`,
      ],
      [
        "noted",
        notePart(
          sql,
          ctx,
          "letter_failed",
          { letterId: formatId("let", id), reason, isTriedAgain: retrySeconds !== undefined },
          "failed",
        ),
      ],
    ],
    result: sql`select id from failed`,
    audit: { action: "letter.failed", entity: formatId("let", id), details: { reason } },
  }));
}

/** Queues letters whose next attempt is due, or whose sender died. Returns how many. */
export async function requeueLetters(services: Services): Promise<number> {
  const rows = await services.db.statement(
    (sql) => sql`
      select queue_job('send_letter', json_build_object('organizationId', organization_id, 'letterId', id),
        'letter:' || id)
      from letter where state = 'sending' and due_at < now()`,
  );
  return rows.length;
}
