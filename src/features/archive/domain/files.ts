import { SaysoError } from "../../../kernel/errors.ts";
import { limits } from "../../../kernel/limits.ts";
import { type Manifest, manifestHead } from "./manifest.ts";
import {
  isPartial,
  type ReportModel,
  type Row,
  type RowsSection,
  type Section,
  type Stretch,
} from "./report-model.ts";

/** A file of the archive. Long ones are made while they are written; their content may be asked for once each time. */
export interface ReportFile {
  readonly path: string;
  readonly content: FileContent;
}
export type FileContent = string | Uint8Array | (() => AsyncIterable<string | Uint8Array>);

/** What the readable files look like; made by the templates (render.ts). */
export interface ReportPages {
  /** index.html: the whole report but for long sections, which it links to. */
  index(model: ReportModel): () => AsyncIterable<string>;
  /** sections/<name>.html: one long section. */
  section(model: ReportModel, section: Section): () => AsyncIterable<string>;
  /** sections/<name>/<month>.html: a stretch of one that is too long for a page; its own page leads there. */
  stretch(model: ReportModel, section: RowsSection, stretch: Stretch): () => AsyncIterable<string>;
  /** README.txt */
  readme(model: ReportModel): string;
}

/** The version of report.json's shape; report.schema.json describes it. */
export const reportSchemaVersion = 1;

/** An archive before it is written: its files in their order, and the manifest but for the list of them. */
export interface ArchiveContents {
  readonly files: readonly ReportFile[];
  readonly manifest: Omit<Manifest, "files">;
}

/**
 * The files of the archive that answers a request, but for manifest.json and manifest.sig, which the writer adds.
 * `schema` is the JSON Schema that goes along (report-schema.ts). Pure: the same model gives the same files. Throws
 * when the model contradicts itself (two sections of one name, a name that is no file name).
 */
export function archiveContents(model: ReportModel, pages: ReportPages, schema: object): ArchiveContents {
  const report: ReportModel = { ...model, sections: model.sections.map(emptyWhenHollow) };
  const files: ReportFile[] = [
    { path: "README.txt", content: pages.readme(report) },
    { path: "index.html", content: pages.index(report) },
    { path: "report.json", content: () => reportJson(report) },
    { path: "report.schema.json", content: `${JSON.stringify(schema, null, 2)}\n` },
  ];
  for (const section of report.sections) {
    if (!/^[a-z][a-z0-9_]{0,63}$/.test(section.name)) {
      throw contradiction(`a section is called ${JSON.stringify(section.name)}`);
    }
    if (isLong(section)) {
      files.push({ path: sectionPagePath(section), content: pages.section(report, section) });
    }
    files.push({ path: `sections/${section.name}.json`, content: () => sectionFileJson(section) });
    if (section.state !== "rows") continue;
    for (const stretch of section.stretches ?? []) {
      files.push(
        {
          path: `sections/${stretchPath(section, stretch)}.html`,
          content: pages.stretch(report, section, stretch),
        },
        {
          path: `sections/${stretchPath(section, stretch)}.json`,
          content: () => stretchFileJson(section, stretch),
        },
      );
    }
  }
  for (const attachment of report.attachments) {
    files.push({ path: attachment.path, content: attachment.content });
  }
  if (new Set(files.map((file) => file.path)).size < files.length) {
    throw contradiction("two files have one name");
  }
  return { files, manifest: manifestHead(report) };
}

function contradiction(what: string): SaysoError {
  return new SaysoError("internal", "The archive could not be made.", {
    cause: new Error(`The report model contradicts itself: ${what}.`),
  });
}

/** Where a long section's own page lies. */
export function sectionPagePath(section: Section): string {
  return `sections/${section.name}.html`;
}

/** Where a stretch's files lie, seen from the section's own page and without their endings. */
export function stretchPath(section: Section, { month, number }: Stretch): string {
  return `${section.name}/${month}${number === 1 ? "" : `-${number}`}`;
}

/** Whether a section is too long for index.html: more than `limits.inlineRows` rows or list entries. */
export function isLong(section: Section): boolean {
  if (section.state === "rows") return section.count > limits.inlineRows;
  return section.state === "document" && entryCount(section.document) > limits.inlineRows;
}

/** How many list entries a document holds, at any depth. */
export function entryCount(value: unknown): number {
  if (value === null || typeof value !== "object") return 0;
  const members = Object.values(value);
  const own = Array.isArray(value) ? value.length : 0;
  return members.reduce((sum, member) => sum + entryCount(member), own);
}

/** A section without a single value is an empty one, however it came. */
function emptyWhenHollow(section: Section): Section {
  const hollow =
    (section.state === "rows" && section.count === 0) ||
    (section.state === "document" && isHollow(section.document));
  if (!hollow) return section;
  return { state: "empty", name: section.name, ...(section.custom && { custom: section.custom }) };
}

function isHollow(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === "object" && Object.values(value).every(isHollow);
}

/** Rows of a section or stretch, in pages; throws at the end when there were not as many as the model says. */
export async function* countedRows(
  section: Pick<RowsSection, "name" | "count" | "rows">,
): AsyncGenerator<readonly Row[]> {
  let count = 0;
  for await (const page of section.rows()) {
    count += page.length;
    yield page;
  }
  if (count !== section.count) {
    throw contradiction(`${section.name} has ${section.count} rows and gave ${count}`);
  }
}

/** What report.json holds before its sections. Keys are the same in every language. */
function reportHead(model: ReportModel): Readonly<Record<string, unknown>> {
  return {
    $schema: "report.schema.json",
    schemaVersion: reportSchemaVersion,
    requestId: model.requestId,
    kind: model.kind,
    regime: model.regime,
    language: model.language,
    timeZone: model.timeZone,
    receivedAt: model.receivedAt,
    madeAt: model.madeAt,
    madeBy: { name: "sayso", version: model.madeByVersion },
    partial: isPartial(model),
    organization: model.organization,
    dpo: model.dpo,
    supervisoryAuthority: model.supervisoryAuthority,
    person: model.person,
    notice: model.notice,
    sources: model.sources.map(({ name, ...source }) =>
      source.state === "read"
        ? { name, state: source.state }
        : { name, state: source.state, missing: source.missing },
    ),
    attachments: model.attachments.map(({ path, originalName, mediaType, section }) => ({
      path,
      originalName,
      mediaType,
      section,
    })),
  };
}

async function* reportJson(model: ReportModel): AsyncGenerator<string> {
  const members = Object.entries(reportHead(model));
  yield `{\n${members.map(([key, value]) => `  ${member(key, value, 2)},\n`).join("")}  "sections": {`;
  let separator = "\n";
  for (const section of model.sections) {
    yield `${separator}    ${JSON.stringify(section.name)}: `;
    yield* sectionJson({}, section, 4);
    separator = ",\n";
  }
  yield "\n  }\n}\n";
}

async function* sectionFileJson(section: Section): AsyncGenerator<string> {
  yield* sectionJson({ section: section.name }, section, 0);
  yield "\n";
}

async function* stretchFileJson(section: RowsSection, stretch: Stretch): AsyncGenerator<string> {
  const { month, count } = stretch;
  const head = Object.entries({ section: section.name, month, count });
  yield `{\n${head.map(([key, value]) => `  ${member(key, value, 2)},\n`).join("")}  "rows": [`;
  yield* rowLines({ ...stretch, name: section.name }, "    ");
  yield "\n  ]\n}\n";
}

async function* sectionJson(head: object, section: Section, indent: number): AsyncGenerator<string> {
  const members = Object.entries({ ...head, ...sectionHead(section) });
  const inner = " ".repeat(indent + 2);
  yield `{\n${members.map(([key, value]) => inner + member(key, value, indent + 2)).join(",\n")}`;
  if (section.state === "rows" && section.stretches === undefined) {
    yield `,\n${inner}"rows": [`;
    yield* rowLines(section, `${inner}  `);
    yield `\n${inner}]`;
  }
  yield `\n${" ".repeat(indent)}}`;
}

function sectionHead(section: Section): object {
  const title = section.custom && { title: section.custom.title };
  switch (section.state) {
    case "document":
      return { state: "complete", ...title, document: section.document };
    case "rows":
      return {
        state: "complete",
        ...title,
        count: section.count,
        ...(section.stretches && filesOf(section)),
      };
    case "empty":
      return { state: "empty", ...title };
    case "failed":
      return { state: "failed", ...title, source: section.source, missing: section.missing };
  }
}

/** Instead of its rows a long section names the files that hold them: no program need load them all at once. */
function filesOf(section: RowsSection): object {
  return {
    files: (section.stretches ?? []).map((stretch) => ({
      month: stretch.month,
      count: stretch.count,
      path: `sections/${stretchPath(section, stretch)}.json`,
    })),
  };
}

function member(key: string, value: unknown, indent: number): string {
  return `${JSON.stringify(key)}: ${JSON.stringify(value, null, 2).replaceAll("\n", `\n${" ".repeat(indent)}`)}`;
}

/** One row a line, so that the file can be read and searched without loading it. */
async function* rowLines(
  section: Pick<RowsSection, "name" | "count" | "rows">,
  indent: string,
): AsyncGenerator<string> {
  let separator = `\n${indent}`;
  for await (const page of countedRows(section)) {
    if (page.length === 0) continue;
    yield separator + page.map((row) => JSON.stringify(row)).join(`,\n${indent}`);
    separator = `,\n${indent}`;
  }
}
