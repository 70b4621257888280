import fc from "fast-check";
import { expect, test } from "vitest";
import { apart } from "../../src/kernel/apart.ts";

test("nothing that is done at once has a claim in common, and nothing goes before an earlier one that shares its claim", () => {
  const item = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 3 });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 30 }), (items) => {
      const numbered = items.map((claims, place) => ({ claims, place }));
      const turns: (typeof numbered)[] = [];
      for (let waiting = numbered; waiting.length > 0; ) {
        const [atOnce, afterwards] = apart(waiting, ({ claims }) => claims);
        expect(atOnce[0]).toBe(waiting[0]);
        turns.push(atOnce);
        waiting = afterwards;
      }
      for (const turn of turns) {
        const claims = turn.flatMap((each) => each.claims);
        expect(new Set(claims).size).toBe(claims.length);
      }
      const done = turns.flat();
      expect(done.length).toBe(items.length);
      for (const claim of ["a", "b", "c", "d", "e"] as const) {
        const places = done.filter(({ claims }) => claims.includes(claim)).map(({ place }) => place);
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      }
    }),
  );
});
