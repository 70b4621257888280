import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createInflateRaw } from "node:zlib";
import { limits } from "../../kernel/limits.ts";

/** Something is not as an archive of Sayso's has it. The message says what, in English, for whoever checks. */
export class ArchiveProblem extends Error {}

/** Bytes that can be read anywhere: a file, or a buffer. */
export interface ByteSource {
  readonly length: number;
  /** Exactly these bytes; never called past the end. */
  read(offset: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** An archive in memory, or by its file's path. */
export async function openBytes(archive: Uint8Array | string): Promise<ByteSource> {
  if (typeof archive !== "string") {
    const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
    return {
      length: bytes.length,
      read: async (offset, length) => bytes.subarray(offset, offset + length),
      close: async () => undefined,
    };
  }
  const file = await open(archive, "r");
  try {
    const { size } = await file.stat();
    return {
      length: size,
      read: (offset, length) => readFully(file, offset, length),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readFully(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, offset + read);
    if (bytesRead === 0) throw new ArchiveProblem("The file became shorter while it was read.");
    read += bytesRead;
  }
  return bytes;
}

/** One file of the ZIP, as the central directory and the file's own header agree on. */
export interface ZipEntry {
  readonly path: string;
  /** The modification time as ZIP packs it (DOS date and time). */
  readonly packedTime: number;
  readonly crc32: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Where its packed bytes start. */
  readonly offset: number;
}

const endLength = 22;
const centralLength = 46;
const localLength = 30;
const descriptorLength = 16;

/**
 * Lists the files of a ZIP (APPNOTE 6.3, 4.3), in their order. Takes what the writer makes and nothing else, so that
 * every byte has one meaning: no byte outside the files and the directory, headers that agree, one name a file,
 * deflated, not encrypted, no links, no comments. Two programs that unpack it find the same. Throws ArchiveProblem.
 */
export async function readDirectory(source: ByteSource): Promise<readonly ZipEntry[]> {
  if (source.length > limits.archiveBytes)
    throw new ArchiveProblem("The file is larger than an archive can be.");
  if (source.length < endLength) throw new ArchiveProblem("The file is not a ZIP, or its end is missing.");
  const end = await source.read(source.length - endLength, endLength);
  if (end.readUInt32LE(0) !== 0x06054b50) {
    throw new ArchiveProblem("The file is not a ZIP, its end is missing, or something was added to it.");
  }
  const count = end.readUInt16LE(10);
  const directoryLength = end.readUInt32LE(12);
  const directoryOffset = end.readUInt32LE(16);
  const wellFormed =
    end.readUInt32LE(4) === 0 &&
    end.readUInt16LE(8) === count &&
    end.readUInt16LE(20) === 0 &&
    directoryOffset + directoryLength === source.length - endLength;
  if (!wellFormed) throw new ArchiveProblem("The ZIP's end does not fit the file.");
  if (count > limits.archiveFiles + 2 || directoryLength > limits.archiveManifestBytes) {
    throw new ArchiveProblem("The ZIP lists more files than an archive can have.");
  }

  const directory = await source.read(directoryOffset, directoryLength);
  const entries: ZipEntry[] = [];
  let position = 0;
  let expectedOffset = 0;
  for (let index = 0; index < count; index += 1) {
    const { entry, length, nextOffset } = await readEntry(
      source,
      directory.subarray(position),
      expectedOffset,
    );
    if (nextOffset > directoryOffset) throw new ArchiveProblem("The ZIP's files do not fit its directory.");
    entries.push(entry);
    position += length;
    expectedOffset = nextOffset;
  }
  if (position !== directoryLength || expectedOffset !== directoryOffset) {
    throw new ArchiveProblem("The ZIP holds bytes that belong to no file.");
  }
  return entries;
}

async function readEntry(source: ByteSource, central: Buffer, expectedOffset: number) {
  const broken = () => new ArchiveProblem("The ZIP's directory is damaged.");
  if (central.length < centralLength || central.readUInt32LE(0) !== 0x02014b50) throw broken();
  const nameLength = central.readUInt16LE(28);
  const extraLength = central.readUInt16LE(30);
  const length = centralLength + nameLength + extraLength;
  const offset = central.readUInt32LE(42);
  if (central.length < length || offset !== expectedOffset) throw broken();
  const name = central.subarray(centralLength, centralLength + nameLength);
  const extra = central.subarray(centralLength + nameLength, length);
  const path = utf8(name);

  const isAscii = name.every((byte) => byte < 0x80);
  const flags = isAscii ? 0x0008 : 0x0808;
  const asWritten =
    central.readUInt16LE(4) === 20 && // made by: DOS, 2.0
    central.readUInt16LE(6) === 10 && // needed: 1.0
    central.readUInt16LE(8) === flags && // sizes follow the data; UTF-8 name
    central.readUInt16LE(10) === 8 && // deflated
    central.readUInt16LE(32) === 0 && // no comment
    central.readUInt16LE(34) === 0 && // disk
    central.readUInt16LE(36) === 0 && // internal attributes
    central.readUInt32LE(38) === 0 && // external attributes: neither folder nor link
    (isAscii ? extraLength === 0 : isUnicodePath(extra, name));
  if (!asWritten) throw new ArchiveProblem(`${show(path)} is packed in a way that Sayso does not use.`);

  const entry: ZipEntry = {
    path,
    packedTime: central.readUInt32LE(12),
    crc32: central.readUInt32LE(16),
    packedBytes: central.readUInt32LE(20),
    bytes: central.readUInt32LE(24),
    offset: offset + localLength + nameLength + extraLength,
  };
  const nextOffset = entry.offset + entry.packedBytes + descriptorLength;
  if (nextOffset > source.length) throw broken();

  const local = await source.read(offset, localLength + nameLength + extraLength);
  const descriptor = await source.read(nextOffset - descriptorLength, descriptorLength);
  const agrees =
    local.readUInt32LE(0) === 0x04034b50 &&
    local.subarray(4, 14).equals(central.subarray(6, 16)) && // needed, flags, method, time, date
    local.subarray(14, 26).every((byte) => byte === 0) && // checksum and sizes follow the data
    local.subarray(26, 30).equals(central.subarray(28, 32)) && // lengths
    local.subarray(localLength).equals(central.subarray(centralLength, length)) &&
    descriptor.readUInt32LE(0) === 0x08074b50 &&
    descriptor.subarray(4).equals(central.subarray(16, 28)); // checksum and sizes
  if (!agrees) throw new ArchiveProblem(`The two headers of ${show(path)} disagree.`);
  return { entry, length, nextOffset };
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ArchiveProblem("The ZIP has a file whose name is not UTF-8.");
  }
}

/** The Info-ZIP Unicode Path field (0x7075): some programs believe it more than the name, so it must say the same. */
function isUnicodePath(extra: Buffer, name: Buffer): boolean {
  return (
    extra.length === 9 + name.length &&
    extra.readUInt16LE(0) === 0x7075 &&
    extra.readUInt16LE(2) === 5 + name.length &&
    extra.readUInt8(4) === 1 &&
    extra.subarray(9).equals(name)
  );
}

/** A name from an archive that nobody vouches for, fit for a message. */
export function show(path: string): string {
  return JSON.stringify(path.length > 120 ? `${path.slice(0, 120)}…` : path);
}

const readLength = 256 * 1024;

/**
 * A file's bytes, unpacked block by block. Stops with ArchiveProblem when they are damaged, or more or fewer than the
 * entry says: a small file that unpacks to a huge one is left at its first byte too many.
 */
export async function* readEntryBytes(source: ByteSource, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw();
  const packed = Readable.from(packedBytes(source, entry), { highWaterMark: 2 });
  packed.once("error", (error) => inflate.destroy(error));
  packed.pipe(inflate);
  let bytes = 0;
  try {
    for await (const block of inflate) {
      bytes += block.length;
      if (bytes > entry.bytes) throw new ArchiveProblem(`${show(entry.path)} unpacks to more than it says.`);
      yield block;
    }
  } catch (error) {
    if (error instanceof ArchiveProblem) throw error;
    throw new ArchiveProblem(`${show(entry.path)} is damaged and cannot be unpacked.`, { cause: error });
  } finally {
    packed.destroy();
    inflate.destroy();
  }
  if (bytes !== entry.bytes || inflate.bytesWritten !== entry.packedBytes) {
    throw new ArchiveProblem(`${show(entry.path)} unpacks to less than it says.`);
  }
}

async function* packedBytes(source: ByteSource, entry: ZipEntry): AsyncGenerator<Buffer> {
  for (let done = 0; done < entry.packedBytes; done += readLength) {
    yield await source.read(entry.offset + done, Math.min(readLength, entry.packedBytes - done));
  }
}
