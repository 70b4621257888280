import { type ErrorCode, SaysoError } from "./errors.ts";
import { inOrder } from "./in-order.ts";
import { limits } from "./limits.ts";
import { type Line, readLines } from "./lines.ts";

/** A file of JSON lines (NDJSON) to be taken in: what one line holds is up to `read`. */
export interface ImportLines<Input> {
  /** The bytes, in whatever pieces they come. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Reads one line. Throws a SaysoError for one that cannot be taken. */
  readonly read: (line: string) => Input;
  /** Is told what is wrong with lines, in their order. Nothing further is read until it is done. */
  readonly refuse: (refused: readonly RefusedLine[]) => Promise<void>;
}

/** Why a line, counted from 1, was not taken. */
export interface RefusedLine {
  readonly line: number;
  readonly error: SaysoError;
}

/** What became of the lines that are not empty. */
export interface Imported {
  readonly imported: number;
  /** On record already. */
  readonly unchanged: number;
  readonly refused: number;
}

/** What is wrong with a line and not with its surroundings. */
const ofTheLine: readonly ErrorCode[] = [
  "malformed",
  "too_large",
  "invalid",
  "not_found",
  "conflict",
  "gone",
];

/**
 * Takes a file in, line by line: at most `limits.importLinesInFlight` are under way and no more are held, however long
 * it is. `take` answers whether anything changed. A line that it or `read` refuses harms no other. What is wrong with
 * the database ends the import with that error and says so; done again, it goes on from there when `take` changes
 * nothing the second time.
 */
export async function importLines<Input>(
  { pieces, read, refuse }: ImportLines<Input>,
  take: (input: Input) => Promise<boolean>,
): Promise<Imported> {
  const takeLine = async ({ number, text }: Line): Promise<boolean | RefusedLine> => {
    try {
      if (typeof text !== "string") throw text;
      return await take(read(text));
    } catch (error) {
      if (!(error instanceof SaysoError)) throw error;
      if (ofTheLine.includes(error.code)) return { line: number, error };
      throw new SaysoError(
        error.code,
        `The import broke off at line ${number} or a little before. Start it again: what was taken is not taken twice.`,
        { cause: error },
      );
    }
  };
  const counts = { imported: 0, unchanged: 0, refused: 0 };
  for await (const group of inOrder(
    readLines(pieces, limits.bodyBytes),
    takeLine,
    limits.importLinesInFlight,
  )) {
    const refused = group.filter((result) => typeof result === "object");
    counts.refused += refused.length;
    for (const result of group) {
      if (result === true) counts.imported += 1;
      if (result === false) counts.unchanged += 1;
    }
    if (refused.length > 0) await refuse(refused);
  }
  return counts;
}
