import { parse } from "csv-parse";
import { SaysoError } from "./errors.ts";

/** A row of a CSV file: the line that it begins on, counted from 1, and what stands in it or why that cannot be read. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
  readonly problem?: string;
}

export interface CsvReading {
  readonly delimiter: string;
  readonly mostRowBytes: number;
  /** Is told the names of the columns, the file's first row; what it throws ends the reading. */
  readonly onHeader: (names: readonly string[]) => void;
}

/**
 * The rows of a CSV file (RFC 4180) of any length below its header, read as they are taken. A row that cannot be read, or
 * has another number of cells than the header, is told in its place. Throws `malformed` where nobody can say any more where
 * a row begins, after the rows before it, and `invalid` for an empty file.
 */
export async function* readCsv(
  pieces: AsyncIterable<Uint8Array>,
  { delimiter, mostRowBytes, onHeader }: CsvReading,
): AsyncGenerator<readonly CsvRow[]> {
  const parser = parse({
    bom: true,
    delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: mostRowBytes,
  });
  let rows: CsvRow[] = [];
  let failure: unknown;
  let last = 0;
  parser.on("error", (error: unknown) => {
    failure = error;
  });
  parser.on("skip", (error: { code?: string; lines?: number }) => {
    if (error.code === "CSV_QUOTE_NOT_CLOSED") failure = error;
    else rows.push(unreadable(error.lines ?? 0, error.code));
  });
  let width: number | undefined;
  const take = (): void => {
    for (;;) {
      const read = parser.read() as { record: string[]; info: { lines: number } } | null;
      if (read === null) return;
      const { record: cells, info } = read;
      if (width === undefined) {
        width = cells.length;
        onHeader(cells.map((name) => name.trim()));
        continue;
      }
      last = info.lines;
      const line = info.lines - cells.reduce((breaks, cell) => breaks + lineBreaks(cell), 0);
      const problem = `This row has ${cells.length} cells and the header ${width}.`;
      rows.push(cells.length === width ? { line, cells } : { line, cells, problem });
    }
  };
  const given = (): readonly CsvRow[] => {
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
  if (failure !== undefined) throw broken(failure, last, mostRowBytes);
  if (width === undefined)
    throw new SaysoError("invalid", "The file is empty: its first row names the columns.");
}

function unreadable(line: number, code: string | undefined): CsvRow {
  return { line, cells: [], problem: `This row is no CSV (${code ?? "unknown reason"}).` };
}

/** From such a place on nobody can say where a row begins. */
function broken(error: unknown, line: number, mostRowBytes: number): SaysoError {
  const { code } = error as { code?: string };
  return new SaysoError(
    "malformed",
    `The file cannot be read beyond line ${line} (${code ?? "unknown reason"}): a quotation mark that is not closed, or a row of more than ${mostRowBytes} bytes. Mend it and try again.`,
    { cause: error },
  );
}

function lineBreaks(cell: string): number {
  if (!cell.includes("\n")) return 0;
  return cell.split("\n").length - 1;
}
