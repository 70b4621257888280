import { createHash } from "node:crypto";
import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { notFound, SaysoError } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { deriveKey, type Key, open, randomKey, seal } from "../../kernel/seal.ts";
import { addSeconds } from "../../kernel/time.ts";
import { readPeople } from "../subject/index.ts";
import {
  type AttachmentRow,
  insertAttachment,
  recordAttachmentOpening,
  selectAllAttachments,
  selectAttachments,
  selectAttachmentsOf,
  selectContent,
} from "./attachment-store.ts";
import { attachmentTypes, declaredType, typeOf } from "./domain/media-type.ts";

const contentPlace = (id: string) => `attachment:${id}`;
const keyPlace = (id: string) => `attachment:${id}:key`;

/** What seals the keys of files that no consent names yet. */
const waitingKey = (ctx: Context): Key => deriveKey(ctx.keys.data, "attachment");

/** The key of a file that waits for its consent, sealed anew for whoever gave that: nobody else's key opens it then. */
export function handOver(ctx: Context, { id, key }: Pick<AttachmentRow, "id" | "key">, owner: Key): Buffer {
  return seal(owner, keyPlace(id), open(waitingKey(ctx), keyPlace(id), key));
}

/**
 * Takes a file that is to prove a consent, once for each Idempotency-Key. Until a consent names it, it waits; then it is
 * removed. Throws `unsupported_media_type` for a type that no attachment has and for content that is not of the declared
 * one.
 */
export async function addAttachment(
  ctx: Context,
  { content, contentType }: { content: Uint8Array; contentType: string | undefined },
) {
  const declared = declaredType(contentType);
  if (declared === undefined)
    throw new SaysoError(
      "unsupported_media_type",
      `Send the file itself, with a Content-Type of these: ${attachmentTypes.join(", ")}.`,
    );
  if (typeOf(content) !== declared)
    throw new SaysoError(
      "unsupported_media_type",
      `The file's first bytes are not those of ${declared}. Send what the Content-Type says.`,
    );
  const sha256 = createHash("sha256").update(content).digest("hex");
  const id = ctx.services.newId("att");
  const key = randomKey();
  const row =
    (await replay<{ id: string; created_at: string }>(ctx)) ??
    (await insertAttachment(ctx, {
      id,
      publicId: formatId("att", id),
      mediaType: declared,
      sha256,
      bytes: content.length,
      key: seal(waitingKey(ctx), keyPlace(id), key),
      sealed: seal(key, contentPlace(id), content),
    }));
  if (row === undefined) throw new SaysoError("internal", "The file was not stored.");
  const createdAt = new Date(row.created_at);
  return {
    id: formatId("att", row.id),
    mediaType: declared,
    bytes: content.length,
    sha256,
    consentId: null,
    createdAt: createdAt.toISOString(),
    expiresAt: addSeconds(createdAt, limits.attachmentWaitSeconds).toISOString(),
  };
}

/** Files of the organization, the newest first. */
export async function listAttachments(ctx: Context, before: string | undefined, limit: number) {
  return (await selectAllAttachments(ctx, before, limit)).map((row) => ({
    ...presentAttachment(row),
    consentId: row.consentEventId === null ? null : formatId("cns", row.consentEventId),
    createdAt: row.createdAt.toISOString(),
    expiresAt:
      row.consentEventId === null
        ? addSeconds(row.createdAt, limits.attachmentWaitSeconds).toISOString()
        : null,
  }));
}

/** What is told of a file beside the consent that names it. */
function presentAttachment({
  id,
  mediaType,
  bytes,
  sha256,
}: Pick<AttachmentRow, "id" | "mediaType" | "bytes" | "sha256">) {
  return { id: formatId("att", id), mediaType, bytes, sha256 };
}

/** A file for staff; that they opened it is on record. Throws `not_found`, and `gone` when its person was erased. */
export async function openAttachment(ctx: Context, publicId: string) {
  const id = parseId("att", publicId);
  const [row] = id === undefined ? [] : await selectAttachments(ctx, [id]);
  if (row === undefined) throw notFound("attachment");
  const owner =
    row.subjectId === null
      ? waitingKey(ctx)
      : (await readPeople(ctx, [row.subjectId])).get(row.subjectId)?.evidenceKey;
  if (owner === undefined) throw new SaysoError("gone", "This person's data was erased.");
  if ((await recordAttachmentOpening(ctx, row.id, publicId)) === undefined) throw notFound("attachment");
  const content = await readAttachment(ctx, row, owner);
  return { ...presentAttachment(row), content };
}

/** The files of the consents of some records (uuids), by whose evidence key each is read. */
export async function attachmentsOf(
  ctx: Context,
  owners: ReadonlyMap<string, { readonly evidenceKey: Key }>,
) {
  const rows = await selectAttachmentsOf(ctx, [...owners.keys()]);
  return rows.flatMap((row) => {
    const owner = owners.get(row.subjectId ?? "");
    if (owner === undefined || row.consentEventId === null) return [];
    return {
      ...presentAttachment(row),
      consentId: formatId("cns", row.consentEventId),
      read: () => readAttachment(ctx, row, owner.evidenceKey),
    };
  });
}

/** The content of a file, by the key of whose it is. Throws `not_found` when it was removed meanwhile. */
async function readAttachment(
  ctx: Context,
  { id, key }: Pick<AttachmentRow, "id" | "key">,
  owner: Key,
): Promise<Buffer> {
  const sealed = await selectContent(ctx, id);
  if (sealed === undefined) throw notFound("attachment");
  return open(open(owner, keyPlace(id), key), contentPlace(id), sealed);
}
