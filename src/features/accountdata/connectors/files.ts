import { createReadStream } from "node:fs";
import { unguardCell } from "../../../kernel/csv-cell.ts";
import { readCsv } from "../../../kernel/csv-rows.ts";
import { SaysoError } from "../../../kernel/errors.ts";
import { readJsonItems } from "../../../kernel/json-items.ts";
import { limits } from "../../../kernel/limits.ts";
import { parseStrictJson } from "../../../kernel/strict-json.ts";
import { type RowMatch, rowMatcher } from "../domain/match-row.ts";
import { type PersonValues, personFields } from "../domain/person-values.ts";
import { valueAt } from "../domain/pointer.ts";
import { RowCount, type SourceRow } from "../domain/rows.ts";
import type { SourceOf } from "../domain/source-book.ts";
import { sourceTrouble, withinTime } from "./trouble.ts";

type CsvSource = SourceOf<"csv">;
type JsonSource = SourceOf<"json">;
type CsvSection = CsvSource["sections"][string];
type JsonSection = JsonSource["sections"][string];

/** What a file has about a person, and where it has rows that cannot be read and may be about them. */
export interface FoundRows {
  readonly rows: readonly SourceRow[];
  readonly broken: BrokenRows;
}

/** The first lines with a broken row, how many there are, and why the file could not be read to its end. */
export interface BrokenRows {
  readonly lines: readonly number[];
  readonly count: number;
  readonly cutShort: string | undefined;
}

/**
 * Reads a CSV file (UTF-8) from its beginning to its end, holding no more of it than the person's rows. Throws `unavailable`
 * when it is not there or takes too long, `invalid` when its header lacks what is asked for, and `too_large`.
 */
export function readCsvSource(
  source: CsvSource,
  section: CsvSection,
  person: PersonValues,
): Promise<FoundRows> {
  return readFileSource(source, async (pieces, find) => {
    let places: ReadonlyMap<string, number> = new Map();
    const onHeader = (names: readonly string[]) => {
      const columns = Object.values(section.fields).map((from) =>
        typeof from === "string" ? from : from.column,
      );
      for (const name of [...Object.values(source.match), ...columns]) {
        if (name === undefined) continue;
        if (!names.includes(name)) throw sourceTrouble("invalid", `The file has no column “${name}”.`);
        if (names.indexOf(name) !== names.lastIndexOf(name))
          throw sourceTrouble("invalid", `The file has two columns “${name}”.`);
      }
      places = new Map(names.map((name, index) => [name, index]));
    };
    const matches = rowMatcher(person);
    const reading = { delimiter: source.delimiter, mostRowBytes: limits.sourceRowBytes, onHeader };
    for await (const rows of readCsv(pieces, reading)) {
      for (const { line, cells, problem } of rows) {
        if (problem !== undefined) {
          find.broken(line);
          continue;
        }
        const cell = (name: string) => unguardCell(cells[places.get(name) ?? -1] ?? "");
        const named = Object.fromEntries(
          personFields.map((field) => [field, source.match[field] && cell(source.match[field])]),
        );
        find.take(line, matches(named), () => fieldsOf(section, cell));
      }
    }
  });
}

/** The fields of a row; an empty cell says nothing. Undefined: a cell is not what it should be. */
function fieldsOf({ fields }: CsvSection, cell: (name: string) => string): SourceRow | undefined {
  const row: Record<string, unknown> = {};
  for (const [field, from] of Object.entries(fields)) {
    const { column, as } = typeof from === "string" ? { column: from, as: "text" as const } : from;
    const text = cell(column);
    if (text === "") continue;
    const value = converted(text, as);
    if (value === undefined) return undefined;
    row[field] = value;
  }
  return row;
}

function converted(text: string, as: "text" | "number" | "boolean" | "json"): unknown {
  if (as === "text") return text;
  if (as === "number") return /^[+-]?\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;
  if (as === "boolean") {
    if (/^(?:1|true|t|yes|y)$/i.test(text.trim())) return true;
    return /^(?:0|false|f|no|n)$/i.test(text.trim()) ? false : undefined;
  }
  return strictJson(text);
}

/**
 * Reads a JSON file (UTF-8) as readCsvSource does: one list of objects, or one object a line (NDJSON).
 */
export function readJsonSource(
  source: JsonSource,
  section: JsonSection,
  person: PersonValues,
): Promise<FoundRows> {
  return readFileSource(source, async (pieces, find) => {
    const matches = rowMatcher(person);
    for await (const items of readJsonItems(pieces, limits.sourceRowBytes)) {
      for (const { number: line, text } of items) {
        const item = typeof text === "string" ? strictJson(text) : undefined;
        if (typeof item !== "object" || item === null || Array.isArray(item)) {
          find.broken(line);
          continue;
        }
        const named = Object.fromEntries(
          personFields.map((field) => [field, source.match[field] && valueAt(item, source.match[field])]),
        );
        find.take(line, matches(named), () => partOf(section, item));
      }
    }
  });
}

function partOf({ at, fields }: JsonSection, item: object): SourceRow | undefined {
  if (fields === undefined) {
    const part = valueAt(item, at ?? "");
    return typeof part === "object" && part !== null && !Array.isArray(part)
      ? (part as SourceRow)
      : undefined;
  }
  return Object.fromEntries(
    Object.entries(fields).flatMap(([field, place]) => {
      const value = valueAt(item, place);
      return value === undefined ? [] : [[field, value]];
    }),
  );
}

/** Undefined for what is no JSON, or has more than one meaning. */
function strictJson(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    if (error instanceof SaysoError) return undefined;
    throw error;
  }
}

interface Finds {
  take(line: number, match: RowMatch, read: () => SourceRow | undefined): void;
  broken(line: number): void;
}

async function readFileSource(
  { file, timeoutSeconds }: CsvSource | JsonSource,
  read: (pieces: AsyncIterable<Uint8Array>, find: Finds) => Promise<void>,
): Promise<FoundRows> {
  const rows: SourceRow[] = [];
  const lines: number[] = [];
  let broken = 0;
  let cutShort: string | undefined;
  const count = new RowCount();
  const stream = createReadStream(file);
  const find: Finds = {
    take: (line, match, readRow) => {
      if (match === "others") return;
      const row = match === "theirs" ? readRow() : undefined;
      if (row === undefined) return find.broken(line);
      count.add(JSON.stringify(row));
      rows.push(row);
    },
    broken: (line) => {
      broken += 1;
      if (lines.length < limits.sourceBrokenRows) lines.push(line);
    },
  };
  try {
    await withinTime(
      timeoutSeconds,
      () => read(stream, find),
      () => stream.destroy(),
    );
  } catch (error) {
    // From some place on nobody can say where a row begins; what came before it stands.
    if (error instanceof SaysoError && error.code === "malformed") cutShort = error.detail;
    else if (error instanceof SaysoError) throw error;
    else {
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
      throw sourceTrouble("unavailable", `The file cannot be read (${code}).`, error);
    }
  } finally {
    stream.destroy();
  }
  return { rows, broken: { lines: lines.sort((a, b) => a - b), count: broken, cutShort } };
}
