import { createHash } from "node:crypto";
import { PassThrough, Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import JSZip from "jszip";
import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import type { ArchiveContents, FileContent } from "./domain/files.ts";
import {
  type Manifest,
  type ManifestFile,
  manifestPath,
  manifestText,
  signaturePath,
} from "./domain/manifest.ts";

/** Level 6 made a report of 100,000 messages a quarter smaller and took twice as long to pack. */
const compressionLevel = 3;

/** An archive on its way out. */
export interface WrittenArchive {
  /** The ZIP's bytes. Destroying it stops everything behind it. */
  readonly stream: Readable;
  /** The signed manifest, once the last byte has been made; rejects when the stream fails. */
  readonly manifest: Promise<Manifest>;
}

/**
 * Writes an archive as a ZIP, with flat memory whatever its length: files are made, hashed and packed as the stream
 * is read, manifest.json and manifest.sig come last. The same contents and the same signer give the same bytes:
 * entries carry the report's own time, names are UTF-8, everything is deflated. `sign` gives the 64 bytes of the
 * Ed25519 signature (RFC 8032) of the manifest's bytes. Fails with `too_large` past what a ZIP without ZIP64 holds.
 */
export function writeArchive(
  contents: ArchiveContents,
  sign: (bytes: Uint8Array) => Uint8Array,
): WrittenArchive {
  const zip = new JSZip();
  const sources: Readable[] = [];
  const stream = new PassThrough();
  const date = new Date(contents.manifest.madeAt);
  const add = (path: string, content: AsyncIterable<Uint8Array>) => {
    const source = Readable.from(content, { highWaterMark: 2 });
    // JSZip forgets an error that comes while it is paused.
    source.once("error", (error) => stream.destroy(error));
    sources.push(source);
    zip.file(path, source, { date, createFolders: false });
  };

  if (contents.files.length > limits.archiveFiles) throw tooLarge(`has over ${limits.archiveFiles} files`);
  const listed: ManifestFile[] = [];
  const unpacked = { bytes: 0 };
  for (const { path, content } of contents.files) add(path, hashed(path, content, listed, unpacked));

  let manifest: Manifest | undefined;
  let manifestBytes = new Uint8Array();
  add(
    manifestPath,
    later(() => {
      manifest = { ...contents.manifest, files: listed };
      manifestBytes = new TextEncoder().encode(manifestText(manifest));
      return manifestBytes;
    }),
  );
  add(
    signaturePath,
    later(() => new TextEncoder().encode(Buffer.from(sign(manifestBytes)).toString("base64"))),
  );

  const packed = zip.generateNodeStream({
    streamFiles: true,
    compression: "DEFLATE",
    compressionOptions: { level: compressionLevel },
    platform: "DOS",
  });
  const done = pipeline(packed, atMost(limits.archiveBytes), stream)
    .finally(() => {
      for (const source of sources) source.destroy();
    })
    .then(() => {
      if (manifest === undefined) throw new Error("The archive ended without a manifest.");
      return manifest;
    });
  // Whoever reads the stream learns of a failure there; nobody need wait for the manifest as well.
  done.catch(() => undefined);
  return { stream, manifest: done };
}

async function* later(make: () => Uint8Array): AsyncGenerator<Uint8Array> {
  yield make();
}

/** Passes a file's bytes on, and lists its size and SHA-256 when they are through. */
async function* hashed(
  path: string,
  content: FileContent,
  listed: ManifestFile[],
  unpacked: { bytes: number },
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const block of blocks(content)) {
    hash.update(block);
    bytes += block.length;
    unpacked.bytes += block.length;
    if (bytes > limits.archiveFileBytes) throw tooLarge(`has a file over ${limits.archiveFileBytes} bytes`);
    if (unpacked.bytes > limits.archiveUnpackedBytes) {
      throw tooLarge(`holds over ${limits.archiveUnpackedBytes} bytes`);
    }
    yield block;
  }
  listed.push({ path, bytes, sha256: hash.digest("hex") });
}

const blockLength = 64 * 1024;

/** Content as bytes, small texts gathered: every block costs a turn through the packer. */
async function* blocks(content: FileContent): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  if (typeof content === "string") {
    yield encoder.encode(content);
    return;
  }
  if (content instanceof Uint8Array) {
    yield content;
    return;
  }
  let text = "";
  for await (const piece of content()) {
    if (typeof piece === "string") {
      text += piece;
      if (text.length < blockLength) continue;
    }
    if (text !== "") {
      yield encoder.encode(text);
      text = "";
    }
    if (typeof piece !== "string") yield piece;
  }
  if (text !== "") yield encoder.encode(text);
}

function atMost(most: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.length;
      if (bytes > most) done(tooLarge(`has over ${most} bytes`));
      else done(null, chunk);
    },
  });
}

function tooLarge(what: string): SaysoError {
  return new SaysoError("too_large", `The archive ${what}, more than a ZIP can hold.`);
}
