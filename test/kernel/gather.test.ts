import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SaysoError } from "../../src/kernel/errors.ts";
import { gather } from "../../src/kernel/gather.ts";

test("every call gets its own answer, in whatever batches they go", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer(), { maxLength: 200 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 4 }),
      async (items, most, inFlight) => {
        const sizes: number[] = [];
        const call = gather<number, string>(
          async (batch) => {
            sizes.push(batch.length);
            return batch.map((item) => `answer to ${item}`);
          },
          { most, inFlight },
        );
        expect(await Promise.all(items.map(call))).toEqual(items.map((item) => `answer to ${item}`));
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(items.length);
        expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(most);
        expect(sizes.length).toBe(Math.ceil(items.length / most));
      },
    ),
    { numRuns: 50 },
  );
});

test("no more than the agreed number of runs is under way, and calls that wait go together", async () => {
  let running = 0;
  let mostRunning = 0;
  const sizes: number[] = [];
  const free: (() => void)[] = [];
  const call = gather<number, number>(
    async (batch) => {
      running += 1;
      mostRunning = Math.max(mostRunning, running);
      sizes.push(batch.length);
      await new Promise<void>((resolve) => free.push(resolve));
      running -= 1;
      return batch;
    },
    { most: 10, inFlight: 2 },
  );
  const answers = Array.from({ length: 45 }, (_, item) => call(item));
  let done = false;
  const all = Promise.all(answers).finally(() => {
    done = true;
  });
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve));
    free.shift()?.();
  }
  expect(await all).toEqual(Array.from({ length: 45 }, (_, item) => item));
  expect(mostRunning).toBe(2);
  expect(sizes).toEqual([10, 10, 10, 10, 5]);
});

test("one bad item harms no other", async () => {
  const call = gather<number, number>(
    async (batch) => {
      if (batch.includes(13)) throw new Error("thirteen");
      return batch.map((item) => item * 2);
    },
    { most: 50, inFlight: 1 },
  );
  const answers = await Promise.allSettled(Array.from({ length: 30 }, (_, item) => call(item)));
  expect(
    answers.map((answer) => (answer.status === "fulfilled" ? answer.value : String(answer.reason))),
  ).toEqual(Array.from({ length: 30 }, (_, item) => (item === 13 ? "Error: thirteen" : item * 2)));
  expect(await call(5)).toBe(10);
});

test.each(["outcome_unknown", "unavailable"] as const)(
  "a run that ended with %s is not repeated: it may have happened",
  async (code) => {
    let runs = 0;
    const call = gather<number, number>(
      async () => {
        runs += 1;
        throw new SaysoError(code, "lost");
      },
      { most: 50, inFlight: 1 },
    );
    const answers = await Promise.allSettled([1, 2, 3].map(call));
    expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(runs).toBe(1);
  },
);

test("a run that gives too few answers fails those that got none instead of mixing them up", async () => {
  const call = gather<number, number>(async (batch) => batch.slice(0, 2), { most: 50, inFlight: 1 });
  const answers = await Promise.allSettled([1, 2, 3].map(call));
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
});

describe("while every run is taken", () => {
  /** Calls whose runs end one by one, as `free` is called. */
  function slowly(mostWaiting: number) {
    const free: (() => void)[] = [];
    const done: number[] = [];
    const call = gather<number, number>(
      async (batch) => {
        await new Promise<void>((resolve) => free.push(resolve));
        done.push(...batch);
        return batch;
      },
      { most: 2, inFlight: 1, mostWaiting },
    );
    const finish = async (calls: readonly Promise<unknown>[]) => {
      let isOver = false;
      const all = Promise.allSettled(calls).finally(() => {
        isOver = true;
      });
      while (!isOver) {
        await new Promise((resolve) => setImmediate(resolve));
        free.shift()?.();
      }
      return all;
    };
    return { call, done, finish };
  }

  test("calls beyond those that may wait are refused at once, and the others are answered", async () => {
    const { call, finish } = slowly(4);
    const calls = Array.from({ length: 7 }, (_, item) => call(item));
    const refused = await Promise.allSettled(calls.slice(4));
    expect(refused.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    await expect(calls[4]).rejects.toMatchObject({ code: "unavailable" });
    expect((await finish(calls.slice(0, 4))).map(({ status }) => status)).toEqual(Array(4).fill("fulfilled"));
    expect(await finish([call(8)])).toEqual([{ status: "fulfilled", value: 8 }]);
  });

  test("patient calls are not refused, take no place of others and go after them", async () => {
    const { call, done, finish } = slowly(4);
    const patient = [10, 11, 12, 13, 14].map(call.patiently);
    const hurried = [0, 1, 2, 3].map((item) => call(item));
    expect((await finish([...patient, ...hurried])).map(({ status }) => status)).toEqual(
      Array(9).fill("fulfilled"),
    );
    expect(done).toEqual([0, 1, 2, 3, 10, 11, 12, 13, 14]);
  });
});

describe("with a rest", () => {
  /** Runs that end when they are told to, and the sizes that they had. */
  function restingLine(most: number) {
    const sizes: number[] = [];
    const ends: (() => void)[] = [];
    const rests: (() => void)[] = [];
    const call = gather<number, number>(
      async (batch) => {
        sizes.push(batch.length);
        await new Promise<void>((resolve) => ends.push(resolve));
        return batch;
      },
      { most, inFlight: 1, rest: () => new Promise((resolve) => rests.push(() => resolve(undefined))) },
    );
    return { call, sizes, endRun: () => ends.shift()?.(), endRest: () => rests.shift()?.() };
  }
  const turns = async () => {
    for (let n = 0; n < 10; n += 1) await new Promise((resolve) => setImmediate(resolve));
  };

  test("a call to an idle line goes at once, and few that waited wait for company before they go", async () => {
    const { call, sizes, endRun, endRest } = restingLine(8);
    const answers = [call(1)];
    await turns();
    expect(sizes).toEqual([1]);
    answers.push(call(2));
    await turns();
    endRun();
    await turns();
    answers.push(call(3));
    await turns();
    expect(sizes).toEqual([1]);
    endRest();
    await turns();
    expect(sizes).toEqual([1, 2]);
    endRun();
    expect(await Promise.all(answers)).toEqual([1, 2, 3]);
  });

  test("half of what a run takes does not wait", async () => {
    const { call, sizes, endRun } = restingLine(4);
    const answers = [call(1)];
    await turns();
    answers.push(call(2), call(3));
    await turns();
    endRun();
    await turns();
    expect(sizes).toEqual([1, 2]);
    endRun();
    expect(await Promise.all(answers)).toEqual([1, 2, 3]);
  });
});
