import { SaysoError } from "./errors.ts";

/** A line of a text: its number, counted from 1, and what stands on it, or why that cannot be read. */
export interface Line {
  readonly number: number;
  readonly text: string | SaysoError;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const lineFeed = 0x0a;

/**
 * Cuts the bytes of a UTF-8 text into lines as they come; those that end in one piece come together. Holds one piece
 * and one line of at most `mostBytes`, however the text is cut. A longer line is `too_large`, one that is not UTF-8 is
 * `malformed`. Lines without anything but white space are counted and left out. The last line needs no end.
 */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<readonly Line[]> {
  let number = 0;
  let held = new Uint8Array(1024);
  let length = 0;
  let isTooLong = false;

  function hold(piece: Uint8Array): void {
    if (length + piece.length > mostBytes) isTooLong = true;
    if (isTooLong) return;
    if (length + piece.length > held.length) {
      // Twice as much each time: a line that comes byte by byte is not copied for every byte.
      const larger = new Uint8Array(Math.max(2 * held.length, length + piece.length));
      larger.set(held.subarray(0, length));
      held = larger;
    }
    held.set(piece, length);
    length += piece.length;
  }

  function endLine(): Line[] {
    const bytes = held.subarray(0, length);
    const text = isTooLong ? tooLong(mostBytes) : decoded(bytes);
    length = 0;
    isTooLong = false;
    number += 1;
    return typeof text === "string" && /^[ \t\r]*$/.test(text) ? [] : [{ number, text }];
  }

  for await (const piece of pieces) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = piece.indexOf(lineFeed); end >= 0; end = piece.indexOf(lineFeed, start)) {
      hold(piece.subarray(start, end));
      start = end + 1;
      lines.push(...endLine());
    }
    hold(piece.subarray(start));
    if (lines.length > 0) yield lines;
  }
  const last = endLine();
  if (last.length > 0) yield last;
}

function tooLong(mostBytes: number): SaysoError {
  return new SaysoError("too_large", `A line may have at most ${mostBytes} bytes.`);
}

function decoded(bytes: Uint8Array): string | SaysoError {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    return new SaysoError("malformed", "The line is not UTF-8.", { cause });
  }
}
