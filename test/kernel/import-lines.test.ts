import { describe, expect, it, test } from "vitest";
import { type ErrorCode, invalid, SaysoError } from "../../src/kernel/errors.ts";
import { importLines, type RefusedLine } from "../../src/kernel/import-lines.ts";
import { limits } from "../../src/kernel/limits.ts";

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** Reads a line as a number; `x` is none. */
const read = (line: string): number => {
  if (line === "x") throw invalid("/number", "Not a number.");
  return Number(line);
};

const isOdd = async (number: number) => number % 2 === 1;

describe("an import of lines", () => {
  it("counts what changed something, what did not and what was refused, each with its number and in order", async () => {
    const told: RefusedLine[] = [];
    const refuse = async (refused: readonly RefusedLine[]) => void told.push(...refused);
    const counts = await importLines({ pieces: pieces("1\n2\n\nx\n3\nx"), read, refuse }, isOdd);
    expect(counts).toEqual({ imported: 2, unchanged: 1, refused: 2 });
    expect(told.map(({ line, error }) => [line, error.errors[0]?.pointer])).toEqual([
      [4, "/number"],
      [6, "/number"],
    ]);
  });

  it("reads no further while nobody takes what was refused, and has few lines under way", async () => {
    let asked = 0;
    let [underWay, most] = [0, 0];
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        asked += 1;
        yield Buffer.from(`${"1\n".repeat(100)}x\n`);
      }
    }
    const take = async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      return true;
    };
    const stuck = new Promise<never>(() => {});
    const told = new Promise<void>((resolve) => {
      const refuse = () => {
        resolve();
        return stuck;
      };
      void importLines({ pieces: endless(), read, refuse }, take);
    });
    await told;
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBeLessThan(5);
    expect(most).toBe(limits.importLinesInFlight);
  });

  test.each<ErrorCode>(["unavailable", "outcome_unknown", "in_progress", "internal"])(
    "ends when the answer is %s, which is no line's fault, and says how to go on",
    async (code) => {
      const lost = async (number: number) => {
        if (number === 2) throw new SaysoError(code, "Lost.");
        return true;
      };
      const told: RefusedLine[] = [];
      const refuse = async (refused: readonly RefusedLine[]) => void told.push(...refused);
      await expect(importLines({ pieces: pieces("x\n1\n2\n3"), read, refuse }, lost)).rejects.toMatchObject({
        code,
        detail: expect.stringMatching(/line 3 .*Start it again/),
      });
      expect(told.every(({ line }) => line === 1)).toBe(true);
    },
  );

  it("ends with a failure that nobody foresaw", async () => {
    const broken = async () => {
      throw new TypeError("Ours.");
    };
    const refuse = async () => {};
    await expect(importLines({ pieces: pieces("1"), read, refuse }, broken)).rejects.toThrow(TypeError);
  });
});
