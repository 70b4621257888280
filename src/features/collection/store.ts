import { and, asc, desc, eq, gt, inArray, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Database, Fragment, Sql } from "../../db/database.ts";
import { write } from "../../db/write.ts";
import type { Box } from "./domain/boxes.ts";
import { collectionPoint, collectionPointVersion, widgetRelease } from "./tables.ts";

/** What a version shows; it never changes. */
export interface VersionContent {
  readonly channels: readonly string[];
  readonly purposes: readonly string[];
  readonly language: string;
  readonly wording: string;
  readonly wordingSha256: string;
  readonly privacyNoticeUrl: string | null;
  /** Null: one box with the wording and purposes above, which otherwise are those of all boxes together. */
  readonly boxes: readonly Box[] | null;
}

/** What may be changed of a collection point: it is no part of what people agree to. */
export interface PointSettings {
  readonly name: string;
  readonly origins: readonly string[];
  /** The chat that people may start instead: the sender's uuid, and what they write first. */
  readonly chat: { readonly senderId: string; readonly text: string } | null;
  /** Whether those words, sent, are a yes; and further words that are, alone in a message. */
  readonly chatGivesConsent: boolean;
  readonly keywords: readonly string[];
}

export type SettingsChange = { readonly [Field in keyof PointSettings]?: PointSettings[Field] | undefined };

export interface NewPoint extends PointSettings {
  readonly id: string;
  readonly key: string;
  readonly kind: string;
}

/** A collection point; `publicKey` is a uuid, as ids are. */
export interface PointRow extends NewPoint {
  readonly publicKey: string;
  readonly createdAt: Date;
}

export type VersionRow = typeof collectionPointVersion.$inferSelect;

const textArray = (values: readonly string[]) => JSON.stringify(values);
const boxesText = ({ boxes }: VersionContent) => (boxes === null ? null : JSON.stringify(boxes));

/** What the database says of a point that was just made. */
export interface MadePoint {
  readonly id: string;
  readonly public_key: string;
  readonly created_at: string;
}

/** A collection point that is about to be made, and what its first version shows. */
export interface NewPointRows {
  readonly made: NewPoint;
  readonly content: VersionContent;
}

/** The parts `point` and `version` of a write that makes a collection point. */
export function pointParts(
  sql: Sql,
  ctx: Context,
  { made, content }: NewPointRows,
): (readonly [name: string, part: Fragment])[] {
  return [
    [
      "point",
      sql`insert into collection_point (organization_id, id, key, kind, name, origins, chat_sender_id, chat_text,
          chat_gives_consent, keywords)
        values (${ctx.organizationId}, ${made.id}, ${made.key}, ${made.kind}, ${made.name},
          array(select jsonb_array_elements_text(${textArray(made.origins)}::text::jsonb)),
          ${made.chat?.senderId ?? null}, ${made.chat?.text ?? null}, ${made.chatGivesConsent},
          array(select jsonb_array_elements_text(${textArray(made.keywords)}::text::jsonb)))
        returning id, public_key`,
    ],
    [
      "version",
      sql`insert into collection_point_version (organization_id, collection_point_id, version, channels, purposes,
          language, wording, wording_sha256, privacy_notice_url, boxes)
        select ${ctx.organizationId}::uuid, id, 1,
          array(select jsonb_array_elements_text(${textArray(content.channels)}::text::jsonb)),
          array(select jsonb_array_elements_text(${textArray(content.purposes)}::text::jsonb)),
          ${content.language}, ${content.wording}, ${content.wordingSha256}, ${content.privacyNoticeUrl},
           ${boxesText(content)}::text::jsonb
        from point returning collection_point_id as id, created_at`,
    ],
  ];
}

/** Whom the audit entry of a version is about, and which warnings about the wording somebody let stand. */
interface VersionEntry {
  readonly entity: string;
  readonly acceptedWarnings: readonly string[];
}

const detailsOf = ({ acceptedWarnings }: VersionEntry) =>
  acceptedWarnings.length === 0 ? {} : { acceptedWarnings };

export async function insertPoint(
  ctx: Context,
  made: NewPoint,
  content: VersionContent,
  entry: VersionEntry,
) {
  return write<MadePoint>(ctx, (sql) => ({
    parts: pointParts(sql, ctx, { made, content }),
    result: sql`select id, public_key, version.created_at from version join point using (id)`,
    audit: { action: "collection_point.created", entity: entry.entity, details: detailsOf(entry) },
  }));
}

/** Changes what is given and leaves the rest. Undefined when there is no such collection point. */
export async function updatePoint(ctx: Context, id: string, change: SettingsChange, entity: string) {
  const { name, origins, chat, chatGivesConsent, keywords } = change;
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "changed",
        sql`update collection_point p set
            name = coalesce(${name ?? null}, p.name),
            origins = ${origins === undefined ? sql`p.origins` : sql`array(select jsonb_array_elements_text(${textArray(origins)}::text::jsonb))`},
            chat_sender_id = ${chat === undefined ? sql`p.chat_sender_id` : sql`${chat?.senderId ?? null}::uuid`},
            chat_text = ${chat === undefined ? sql`p.chat_text` : sql`${chat?.text ?? null}::text`},
            chat_gives_consent = coalesce(${chatGivesConsent ?? null}::boolean, p.chat_gives_consent),
            keywords = ${keywords === undefined ? sql`p.keywords` : sql`array(select jsonb_array_elements_text(${textArray(keywords)}::text::jsonb))`}
          where p.organization_id = ${ctx.organizationId} and p.id = ${id} returning p.id`,
      ],
    ],
    result: sql`select id from changed`,
    audit: { action: "collection_point.changed", entity, details: change },
  }));
}

/** Adds the next version. Undefined when there is no such collection point. */
export async function insertVersion(ctx: Context, id: string, content: VersionContent, entry: VersionEntry) {
  return write<{ version: number; created_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "version",
        sql`insert into collection_point_version (organization_id, collection_point_id, version, channels, purposes,
            language, wording, wording_sha256, privacy_notice_url, boxes)
          select ${ctx.organizationId}::uuid, v.collection_point_id, max(v.version) + 1,
            array(select jsonb_array_elements_text(${textArray(content.channels)}::text::jsonb)),
            array(select jsonb_array_elements_text(${textArray(content.purposes)}::text::jsonb)),
            ${content.language}, ${content.wording}, ${content.wordingSha256}, ${content.privacyNoticeUrl},
            ${boxesText(content)}::text::jsonb
          from collection_point_version v
          where v.organization_id = ${ctx.organizationId} and v.collection_point_id = ${id}
          group by v.collection_point_id returning version, created_at`,
      ],
    ],
    result: sql`select version, created_at from version`,
    audit: { action: "collection_point.versioned", entity: entry.entity, details: detailsOf(entry) },
  }));
}

export interface RecordedCapture {
  readonly token_id: string;
  readonly version: number;
  readonly language: string;
  readonly issued_at: number;
}

/** Records that a capture token was issued: the proof of what was on a screen, and when. */
export async function recordCapture(
  ctx: Context,
  issued: { tokenId: string; version: number; language: string; issuedAt: number },
  entity: string,
) {
  return write<RecordedCapture>(ctx, (sql) => ({
    parts: [],
    result: sql`select ${issued.tokenId}::text as token_id, ${issued.version}::int as version,
      ${issued.language}::text as language, ${issued.issuedAt}::bigint as issued_at`,
    audit: { action: "capture_token.issued", entity, details: issued },
  }));
}

type StoredPoint = typeof collectionPoint.$inferSelect;

const pointOf = ({ chatSenderId, chatText, organizationId: _, ...row }: StoredPoint): PointRow => ({
  ...row,
  chat: chatSenderId === null || chatText === null ? null : { senderId: chatSenderId, text: chatText },
});

export async function selectPoints(
  ctx: Context,
  after: string | undefined,
  limit: number,
): Promise<PointRow[]> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(collectionPoint)
      .where(
        and(
          eq(collectionPoint.organizationId, ctx.organizationId),
          after ? gt(collectionPoint.id, after) : undefined,
        ),
      )
      .orderBy(asc(collectionPoint.id))
      .limit(limit),
  );
  return rows.map(pointOf);
}

export async function selectPoint(ctx: Context, id: string): Promise<PointRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(collectionPoint)
      .where(and(eq(collectionPoint.organizationId, ctx.organizationId), eq(collectionPoint.id, id))),
  );
  return rows.map(pointOf)[0];
}

/** The points of the organization that hear a yes in messages. */
export async function selectHearing(ctx: Context): Promise<PointRow[]> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(collectionPoint)
      .where(
        and(
          eq(collectionPoint.organizationId, ctx.organizationId),
          sql`(${collectionPoint.chatGivesConsent} or ${collectionPoint.keywords} <> '{}')`,
        ),
      )
      .orderBy(asc(collectionPoint.id)),
  );
  return rows.map(pointOf);
}

/** A collection point of whichever organization, by its public key (uuid), and whose it is. */
export async function selectPublicPoint(
  db: Database,
  publicKey: string,
): Promise<{ organizationId: string; point: PointRow } | undefined> {
  const rows = await db.read((d) =>
    d.select().from(collectionPoint).where(eq(collectionPoint.publicKey, publicKey)),
  );
  return rows.map((row) => ({ organizationId: row.organizationId, point: pointOf(row) }))[0];
}

/** Keeps a release of the widget; one that is there stays as it is. */
export async function insertWidgetRelease(
  db: Database,
  { sha256, source }: { sha256: string; source: string },
): Promise<void> {
  await db.statement(
    (sql) =>
      sql`insert into widget_release (sha256, source) values (${sha256}, ${source}) on conflict do nothing`,
  );
}

export async function selectWidgetRelease(db: Database, sha256: string): Promise<string | undefined> {
  const rows = await db.read((d) =>
    d.select({ source: widgetRelease.source }).from(widgetRelease).where(eq(widgetRelease.sha256, sha256)),
  );
  return rows[0]?.source;
}

/** All versions of some collection points, the newest first. */
export async function selectVersions(ctx: Context, ids: readonly string[]): Promise<VersionRow[]> {
  if (ids.length === 0) return [];
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(collectionPointVersion)
      .where(
        and(
          eq(collectionPointVersion.organizationId, ctx.organizationId),
          inArray(collectionPointVersion.collectionPointId, [...ids]),
        ),
      )
      .orderBy(desc(collectionPointVersion.version)),
  );
}

export async function selectPointsOf(ctx: Context, ids: readonly string[]): Promise<PointRow[]> {
  if (ids.length === 0) return [];
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(collectionPoint)
      .where(
        and(eq(collectionPoint.organizationId, ctx.organizationId), inArray(collectionPoint.id, [...ids])),
      ),
  );
  return rows.map(pointOf);
}

/** Points whose newest version is a wording on a screen that asks for a channel, with that version. */
export async function selectAsking(ctx: Context, channel: string): Promise<ShownPoint[]> {
  const rows = await ctx.services.db.read((d) =>
    d
      .selectDistinctOn([collectionPointVersion.collectionPointId], {
        point: collectionPoint,
        shown: collectionPointVersion,
      })
      .from(collectionPointVersion)
      .innerJoin(
        collectionPoint,
        and(
          eq(collectionPoint.organizationId, collectionPointVersion.organizationId),
          eq(collectionPoint.id, collectionPointVersion.collectionPointId),
        ),
      )
      .where(
        and(
          eq(collectionPointVersion.organizationId, ctx.organizationId),
          inArray(collectionPoint.kind, ["form", "widget", "checkbox"]),
        ),
      )
      .orderBy(collectionPointVersion.collectionPointId, desc(collectionPointVersion.version)),
  );
  return rows
    .filter(({ shown }) => shown.channels.includes(channel))
    .map(({ point, shown }) => ({ point: pointOf(point), shown }));
}

/** A collection point and what it shows now. */
export interface ShownPoint {
  readonly point: PointRow;
  readonly shown: VersionRow;
}
