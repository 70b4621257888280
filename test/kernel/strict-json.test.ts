import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SaysoError } from "../../src/kernel/errors.ts";
import { limits } from "../../src/kernel/limits.ts";
import { parseStrictJson } from "../../src/kernel/strict-json.ts";

function refusalOf(text: string) {
  try {
    parseStrictJson(text);
  } catch (error) {
    if (error instanceof SaysoError)
      return { code: error.code, pointers: error.errors.map(({ pointer }) => pointer) };
    throw error;
  }
  return "taken";
}

/** Whether a value holds a number that JSON's reader would silently make another. */
function hasInexactNumber(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === "object" && value !== null && Object.values(value).some(hasInexactNumber);
}

test("valid JSON without duplicate keys means what JSON.parse says", () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: "grapheme" }), fc.constantFrom(0, 2), (text, indent) => {
      const spaced = JSON.stringify(JSON.parse(text), null, indent);
      fc.pre(!spaced.includes("\\u0000") && !spaced.includes("__proto__"));
      fc.pre(!hasInexactNumber(JSON.parse(spaced)));
      expect(parseStrictJson(spaced)).toEqual(JSON.parse(spaced));
    }),
    { numRuns: 1_000 },
  );
});

test("text that JSON.parse does not take is malformed", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.json().map((text) => text.slice(0, -1)),
      ),
      (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        fc.pre(!isJson);
        expect(refusalOf(text)).toEqual({ code: "malformed", pointers: [] });
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  ["in the outermost object", '{"a":1,"a":2}', ["/a"]],
  ["with the same value", '{"a":1,"a":1}', ["/a"]],
  ["deep inside", '{"list":[{},{"inner":{"x":1,"y":2,"x":3}}]}', ["/list/1/inner/x"]],
  ["written with an escape", '{"a":1,"\\u0061":2}', ["/a"]],
  ["with characters that a pointer escapes", '{"a/b~c":1,"a/b~c":2}', ["/a~1b~0c"]],
  ["three times", '{"a":1,"a":2,"a":3}', ["/a", "/a"]],
  ["named like what every object has", '{"__proto__":1,"__proto__":2}', ["/__proto__"]],
  ["that is empty", '{"":1,"":2}', ["/"]],
  ["beside white space and colons in text", '{ "a" : "x:\\"y\\":z" ,\n"a" : ":" }', ["/a"]],
])("a key that stands twice is refused %s", (_where, text, pointers) => {
  expect(refusalOf(text)).toEqual({ code: "invalid", pointers });
});

test.each([
  '{"a":{"a":1}}',
  '[{"a":1},{"a":1}]',
  '{"constructor":1,"toString":2}',
  '{"a":"{\\"a\\":1}"}',
  '{"A":1,"a":2}',
])("the same key in different objects is taken: %s", (text) => {
  expect(parseStrictJson(text)).toEqual(JSON.parse(text));
});

describe.each([
  ["NUL", "\\u0000"],
  ["a high surrogate alone", "\\ud83d"],
  ["a low surrogate alone", "\\ude00"],
  ["a pair the wrong way round", "\\ude00\\ud83d"],
  ["a raw half of a pair", "\ud83d"],
])("%s", (_name, character) => {
  test("is refused in a value, with its place", () => {
    expect(refusalOf(`{"list":["ok",{"text":"a${character}b"}]}`)).toEqual({
      code: "invalid",
      pointers: ["/list/1/text"],
    });
  });
  test("is refused in a key, with the object's place", () => {
    expect(refusalOf(`{"outer":{"a${character}b":1}}`)).toEqual({ code: "invalid", pointers: ["/outer"] });
  });
  test("is refused alone", () => {
    expect(refusalOf(`"${character}"`)).toEqual({ code: "invalid", pointers: [""] });
  });
});

test.each([
  "9007199254740993",
  "-9007199254740993",
  "1e400",
  "-1e400",
  "1e300",
  "123456789012345678901234567890",
])("the number %s, which would silently become another, is refused with its place", (number) => {
  expect(refusalOf(`{"list":[1,{"n":${number}}]}`)).toEqual({ code: "invalid", pointers: ["/list/1/n"] });
});

test.each(["0", "-0", "1.5", "9007199254740991", "1e3", "0.1", "5e-324"])(
  "the number %s is taken",
  (number) => {
    expect(parseStrictJson(`[${number}]`)).toEqual([Number(number)]);
  },
);

test("every bad place is told", () => {
  expect(refusalOf('{"a":"\\u0000","b":["\\u0000","\\ud800"]}')).toEqual({
    code: "invalid",
    pointers: ["/a", "/b/0", "/b/1"],
  });
});

test("emoji, other scripts and control characters with a meaning are taken", () => {
  const text = JSON.stringify({ "ключ 😀": ["👨‍👩‍👧", "سلام", "\t\n", "\u200f"] });
  expect(parseStrictJson(text)).toEqual(JSON.parse(text));
});

test.each([
  ["arrays", "[", "]"],
  ["objects", '{"a":', "}"],
])(
  "%s within each other are taken up to the limit and refused beyond it, however many",
  (_name, opening, closing) => {
    const nested = (depth: number) => `${opening.repeat(depth)}1${closing.repeat(depth)}`;
    expect(refusalOf(nested(limits.jsonDepth))).toBe("taken");
    expect(refusalOf(nested(limits.jsonDepth + 1))).toMatchObject({ code: "invalid" });
    expect(refusalOf(nested(500_000))).toMatchObject({ code: "invalid" });
    expect(refusalOf(opening.repeat(500_000))).toEqual({ code: "malformed", pointers: [] });
  },
);

test.each([
  ["in the outermost object", '{"__proto__":1}', ["/__proto__"]],
  ["deep inside", '{"list":[{"inner":{"__proto__":{"x":1}}}]}', ["/list/0/inner/__proto__"]],
  ["written with escapes", '{"\\u005f_proto__":{}}', ["/__proto__"]],
])(
  "a member __proto__ %s is refused with its place, for others would drop it silently",
  (_, text, pointers) => {
    expect(refusalOf(text)).toEqual({ code: "invalid", pointers });
  },
);

test("the word __proto__ as a value, and names that are like it, are taken", () => {
  expect(refusalOf('{"proto":"__proto__","__proto":1,"constructor":{"prototype":2}}')).toBe("taken");
});
