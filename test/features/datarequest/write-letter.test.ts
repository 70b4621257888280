import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { longDate } from "../../../src/features/datarequest/deadline-words.ts";
import {
  blocksOf,
  chooseAddress,
  edited,
  type LetterContent,
  letterKinds,
  plainText,
} from "../../../src/features/datarequest/domain/letter.ts";
import { regimeKeys } from "../../../src/features/datarequest/regimes.ts";
import {
  type LetterFacts,
  letterLanguage,
  mailOf,
  writeLetter,
} from "../../../src/features/datarequest/write-letter.ts";
import { SaysoError } from "../../../src/kernel/errors.ts";
import { languages } from "../../../src/kernel/language.ts";
import { laws, letterCases } from "../../cases/datarequest/letters.ts";

const organization: LetterFacts["organization"] = {
  name: "Harbour Tea",
  country: "IE",
  timeZone: "Europe/Dublin",
  dpo: { name: "Data protection desk", contact: "privacy@shop.example" },
  supervisoryAuthority: { name: "Data Protection Commission", url: "https://authority.example/complaints" },
};

const facts: LetterFacts = {
  language: "en",
  reference: "req_01kb0q8s5hf6xv3y1m2n4p5q6r",
  requestKind: "access",
  receivedAt: new Date("2026-11-27T23:30:00Z"),
  lastDay: "2026-12-28",
  regime: "gdpr",
  law: "General Data Protection Regulation (GDPR)",
  organization,
};

const folded = (text: string) => text.replace(/\s+/gu, " ");

/** What Handlebars or a catalogue leaves when nobody filled a place in. */
const unresolved = /\{|\}|undefined|null|NaN|\[object|Invalid Date|&[a-z#]/;

describe.each(languages)("in %s", (language) => {
  describe.each(laws)("under $regime", ({ regime, complaintTo }) => {
    it.each(letterCases)("$guarantees", ({ requestKind, content, mustSay, says, days }) => {
      const letter = writeLetter({ ...facts, language, regime, requestKind }, content);
      const text = folded(letter.text);
      expect(letter.mustSay.map(({ element }) => element)).toEqual(mustSay);
      for (const { words } of letter.mustSay) expect(text).toContain(folded(words));
      for (const words of says) expect(text).toContain(words);
      for (const day of days) expect(text).toContain(folded(longDate(day, language)));
      // Who answers, whose it is, where to complain, and the day on which it came in, in the organization's zone.
      expect(text).toContain("Harbour Tea");
      expect(text).toContain("Data protection desk");
      expect(text).toContain("privacy@shop.example");
      expect(text).toContain(facts.reference);
      expect(text).toContain(folded(longDate("2026-11-27", language)));
      expect(text).toContain(complaintTo[language]);
      expect(text).not.toMatch(unresolved);
      expect(letter.subject).toContain(facts.reference);
      expect(letter.subject).not.toMatch(unresolved);
      // What goes out says the same.
      const html = mailOf(letter, language);
      expect(html).toContain(`<html lang="${language}">`);
      expect(html).not.toMatch(/\{\{|undefined|\[object/);
    });
  });
});

it("every kind of letter has a case", () => {
  expect(new Set(letterCases.map(({ content }) => content.kind))).toEqual(new Set(letterKinds));
});

it("every law that a request can be opened under has a case", () => {
  expect(laws.map(({ regime }) => regime)).toEqual(expect.arrayContaining([...regimeKeys]));
});

it("an English letter has no Russian in it, and a Russian one has a Russian subject", () => {
  for (const { requestKind, content } of letterCases) {
    const english = writeLetter({ ...facts, requestKind }, content);
    expect(`${english.subject} ${english.text}`).not.toMatch(/\p{Script=Cyrillic}/u);
    const russian = writeLetter({ ...facts, requestKind, language: "ru" }, content);
    expect(russian.subject).toMatch(/\p{Script=Cyrillic}/u);
  }
});

it.each([
  ["ru", "ru"],
  ["ru-RU", "ru"],
  ["RU", "ru"],
  ["en-GB", "en"],
  ["de", "en"],
  ["rum", "en"],
])("a person whose language is %s is written to in %s", (tag, language) => {
  expect(letterLanguage(tag)).toBe(language);
});

describe("where to complain", () => {
  const refusal: LetterContent = { kind: "refusal", reason: "Because." };

  it.each([
    ["dpo", { dpo: null }],
    ["supervisoryAuthority", { supervisoryAuthority: null }],
    ["dpo and supervisoryAuthority", { dpo: null, supervisoryAuthority: null }],
  ])(
    "no letter goes out without the organization's %s: it is refused with what to set",
    (missing, lacking) => {
      const write = () => writeLetter({ ...facts, organization: { ...organization, ...lacking } }, refusal);
      expect(write).toThrowError(
        expect.objectContaining({ code: "invalid", detail: expect.stringContaining(missing) }),
      );
    },
  );

  it("is the law's own authority where it has one, also when the organization's is another country's", () => {
    const { text } = writeLetter({ ...facts, regime: "ru-152fz" }, refusal);
    expect(text).toContain("Roskomnadzor (https://rkn.gov.ru)");
    expect(text).not.toContain("Data Protection Commission");
  });

  it("is what the organization says where it is of that country", () => {
    const british = {
      ...organization,
      country: "GB",
      supervisoryAuthority: { name: "Information Commission" },
    };
    const { text } = writeLetter({ ...facts, regime: "uk-gdpr", organization: british }, refusal);
    expect(text).toContain("Information Commission,");
  });
});

describe("hostile words", () => {
  const hostile = [
    "<script>alert(1)</script>",
    "</p><li>x</li>",
    "\u202egnirts\u202c",
    "Line\r\nBcc: victim@mail.example",
    "{{reason}} &amp; &#x3c;b&#x3e;",
    '=HYPERLINK("https://evil.example")',
    "\ud800 lone",
  ];

  test.each(hostile)("stay text in every letter: %j", (words) => {
    const contents: LetterContent[] = [
      { kind: "refusal", reason: words, legalGround: words },
      { kind: "clarification", question: words },
      { kind: "done", what: words },
      { kind: "erasure_done", erasedOn: "2026-12-01", stays: [{ what: words, why: words }] },
    ];
    for (const content of contents) {
      const letter = writeLetter({ ...facts, organization: { ...organization, name: words } }, content);
      expect(letter.text).not.toMatch(/[^\P{C}\n]/u);
      expect(letter.text).toContain(
        words
          .toWellFormed()
          .replace(/[\p{C}\s]+/gu, " ")
          .trim(),
      );
      const html = mailOf(letter, "en");
      expect(html).not.toContain("<script");
      expect(html.match(/<p>/g)).toHaveLength(blocksOf(letter.text).filter(({ isList }) => !isList).length);
    }
  });

  it("whatever staff write as a reason, the letter says it, and its mail has no tag of it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 }), (typed) => {
        const said = typed
          .toWellFormed()
          .replace(/[\p{C}\s]+/gu, " ")
          .trim();
        const letter = writeLetter(facts, { kind: "refusal", reason: typed });
        expect(folded(letter.text)).toContain(folded(said));
        const tags = mailOf(letter, "en").match(
          /<(?!\/?(?:!doctype|html|head|meta|title|body|div|h1|p|ul|li|br)\b)/g,
        );
        expect(tags).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

describe("an edit", () => {
  const letter = writeLetter(facts, { kind: "refusal", reason: "An open invoice has to be kept." });
  const draft = { ...letter, mustSay: [...letter.mustSay], addresses: [] };

  it("may say more, and say it otherwise", () => {
    const text = `Dear Ms Example,\r\n\r\n${draft.text.replace("Hello,\n\n", "")}\n\nKind regards`;
    expect(edited(draft, { text, subject: " Your request " })).toMatchObject({
      subject: "Your request",
      text: expect.stringMatching(/^Dear Ms Example,\n\n/),
    });
  });

  it.each(draft.mustSay)(
    "that takes away $element is refused, and told which words are missing",
    ({ element, words }) => {
      const text = draft.text.replaceAll(words, "something else");
      expect(() => edited(draft, { text })).toThrowError(
        expect.objectContaining({
          code: "invalid",
          errors: [{ pointer: "/text", message: expect.stringContaining(`${words}” (${element})`) }],
        }),
      );
    },
  );

  it.each([
    ["{{name}}", "/text"],
    ["{name}", "/text"],
    ["[...]", "/text"],
    ["[ ___ ]", "/text"],
    ["\u0007", "/text"],
  ])("that leaves %j is refused", (left, pointer) => {
    expect(() => edited(draft, { text: `${draft.text}\n\n${left}` })).toThrowError(
      expect.objectContaining({ errors: [expect.objectContaining({ pointer })] }),
    );
    expect(() => edited(draft, { subject: `Hello ${left}` })).toThrowError(
      expect.objectContaining({ errors: [expect.objectContaining({ pointer: "/subject" })] }),
    );
  });

  it.each(["", "  ", "two\nlines"])("with the subject %j is refused", (subject) => {
    expect(() => edited(draft, { subject })).toThrowError(SaysoError);
  });

  it("that changes nothing gives the same letter", () => {
    expect(edited(draft, {})).toEqual(draft);
    expect(edited(draft, { text: draft.text, subject: draft.subject })).toEqual(draft);
  });
});

describe("text and paragraphs", () => {
  it("what a template rendered is read as it is seen", () => {
    expect(
      plainText("<p>A &lt;b&gt;\n  c</p>\n<ul>\n<li>one</li>\n<li>two &amp; a half</li></ul><p>end</p>"),
    ).toBe("A <b> c\n\n• one\n• two & a half\n\nend");
  });

  it("lines with a bullet are a list, others a paragraph", () => {
    expect(blocksOf("One\ntwo\n\n• a\n• b\n\n\n • c\nd")).toEqual([
      { isList: false, lines: ["One", "two"] },
      { isList: true, lines: ["a", "b"] },
      { isList: false, lines: ["• c", "d"] },
    ]);
  });
});

describe("the address that a letter goes to", () => {
  const addresses = ["anna@mail.example", "a@work.example"];

  it("is one of the person's, whatever its case", () => {
    expect(chooseAddress({ addresses: ["anna@mail.example"] }, undefined)).toBe("anna@mail.example");
    expect(chooseAddress({ addresses }, "A@work.example ")).toBe("a@work.example");
  });

  it("is never somebody else's, and not guessed among several", () => {
    expect(() => chooseAddress({ addresses }, "thief@mail.example")).toThrowError(
      expect.objectContaining({ errors: [expect.objectContaining({ pointer: "/to" })] }),
    );
    expect(() => chooseAddress({ addresses }, undefined)).toThrowError(
      expect.objectContaining({ errors: [expect.objectContaining({ pointer: "/to" })] }),
    );
    expect(() => chooseAddress({ addresses: [] }, undefined)).toThrowError(
      expect.objectContaining({ code: "conflict" }),
    );
  });
});
