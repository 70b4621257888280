import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { type Key, open, randomKey, seal } from "../../kernel/seal.ts";
import { type Attempt, selectArchive, selectChunk } from "./store.ts";

/** A new key for one archive, and its wrapped form to be stored beside it. */
export function newArchiveKey(ctx: Context, archiveId: string): { key: Key; wrapped: Buffer } {
  const key = randomKey();
  return { key, wrapped: seal(ctx.services.masterKey, keyPlace(archiveId), key) };
}

export function unwrapArchiveKey(ctx: Context, archiveId: string, wrapped: Uint8Array): Key {
  return open(ctx.services.masterKey, keyPlace(archiveId), wrapped);
}

/** Where a piece of an archive belongs: it opens nowhere else. */
export function chunkPlace({ archiveId, attempt }: Attempt, position: number): string {
  return `archive_chunk:${archiveId}:${attempt}:${position}`;
}

function keyPlace(archiveId: string): string {
  return `archive:${archiveId}:key`;
}

/** A stored archive's ZIP. */
export interface StoredArchive {
  readonly bytes: number;
  /** Reads, opens and hands on one piece at a time, as fast as they are taken. Errors when one is missing. */
  readonly stream: ReadableStream<Uint8Array>;
}

/** Opens a ready archive. Throws `gone` when it was deleted. */
export async function openStoredArchive(ctx: Context, archiveId: string): Promise<StoredArchive> {
  const row = await selectArchive(ctx, archiveId);
  if (row === undefined || row.state !== "ready" || row.key === null || row.bytes === null) {
    throw new SaysoError("gone", "This archive is not here any more.");
  }
  const { bytes, attempt } = row;
  const key = unwrapArchiveKey(ctx, archiveId, row.key);
  let position = 0;
  let sent = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const sealed = await selectChunk(ctx, { archiveId, attempt }, position);
        if (sealed === undefined) throw new SaysoError("gone", "A piece of this archive is missing.");
        const plain = open(key, chunkPlace({ archiveId, attempt }, position), sealed);
        position += 1;
        sent += plain.length;
        controller.enqueue(plain);
        if (sent >= bytes) controller.close();
      },
    },
    { highWaterMark: 1 },
  );
  return { bytes, stream };
}
