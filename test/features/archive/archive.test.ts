import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import JSZip from "jszip";
import { expect, test } from "vitest";
import { attachmentPath } from "../../../src/features/archive/domain/attachment-name.ts";
import { isSafePath, type Manifest, manifestText } from "../../../src/features/archive/domain/manifest.ts";
import type { Attachment, ReportModel, Section } from "../../../src/features/archive/domain/report-model.ts";
import { buildArchive, createReportPages } from "../../../src/features/archive/index.ts";
import { limits } from "../../../src/kernel/limits.ts";
import {
  emptyReport,
  fullReport,
  messages,
  partialReport,
  rowsSection,
  sign,
  splitReport,
} from "./sample-report.ts";

const pages = createReportPages();

const emptyAttachment: Attachment = {
  path: "attachments/1.bin",
  originalName: "1",
  mediaType: "application/octet-stream",
  section: null,
  content: new Uint8Array(),
};

async function build(model: ReportModel): Promise<{ bytes: Buffer; manifest: Manifest }> {
  const written = buildArchive(model, pages, sign);
  const bytes = await buffer(written.stream);
  return { bytes, manifest: await written.manifest };
}

function expected(file: string): string {
  return readFileSync(new URL(`../../cases/archive/${file}`, import.meta.url), "utf8");
}

test("an archive has exactly the files of its layout: a page for long sections only, a JSON file for each", async () => {
  const { bytes } = await build(fullReport("en", limits.inlineRows + 1));
  const zip = await JSZip.loadAsync(bytes);
  expect(`${Object.keys(zip.files).join("\n")}\n`).toBe(expected("files-full.txt"));
});

test("a section has a page of its own from the first row past the limit, and one of lists likewise", async () => {
  const pagesOf = async (model: ReportModel) => {
    const { manifest } = await build(model);
    return manifest.files.map(({ path }) => path).filter((path) => /^sections\/.*\.html$/.test(path));
  };
  const model = fullReport("en", limits.inlineRows);
  expect(await pagesOf(model)).toEqual([]);
  const numbers = Array.from({ length: limits.inlineRows + 1 }, () => "+12025550100");
  const contacts: Section = { name: "contacts", state: "document", document: { numbers } };
  expect(await pagesOf({ ...model, sections: [contacts] })).toEqual(["sections/contacts.html"]);
});

test("a section of many months has files for each, in JSON and to be read, which together hold every row once", async () => {
  const { bytes, manifest } = await build(splitReport());
  const paths = manifest.files.map(({ path }) => path).filter((path) => path.startsWith("sections/"));
  const months = ["2026-02", "2026-03", "2026-03-2"];
  expect(paths).toEqual([
    "sections/messages.html",
    "sections/messages.json",
    ...months.flatMap((month) => [`sections/messages/${month}.html`, `sections/messages/${month}.json`]),
  ]);
  const zip = await JSZip.loadAsync(bytes);
  const text = async (path: string) => (await zip.file(path)?.async("string")) ?? "";
  const overview = await text("sections/messages.html");
  const told: string[] = [];
  for (const month of months) {
    const { rows } = JSON.parse(await text(`sections/messages/${month}.json`));
    const page = await text(`sections/messages/${month}.html`);
    for (const { messageId } of rows) expect(page).toContain(messageId.replaceAll("=", "&#x3D;"));
    told.push(...rows.map((row: { messageId: string }) => row.messageId));
    expect(overview).toContain(`href="messages/${month}.html"`);
    expect(page).toContain('href="../messages.html"');
  }
  expect(new Set(told).size).toBe(1_103);
  expect(told.length).toBe(1_103);
});

test("a stretch that gives more or fewer rows than it said fails the archive", async () => {
  for (const wrong of [-1, 1]) {
    const model = splitReport();
    const [section] = model.sections;
    if (section?.state !== "rows") throw new Error("Messages are rows.");
    const stretches = (section.stretches ?? []).map((each) => ({ ...each, count: each.count + wrong }));
    const written = buildArchive({ ...model, sections: [{ ...section, stretches }] }, pages, sign);
    await expect(buffer(written.stream)).rejects.toThrow("The archive could not be made.");
  }
});

test("the manifest says what was made, when, by what, from which sources, and how it ended", async () => {
  const { manifest } = await build(partialReport());
  const { files, ...head } = manifest;
  expect(head).toEqual(JSON.parse(expected("manifest-partial.json")));
  expect(files.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256))).toBe(true);
});

test("the manifest lists every file but itself and its signature, with true sizes and digests", async () => {
  const { bytes, manifest } = await build(fullReport("ru"));
  const zip = await JSZip.loadAsync(bytes);
  const listed = manifest.files.map(({ path }) => path);
  expect(Object.keys(zip.files)).toEqual([...listed, "manifest.json", "manifest.sig"]);
  for (const { path, bytes: size, sha256 } of manifest.files) {
    const content = (await zip.file(path)?.async("nodebuffer")) ?? Buffer.alloc(0);
    expect({ path, size: content.length }).toEqual({ path, size });
    expect(createHash("sha256").update(content).digest("hex")).toBe(sha256);
  }
  expect(await zip.file("manifest.json")?.async("string")).toBe(manifestText(manifest));
});

test.each([
  ["full, in English", () => fullReport("en", 700)],
  ["full, in Russian", () => fullReport("ru", 3)],
  ["partial", () => partialReport()],
  ["empty", () => emptyReport()],
  ["split by month", () => splitReport()],
])("the same model gives the same bytes: %s", async (_what, model) => {
  const first = await build(model());
  const second = await build(model());
  expect(first.bytes.equals(second.bytes)).toBe(true);
});

test("another model gives other bytes", async () => {
  const first = await build(fullReport("en"));
  const second = await build({ ...fullReport("en"), madeAt: "2026-11-22T17:21:44Z" });
  expect(first.bytes.equals(second.bytes)).toBe(false);
});

test("rows are read only as fast as the archive is, and let go when nobody reads on", async () => {
  const total = 1_000_000;
  let read = 0;
  let released = 0;
  const endless: Section = {
    name: "messages",
    state: "rows",
    count: total,
    async *rows() {
      try {
        // Rows that cannot be packed small: what was read must have been asked for.
        for (; read < total; read += 1) {
          yield [{ noise: createHash("sha256").update(String(read)).digest("hex").repeat(8) }];
        }
      } finally {
        released += 1;
      }
    },
  };
  const written = buildArchive({ ...emptyReport(), sections: [endless] }, pages, sign);
  for await (const chunk of written.stream) {
    expect(chunk.length).toBeGreaterThan(0);
    if (read > 0) break;
  }
  await expect(written.manifest).rejects.toThrow();
  await expect.poll(() => released).toBe(1);
  expect(read).toBeLessThan(total / 10);
});

test("a source that gives more or fewer rows than it said fails the archive, and one that breaks does", async () => {
  const lying = (count: number): Section =>
    ({ ...rowsSection("messages", [{}, {}]), state: "rows", count }) as Section;
  for (const count of [1, 3, 101]) {
    const written = buildArchive({ ...emptyReport(), sections: [lying(count)] }, pages, sign);
    await expect(buffer(written.stream)).rejects.toThrow("The archive could not be made.");
    await expect(written.manifest).rejects.toThrow("The archive could not be made.");
  }
  const broken: Section = {
    name: "messages",
    state: "rows",
    count: 1,
    rows: () => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("The connection was lost.")) }),
    }),
  };
  const written = buildArchive({ ...emptyReport(), sections: [broken] }, pages, sign);
  await expect(buffer(written.stream)).rejects.toThrow("The connection was lost.");
});

test("a source that breaks while the reader is not reading fails the archive all the same", async () => {
  let broke = false;
  const noise = randomBytes(4_000_000);
  const content = async function* () {
    yield noise;
    broke = true;
    throw new Error("The connection was lost.");
  };
  const model = { ...emptyReport(), attachments: [{ ...emptyAttachment, content }] };
  const written = buildArchive(model, pages, sign);
  const read = async () => {
    for await (const _chunk of written.stream) {
      // A reader that takes its time: the source goes on until what is made ahead is full.
      for (let turn = 0; turn < 20 && !broke; turn += 1) await new Promise(setImmediate);
    }
  };
  await expect(read()).rejects.toThrow("The connection was lost.");
  expect(broke).toBe(true);
});

test.each(["../account", "Account", "a/b", "", "x".repeat(65)])(
  "a section cannot be called %j, since it becomes a file name",
  (name) => {
    const model: ReportModel = { ...emptyReport(), sections: [{ name, state: "empty" }] };
    expect(() => buildArchive(model, pages, sign)).toThrow("The archive could not be made.");
  },
);

test("two sections of one name make no archive", () => {
  const model: ReportModel = {
    ...emptyReport(),
    sections: [messages(1), { name: "messages", state: "empty" }],
  };
  expect(() => buildArchive(model, pages, sign)).toThrow("The archive could not be made.");
});

test("README.txt says how to open it and which key signed it, in the person's language and in English", async () => {
  const readme = async (model: ReportModel) => {
    const zip = await JSZip.loadAsync((await build(model)).bytes);
    return (await zip.file("README.txt")?.async("string")) ?? "";
  };
  const russian = await readme(partialReport("ru"));
  expect(russian).toContain("откройте index.html");
  expect(russian).toContain("Архив неполный");
  expect(russian).toContain("open index.html");
  const english = await readme(fullReport("en"));
  expect(english).not.toMatch(/[а-я]/);
  for (const text of [russian, english]) {
    expect(text).toContain(fullReport().signingKey.id);
    expect(text).toContain("https://sayso.example/.well-known/sayso-keys.json");
  }
});

test.each([
  ["scan.pdf", "application/pdf", "attachments/3-scan.pdf"],
  ["../../etc/passwd", "text/plain", "attachments/3-passwd.txt"],
  ["C:\\Users\\x\\Фото 1.JPG", "image/jpeg", "attachments/3-Фото-1.jpg"],
  ["invoice.pdf.exe", "application/x-msdownload", "attachments/3-invoice-pdf.bin"],
  ["page.html", "text/html", "attachments/3-page.bin"],
  ["\u202egnp.exe", "image/png", "attachments/3-gnp.png"],
  ["con", "image/png", "attachments/3-con.png"],
  ["", "image/png", "attachments/3.png"],
  ["...", "image/png", "attachments/3.png"],
  ["a".repeat(300), "image/png", `attachments/3-${"a".repeat(60)}.png`],
])("an attachment called %j of type %s lies at a safe path", (name, mediaType, path) => {
  expect(attachmentPath(3, name, mediaType)).toBe(path);
  expect(isSafePath(path)).toBe(true);
});
