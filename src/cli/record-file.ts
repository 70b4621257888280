import { createHash } from "node:crypto";
import { parse } from "csv-parse";
import {
  columnsOf,
  type ImportMapping,
  importFields,
  type RowFields,
  type SourceRow,
} from "../features/consent/index.ts";
import { parseStrictJson } from "../http/strict-json.ts";
import { unguardCell } from "../kernel/csv-cell.ts";
import { invalid, SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { readLines } from "../kernel/lines.ts";
import { filePieces } from "./arguments.ts";

export type RecordFormat = "csv" | "ndjson";

/** A file of records as it is read: its rows, and the names of its columns once the first row is there (CSV). */
export interface RecordFile {
  readonly rows: AsyncIterable<readonly SourceRow[]>;
  columns(): readonly string[];
}

/** SHA-256 of a file's bytes in hex. Throws `not_found`. */
export async function fileDigest(file: string): Promise<string> {
  const sha256 = createHash("sha256");
  for await (const piece of filePieces(file)) sha256.update(piece);
  return sha256.digest("hex");
}

/**
 * The rows of a file of any length, read as they are taken. What cannot be read of a row is said in its place. Throws
 * `invalid` for a header that does not fit the mapping, and `conflict` when the file is not, byte for byte, the one of
 * `sha256`.
 */
export function openRecords(
  file: string,
  format: RecordFormat,
  mapping: ImportMapping,
  { sha256, show }: { sha256: string; show: (bytes: number) => void },
): RecordFile {
  let header: readonly string[] = [];
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const digest = createHash("sha256");
    let bytes = 0;
    for await (const piece of filePieces(file)) {
      digest.update(piece);
      bytes += piece.length;
      show(bytes);
      yield piece;
    }
    if (digest.digest("hex") !== sha256)
      throw new SaysoError("conflict", `${file} was changed while it was read. Import it again.`);
  }
  const rows =
    format === "csv"
      ? csvRows(pieces(), mapping, (columns) => {
          header = columns;
        })
      : jsonRows(pieces(), mapping);
  return { rows, columns: () => header };
}

async function* csvRows(
  pieces: AsyncIterable<Uint8Array>,
  mapping: ImportMapping,
  tellHeader: (columns: readonly string[]) => void,
): AsyncGenerator<readonly SourceRow[]> {
  const parser = parse({
    bom: true,
    delimiter: mapping.delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: limits.importRowBytes,
  });
  let rows: SourceRow[] = [];
  let failure: unknown;
  let last = 0;
  parser.on("error", (error: unknown) => {
    failure = error;
  });
  parser.on("skip", (error: { code?: string; lines?: number }) => {
    if (error.code === "CSV_QUOTE_NOT_CLOSED") failure = error;
    else rows.push(unreadable(error.lines ?? 0, error.code));
  });
  let header: readonly string[] | undefined;
  let picks: readonly (readonly [keyof RowFields, number])[] = [];
  const take = (): void => {
    for (;;) {
      const read = parser.read() as { record: string[]; info: { lines: number } } | null;
      if (read === null) return;
      const { record, info } = read;
      if (header === undefined) {
        header = record.map((name) => name.trim());
        picks = picksOf(header, mapping);
        tellHeader(header);
        continue;
      }
      last = info.lines;
      const line = info.lines - record.reduce((breaks, cell) => breaks + lineBreaks(cell), 0);
      if (record.length !== header.length) {
        const message = `This row has ${record.length} cells and the header ${header.length}.`;
        rows.push({ line, own: { pointer: "", message }, raw: record });
        continue;
      }
      const own: { -readonly [Field in keyof RowFields]: string } = {};
      for (const [field, index] of picks) own[field] = unguardCell(record[index] ?? "");
      rows.push({ line, own, raw: record });
    }
  };
  const given = (): readonly SourceRow[] => {
    const some = rows;
    rows = [];
    return some;
  };
  for await (const piece of pieces) {
    parser.write(piece);
    take();
    if (failure !== undefined) break;
    if (rows.length > 0) yield given();
  }
  if (failure === undefined) {
    const ended = new Promise<void>((resolve) => {
      parser.once("end", resolve).once("error", () => resolve());
    });
    parser.end();
    take();
    parser.resume();
    await ended;
  }
  if (rows.length > 0) yield given();
  if (failure !== undefined) throw broken(failure, last);
  if (header === undefined)
    throw new SaysoError("invalid", "The file is empty: its first row names the columns.");
}

function unreadable(line: number, code: string | undefined): SourceRow {
  return {
    line,
    own: { pointer: "", message: `This row is no CSV (${code ?? "unknown reason"}).` },
    raw: [],
  };
}

/** From such a place on nobody can say where a row begins. */
function broken(error: unknown, line: number): SaysoError {
  const { code } = error as { code?: string };
  return new SaysoError(
    "malformed",
    `The file cannot be read beyond line ${line} (${code ?? "unknown reason"}): a quotation mark that is not closed, or a row of more than ${limits.importRowBytes} bytes. Mend it and import it again.`,
    { cause: error },
  );
}

function lineBreaks(cell: string): number {
  if (!cell.includes("\n")) return 0;
  return cell.split("\n").length - 1;
}

function picksOf(header: readonly string[], mapping: ImportMapping): (readonly [keyof RowFields, number])[] {
  const columns = [...columnsOf(mapping)];
  const isNamed = mapping.columns !== undefined;
  for (const [field, name] of columns) {
    if (isNamed && !header.includes(name))
      throw invalid(`/columns/${field}`, `The file has no column “${name}”. It has: ${header.join(", ")}.`);
    if (header.indexOf(name) !== header.lastIndexOf(name))
      throw invalid(`/columns/${field}`, `The file has two columns “${name}”.`);
  }
  const picks = columns.flatMap(([field, name]) =>
    header.includes(name) ? [[field, header.indexOf(name)] as const] : [],
  );
  if (picks.length === 0)
    throw invalid(
      "/columns",
      `None of the file's columns is called like a field (${importFields.join(", ")}). Say which is which in a mapping.`,
    );
  return picks;
}

async function* jsonRows(
  pieces: AsyncIterable<Uint8Array>,
  mapping: ImportMapping,
): AsyncGenerator<readonly SourceRow[]> {
  const columns = [...columnsOf(mapping)];
  for await (const lines of readLines(pieces, limits.importRowBytes)) {
    yield lines.map(({ number: line, text }): SourceRow => {
      if (typeof text !== "string") return { line, own: { pointer: "", message: text.detail }, raw: null };
      try {
        const raw = parseStrictJson(text);
        if (typeof raw !== "object" || raw === null || Array.isArray(raw))
          return { line, own: { pointer: "", message: "One JSON object a line is expected." }, raw };
        const members = raw as Record<string, unknown>;
        const own = Object.fromEntries(columns.map(([field, name]) => [field, members[name]]));
        return { line, own, raw };
      } catch (error) {
        if (!(error instanceof SaysoError)) throw error;
        const [first] = error.errors;
        return {
          line,
          own: { pointer: first?.pointer ?? "", message: first?.message ?? error.detail },
          raw: text,
        };
      }
    });
  }
}
