import { createHash } from "node:crypto";
import {
  columnsOf,
  type ImportMapping,
  importFields,
  type RowFields,
  type SourceRow,
} from "../features/consent/index.ts";
import { unguardCell } from "../kernel/csv-cell.ts";
import { readCsv } from "../kernel/csv-rows.ts";
import { invalid, SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { readLines } from "../kernel/lines.ts";
import { parseStrictJson } from "../kernel/strict-json.ts";
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
  let picks: readonly (readonly [keyof RowFields, number])[] = [];
  const onHeader = (header: readonly string[]) => {
    picks = picksOf(header, mapping);
    tellHeader(header);
  };
  const how = { delimiter: mapping.delimiter, mostRowBytes: limits.importRowBytes, onHeader };
  for await (const rows of readCsv(pieces, how)) {
    yield rows.map(({ line, cells, problem }): SourceRow => {
      if (problem !== undefined) return { line, own: { pointer: "", message: problem }, raw: cells };
      const own: { -readonly [Field in keyof RowFields]: string } = {};
      for (const [field, index] of picks) own[field] = unguardCell(cells[index] ?? "");
      return { line, own, raw: cells };
    });
  }
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
