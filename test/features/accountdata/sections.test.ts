import { expect, test } from "vitest";
import { isSectionName, sectionNames, sectionSchema } from "../../../src/features/accountdata/index.ts";
import { accepted, refused } from "../../cases/accountdata/sections.ts";

test.each(accepted)("%s takes %s, as it is", (name, _what, document) => {
  expect(sectionSchema(name).parse(document)).toEqual(document);
});

test.each(refused)("%s refuses %s and points to it", (name, _what, document, place) => {
  const { error } = sectionSchema(name).safeParse(document);
  expect(new Set(error?.issues.map(({ path }) => path.join(".")))).toEqual(new Set([place]));
});

test.each(sectionNames)("%s is one object: no list, text, number or null in its place", (name) => {
  for (const value of [null, [], "x", 1, true, undefined]) {
    expect(sectionSchema(name).safeParse(value).success).toBe(false);
  }
  expect(isSectionName(name)).toBe(true);
});

test("every typed section has accepted and refused cases", () => {
  expect(new Set(accepted.map(([name]) => name))).toEqual(new Set(sectionNames));
  expect(new Set(refused.map(([name]) => name))).toEqual(new Set(sectionNames));
  expect(isSectionName("toString")).toBe(false);
});
