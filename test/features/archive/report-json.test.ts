import { buffer } from "node:stream/consumers";
import { Ajv2020 } from "ajv/dist/2020.js";
import JSZip from "jszip";
import { describe, expect, test } from "vitest";
import type { ReportModel } from "../../../src/features/archive/domain/report-model.ts";
import { buildArchive, createReportPages } from "../../../src/features/archive/index.ts";
import { reportSchema } from "../../../src/features/archive/report-schema.ts";
import { emptyReport, fullReport, partialReport, rowsSection, sign, splitReport } from "./sample-report.ts";

const pages = createReportPages();

/** Files of the archive by path, as text. */
async function unpack(model: ReportModel): Promise<(path: string) => Promise<string>> {
  const zip = await JSZip.loadAsync(await buffer(buildArchive(model, pages, sign).stream));
  return async (path) => {
    const file = zip.file(path);
    if (file === null) throw new Error(`${path} is not in the archive.`);
    return file.async("string");
  };
}

function misfits(schema: object, value: unknown): unknown[] {
  // Patterns in the schema say what the formats do.
  const ajv = new Ajv2020({ strict: true, strictTypes: false, validateFormats: false, allErrors: true });
  const validate = ajv.compile(schema);
  return validate(value)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => ({ instancePath, message }));
}

const reports: readonly [string, ReportModel][] = [
  ["full", fullReport("en")],
  ["full with a long section, in Russian", fullReport("ru", 350)],
  ["split by month", splitReport("en")],
  ["partial", partialReport("ru")],
  ["empty", emptyReport("en")],
];

describe.each(reports)("a report that is %s", (_what, model) => {
  test("fits the JSON Schema that lies beside it", async () => {
    const file = await unpack(model);
    expect(
      misfits(JSON.parse(await file("report.schema.json")), JSON.parse(await file("report.json"))),
    ).toEqual([]);
  });

  test("has every section in report.json as in a file of its own", async () => {
    const file = await unpack(model);
    const report = JSON.parse(await file("report.json"));
    expect(Object.keys(report.sections)).toEqual(model.sections.map(({ name }) => name));
    for (const { name } of model.sections) {
      const { section, ...content } = JSON.parse(await file(`sections/${name}.json`));
      expect(section).toBe(name);
      expect(content).toEqual(report.sections[name]);
    }
  });
});

test("the schema is no rubber stamp: another word, a field too many or too few does not fit", async () => {
  const model = fullReport();
  const schema = reportSchema(model);
  const report = JSON.parse(await (await unpack(model))("report.json"));
  const changes: ((copy: typeof report) => void)[] = [
    (copy) => delete copy.madeAt,
    (copy) => Object.assign(copy, { extra: 1 }),
    (copy) => Object.assign(copy, { madeAt: "22 November 2026" }),
    (copy) => Object.assign(copy.sections.settings.document, { photoPrivacy: "friends" }),
    (copy) => delete copy.sections.consents.rows[0].wording,
    (copy) => Object.assign(copy.sections.messages.rows[0], { content: "?" }),
    (copy) => Object.assign(copy.sections.messages, { state: "fine" }),
    (copy) => Object.assign(copy.sections.loyalty.document, { cardNumber: 42 }),
    (copy) => Object.assign(copy.sections, { unknown: { state: "empty" } }),
  ];
  for (const change of changes) {
    const copy = structuredClone(report);
    change(copy);
    expect(misfits(schema, copy), String(change)).not.toEqual([]);
  }
});

test("keys are the same in every language", async () => {
  const keysOf = (value: unknown, path = ""): string[] =>
    value === null || typeof value !== "object"
      ? [path]
      : Object.entries(value).flatMap(([key, member]) => keysOf(member, `${path}/${key}`));
  const [english, russian] = await Promise.all(
    [fullReport("en"), fullReport("ru")].map(async (model) =>
      keysOf(JSON.parse(await (await unpack(model))("report.json"))),
    ),
  );
  expect(russian).toEqual(english);
});

test("a report is marked partial, with what is missing, as soon as one source or section failed", async () => {
  const partial = async (model: ReportModel) =>
    JSON.parse(await (await unpack(model))("report.json")).partial;
  const full = fullReport();
  expect(await partial(full)).toBe(false);
  expect(await partial({ ...full, sources: [{ name: "Shop", state: "failed", missing: "All" }] })).toBe(true);
  const failed = { name: "groups", state: "failed", source: "Shop", missing: "All" } as const;
  expect(await partial({ ...full, sections: [failed] })).toBe(true);
});

test("a section without a single value is an empty one, however it came", async () => {
  const model: ReportModel = {
    ...emptyReport(),
    sections: [
      rowsSection("messages", []),
      { name: "account", state: "document", document: {} },
      { name: "profile", state: "document", document: { photo: null, about: undefined } },
      { name: "groups", state: "document", document: { current: [], past: [] } },
    ],
  };
  const { sections } = JSON.parse(await (await unpack(model))("report.json"));
  expect(Object.values(sections)).toEqual(Array(4).fill({ state: "empty" }));
});

test("JSON holds texts as they are stored, lone surrogates and control characters included", async () => {
  const stored = "\ud800 \u0000 \u202e <script> =HYPERLINK() \u2028 \u{1F4A3}";
  const model: ReportModel = {
    ...emptyReport(),
    sections: [{ name: "account", state: "document", document: { name: stored } }],
  };
  const file = await unpack(model);
  expect(JSON.parse(await file("report.json")).sections.account.document.name).toBe(stored);
  expect(JSON.parse(await file("sections/account.json")).document.name).toBe(stored);
});
