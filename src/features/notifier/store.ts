import type { Context, Services } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import type { Address, Way } from "./domain/notice.ts";

/** A notice that is to go out, what it says sealed. */
export interface SealedNotice {
  /** uuid */
  readonly id: string;
  readonly kind: string;
  readonly toKind: Address["kind"];
  readonly sealed: Buffer;
  /** How long what it says is good for. */
  readonly lifeSeconds: number;
}

/**
 * The part of a write that has a notice sent when an earlier part, `when`, has a row. It is in the outbox together with its
 * cause, and its job with it.
 */
export function noticePart(
  sql: Sql,
  ctx: Context,
  { id, kind, toKind, sealed, lifeSeconds }: SealedNotice,
  when: string,
): readonly [string, Fragment] {
  const { payload, key } = jobOf(ctx, id);
  return [
    "noticed",
    sql`insert into notice (organization_id, id, kind, to_kind, sealed, expires_at)
      select ${ctx.organizationId}::uuid, ${id}::uuid, ${kind}, ${toKind}, ${sealed}::bytea,
        now() + make_interval(secs => ${lifeSeconds}::int)
      from ${sql(when)} limit 1
      returning id, queue_job('send_notice', ${payload}::text::json, ${key})`,
  ];
}

function jobOf({ organizationId }: Context, noticeId: string) {
  return { payload: JSON.stringify({ organizationId, noticeId }), key: `notice:${noticeId}` };
}

/** A notice that somebody is handing over. */
export interface ClaimedNotice {
  readonly sealed: Buffer;
  readonly toKind: Address["kind"];
  readonly ruledOut: readonly string[];
  /** Which attempt it is; what another one wrote since counts. */
  readonly attempt: number;
}

/** Takes the lease on a notice that is due. Undefined: somebody has it, it is settled, or its time is over. */
export async function claimNotice(ctx: Context, id: string): Promise<ClaimedNotice | undefined> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<ClaimedNotice[]>`
      update notice set attempts = attempts + 1, due_at = now() + make_interval(secs => ${limits.noticeLeaseSeconds})
      where organization_id = ${ctx.organizationId} and id = ${id} and state = 'waiting' and due_at <= now()
        and expires_at > now()
      returning sealed, to_kind as "toKind", ruled_out as "ruledOut", attempts as attempt`,
  );
  return rows[0];
}

type Settled =
  | { readonly state: "sent"; readonly way: Way }
  | { readonly state: "failed" | "kept"; readonly reason: string };

/** Notes what became of a notice. What it says is forgotten, but for one that staff are to read. */
export async function settleNotice(
  ctx: Context,
  { id, attempt }: { id: string; attempt: number },
  settled: Settled,
): Promise<void> {
  const { state } = settled;
  const { way, reason } = { way: undefined, reason: undefined, ...settled };
  await write(ctx, (sql) => ({
    parts: [
      [
        "settled",
        sql`update notice set state = ${state}, way = ${way ?? null}::text, reason = ${reason ?? null}::text,
            sealed = case when ${state === "kept"} then sealed end, settled_at = now()
          where organization_id = ${ctx.organizationId}::uuid and id = ${id}::uuid and state = 'waiting'
            and attempts = ${attempt}::int
          returning id`,
      ],
    ],
    result: sql`select id from settled`,
    audit: {
      action: `notice.${state}`,
      entity: formatId("ntf", id),
      details: { ...(way === undefined ? {} : { way }), ...(reason === undefined ? {} : { reason }) },
    },
  }));
}

/** Notes that a way will never take a notice; the attempt goes on with the next. */
export async function ruleOut(
  ctx: Context,
  { id, attempt }: { id: string; attempt: number },
  { way, reason }: { way: Way; reason: string },
): Promise<void> {
  await ctx.services.db.statement(
    (sql) => sql`
      update notice set ruled_out = array_append(ruled_out, ${way}), reason = ${reason}
      where organization_id = ${ctx.organizationId} and id = ${id} and attempts = ${attempt}`,
  );
}

/** Notes why a notice could not be handed over just now, and has it tried again. */
export async function postpone(
  ctx: Context,
  { id, attempt }: { id: string; attempt: number },
  { reason, seconds }: { reason: string; seconds: number },
): Promise<void> {
  const { payload, key } = jobOf(ctx, id);
  await ctx.services.db.statement(
    (sql) => sql`
      update notice set due_at = now() + make_interval(secs => ${seconds}::int), reason = ${reason}
      where organization_id = ${ctx.organizationId} and id = ${id} and state = 'waiting' and attempts = ${attempt}
      returning queue_job('send_notice', ${payload}::text::json, ${key}, ${seconds}::int)`,
  );
}

/** Queues again what is long due: its job, or who had it, died. Answers how many. */
export async function requeueStalledNotices({ db }: Services): Promise<number> {
  const rows = await db.statement(
    (sql) => sql`
      select queue_job('send_notice', json_build_object('organizationId', organization_id, 'noticeId', id), 'notice:' || id)
      from notice where state = 'waiting' and expires_at > now()
        and due_at < now() - make_interval(secs => ${limits.noticeStallSeconds})`,
  );
  return rows.length;
}

/** Forgets what notices said whose time is over, and after some weeks that there were any. Answers how many had not gone out. */
export async function dropPastNotices({ db }: Services): Promise<number> {
  const rows = await db.statement(
    (sql) => sql`
      with dropped as (
        delete from notice where created_at < now() - make_interval(days => ${limits.noticeKeptDays}) returning id)
      update notice set state = 'expired', sealed = null, settled_at = now()
      where state in ('waiting', 'kept') and expires_at <= now()
      returning id`,
  );
  return rows.length;
}

/** A notice as the outbox has it. */
export interface NoticeRow {
  readonly id: string;
  readonly kind: string;
  readonly toKind: string;
  readonly state: string;
  readonly attempts: number;
  readonly way: string | null;
  readonly reason: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** Of one that staff are to read, as long as it is good. */
  readonly sealed: Buffer | null;
}

/** The newest notices of the organization. */
export async function selectNotices(ctx: Context): Promise<NoticeRow[]> {
  return ctx.services.db.look(
    (sql) => sql<NoticeRow[]>`
      select id, kind, to_kind as "toKind", case when state in ('waiting', 'kept') and expires_at <= now() then 'expired'
          else state end as state, attempts, way, reason, created_at as "createdAt", expires_at as "expiresAt",
        case when state = 'kept' and expires_at > now() then sealed end as sealed
      from notice where organization_id = ${ctx.organizationId} order by created_at desc, id desc
      limit ${limits.listMost}`,
  );
}

/** Notes that somebody read what notices say: whoever reads a code could give it in another's place. */
export async function recordReading(ctx: Context, noticeIds: readonly string[]): Promise<void> {
  await write(ctx, (sql) => ({
    parts: [],
    result: sql`select 1 as one`,
    audit: {
      action: "outbox.read",
      entity: formatId("org", ctx.organizationId),
      details: { notices: noticeIds.map((id) => formatId("ntf", id)) },
    },
  }));
}
