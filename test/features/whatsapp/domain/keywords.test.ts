import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { confirmationIn } from "../../../../src/features/whatsapp/domain/confirmation.ts";
import {
  isNearOptOut,
  isOptOutKeyword,
  languageOfKeyword,
} from "../../../../src/features/whatsapp/domain/keywords.ts";
import { keywordLanguages, phrases } from "../../../../src/features/whatsapp/domain/opt-out-phrases.ts";
import {
  farFromNo,
  keywords,
  languageOf,
  nearMisses,
  noNo,
  waysToSayNo,
} from "../../../cases/whatsapp/keywords.ts";

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

describe("a message that is near a no", () => {
  for (const [how, texts] of Object.entries(nearMisses)) {
    test.each(texts)(`${how} is none, but perhaps one: %j`, (text) => {
      expect([isOptOutKeyword(text), isNearOptOut(text)]).toEqual([false, true]);
    });
  }

  test.each(farFromNo)("is not one like this: %j", (text) => {
    expect([isOptOutKeyword(text), isNearOptOut(text)]).toEqual([false, false]);
  });

  it("is never a no as well, and a no is never merely near one", () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...keywords), fc.string()), (text) => {
        expect(isOptOutKeyword(text) && isNearOptOut(text)).toBe(false);
      }),
    );
    for (const keyword of keywords) expect(isNearOptOut(keyword)).toBe(false);
  });

  it("may be near one of the organization's own words", () => {
    expect(isNearOptOut("пожалуйста, тишина")).toBe(false);
    expect(isNearOptOut("пожалуйста, тишина", ["тишина"])).toBe(true);
  });

  test.each(keywordLanguages)("is known in %s, as every listed phrase is", (language) => {
    expect(phrases[language].no.filter((phrase) => !isOptOutKeyword(phrase))).toEqual([]);
    expect(
      phrases[language].near.filter((phrase) => !isNearOptOut(phrase) && !isOptOutKeyword(phrase)),
    ).toEqual([]);
    expect(phrases[language].courtesy.filter((word) => isNearOptOut(word) || isOptOutKeyword(word))).toEqual(
      [],
    );
  });
});

describe("a no is confirmed in the language that it was said in", () => {
  test.each(Object.entries(languageOf))("%s", (keyword, language) => {
    expect(languageOfKeyword(keyword)).toBe(language);
    const { text, language: written } = confirmationIn([languageOfKeyword(keyword)], "Tea & $& shop");
    expect(written).toBe(language);
    expect(text).toContain("Tea & $& shop");
  });

  it("of which there are fifteen, each with words of its own", () => {
    expect(Object.values(languageOf).sort()).toEqual([...keywordLanguages].sort());
    expect(keywordLanguages).toHaveLength(15);
    expect(new Set(keywordLanguages.map((tag) => confirmationIn([tag], "").text)).size).toBe(15);
  });

  it("or in the first language that there are words in, or English", () => {
    expect(confirmationIn([undefined, "xx", "pt-BR", "ru"], "A").language).toBe("pt");
    expect(confirmationIn([null], "A").language).toBe("en");
  });
});

it("any text is answered, however odd its characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(typeof isOptOutKeyword(text)).toBe("boolean");
      expect(typeof isNearOptOut(text)).toBe("boolean");
    }),
  );
  expect(isOptOutKeyword("\ud800STOP")).toBe(true);
});
