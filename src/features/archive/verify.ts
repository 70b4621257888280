import { createHash, verify as verifySignature } from "node:crypto";
import { crc32 } from "node:zlib";
import { limits } from "../../kernel/limits.ts";
import { isSafePath, type Manifest, manifestPath, manifestSchema, signaturePath } from "./domain/manifest.ts";
import type { PublicKey } from "./signing-key.ts";
import {
  ArchiveProblem,
  type ByteSource,
  openBytes,
  readDirectory,
  readEntryBytes,
  show,
  type ZipEntry,
} from "./zip-reader.ts";

/** What checking an archive found. */
export interface Verification {
  /** Every file is there, as the manifest lists it, and nothing else is. */
  readonly intact: boolean;
  /**
   * Who made it: `proven` when one of the given keys signed the manifest, `wrong` when none of them did, `unproven`
   * when no key was given. Without a key "intact" only says that the archive fits itself.
   */
  readonly signer: "proven" | "unproven" | "wrong";
  /** What is wrong, in English, worst first; empty when all is well. */
  readonly problems: readonly string[];
  /** Null when it could not be read. */
  readonly manifest: Manifest | null;
}

/**
 * Checks an archive without unpacking it to disk and with flat memory: the ZIP's structure, every file's size and
 * SHA-256 against the manifest, and the manifest's Ed25519 signature against the keys, which must come from
 * elsewhere (`/.well-known/sayso-keys.json`), never from the archive. Whatever the bytes are, the answer is a
 * Verification; it throws only when the file itself cannot be opened or read.
 */
export async function verifyArchive(
  archive: Uint8Array | string,
  publicKeys: readonly PublicKey[] = [],
): Promise<Verification> {
  const source = await openBytes(archive);
  try {
    return await verifyBytes(source, publicKeys);
  } finally {
    await source.close();
  }
}

async function verifyBytes(source: ByteSource, publicKeys: readonly PublicKey[]): Promise<Verification> {
  const problems: string[] = [];
  const attempt = async <Result>(work: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ArchiveProblem)) throw error;
      problems.push(error.message);
      return undefined;
    }
  };

  const entries = (await attempt(() => readDirectory(source))) ?? [];
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  if (byPath.size < entries.length) problems.push("Two files in the ZIP have one name.");
  for (const entry of entries) {
    if (!isSafePath(entry.path)) problems.push(`${show(entry.path)} would unpack outside its folder.`);
  }
  if (problems.length > 0) return verdict(problems, false, publicKeys, null);

  const manifestBytes = await attempt(() => readSmall(source, byPath.get(manifestPath), manifestPath));
  const signatureBytes = await attempt(() => readSmall(source, byPath.get(signaturePath), signaturePath));
  const signature = signatureBytes && readSignature(signatureBytes, problems);
  const manifest = manifestBytes && readManifest(manifestBytes, problems);
  if (manifestBytes === undefined || manifest === undefined)
    return verdict(problems, false, publicKeys, null);

  await compare(source, entries, byPath, manifest, problems);
  const signer = publicKeys.find((candidate) => candidate.id === manifest.keyId);
  const isSigned =
    signer !== undefined &&
    signature !== undefined &&
    verifySignature(null, manifestBytes, signer.key, signature);
  return verdict(problems, isSigned, publicKeys, manifest);
}

function verdict(
  problems: readonly string[],
  isSigned: boolean,
  publicKeys: readonly PublicKey[],
  manifest: Manifest | null,
): Verification {
  const intact = problems.length === 0;
  if (publicKeys.length === 0) return { intact, signer: "unproven", problems, manifest };
  if (isSigned) return { intact, signer: "proven", problems, manifest };
  const unsigned = manifest === null ? [] : ["None of the given keys signed this manifest."];
  return { intact, signer: "wrong", problems: [...unsigned, ...problems], manifest };
}

/** Compares what the ZIP holds with what the manifest lists, file by file. */
async function compare(
  source: ByteSource,
  entries: readonly ZipEntry[],
  byPath: ReadonlyMap<string, ZipEntry>,
  manifest: Manifest,
  problems: string[],
): Promise<void> {
  const listed = new Map(manifest.files.map((file) => [file.path, file]));
  if (listed.size < manifest.files.length) problems.push("The manifest lists a file twice.");
  for (const { path } of manifest.files) {
    if (!byPath.has(path)) problems.push(`${show(path)} is missing.`);
  }
  const packedTime = packTime(new Date(manifest.madeAt));
  let unpacked = 0;
  for (const entry of entries) {
    if (entry.packedTime !== packedTime)
      problems.push(`${show(entry.path)} has another time than the report.`);
    if (entry.path === manifestPath || entry.path === signaturePath) continue;
    const file = listed.get(entry.path);
    if (file === undefined) {
      problems.push(`${show(entry.path)} is not in the manifest.`);
      continue;
    }
    unpacked += entry.bytes;
    if (unpacked > limits.archiveUnpackedBytes) {
      problems.push("The files unpack to more than an archive can hold.");
      return;
    }
    if (file.bytes !== entry.bytes) {
      problems.push(`${show(entry.path)} has ${entry.bytes} bytes; the manifest says ${file.bytes}.`);
      continue;
    }
    await compareContent(source, entry, file.sha256, problems);
  }
}

async function compareContent(
  source: ByteSource,
  entry: ZipEntry,
  sha256: string,
  problems: string[],
): Promise<void> {
  const hash = createHash("sha256");
  let checksum = 0;
  try {
    for await (const block of readEntryBytes(source, entry)) {
      hash.update(block);
      checksum = crc32(block, checksum);
    }
  } catch (error) {
    if (!(error instanceof ArchiveProblem)) throw error;
    problems.push(error.message);
    return;
  }
  if (hash.digest("hex") !== sha256) problems.push(`${show(entry.path)} was changed.`);
  if (checksum !== entry.crc32) problems.push(`${show(entry.path)} does not fit its checksum in the ZIP.`);
}

/** The manifest or its signature, whole. */
async function readSmall(source: ByteSource, entry: ZipEntry | undefined, path: string): Promise<Buffer> {
  if (entry === undefined) throw new ArchiveProblem(`${path} is missing.`);
  if (entry.bytes > limits.archiveManifestBytes)
    throw new ArchiveProblem(`${path} is larger than it can be.`);
  const blocks: Uint8Array[] = [];
  for await (const block of readEntryBytes(source, entry)) blocks.push(block);
  const bytes = Buffer.concat(blocks);
  if (crc32(bytes) !== entry.crc32) throw new ArchiveProblem(`${path} does not fit its checksum in the ZIP.`);
  return bytes;
}

function readManifest(bytes: Buffer, problems: string[]): Manifest | undefined {
  try {
    return manifestSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    problems.push(`${manifestPath} is not a manifest of Sayso's.`);
    return undefined;
  }
}

/** Exactly the base64 of 64 bytes. */
function readSignature(bytes: Buffer, problems: string[]): Buffer | undefined {
  const signature = Buffer.from(bytes.toString("latin1"), "base64");
  if (signature.length === 64 && signature.toString("base64") === bytes.toString("latin1")) return signature;
  problems.push(`${signaturePath} is not a signature: it must be the base64 of 64 bytes.`);
  return undefined;
}

/** An instant as ZIP entries carry it: DOS time, then DOS date, in UTC, to two seconds. */
function packTime(instant: Date): number {
  const time =
    (instant.getUTCHours() << 11) | (instant.getUTCMinutes() << 5) | (instant.getUTCSeconds() >> 1);
  const date =
    ((instant.getUTCFullYear() - 1980) << 9) | ((instant.getUTCMonth() + 1) << 5) | instant.getUTCDate();
  return ((date << 16) | time) >>> 0;
}
