import { and, asc, desc, eq, gt, inArray } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { write } from "../../db/write.ts";
import { collectionPoint, collectionPointVersion } from "./tables.ts";

/** What a version shows; it never changes. */
export interface VersionContent {
  readonly channels: readonly string[];
  readonly purposes: readonly string[];
  readonly language: string;
  readonly wording: string;
  readonly wordingSha256: string;
  readonly privacyNoticeUrl: string | null;
}

export interface PointRow {
  readonly id: string;
  readonly key: string;
  readonly kind: string;
  readonly name: string;
  readonly createdAt: Date;
}

export type VersionRow = typeof collectionPointVersion.$inferSelect;

const textArray = (values: readonly string[]) => JSON.stringify(values);

export async function insertPoint(
  ctx: Context,
  made: { id: string; key: string; kind: string; name: string },
  content: VersionContent,
  entity: string,
) {
  return write<{ id: string; created_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "point",
        sql`insert into collection_point (organization_id, id, key, kind, name)
          values (${ctx.organizationId}, ${made.id}, ${made.key}, ${made.kind}, ${made.name}) returning id`,
      ],
      [
        "version",
        sql`insert into collection_point_version (organization_id, collection_point_id, version, channels, purposes,
            language, wording, wording_sha256, privacy_notice_url)
          select ${ctx.organizationId}::uuid, id, 1,
            array(select jsonb_array_elements_text(${textArray(content.channels)}::text::jsonb)),
            array(select jsonb_array_elements_text(${textArray(content.purposes)}::text::jsonb)),
            ${content.language}, ${content.wording}, ${content.wordingSha256}, ${content.privacyNoticeUrl}
          from point returning collection_point_id as id, created_at`,
      ],
    ],
    result: sql`select id, created_at from version`,
    audit: { action: "collection_point.created", entity },
  }));
}

/** Adds the next version. Undefined when there is no such collection point. */
export async function insertVersion(ctx: Context, id: string, content: VersionContent, entity: string) {
  return write<{ version: number; created_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "version",
        sql`insert into collection_point_version (organization_id, collection_point_id, version, channels, purposes,
            language, wording, wording_sha256, privacy_notice_url)
          select ${ctx.organizationId}::uuid, v.collection_point_id, max(v.version) + 1,
            array(select jsonb_array_elements_text(${textArray(content.channels)}::text::jsonb)),
            array(select jsonb_array_elements_text(${textArray(content.purposes)}::text::jsonb)),
            ${content.language}, ${content.wording}, ${content.wordingSha256}, ${content.privacyNoticeUrl}
          from collection_point_version v
          where v.organization_id = ${ctx.organizationId} and v.collection_point_id = ${id}
          group by v.collection_point_id returning version, created_at`,
      ],
    ],
    result: sql`select version, created_at from version`,
    audit: { action: "collection_point.versioned", entity },
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

export async function selectPoints(
  ctx: Context,
  after: string | undefined,
  limit: number,
): Promise<PointRow[]> {
  return ctx.services.db.read((d) =>
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
}

export async function selectPoint(ctx: Context, id: string): Promise<PointRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(collectionPoint)
      .where(and(eq(collectionPoint.organizationId, ctx.organizationId), eq(collectionPoint.id, id))),
  );
  return rows[0];
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
