import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SaysoError } from "../../src/kernel/errors.ts";
import { type Line, readLines } from "../../src/kernel/lines.ts";
import { collect } from "../support/collect.ts";

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (let turn = 0; start < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

async function linesOf(bytes: Uint8Array, sizes: readonly number[], mostBytes = 1_000): Promise<Line[]> {
  return (await collect(readLines(inPieces(bytes, sizes), mostBytes))).flat();
}

/** What stands on a line, or why it could not be read. */
const told = ({ number, text }: Line) => [number, text instanceof SaysoError ? text.code : text];

test("the lines are the same however the text is cut into pieces", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\n\ufeff]/g, "")),
        { maxLength: 20 },
      ),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      async (texts, sizes) => {
        const wanted = texts
          .map((text, index) => [index + 1, text])
          .filter(([, text]) => !/^[ \t\r]*$/.test(String(text)));
        const found = await linesOf(new TextEncoder().encode(texts.join("\n")), sizes);
        expect(found.map(told)).toEqual(wanted);
      },
    ),
  );
});

describe("each line stands for itself", () => {
  test("one that is too long or not UTF-8 is told in its place, and empty ones are counted and left out", async () => {
    const bytes = Buffer.concat([
      Buffer.from(`first\r\n\n  \t\r\n${"x".repeat(11)}\n${"x".repeat(10)}\n`),
      Buffer.from([0xff, 0x0a]),
      Buffer.from("last"),
    ]);
    for (const size of [1, 3, 100]) {
      expect((await linesOf(bytes, [size], 10)).map(told)).toEqual([
        [1, "first\r"],
        [4, "too_large"],
        [5, "x".repeat(10)],
        [6, "malformed"],
        [7, "last"],
      ]);
    }
  });

  test("half a character at a line's end does not reach into the next line", async () => {
    const bytes = Buffer.from([0xf0, 0x9f, 0x0a, 0x98, 0x80, 0x0a, 0x61]);
    expect((await linesOf(bytes, [1])).map(told)).toEqual([
      [1, "malformed"],
      [2, "malformed"],
      [3, "a"],
    ]);
  });
});
