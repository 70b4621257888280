import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { deflateRawSync } from "node:zlib";
import JSZip from "jszip";
import { expect, test } from "vitest";
import type { ArchiveContents, ReportFile } from "../../../src/features/archive/domain/files.ts";
import { type Manifest, manifestHead, manifestText } from "../../../src/features/archive/domain/manifest.ts";
import { publicKey, readPublicKeys, signingKeysDocument } from "../../../src/features/archive/signing-key.ts";
import { verifyArchive } from "../../../src/features/archive/verify.ts";
import { writeArchive } from "../../../src/features/archive/zip.ts";
import { openBytes, readDirectory, type ZipEntry } from "../../../src/features/archive/zip-reader.ts";
import { emptyReport, rawPublicKey, sign } from "./sample-report.ts";

const keys = [publicKey(rawPublicKey)];
const otherKeys = [publicKey(Buffer.alloc(32, 9))];
const model = emptyReport();
const smallFiles: readonly ReportFile[] = [
  { path: "README.txt", content: "Hello.\n" },
  { path: "sections/account.json", content: '{"state":"empty"}\n' },
];

async function archiveOf(files: readonly ReportFile[]): Promise<Buffer> {
  const contents: ArchiveContents = { files, manifest: manifestHead(model) };
  return buffer(writeArchive(contents, sign).stream);
}

/** The archive's files, to be changed and packed again in the way that the writer packs. */
async function unpack(archive: Buffer): Promise<Map<string, Uint8Array>> {
  const zip = await JSZip.loadAsync(archive);
  const files = new Map<string, Uint8Array>();
  for (const [path, file] of Object.entries(zip.files)) files.set(path, await file.async("uint8array"));
  return files;
}

async function pack(
  files: ReadonlyMap<string, Uint8Array | string>,
  date = new Date(model.madeAt),
): Promise<Buffer> {
  const zip = new JSZip();
  for (const [path, bytes] of files) zip.file(path, bytes, { date, createFolders: false });
  return zip.generateAsync({
    type: "nodebuffer",
    streamFiles: true,
    compression: "DEFLATE",
    platform: "DOS",
  });
}

async function entriesOf(archive: Buffer): Promise<readonly ZipEntry[]> {
  return readDirectory(await openBytes(archive));
}

/** Changes a name everywhere in the ZIP, to one of the same length. */
function rename(archive: Buffer, from: string, to: string): Buffer {
  return Buffer.from(archive.toString("latin1").replaceAll(from, to), "latin1");
}

async function forgedManifest(archive: Buffer, change: (manifest: Manifest) => Manifest): Promise<Buffer> {
  const files = await unpack(archive);
  const manifest: Manifest = JSON.parse(Buffer.from(files.get("manifest.json") ?? []).toString());
  const text = manifestText(change(manifest));
  files.set("manifest.json", Buffer.from(text));
  files.set("manifest.sig", Buffer.from(sign(Buffer.from(text)).toString("base64")));
  return pack(files);
}

test("an untouched archive is intact, and its signer is proven, unproven or wrong by the keys given", async () => {
  const archive = await archiveOf(smallFiles);
  expect(await verifyArchive(archive, keys)).toMatchObject({ intact: true, signer: "proven", problems: [] });
  expect(await verifyArchive(archive)).toMatchObject({ intact: true, signer: "unproven", problems: [] });
  expect(await verifyArchive(archive, otherKeys)).toMatchObject({
    intact: true,
    signer: "wrong",
    problems: ["None of the given keys signed this manifest."],
  });
});

test("the key may be given raw in base64 or base64url, as a JWK, or among others in a sayso-keys.json", async () => {
  const archive = await archiveOf(smallFiles);
  const document = signingKeysDocument([Buffer.alloc(32, 9), rawPublicKey]);
  const forms = [
    rawPublicKey.toString("base64"),
    rawPublicKey.toString("base64url"),
    JSON.stringify(document.keys[1]),
    JSON.stringify(document),
    JSON.stringify({ keys: [{ kty: "RSA", n: "AQAB", e: "AQAB" }, ...document.keys] }),
  ];
  for (const form of forms) {
    expect((await verifyArchive(archive, readPublicKeys(form))).signer).toBe("proven");
  }
});

test.each([
  "",
  "x",
  "{}",
  '{"keys":[]}',
  "{",
  rawPublicKey.toString("hex"),
  '{"kty":"OKP","crv":"X25519","x":"AA"}',
])("what is no Ed25519 public key is refused: %s", (text) => {
  expect(() => readPublicKeys(text)).toThrow("no Ed25519 public key");
});

test("the id of a key is its RFC 7638 thumbprint (the example of RFC 8037, appendix A.3)", () => {
  const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
  expect(readPublicKeys(x)[0]?.id).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
});

test("a single changed bit, anywhere in the file, is noticed, or else changes nothing that can be unpacked", async () => {
  const archive = await archiveOf(smallFiles);
  const original = await unpack(archive);
  const unnoticed: Buffer[] = [];
  for (let position = 0; position < archive.length; position += 1) {
    const changed = Buffer.from(archive);
    changed[position] = (archive[position] ?? 0) ^ (1 << (position % 8));
    if ((await verifyArchive(changed)).intact) unnoticed.push(changed);
  }
  // Packed bytes end with up to seven bits that belong to nothing.
  expect(unnoticed.length).toBeLessThanOrEqual(original.size);
  for (const changed of unnoticed) expect(await unpack(changed)).toEqual(original);
});

test("an archive that ends early, at any byte, is not intact", async () => {
  const archive = await archiveOf(smallFiles);
  for (let length = 0; length < archive.length; length += 1) {
    expect((await verifyArchive(archive.subarray(0, length))).intact).toBe(false);
  }
});

test("bytes before or after the ZIP are noticed", async () => {
  const archive = await archiveOf(smallFiles);
  const extra = Buffer.from("x");
  expect((await verifyArchive(Buffer.concat([archive, extra]))).intact).toBe(false);
  expect((await verifyArchive(Buffer.concat([extra, archive]))).intact).toBe(false);
});

test("what is no ZIP at all is an answer, not an error", async () => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(22),
    Buffer.from("not a ZIP, but long enough to be one"),
  ]) {
    expect(await verifyArchive(bytes, keys)).toMatchObject({
      intact: false,
      signer: "wrong",
      manifest: null,
    });
  }
});

test("a changed, a missing and an added file are each named", async () => {
  const files = await unpack(await archiveOf(smallFiles));
  files.set("README.txt", Buffer.from("Hallo.\n"));
  files.delete("sections/account.json");
  files.set("sections/extra.json", Buffer.from("{}"));
  const { intact, signer, problems } = await verifyArchive(await pack(files), keys);
  expect({ intact, signer }).toEqual({ intact: false, signer: "proven" });
  expect(problems.toSorted()).toEqual([
    '"README.txt" was changed.',
    '"sections/account.json" is missing.',
    '"sections/extra.json" is not in the manifest.',
  ]);
});

test("a file of another size is named with both sizes", async () => {
  const files = await unpack(await archiveOf(smallFiles));
  files.set("README.txt", Buffer.from("Hello!\n\n"));
  expect((await verifyArchive(await pack(files))).problems).toEqual([
    '"README.txt" has 8 bytes; the manifest says 7.',
  ]);
});

test("a forged manifest that fits forged files does not pass for the signer's", async () => {
  const files = await unpack(await archiveOf(smallFiles));
  const manifest: Manifest = JSON.parse(Buffer.from(files.get("manifest.json") ?? []).toString());
  files.set("manifest.json", Buffer.from(manifestText({ ...manifest, requestId: "req_forged" })));
  const forged = await pack(files);
  expect(await verifyArchive(forged, keys)).toMatchObject({ signer: "wrong" });
  expect(await verifyArchive(forged)).toMatchObject({ signer: "unproven" });
});

test.each(["manifest.json", "manifest.sig"])("an archive without %s is not intact", async (path) => {
  const files = await unpack(await archiveOf(smallFiles));
  files.delete(path);
  expect(await verifyArchive(await pack(files), keys)).toMatchObject({ intact: false, signer: "wrong" });
});

test.each([
  ["empty", ""],
  ["not base64", "*".repeat(88)],
  ["of 63 bytes", Buffer.alloc(63).toString("base64")],
  ["with a line break", `${Buffer.alloc(64).toString("base64")}\n`],
])("a signature %s is not intact", async (_what, text) => {
  const files = await unpack(await archiveOf(smallFiles));
  files.set("manifest.sig", Buffer.from(text));
  expect(await verifyArchive(await pack(files), keys)).toMatchObject({ intact: false, signer: "wrong" });
});

test("a manifest with unknown fields, or a path that leaves its folder, is no manifest", async () => {
  const archive = await archiveOf(smallFiles);
  const unknown = await forgedManifest(archive, (manifest) => ({ ...manifest, more: 1 }));
  const outside = await forgedManifest(archive, (manifest) => ({
    ...manifest,
    files: [...manifest.files, { path: "../out", bytes: 0, sha256: "0".repeat(64) }],
  }));
  for (const forged of [unknown, outside]) {
    expect(await verifyArchive(forged, keys)).toMatchObject({
      intact: false,
      problems: ["manifest.json is not a manifest of Sayso's."],
    });
  }
});

test("two files of one name are noticed, whichever a program would unpack", async () => {
  const archive = await archiveOf([...smallFiles, { path: "README.tx2", content: "Other.\n" }]);
  const { intact, problems } = await verifyArchive(rename(archive, "README.tx2", "README.txt"), keys);
  expect(intact).toBe(false);
  expect(problems).toContain("Two files in the ZIP have one name.");
});

test.each(["../x.txt", "/abs.txt", "a/../b.x", "a\\..\\b.x", "c:/x.txt", "a//b.txt", "a/./b.tx", "ab.txt. "])(
  "a file called %s is refused: it would unpack outside its folder or as something else",
  async (name) => {
    const archive = await archiveOf([...smallFiles, { path: "--------", content: "x" }]);
    const named = name.padEnd(8, "_").slice(0, 8);
    const { intact, problems } = await verifyArchive(rename(archive, "--------", named));
    expect(intact).toBe(false);
    expect(problems.some((problem) => problem.includes("would unpack outside its folder"))).toBe(true);
  },
);

test("a file that unpacks to more than it says is left at the first byte too many", async () => {
  const bomb = Buffer.alloc(64 * 1024 * 1024);
  const packedBytes = deflateRawSync(bomb, { level: 6 }).length;
  expect(packedBytes).toBeLessThan(100_000);
  const files = new Map<string, Uint8Array>([["bomb.bin", bomb]]);
  const manifest: Manifest = {
    ...manifestHead(model),
    files: [{ path: "bomb.bin", bytes: 10, sha256: "0".repeat(64) }],
  };
  const text = Buffer.from(manifestText(manifest));
  files.set("manifest.json", text);
  files.set("manifest.sig", Buffer.from(sign(text).toString("base64")));
  const archive = await pack(files);
  // The size that the headers claim is made small as well: both the directory and the descriptor say 10 bytes.
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bomb.length);
  const claimed = Buffer.alloc(4);
  claimed.writeUInt32LE(10);
  const lying = rename(archive, size.toString("latin1"), claimed.toString("latin1"));
  expect(await verifyArchive(lying, keys)).toMatchObject({
    intact: false,
    signer: "proven",
    problems: ['"bomb.bin" unpacks to more than it says.'],
  });
});

/**
 * Writes the ZIP's central directory anew: `change` may alter each record (APPNOTE 4.3.12), `inserted` puts bytes at a
 * place among the files and moves what follows.
 */
function rewrite(
  archive: Buffer,
  change: (record: Buffer, index: number) => void,
  inserted?: { at: number; bytes: Buffer },
): Buffer {
  const moved = inserted?.bytes.length ?? 0;
  const at = inserted?.at ?? 0;
  const result = inserted
    ? Buffer.concat([archive.subarray(0, at), inserted.bytes, archive.subarray(at)])
    : Buffer.from(archive);
  const end = result.length - 22;
  const directory = result.readUInt32LE(end + 16) + moved;
  result.writeUInt32LE(directory, end + 16);
  for (let place = directory, index = 0; place < end; index += 1) {
    const record = result.subarray(place, end);
    const offset = record.readUInt32LE(42);
    if (inserted && offset >= at) record.writeUInt32LE(offset + moved, 42);
    change(record, index);
    place += 46 + record.readUInt16LE(28) + record.readUInt16LE(30);
  }
  return result;
}

test("rewriting the directory without a change leaves an archive intact (so that the next tests can fail)", async () => {
  const archive = await archiveOf(smallFiles);
  expect(
    (
      await verifyArchive(
        rewrite(archive, () => undefined),
        keys,
      )
    ).intact,
  ).toBe(true);
});

test("bytes hidden between two files are noticed", async () => {
  const archive = await archiveOf(smallFiles);
  const [, second] = await entriesOf(archive);
  const start = (second?.offset ?? 0) - 30 - Buffer.byteLength(second?.path ?? "");
  const hidden = rewrite(archive, () => undefined, { at: start, bytes: Buffer.from("hidden") });
  expect((await verifyArchive(hidden, keys)).intact).toBe(false);
});

test("bytes hidden behind a file's packed bytes are noticed", async () => {
  const archive = await archiveOf(smallFiles);
  const [first] = await entriesOf(archive);
  if (first === undefined) throw new Error("The archive is empty.");
  const end = first.offset + first.packedBytes;
  const grown = first.packedBytes + 6;
  const hidden = rewrite(
    archive,
    (record, index) => {
      if (index === 0) record.writeUInt32LE(grown, 20);
    },
    { at: end, bytes: Buffer.from("hidden") },
  );
  hidden.writeUInt32LE(grown, end + 6 + 8);
  const { intact, problems } = await verifyArchive(hidden, keys);
  expect(intact).toBe(false);
  expect(problems).toEqual(['"README.txt" unpacks to less than it says.']);
});

test("a checksum that makes other programs refuse a file is noticed", async () => {
  const archive = await archiveOf(smallFiles);
  const [first] = await entriesOf(archive);
  if (first === undefined) throw new Error("The archive is empty.");
  const wrong = rewrite(archive, (record, index) => {
    if (index === 0) record.writeUInt32LE(1, 16);
  });
  wrong.writeUInt32LE(1, first.offset + first.packedBytes + 4);
  expect((await verifyArchive(wrong, keys)).problems).toEqual([
    '"README.txt" does not fit its checksum in the ZIP.',
  ]);
});

test("files of another time than the report are noticed", async () => {
  const files = await unpack(await archiveOf(smallFiles));
  const later = new Date(Date.parse(model.madeAt) + 2_000);
  const { intact, problems } = await verifyArchive(await pack(files, later), keys);
  expect(intact).toBe(false);
  expect(problems).toContain('"README.txt" has another time than the report.');
});

test("a ZIP that another program packed is not an archive, whatever is in it", async () => {
  const files = await unpack(await archiveOf(smallFiles));
  const zip = new JSZip();
  for (const [path, bytes] of files) zip.file(path, bytes);
  for (const platform of ["UNIX", "DOS"] as const) {
    const repacked = await zip.generateAsync({ type: "nodebuffer", platform });
    expect((await verifyArchive(repacked, keys)).intact).toBe(false);
  }
});

test("an archive is read from its file as from memory, and a file that is not there is an error", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sayso-verify-"));
  try {
    const path = join(folder, "archive.zip");
    const archive = await archiveOf([
      ...smallFiles,
      { path: "attachments/1-фото.bin", content: new Uint8Array(700_000).map((_, index) => index * 7919) },
    ]);
    await writeFile(path, archive);
    expect(await verifyArchive(path, keys)).toEqual(await verifyArchive(archive, keys));
    expect(await verifyArchive(path, keys)).toMatchObject({ intact: true, signer: "proven" });
    await expect(verifyArchive(join(folder, "none.zip"))).rejects.toThrow("ENOENT");
  } finally {
    await rm(folder, { recursive: true });
  }
});
