import fc from "fast-check";
import { expect, test } from "vitest";
import { firstUuidOf, formatId, type IdPrefix, parseId } from "../../src/kernel/ids.ts";

const prefixes: IdPrefix[] = ["org", "key", "snd", "sub", "cns", "dec"];
const uuid = fc.uuid();

test("an id that is formatted and read again is the same uuid", () => {
  fc.assert(
    fc.property(fc.constantFrom(...prefixes), uuid, (prefix, id) => {
      expect(parseId(prefix, formatId(prefix, id))).toBe(id);
    }),
  );
});

test("an id of another kind is no id of this kind", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(prefixes, { minLength: 2, maxLength: 2 }), uuid, ([one, other], id) => {
      expect(parseId(other ?? "org", formatId(one ?? "org", id))).toBeUndefined();
    }),
  );
});

test("an id has one spelling: whatever can be read is what would be written", () => {
  const written = formatId("sub", "01a20470-ae6e-7ddf-91d5-1f3f062e4810");
  const variants = [
    written,
    written.toUpperCase(),
    `sub_${written.slice(4).toUpperCase()}`,
    ` ${written}`,
    `${written}\n`,
    written.slice(4),
    `_${written.slice(4)}`,
    written.replaceAll("0", "o"),
    written.replaceAll("1", "l"),
    `${written}0`,
    written.slice(0, -1),
    `sub_8${written.slice(5)}`,
    `sub_z${written.slice(5)}`,
    "sub_",
    "",
  ];
  for (const text of variants) {
    const read = parseId("sub", text);
    if (read !== undefined) expect([text, formatId("sub", read)]).toEqual([text, text]);
  }
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      const read = parseId("sub", `sub_${text}`);
      if (read !== undefined) expect(formatId("sub", read)).toBe(`sub_${text}`);
    }),
  );
});

test("the least uuid of an instant parts the ids before it from those of it and after it", () => {
  const at = (ms: number) => firstUuidOf(new Date(ms));
  const made = "01a20470-ae6e-7ddf-91d5-1f3f062e4810";
  const ms = Number.parseInt(made.replaceAll("-", "").slice(0, 12), 16);
  expect(at(ms) <= made && made < at(ms + 1)).toBe(true);
  expect(at(0)).toBe("00000000-0000-7000-8000-000000000000");
});
