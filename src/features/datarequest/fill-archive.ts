import { createHash, type KeyObject, sign as signBytes } from "node:crypto";
import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import { seal } from "../../kernel/seal.ts";
import { buildArchive, collectReport, type ReportPages } from "../archive/index.ts";
import {
  type Attempt,
  finishAttempt,
  holdLease,
  insertChunk,
  selectArchive,
  selectRequest,
} from "./store.ts";
import { chunkPlace, unwrapArchiveKey } from "./stored-archive.ts";

/** What archives are signed with. */
export interface Signer {
  readonly privateKey: KeyObject;
  /** Raw 32 bytes. */
  readonly publicKey: Uint8Array;
}

/**
 * Carries out one attempt at building an archive: reads what the report is made of, writes the ZIP in sealed pieces,
 * and at the very end makes it ready in one statement. Stops when another attempt has taken over. Throws what reading
 * or writing throws.
 */
export async function fillArchive(
  ctx: Context,
  attempt: Attempt,
  signer: Signer,
  pages: ReportPages,
): Promise<void> {
  const archive = await selectArchive(ctx, attempt.archiveId);
  const request = archive && (await selectRequest(ctx, archive.requestId));
  if (archive?.key == null || request === undefined) throw superseded();
  const key = unwrapArchiveKey(ctx, attempt.archiveId, archive.key);

  let isHeld = true;
  const lease = setInterval(
    () =>
      void holdLease(ctx, attempt).then(
        (held) => (isHeld = held),
        () => {},
      ),
    (limits.archiveLeaseSeconds * 1000) / 3,
  );
  try {
    const report = await collectReport(
      ctx,
      {
        id: formatId("req", request.id),
        subjectId: formatId("sub", request.subjectId),
        kind: request.kind === "portability" ? "portability" : "access",
        regime: request.regime,
        language: reportLanguage(request.language),
        receivedAt: request.receivedAt,
      },
      signer.publicKey,
    );
    const { stream, manifest } = buildArchive(report, pages, (bytes) =>
      signBytes(null, bytes, signer.privateKey),
    );
    const sha256 = createHash("sha256");
    let bytes = 0;
    let position = 0;
    for await (const chunk of inChunks(stream, limits.archiveChunkBytes)) {
      sha256.update(chunk);
      bytes += chunk.length;
      const sealed = seal(key, chunkPlace(attempt, position), chunk);
      if (!isHeld || !(await insertChunk(ctx, attempt, position, sealed))) throw superseded();
      position += 1;
    }
    const made = await manifest;
    const finished = await finishAttempt(ctx, attempt, {
      bytes,
      sha256: sha256.digest("hex"),
      manifest: made,
      partial: made.partial,
      failedSources: report.sources.flatMap((source) =>
        source.state === "failed"
          ? (source.trouble ?? []).map((trouble) => ({ source: source.name, ...trouble }))
          : [],
      ),
    });
    if (finished === undefined) throw superseded();
  } finally {
    clearInterval(lease);
  }
}

function superseded(): SaysoError {
  return new SaysoError("conflict", "Another attempt has taken over this archive, or its request has ended.");
}

/** The report's language: the person's when it is one of ours, else English. */
function reportLanguage(tag: string): Language {
  return /^ru\b/i.test(tag) ? "ru" : "en";
}

/** Gathers bytes into chunks of exactly `size`, the last one excepted. */
async function* inChunks(stream: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (let bytes of stream) {
    while (length + bytes.length >= size) {
      const fitting = size - length;
      yield Buffer.concat([...waiting, bytes.subarray(0, fitting)]);
      bytes = bytes.subarray(fitting);
      waiting = [];
      length = 0;
    }
    if (bytes.length > 0) waiting.push(bytes);
    length += bytes.length;
  }
  if (length > 0) yield Buffer.concat(waiting);
}
