import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isOptOutKeyword } from "../../../../src/features/whatsapp/domain/keywords.ts";
import { keywords, noNo, waysToSayNo } from "../../../cases/whatsapp/keywords.ts";

describe("a whole message that is an opt-out keyword is a no", () => {
  test.each(keywords)("%s", (keyword) => {
    expect(isOptOutKeyword(keyword)).toBe(true);
  });

  for (const [how, texts] of Object.entries(waysToSayNo)) {
    test.each(texts)(`${how}: %j`, (text) => {
      expect(isOptOutKeyword(text)).toBe(true);
    });
  }

  it("holds with any punctuation, emoji and white space around and any case", () => {
    const around = fc
      .array(fc.constantFrom(..." \t\n.,!?…-–—_*~'\"«»()[]¡¿:;/#@&🛑😡🙏\u200b\u200e\u202e\ufe0f"))
      .map((characters) => characters.join(""));
    fc.assert(
      fc.property(
        fc.constantFrom(...keywords),
        fc.infiniteStream(fc.boolean()),
        around,
        around,
        (keyword, up, before, after) => {
          const mixed = [...keyword]
            .map((letter) => (up.next().value === true ? letter.toUpperCase() : letter.toLowerCase()))
            .join("");
          expect(isOptOutKeyword(`${before}${mixed}${after}`)).toBe(true);
        },
      ),
    );
  });
});

describe("anything else is not a no", () => {
  for (const [what, texts] of Object.entries(noNo)) {
    test.each(texts)(`${what}: %j`, (text) => {
      expect(isOptOutKeyword(text)).toBe(false);
    });
  }

  it("holds for a keyword among other words, before or after them", () => {
    const word = fc.constantFrom("please", "the", "bus", "пожалуйста", "мне", "mañana", "我", "7", "أنا");
    fc.assert(
      fc.property(fc.constantFrom(...keywords), fc.array(word), fc.array(word), (keyword, before, after) => {
        fc.pre(before.length + after.length > 0);
        expect(isOptOutKeyword([...before, keyword, ...after].join(" "))).toBe(false);
      }),
    );
  });

  it("holds for a keyword with a letter or digit stuck to it", () => {
    fc.assert(
      fc.property(fc.constantFrom(...keywords), fc.constantFrom(..."xzжщ5好"), (keyword, letter) => {
        expect(isOptOutKeyword(`${keyword}${letter}`)).toBe(false);
        expect(isOptOutKeyword(`${letter}${keyword}`)).toBe(false);
      }),
    );
  });
});

describe("an organization's own keywords", () => {
  it("count like the listed ones, and only for it", () => {
    expect(isOptOutKeyword("No more ads!", ["no more ads"])).toBe(true);
    expect(isOptOutKeyword("No more ads!")).toBe(false);
    expect(isOptOutKeyword("no more", ["no more ads"])).toBe(false);
    expect(isOptOutKeyword("no more ads, stop", ["no more ads"])).toBe(true);
  });

  it("never make an empty message a no, whatever was listed", () => {
    expect(isOptOutKeyword("", ["", "🛑", " "])).toBe(false);
    expect(isOptOutKeyword("👍", ["", "🛑", " "])).toBe(false);
  });

  it("never take a listed one away", () => {
    fc.assert(
      fc.property(fc.constantFrom(...keywords), fc.array(fc.string()), (keyword, own) => {
        expect(isOptOutKeyword(keyword, own)).toBe(true);
      }),
    );
  });
});

it("any text is answered, however odd its characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(typeof isOptOutKeyword(text)).toBe("boolean");
    }),
  );
  expect(isOptOutKeyword("\ud800STOP")).toBe(true);
});
