import fc from "fast-check";
import { expect, test } from "vitest";
import { inOrder } from "../../src/kernel/in-order.ts";
import { collect } from "../support/collect.ts";

async function* groups(of: readonly (readonly number[])[], asked: { times: number }) {
  for (const group of of) {
    asked.times += 1;
    yield group;
  }
}

/** Everything that can go on by itself has gone on. */
const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test("results come in the order of the items, whichever is ready first, and never more than agreed are under way", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.array(fc.integer(), { maxLength: 6 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 5 }),
      async (scheduler, items, most) => {
        let running = 0;
        let mostRunning = 0;
        const work = async (item: number) => {
          running += 1;
          mostRunning = Math.max(mostRunning, running);
          await scheduler.schedule(Promise.resolve());
          running -= 1;
          return item * 2;
        };
        const all = collect(inOrder(groups(items, { times: 0 }), work, most));
        await scheduler.waitFor(all);
        expect((await all).flat()).toEqual(items.flat().map((item) => item * 2));
        expect(mostRunning).toBeLessThanOrEqual(most);
      },
    ),
  );
});

test("while nobody takes results, no more than agreed are begun and hardly any are asked for", async () => {
  const asked = { times: 0 };
  let begun = 0;
  const work = async (item: number) => {
    begun += 1;
    return item;
  };
  const items = Array.from({ length: 1_000 }, (_, item) => [item]);
  const results = inOrder(groups(items, asked), work, 10);
  const first = await results.next();
  await settled();
  const given = first.done ? 0 : first.value.length;
  expect(begun).toBeLessThanOrEqual(given + 10);
  expect(asked.times).toBeLessThanOrEqual(given + 11);
  const rest = (await collect(results)).flat();
  expect(given + rest.length).toBe(1_000);
});

test("a result is given while the source still keeps the next item to itself", async () => {
  let release = () => {};
  async function* hesitant() {
    yield [1];
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    yield [2];
  }
  const results = inOrder(hesitant(), async (item) => item, 10);
  expect(await results.next()).toEqual({ done: false, value: [1] });
  release();
  expect(await results.next()).toEqual({ done: false, value: [2] });
  expect((await results.next()).done).toBe(true);
});

test("whoever stops taking results lets go of the source", async () => {
  let isLetGo = false;
  async function* endless() {
    try {
      for (;;) yield [1];
    } finally {
      isLetGo = true;
    }
  }
  for await (const group of inOrder(endless(), async (item) => item, 4)) {
    if (group.length > 0) break;
  }
  await settled();
  expect(isLetGo).toBe(true);
});

test("a failure of the source or of the work ends it with that failure", async () => {
  async function* breaking() {
    yield [1];
    throw new Error("source");
  }
  await expect(collect(inOrder(breaking(), async (item) => item, 4))).rejects.toThrow("source");
  const failing = async () => {
    throw new Error("work");
  };
  await expect(collect(inOrder(groups([[1], [2]], { times: 0 }), failing, 4))).rejects.toThrow("work");
});
