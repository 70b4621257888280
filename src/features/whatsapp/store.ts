import { and, asc, eq, gt, inArray } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { tell, write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { liftedByStaff, type Restriction } from "../../kernel/sender-state.ts";
import { addSeconds } from "../../kernel/time.ts";
import {
  type NewOptOut,
  type NewSuspicion,
  optOutParts,
  optOutTells,
  suspicionParts,
  suspicionTells,
} from "../optout/index.ts";
import { codePart, codeTells, type NewCode } from "../preference/index.ts";
import { hashesOf } from "../subject/index.ts";
import type { HeardField } from "./domain/fields.ts";
import type { DailyLimit } from "./domain/update.ts";
import { template } from "./tables.ts";

/** A sender that updates are for. Ids are uuids. */
export interface KnownSender {
  readonly id: string;
  readonly organizationId: string;
  readonly phoneNumberId: string;
  readonly wabaId: string;
}

/** The senders with these phoneNumberIds or in these WhatsApp Business Accounts, of whichever live organization. */
export async function selectKnownSenders(
  services: Services,
  named: { phoneNumberIds: readonly string[]; wabaIds: readonly string[] },
): Promise<KnownSender[]> {
  return services.db.statement(
    (sql) => sql<KnownSender[]>`
      select id, organization_id as "organizationId", phone_number_id as "phoneNumberId", waba_id as "wabaId" from sender
      where not is_sandbox and (phone_number_id = any(${named.phoneNumberIds as string[]}::text[])
        or waba_id = any(${named.wabaIds as string[]}::text[]))`,
  );
}

/** The wrapped key of a day, made when it is the first body of that day. */
export async function findOrMakeDayKey(services: Services, day: string, wrapped: Buffer): Promise<Buffer> {
  const rows = await services.db.statement(
    (sql) => sql<{ key: Buffer }[]>`
      with made as (insert into webhook_day_key (day, key) values (${day}, ${wrapped}) on conflict do nothing returning key)
      select key from made union all select key from webhook_day_key where day = ${day} limit 1`,
  );
  const key = rows[0]?.key;
  // The other process's row may not have been visible to the statement that ran into it.
  return key ?? findOrMakeDayKey(services, day, wrapped);
}

export async function selectDayKey(services: Services, day: string): Promise<Buffer | undefined> {
  const rows = await services.db.statement(
    (sql) => sql<{ key: Buffer }[]>`select key from webhook_day_key where day = ${day}`,
  );
  return rows[0]?.key;
}

/**
 * Stores a raw body with the job that takes over when this process dies before it was applied, and has it go on to a
 * URL where one is given.
 */
export async function insertBody(
  services: Services,
  body: { id: string; day: string; receivedAt: Date; sealed: Buffer },
  forward: { url: string; signature: string } | undefined,
): Promise<void> {
  await services.db.statement(
    (sql) => sql`
      with body as (
        insert into webhook_body (id, day, received_at, sealed)
        values (${body.id}, ${body.day}, ${body.receivedAt}, ${body.sealed}) returning id),
      queued as (
        select queue_job('process_webhook_body', json_build_object('id', id), 'webhook_body:' || id::text, 30) from body),
      forwarded as (
        insert into webhook_forward (body_id, url, signature)
        select id, ${forward?.url ?? ""}, ${forward?.signature ?? ""} from body where ${forward !== undefined}::boolean
        returning url),
      woken as (select wake_forwards(url, now()) from forwarded)
      select (select count(*) from queued), (select count(*) from woken)`,
  );
}

export interface StoredBody {
  readonly id: string;
  readonly day: string;
  readonly receivedAt: Date;
  readonly sealed: Buffer;
  readonly processedAt: Date | null;
}

export async function selectBody(services: Services, id: string): Promise<StoredBody | undefined> {
  const rows = await services.db.statement(
    (sql) => sql<StoredBody[]>`
      select id, day::text, received_at as "receivedAt", sealed, processed_at as "processedAt" from webhook_body where id = ${id}`,
  );
  return rows[0];
}

/** Ids of stored bodies with updates that waited for one of these names, the oldest first. */
export async function selectUnclaimedBodies(services: Services, names: readonly string[]): Promise<string[]> {
  const rows = await services.db.statement(
    (sql) => sql<{ id: string }[]>`
      select id from webhook_body where unclaimed && ${names as string[]}::text[] order by received_at, id`,
  );
  return rows.map(({ id }) => id);
}

/**
 * Notes that every update of a body took effect, but for those that wait for a sender or could not be read, and when
 * the fields in it came. What is less than a minute newer is left, so that no row is written for every webhook.
 */
export async function markProcessed(
  services: Services,
  { id, receivedAt }: { id: string; receivedAt: Date },
  left: { unclaimed: readonly string[]; unreadable: readonly object[]; heard: readonly HeardField[] },
): Promise<void> {
  await services.db.statement(
    (sql) => sql`
      with news as (
        select distinct s.organization_id, s.waba_id, h.field
        from jsonb_to_recordset(${JSON.stringify(left.heard)}::text::jsonb) h("wabaId" text, field text)
        join sender s on s.waba_id = h."wabaId" and not s.is_sandbox
        where not exists (select from webhook_intake i
          where i.organization_id = s.organization_id and i.waba_id = s.waba_id and i.field = h.field
            and i.heard_at > ${receivedAt}::timestamptz - interval '1 minute')),
      heard as (
        insert into webhook_intake as i (organization_id, waba_id, field, heard_at)
        select organization_id, waba_id, field, ${receivedAt}::timestamptz from news order by 1, 2, 3
        on conflict (organization_id, waba_id, field) do update set heard_at = excluded.heard_at
          where i.heard_at < excluded.heard_at)
      update webhook_body set processed_at = now(), unclaimed = ${left.unclaimed as string[]}::text[],
        unreadable = ${JSON.stringify(left.unreadable)}::text::jsonb
      where id = ${id}`,
  );
}

/** Drops the raw bodies of days before this one, and the keys that could open copies of them. */
export async function deleteDaysBefore(services: Services, day: string): Promise<number> {
  const rows = await services.db.statement(
    (sql) => sql<{ count: string }[]>`
      with keys as (delete from webhook_day_key where day < ${day}::date returning day),
      bodies as (delete from webhook_body where day < ${day}::date returning id)
      select count(*) from bodies`,
  );
  return Number(rows[0]?.count ?? 0);
}

export interface NewInboundMessage {
  readonly messageId: string;
  readonly at: string;
  /** `at` is the message's own; otherwise that of its receipt, another one each time it comes. */
  readonly isStamped: boolean;
  readonly senderId: string;
  readonly subjectId: string;
  readonly kind: string;
  readonly opensWindow: boolean;
  /** The no that the message says, if it does. */
  readonly optOut: NewOptOut | undefined;
  /** The no that it may be, when it says none. */
  readonly suspicion: NewSuspicion | undefined;
  /** The code that it asks for, when it does. */
  readonly code: NewCode | undefined;
}

/** What went on record of a message; `isOptOut`: it was taken for a no. */
export interface RecordedInbound {
  readonly id: string;
  readonly isOptOut: boolean;
  /** Public id of the opt-out. */
  readonly optOutId: string | null;
  /** uuid. */
  readonly suspicionId: string | null;
  /** uuid of the code for their preferences that the person asked for. */
  readonly codeId: string | null;
}

/**
 * Records a message from a person with the window it opens and the no it says, in one statement and once only: a
 * message that is known already changes nothing and answers undefined. Only a no that does not stand yet is still
 * taken: a no is never lost behind a message id that a caller used before.
 */
export async function insertInboundMessage(ctx: Context, message: NewInboundMessage) {
  const { optOut, suspicion, code } = message;
  return write<RecordedInbound>(ctx, (sql) => ({
    parts: [
      ["known", sql`select at from known_message(${ctx.organizationId}::uuid, ${message.messageId})`],
      [
        "message",
        sql`insert into inbound_message (organization_id, message_id, at, sender_id, subject_id, kind, opens_window)
          select ${ctx.organizationId}::uuid, ${message.messageId}, ${message.at}::timestamptz, ${message.senderId}::uuid,
            ${message.subjectId}::uuid, ${message.kind}, ${message.opensWindow}::boolean
          where not exists (select from known)
          on conflict do nothing
          returning message_id, at, opens_window`,
      ],
      [
        "opened",
        sql`insert into service_window (organization_id, sender_id, subject_id, opened_at, message_id)
          select ${ctx.organizationId}::uuid, ${message.senderId}::uuid, ${message.subjectId}::uuid, at, message_id
          from message where opens_window
          on conflict (organization_id, sender_id, subject_id) do update
            set opened_at = excluded.opened_at, message_id = excluded.message_id
            where service_window.opened_at < excluded.opened_at
          returning sender_id`,
      ],
      ...(optOut === undefined
        ? []
        : [
            [
              "said_no",
              // What stands is looked at after the message's id was locked: the same STOP may be on its way twice.
              sql`select 1 from message union all select 1 from (
                select known.at, array(${hashesOf(sql, ctx, optOut.named.length > 0 ? [] : [message.subjectId], optOut.named)}) as hashes
                from known) k
              cross join lateral opt_outs_before(${ctx.organizationId}::uuid, k.hashes, '*', '*') before(noes)
              where exists (select from unnest(k.hashes) h where not exists (
                select from jsonb_to_recordset(before.noes) n(hash text, at timestamptz)
                where n.hash = encode(h, 'hex')
                  and n.at >= case when ${message.isStamped}::boolean then ${message.at}::timestamptz else k.at end))`,
            ] as const,
            ...optOutParts(sql, ctx, optOut, "said_no"),
          ]),
      ...(suspicion === undefined
        ? []
        : [
            [
              "said_perhaps",
              sql`select 1 from (select 1 from message union all select 1 from known) m
                where ${suspicion.cause === "near_match"}::boolean or was_marketed_to(${ctx.organizationId}::uuid,
                  ${message.subjectId}::uuid, ${message.at}::timestamptz, ${limits.voiceNoteAfterMarketingSeconds}::int)`,
            ] as const,
            ...suspicionParts(sql, ctx, suspicion, "said_perhaps"),
          ]),
      ...(code === undefined ? [] : [codePart(sql, ctx, code, "message")]),
    ],
    result: sql`
      select message_id as id, ${optOut !== undefined}::boolean as "isOptOut", ${optOut?.publicId ?? null}::text as "optOutId",
        ${suspicion === undefined ? sql`null` : sql`(select id from suspected)`}::uuid as "suspicionId",
        ${code === undefined ? sql`null` : sql`(select id from code_made)`}::uuid as "codeId"
      from message
      ${optOut === undefined ? sql`` : sql`union all select ${optOut.publicId}, true, ${optOut.publicId}, null, null from opted_out where not exists (select from message)`}
      ${suspicion === undefined ? sql`` : sql`union all select ${message.messageId}, false, null, id, null from suspected where not exists (select from message)`}`,
    audit: {
      action: "inbound_message.recorded",
      entity: optOut?.publicId ?? message.senderId,
      details: {
        opensWindow: message.opensWindow,
        optOut: optOut?.publicId,
        suspicion: suspicion?.publicId,
      },
    },
    tells: [
      ...(message.opensWindow ? [tell(sql, "window.opened", openedWindow(message), "opened")] : []),
      ...(optOut === undefined ? [] : optOutTells(sql, optOut)),
      ...(suspicion === undefined ? [] : suspicionTells(sql, suspicion)),
      ...(code === undefined ? [] : codeTells(sql, code)),
    ],
  }));
}

/** What others are told of a window: also of one that begins anew, since it ends later now. */
function openedWindow({ senderId, subjectId, messageId, at }: NewInboundMessage) {
  return {
    senderId: formatId("snd", senderId),
    subjectId: formatId("sub", subjectId),
    messageId,
    openedAt: at,
    expiresAt: addSeconds(new Date(at), limits.windowSeconds).toISOString(),
  };
}

/** Whether a message of this id is on record. */
export async function selectIsKnown(ctx: Context, messageId: string): Promise<boolean> {
  const rows = await ctx.services.db.look(
    (sql) => sql`
      select 1 from inbound_message where organization_id = ${ctx.organizationId} and message_id = ${messageId} limit 1`,
  );
  return rows.length > 0;
}

export interface NewMessageStatus {
  readonly messageId: string;
  readonly status: string;
  readonly at: string;
  readonly senderId: string;
  readonly wabaId: string;
  readonly errorCode: number;
  /** The person it went to, when they are known, and the hashes of how the platform named them. */
  readonly roots: readonly string[];
  readonly hashes: readonly string[];
  readonly effects: {
    readonly closesWindow: boolean;
    readonly stopsMarketing: boolean;
    readonly restrictsSender: boolean;
  };
}

/** Records what became of a message, with what its error means for window, marketing and sender; once only. */
export async function insertMessageStatus(ctx: Context, status: NewMessageStatus) {
  return write<{ message_id: string }>(ctx, (sql) => {
    const parts: [string, Fragment][] = [
      [
        "status",
        sql`insert into message_status (organization_id, message_id, status, at, sender_id, subject_id, error_code)
          values (${ctx.organizationId}, ${status.messageId}, ${status.status}, ${status.at}, ${status.senderId},
            ${status.roots[0] ?? null}, ${status.errorCode})
          on conflict do nothing returning message_id`,
      ],
    ];
    const isSent = status.status === "sent" && status.roots.length > 0;
    const isFailed = status.status === "failed";
    if (isFailed) {
      parts.push([
        "counted",
        sql`select unreach_person(o.organization_id, o.decision_id) from status, permit_outcome o
          where o.organization_id = ${ctx.organizationId}::uuid and o.message_id = ${status.messageId}`,
      ]);
    }
    if (isSent) {
      parts.push([
        "counted",
        sql`select reach_by_status(${ctx.organizationId}::uuid, ${status.senderId}::uuid,
            array(select x::uuid from unnest(${status.roots as string[]}::text[]) x), ${status.at}::timestamptz)
          from status`,
      ]);
    }
    if (status.effects.closesWindow) {
      parts.push([
        "closed",
        sql`update service_window w set closed_at = greatest(w.closed_at, ${status.at}::timestamptz)
          from subject s where s.organization_id = w.organization_id and s.id = w.subject_id
            and s.root_id in (select x::uuid from unnest(${status.roots as string[]}::text[]) x)
            and w.organization_id = ${ctx.organizationId}::uuid and w.sender_id = ${status.senderId}::uuid
            and exists (select from status)
          returning w.sender_id`,
      ]);
    }
    if (status.effects.stopsMarketing) {
      const stop = { ...status, value: "stop" } as const;
      parts.push(...preferenceParts(sql, ctx, stop, sql`where exists (select from status)`));
    }
    if (status.effects.restrictsSender) {
      const restriction = { state: "restricted", until: null, at: status.at } as const;
      parts.push(["restricted", restrictPart(sql, ctx, status.wabaId, { error: restriction })]);
    }
    return {
      parts,
      // What nothing reads is not called.
      result:
        isSent || isFailed
          ? sql`select message_id from status, (select count(*) from counted) c`
          : sql`select message_id from status`,
      audit: {
        action: "message_status.recorded",
        entity: status.senderId,
        details: { errorCode: status.errorCode },
      },
    };
  });
}

/** The people (roots) whom earlier statuses of a message named. */
export async function selectRecipients(ctx: Context, messageId: string): Promise<string[]> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ root: string }[]>`
      select distinct s.root_id as root from message_status m
      join subject s on s.organization_id = m.organization_id and s.id = m.subject_id
      where m.organization_id = ${ctx.organizationId} and m.message_id = ${messageId}`,
  );
  return rows.map(({ root }) => root);
}

export interface NewPreference {
  readonly wabaId: string;
  readonly value: "stop" | "resume";
  readonly at: string;
  readonly roots: readonly string[];
  readonly hashes: readonly string[];
}

/** Records WhatsApp's own stop or resume for every identifier of the person; the latest counts, a stop in doubt. */
export async function insertPreference(ctx: Context, preference: NewPreference) {
  return write<{ count: number }>(ctx, (sql) => ({
    parts: preferenceParts(sql, ctx, preference, sql``),
    result: sql`select count(*)::int as count from preferred having count(*) > 0`,
    audit: {
      action: "platform_preference.recorded",
      entity: preference.wabaId,
      details: { value: preference.value },
    },
  }));
}

/** `preferred` has the identifiers for which it is news; the event names those. */
function preferenceParts(
  sql: Sql,
  ctx: Context,
  preference: NewPreference,
  where: Fragment,
): [string, Fragment][] {
  return [
    [
      "preferred",
      sql`insert into platform_preference (organization_id, identifier_hash, waba_id, value, at)
        select ${ctx.organizationId}::uuid, h.hash, ${preference.wabaId}, ${preference.value}, ${preference.at}::timestamptz
        from (${hashesOf(sql, ctx, preference.roots, preference.hashes)}) h ${where}
        on conflict (organization_id, identifier_hash, waba_id) do update
          set value = excluded.value, at = excluded.at
          where platform_preference.at < excluded.at
            or (platform_preference.at = excluded.at and platform_preference.value <> 'stop' and excluded.value = 'stop')
        returning organization_id, identifier_hash, waba_id, value, at`,
    ],
    [
      "preference_event",
      sql`insert into platform_preference_event (organization_id, id, waba_id, value, at, identifier_hashes)
        select organization_id, ${ctx.services.newId("evt")}::uuid, waba_id, value, at, array_agg(identifier_hash)
        from preferred group by 1, 3, 4, 5`,
    ],
  ];
}

/** What the platform said of restrictions, by cause. */
type Restrictions = Readonly<Record<string, Restriction>>;

/** Notes what the platform restricted, or reinstated, for every sender of a WhatsApp Business Account. */
export async function updateRestrictions(ctx: Context, wabaId: string, restrictions: Restrictions) {
  return write<{ count: number }>(ctx, (sql) => ({
    parts: [["restricted", restrictPart(sql, ctx, wabaId, restrictions)]],
    result: sql`select count(*)::int as count from restricted having count(*) > 0`,
    audit: { action: "sender.restricted", entity: wabaId, details: restrictions },
  }));
}

/**
 * The latest word about each cause counts; of two in the same second the one that restricts. What was said before staff
 * lifted everything does not count, and what they lifted does not when it is told again.
 */
function restrictPart(sql: Sql, ctx: Context, wabaId: string, restrictions: Restrictions): Fragment {
  const newer = sql`jsonb_each(${JSON.stringify(restrictions)}::text::jsonb) said
    where (coalesce((sender.restrictions->said.key->>'at')::timestamptz, '-infinity') < (said.value->>'at')::timestamptz
        or ((sender.restrictions->said.key->>'at')::timestamptz = (said.value->>'at')::timestamptz
          and sender.restrictions->said.key->>'state' = 'active' and said.value->>'state' <> 'active'))
      and coalesce((sender.restrictions->${liftedByStaff}->>'at')::timestamptz, '-infinity')
        <= (said.value->>'at')::timestamptz
      and said.value is distinct from sender.restrictions->${liftedByStaff}->'over'->said.key`;
  return sql`
    update sender set restrictions = restrictions || (select jsonb_object_agg(said.key, said.value) from ${newer})
    where organization_id = ${ctx.organizationId}::uuid and waba_id = ${wabaId} and exists (select from ${newer})
    returning id`;
}

/**
 * Notes how many people the platform lets the senders of an account, and of the portfolio it is in, write to. The latest
 * word counts; of two in the same second the stricter.
 */
export async function updateMessagingLimit(
  ctx: Context,
  wabaId: string,
  dailyLimit: DailyLimit,
  at: string,
): Promise<void> {
  const most = dailyLimit === "unlimited" ? null : dailyLimit;
  await write<{ count: number }>(ctx, (sql) => ({
    parts: [
      [
        "limited",
        sql`update sender s set messaging_limit = ${most}::int, messaging_limit_at = ${at}::timestamptz
          where s.organization_id = ${ctx.organizationId}::uuid
            and (s.waba_id = ${wabaId} or s.portfolio_id in (select a.portfolio_id from sender a
              where a.organization_id = ${ctx.organizationId}::uuid and a.waba_id = ${wabaId}))
            and (s.messaging_limit_at is null or s.messaging_limit_at < ${at}::timestamptz
              or (s.messaging_limit_at = ${at}::timestamptz and ${most}::int < coalesce(s.messaging_limit, ${most}::int + 1)))
          returning s.id`,
      ],
    ],
    result: sql`select count(*)::int as count from limited having count(*) > 0`,
    audit: { action: "sender.limited", entity: wabaId, details: { dailyLimit } },
  }));
}

/** Notes the quality of a number, by the keyed hash of it; the latest word counts, in the same second the worse. */
export async function updateNumberQuality(
  ctx: Context,
  rated: { wabaId: string; numberHash: Buffer; quality: "red" | "green"; at: string },
): Promise<void> {
  await write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "rated",
        sql`update sender set quality = ${rated.quality}, quality_at = ${rated.at}::timestamptz
          where organization_id = ${ctx.organizationId}::uuid and waba_id = ${rated.wabaId}
            and number_hash = ${rated.numberHash}::bytea
            and (quality_at is null or quality_at < ${rated.at}::timestamptz
              or (quality_at = ${rated.at}::timestamptz and quality <> 'red' and ${rated.quality} = 'red'))
          returning id`,
      ],
    ],
    result: sql`select id from rated limit 1`,
    audit: { action: "sender.quality_rated", entity: rated.wabaId, details: { quality: rated.quality } },
  }));
}

export interface TemplateChange {
  readonly id: string;
  readonly wabaId: string;
  readonly name: string;
  readonly language: string;
  readonly at: string;
  /** What is left out stays; an unknown template starts as `unknown`, which may not be sent. */
  readonly category?: string | undefined;
  readonly status?: string | undefined;
  readonly quality?: string | undefined;
}

export interface RecordedTemplate {
  readonly id: string;
  readonly category: string;
  readonly status: string;
  readonly created_at: string;
}

/**
 * Records what is known of a template. Status, category and quality each keep the latest word on them; of two in the
 * same second the one that approves, or the looser category, gives way. Undefined when nothing of it was news.
 */
export async function upsertTemplate(
  ctx: Context,
  change: TemplateChange,
  entity: string,
): Promise<RecordedTemplate | undefined> {
  const { category, status, quality, at } = change;
  return write<RecordedTemplate>(ctx, (sql) => {
    const told = (value: string | undefined) =>
      value === undefined ? sql`to_timestamp(0)` : sql`${at}::timestamptz`;
    const isNews = {
      status: sql`(t.status_at < excluded.status_at or t.status_at = excluded.status_at
        and excluded.status not in (t.status, 'approved'))`,
      category: sql`(t.category_at < excluded.category_at or t.category_at = excluded.category_at
        and t.category <> 'marketing' and excluded.category = 'marketing')`,
      quality: sql`(t.quality_at < excluded.quality_at)`,
    };
    const set = (column: string, news: Fragment) =>
      sql`${sql(column)} = case when ${news} then excluded.${sql(column)} else ${sql(`t.${column}`)} end`;
    return {
      parts: [
        [
          "recorded",
          sql`insert into template as t (organization_id, id, waba_id, name, language, category, category_at, status,
              status_at, quality, quality_at)
            values (${ctx.organizationId}, ${change.id}, ${change.wabaId}, ${change.name}, ${change.language},
              ${category ?? "unknown"}, ${told(category)}, ${status ?? "unknown"}, ${told(status)},
              ${quality ?? null}, ${told(quality)})
            on conflict (organization_id, waba_id, name, language) do update set
              ${set("status", isNews.status)}, ${set("status_at", isNews.status)},
              ${set("category", isNews.category)}, ${set("category_at", isNews.category)},
              ${set("quality", isNews.quality)}, ${set("quality_at", isNews.quality)}
              where ${isNews.status} or ${isNews.category} or ${isNews.quality}
            returning id, category, status, created_at`,
        ],
      ],
      result: sql`select * from recorded`,
      audit: {
        action: "template.recorded",
        entity,
        details: { name: change.name, language: change.language, status, category, quality },
      },
    };
  });
}

/** The templates of the organization in these WhatsApp Business Accounts. */
export async function selectTemplatesOf(ctx: Context, wabaIds: readonly string[]) {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(template)
      .where(and(eq(template.organizationId, ctx.organizationId), inArray(template.wabaId, [...wabaIds]))),
  );
}

/** What an import of templates came to, as a repeated request is told it. */
export interface TemplateImport {
  readonly imported: number;
  readonly unchanged: number;
  /** `position` counts the entries from 0. */
  readonly refused: { position: number; reason: string }[];
}

/** Puts on record that templates were imported, when each of them has been recorded. */
export async function recordImport(
  ctx: Context,
  outcome: TemplateImport,
): Promise<TemplateImport | undefined> {
  const { imported, unchanged, refused } = outcome;
  return write<TemplateImport>(ctx, (sql) => ({
    parts: [],
    result: sql`select ${imported}::int as imported, ${unchanged}::int as unchanged,
      ${JSON.stringify(refused)}::text::jsonb as refused`,
    audit: {
      action: "templates.imported",
      entity: formatId("org", ctx.organizationId),
      details: { imported, unchanged, refused: refused.length },
    },
  }));
}

export async function selectTemplates(ctx: Context, after: string | undefined, limit: number) {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(template)
      .where(and(eq(template.organizationId, ctx.organizationId), after ? gt(template.id, after) : undefined))
      .orderBy(asc(template.id))
      .limit(limit),
  );
}
