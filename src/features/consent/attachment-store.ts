import { and, asc, desc, eq, inArray, lt } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import { write } from "../../db/write.ts";
import { limits } from "../../kernel/limits.ts";
import { attachment } from "./tables.ts";

/** A file that is about to be stored. */
export interface NewAttachment {
  /** Uuid, and its public form. */
  readonly id: string;
  readonly publicId: string;
  readonly mediaType: string;
  readonly sha256: string;
  readonly bytes: number;
  /** The key of its content, sealed under the organization's. */
  readonly key: Buffer;
  readonly sealed: Buffer;
}

/** Stores a file whole, or not at all. */
export async function insertAttachment(ctx: Context, made: NewAttachment) {
  return write<{ id: string; created_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "made",
        sql`insert into attachment (organization_id, id, media_type, sha256, bytes, key, sealed)
          values (${ctx.organizationId}, ${made.id}, ${made.mediaType}, ${made.sha256}, ${made.bytes}, ${made.key}, ${made.sealed})
          returning id, created_at`,
      ],
    ],
    result: sql`select id, created_at from made`,
    audit: {
      action: "attachment.added",
      entity: made.publicId,
      details: { mediaType: made.mediaType, bytes: made.bytes },
    },
  }));
}

const described = {
  id: attachment.id,
  mediaType: attachment.mediaType,
  sha256: attachment.sha256,
  bytes: attachment.bytes,
  key: attachment.key,
  createdAt: attachment.createdAt,
  consentEventId: attachment.consentEventId,
  subjectId: attachment.subjectId,
};

/** A stored file without its content. Ids are uuids. */
export type AttachmentRow = Pick<typeof attachment.$inferSelect, keyof typeof described>;

/** Some files of the organization (uuids), those that there are. */
export async function selectAttachments(ctx: Context, ids: readonly string[]): Promise<AttachmentRow[]> {
  if (ids.length === 0) return [];
  return ctx.services.db.read((d) =>
    d
      .select(described)
      .from(attachment)
      .where(and(eq(attachment.organizationId, ctx.organizationId), inArray(attachment.id, [...ids]))),
  );
}

/** The files of the consents of some records (uuids), in the order in which they came. */
export async function selectAttachmentsOf(
  ctx: Context,
  subjectIds: readonly string[],
): Promise<AttachmentRow[]> {
  if (subjectIds.length === 0) return [];
  return ctx.services.db.read((d) =>
    d
      .select(described)
      .from(attachment)
      .where(
        and(
          eq(attachment.organizationId, ctx.organizationId),
          inArray(attachment.subjectId, [...subjectIds]),
        ),
      )
      .orderBy(asc(attachment.id)),
  );
}

/** Files of the organization, the newest first. */
export async function selectAllAttachments(
  ctx: Context,
  before: string | undefined,
  limit: number,
): Promise<AttachmentRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select(described)
      .from(attachment)
      .where(
        and(
          eq(attachment.organizationId, ctx.organizationId),
          before === undefined ? undefined : lt(attachment.id, before),
        ),
      )
      .orderBy(desc(attachment.id))
      .limit(limit),
  );
}

/** The sealed content of a file (uuid). */
export async function selectContent(ctx: Context, id: string): Promise<Buffer | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select({ sealed: attachment.sealed })
      .from(attachment)
      .where(and(eq(attachment.organizationId, ctx.organizationId), eq(attachment.id, id))),
  );
  return rows[0]?.sealed;
}

/** Staff look at a file. No row: it is not there (any more). */
export async function recordAttachmentOpening(ctx: Context, id: string, publicId: string) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [],
    result: sql`select id from attachment where organization_id = ${ctx.organizationId}::uuid and id = ${id}::uuid`,
    audit: { action: "attachment.opened", entity: publicId },
  }));
}

/** Removes files that no consent names, when their time is over. */
export async function deleteUnclaimed({ db }: Services): Promise<number> {
  const deleted = await db.statement(
    (sql) => sql`
      delete from attachment where consent_event_id is null
        and created_at < now() - make_interval(secs => ${limits.attachmentWaitSeconds}::int)`,
  );
  return deleted.count;
}
