import { SaysoError } from "./errors.ts";
import { type Line, readLines } from "./lines.ts";

const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];
const [quote, backslash, comma, lineFeed] = [0x22, 0x5c, 0x2c, 0x0a];
const isSpace = (byte: number) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === lineFeed;

/**
 * The items of a JSON text of any length as they come, each as text with the line that it begins on: of a list (one JSON
 * array), or of lines (NDJSON) when the text does not begin with `[`. Holds one piece and one item of at most `mostBytes`;
 * a longer one is `too_large`, one that is not UTF-8 `malformed`, and the others go on. Whether an item is JSON is for
 * the reader to find out. Throws `malformed` for a list that does not end, after its items.
 */
export async function* readJsonItems(
  pieces: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<readonly Line[]> {
  const source = pieces[Symbol.asyncIterator]();
  let begun: Uint8Array = new Uint8Array();
  let first: number | undefined;
  // A mark of the byte order has three bytes.
  while (first === undefined || begun.length < 3) {
    const { done, value } = await source.next();
    if (done) break;
    begun = Buffer.concat([begun, value]);
    first = withoutMark(begun).find((byte) => !isSpace(byte));
    if (begun.length > mostBytes) break;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield withoutMark(begun);
    yield* { [Symbol.asyncIterator]: () => source };
  }
  yield* first === openList ? listItems(whole(), mostBytes) : readLines(whole(), mostBytes);
}

function withoutMark(piece: Uint8Array): Uint8Array {
  return piece[0] === 0xef && piece[1] === 0xbb && piece[2] === 0xbf ? piece.subarray(3) : piece;
}

async function* listItems(
  pieces: AsyncIterable<Uint8Array>,
  mostBytes: number,
): AsyncGenerator<readonly Line[]> {
  let line = 1;
  let depth = 0;
  let inText = false;
  let isEscaped = false;
  let isOver = false;
  let isBroken = false;
  let item: { line: number; parts: Uint8Array[]; bytes: number } | undefined;
  let isFirst = true;

  function keep(part: Uint8Array): void {
    if (item === undefined) return;
    item.bytes += part.length;
    if (item.bytes > mostBytes) item.parts = [];
    else item.parts.push(part);
  }
  function endItem(): Line {
    const { line: number, parts, bytes } = item ?? { line, parts: [], bytes: 0 };
    item = undefined;
    isFirst = false;
    if (bytes > mostBytes)
      return { number, text: new SaysoError("too_large", `An item may have at most ${mostBytes} bytes.`) };
    try {
      return { number, text: new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts)).trim() };
    } catch (cause) {
      return { number, text: new SaysoError("malformed", "The item is not UTF-8.", { cause }) };
    }
  }

  for await (const piece of pieces) {
    const items: Line[] = [];
    /** From where on the piece belongs to the item and is not kept yet. */
    let start = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at] as number;
      if (byte === lineFeed) line += 1;
      if (isSpace(byte) && !inText) continue;
      if (isOver) {
        isBroken = true;
        break;
      }
      if (inText) {
        if (isEscaped) isEscaped = false;
        else if (byte === backslash) isEscaped = true;
        else if (byte === quote) inText = false;
        continue;
      }
      if (depth === 0) {
        // The list itself begins: whoever called has seen that it does.
        depth = 1;
        continue;
      }
      const endsItem = depth === 1 && (byte === comma || byte === closeList);
      if (endsItem) {
        if (item !== undefined) keep(piece.subarray(start, at));
        if (item !== undefined || byte === comma || !isFirst) items.push(endItem());
        if (byte === closeList) [depth, isOver] = [0, true];
        continue;
      }
      if (item === undefined) {
        item = { line, parts: [], bytes: 0 };
        start = at;
      }
      if (byte === quote) inText = true;
      else if (byte === openList || byte === openObject) depth += 1;
      else if (byte === closeList || byte === closeObject) depth -= 1;
      if (depth === 0) {
        isBroken = true;
        break;
      }
    }
    keep(piece.subarray(start));
    if (items.length > 0) yield items;
    if (isBroken) throw cannotGoOn(line);
  }
  if (!isOver) throw cannotGoOn(item?.line ?? line);
}

function cannotGoOn(line: number): SaysoError {
  return new SaysoError(
    "malformed",
    `The list cannot be read beyond line ${line}: brackets or quotation marks do not fit each other. Mend it and try again.`,
  );
}
