import { stat } from "node:fs/promises";
import { type Command, Option } from "commander";
import { stringify } from "csv-stringify/sync";
import type { z } from "zod";
import {
  type ExportedConsent,
  exportConsents,
  exportFields,
  type ImportedBatch,
  importConsents,
  importMapping,
  legacyEvidence,
} from "../features/consent/index.ts";
import { validate } from "../http/problem.ts";
import { guardCell, unguardCell } from "../kernel/csv-cell.ts";
import { SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { parseStrictJson } from "../kernel/strict-json.ts";
import { ofOrganization, readTextFile } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, printable, verb } from "./output.ts";
import { refuseOutput, writeOutput } from "./output-file.ts";
import { noProgress, startProgress } from "./progress.ts";
import { fileDigest, openRecords, type RecordFile, type RecordFormat } from "./record-file.ts";

interface ImportOptions extends OutputOptions {
  readonly organization?: string;
  readonly format?: RecordFormat;
  readonly mapping?: string;
  readonly legacy?: string;
  readonly rejects?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** `sayso consent import` and `sayso consent export` */
export function addConsentCommands(program: Command): void {
  const consent = program.command("consent").description("people's consents");

  ofOrganization(verb(consent, "import <file>", "take in consents that were collected elsewhere"))
    .addOption(formatOption())
    .option(
      "--mapping <file>",
      "how the rows are read (JSON): columns, constants, values, country, timeZone, delimiter",
    )
    .option(
      "--legacy <file>",
      "what stands behind a list collected before Sayso (JSON): wording, when, who answers for it",
    )
    .option("--rejects <file>", "where the rows go that are not taken, with their line and the reason")
    .option("--force", "write over a reject file that is there")
    .option("--dry-run", "say what would become of the rows, and record nothing")
    .action(importFile);

  ofOrganization(verb(consent, "export", "write down every consent with its proof, as an import reads it"))
    .requiredOption("--output <file>", "where it goes; - is standard output")
    .addOption(formatOption())
    .option("--force", "write over a file that is there")
    .action(exportFile);
}

interface ExportOptions extends OutputOptions {
  readonly organization?: string;
  readonly output: string;
  readonly format?: RecordFormat;
  readonly force?: boolean;
}

async function exportFile(options: ExportOptions): Promise<void> {
  const { output } = options;
  const format = options.format ?? formatOf(output);
  await refuseOutput(output, options.force ?? false);
  const isAlone = !options.json && !(output === "-" && process.stdout.isTTY);
  const progress = isAlone ? startProgress(process.stderr, undefined) : noProgress;
  let exported = 0;
  async function* lines(pages: AsyncIterable<readonly ExportedConsent[]>): AsyncGenerator<string> {
    if (format === "csv") yield stringify([exportFields]);
    for await (const page of pages) {
      exported += page.length;
      progress.show({ bytes: 0, lines: exported });
      yield format === "csv"
        ? stringify(page.map((row) => exportFields.map((field) => cellOf(row[field]))))
        : page.map((row) => `${JSON.stringify(row)}\n`).join("");
    }
  }
  try {
    await withOrganization(options.organization, (ctx) => writeOutput(output, lines(exportConsents(ctx))));
  } finally {
    progress.end();
  }
  print(options, { exported }, [`${exported} exported.`], output === "-" ? process.stderr : process.stdout);
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return guardCell(typeof value === "object" ? JSON.stringify(value) : String(value));
}

const formatOption = () =>
  new Option("--format <format>", "csv or ndjson; the file's name says it without").choices([
    "csv",
    "ndjson",
  ]);

/** What a run adds up to. */
interface Totals {
  rows: number;
  imported: number;
  unchanged: number;
  refused: number;
  readonly byReason: Map<string, number>;
  readonly byProof: Map<string, number>;
  heldBack: number;
}

async function importFile(file: string, options: ImportOptions): Promise<void> {
  const format = options.format ?? formatOf(file);
  const mapping = await readDocument(importMapping, options.mapping);
  const legacy =
    options.legacy === undefined ? undefined : await readDocument(legacyEvidence, options.legacy);
  if (options.rejects !== undefined) await refuseOutput(options.rejects, options.force ?? false);
  const { dryRun = false } = options;
  const size = (await stat(file).catch(() => undefined))?.size;
  const sha256 = await fileDigest(file);
  const totals: Totals = {
    rows: 0,
    imported: 0,
    unchanged: 0,
    refused: 0,
    byReason: new Map(),
    byProof: new Map(),
    heldBack: 0,
  };
  const progress = options.json ? noProgress : startProgress(process.stderr, size);
  await withOrganization(options.organization, async (ctx) => {
    const records = openRecords(file, format, mapping, {
      sha256,
      show: (bytes) => progress.show({ bytes, lines: totals.rows }),
    });
    const source = { fileSha256: sha256, rows: records.rows };
    const batches = counted(importConsents(ctx, source, { mapping, legacy, dryRun }), totals);
    try {
      if (options.rejects === undefined) await say(options, batches);
      else await writeOutput(options.rejects, rejectLines(format, records, batches));
    } finally {
      progress.end();
    }
  });
  const { byReason, byProof, heldBack, ...counts } = totals;
  const reasons = [...byReason].sort(([, a], [, b]) => b - a).map(([reason, count]) => ({ reason, count }));
  print(
    options,
    { ...counts, reasons, ...(dryRun && { would: { byProof: Object.fromEntries(byProof), heldBack } }) },
    [
      `${counts.imported} ${dryRun ? "would be imported" : "imported"}, ${counts.unchanged} unchanged, ${counts.refused} refused.`,
      ...(dryRun ? [...byProof].map(([proof, count]) => `  ${count} ${proofWords[proof] ?? proof}`) : []),
      ...(heldBack > 0 ? [`  ${heldBack} would stay requested: a no stands against them`] : []),
      ...reasons.slice(0, 20).map(({ reason, count }) => `Refused ${count}: ${reason}`),
    ],
  );
  if (counts.refused > 0) process.exitCode = 1;
}

const proofWords: Readonly<Record<string, string>> = {
  reported: "with proof",
  legacy: "under the evidence for the list: they end within twelve months",
  unproven: "without proof: they allow no marketing",
  no: "noes",
};

function formatOf(file: string): RecordFormat {
  if (/\.csv$/i.test(file)) return "csv";
  if (/\.(ndjson|jsonl)$/i.test(file)) return "ndjson";
  throw new SaysoError(
    "invalid",
    "The file's name does not say what it is. Add --format csv or --format ndjson.",
  );
}

/** A document of options; without a file, what it is when nothing is said. Throws `not_found`, `malformed`, `invalid`. */
async function readDocument<T extends z.ZodType>(schema: T, file: string | undefined): Promise<z.output<T>> {
  const value =
    file === undefined ? {} : parseStrictJson(await readTextFile(file, limits.importMappingBytes));
  const read = validate(schema, value, "");
  if (read instanceof SaysoError) {
    const places = read.errors.map(({ pointer, message }) => `${pointer} ${message}`).join(" ");
    throw new SaysoError("invalid", `${file} cannot be taken: ${places}`, { errors: read.errors });
  }
  return read;
}

async function* counted(
  batches: AsyncIterable<readonly ImportedBatch[]>,
  totals: Totals,
): AsyncGenerator<ImportedBatch["refused"]> {
  for await (const group of batches) {
    for (const { rows, imported, unchanged, refused, would } of group) {
      totals.rows += rows;
      totals.imported += imported;
      totals.unchanged += unchanged;
      totals.refused += refused.length;
      for (const { pointer, message } of refused)
        add(totals.byReason, `${pointer}: ${message}`.replace(/^: /, ""), 1);
      for (const [proof, count] of Object.entries(would?.byProof ?? {})) add(totals.byProof, proof, count);
      totals.heldBack += would?.heldBack ?? 0;
      yield refused;
    }
  }
}

/** At most a hundred different reasons are told apart. */
function add(counts: Map<string, number>, name: string, count: number): void {
  const place = counts.has(name) || counts.size < limits.problemErrors ? name : "other reasons";
  counts.set(place, (counts.get(place) ?? 0) + count);
}

async function say(options: OutputOptions, groups: AsyncIterable<ImportedBatch["refused"]>): Promise<void> {
  for await (const refused of groups) {
    const texts = refused.map(({ line, pointer, message }) =>
      options.json
        ? JSON.stringify({ line, pointer, reason: message })
        : printable(`Line ${line}: ${pointer === "" ? "" : `${pointer}: `}${message}`),
    );
    const text = texts.map((each) => `${each}\n`).join("");
    if (text !== "" && !process.stderr.write(text))
      await new Promise((resolve) => process.stderr.once("drain", resolve));
  }
}

/** The reject file: the rows as they stood, with where and why; a CSV file can be mended and imported. */
async function* rejectLines(
  format: RecordFormat,
  records: RecordFile,
  groups: AsyncIterable<ImportedBatch["refused"]>,
): AsyncGenerator<string> {
  let hasHeader = false;
  for await (const refused of groups) {
    if (format === "ndjson") {
      const lines = refused.map(({ line, pointer, message, row }) => ({
        line,
        pointer,
        reason: message,
        row: row.raw,
      }));
      yield lines.map((each) => `${JSON.stringify(each)}\n`).join("");
      continue;
    }
    if (!hasHeader) {
      hasHeader = true;
      yield stringify([["line", "pointer", "reason", ...records.columns()]]);
    }
    const rows = refused.map(({ line, pointer, message, row }) => [
      String(line),
      pointer,
      message,
      ...(row.raw as string[]).map((cell) => guardCell(unguardCell(cell))),
    ]);
    if (rows.length > 0) yield stringify(rows);
  }
}
