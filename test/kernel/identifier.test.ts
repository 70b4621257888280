import fc from "fast-check";
import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import { describe, expect, test } from "vitest";
import {
  canonicalPhone,
  type IdentifierInput,
  maskIdentifier,
  readIdentifiers,
  unknownCountry,
} from "../../src/kernel/identifier.ts";
import { noNumbers, sameNumbers } from "../cases/kernel/phones.ts";

const canonicalOf = (input: IdentifierInput) => readIdentifiers(input).identifiers[0]?.canonical;

describe("phone numbers", () => {
  test.each(sameNumbers)("$guarantee", ({ canonical, spellings }) => {
    for (const spelling of spellings)
      expect([spelling, canonicalPhone(spelling)]).toEqual([spelling, canonical]);
  });

  test("numbers that differ stay different", () => {
    const all = sameNumbers.map(({ canonical }) => canonical);
    expect(new Set(all).size).toBe(all.length);
  });

  test.each(noNumbers)("%s is no number: %j", (_reason, text) => {
    expect(canonicalPhone(text)).toBeUndefined();
    const { identifiers, unreadable } = readIdentifiers({ phone: text });
    expect(identifiers).toEqual([]);
    expect(unreadable.map(({ field }) => field)).toEqual(["phone"]);
  });

  const digits = (least: number, most: number) =>
    fc
      .array(fc.integer({ min: 0, max: 9 }), { minLength: least, maxLength: most })
      .map((all) => all.join(""));
  const number = fc
    .tuple(
      fc.constantFrom("1", "7", "44", "39", "52", "521", "54", "549", "55", "5511", "5511 9", "5411 15"),
      digits(6, 11),
    )
    .map(([code, rest]) => `+${code.replaceAll(" ", "")}${rest}`);

  test("the canonical form of a canonical form is itself", () => {
    fc.assert(
      fc.property(number, (text) => {
        const canonical = canonicalPhone(text);
        fc.pre(canonical !== undefined);
        expect(canonicalPhone(canonical ?? "")).toBe(canonical);
      }),
      { numRuns: 5_000 },
    );
  });

  test("a number that is written out and read again has the same canonical form, as its WhatsApp id has", () => {
    fc.assert(
      fc.property(number, (text) => {
        const canonical = canonicalPhone(text);
        fc.pre(canonical !== undefined);
        const written = parsePhoneNumberFromString(canonical ?? "")?.formatInternational() ?? "";
        expect(canonicalPhone(written)).toBe(canonical);
        expect(canonicalOf({ waId: (canonical ?? "").slice(1) })).toBe(`phone:${canonical}`);
      }),
      { numRuns: 1_000 },
    );
  });

  test("no text whatever makes reading fail", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        for (const field of ["phone", "waId", "bsuid", "parentBsuid", "email", "externalId"] as const) {
          const { identifiers, unreadable } = readIdentifiers({ [field]: text });
          expect(identifiers.length + unreadable.length).toBe(1);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("a number's country is told by its prefix, and stands as unknown when it is not", () => {
    const countryOf = (input: IdentifierInput) =>
      readIdentifiers(input).identifiers.map(({ country }) => country);
    expect(countryOf({ phone: "+12025550123", waId: "5511961234567" })).toEqual(["US", "BR"]);
    expect(countryOf({ phone: "+80012345678" })).toEqual([unknownCountry]);
    expect(countryOf({ email: "a@example.com", externalId: "+12025550123", bsuid: "US.1" })).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe("other identifiers", () => {
  test("a phone and a WhatsApp id with the same digits are one", () => {
    expect(canonicalOf({ waId: "12025550123" })).toBe(canonicalOf({ phone: "+1 202 555 0123" }));
    expect(canonicalOf({ waId: "5491123456789" })).toBe(canonicalOf({ phone: "+54 11 2345-6789" }));
  });

  test.each(["+12025550123", "1202555", "abc", "1202555012345678", "", "12025550123\n"])(
    "%j is no WhatsApp id",
    (waId) => {
      expect(readIdentifiers({ waId }).unreadable.map(({ field }) => field)).toEqual(["waId"]);
    },
  );

  test("identifiers of different kinds are never one, whatever they say", () => {
    const all = [
      canonicalOf({ bsuid: "US.13491208655302741918" }),
      canonicalOf({ parentBsuid: "US.13491208655302741918" }),
      canonicalOf({ externalId: "US.13491208655302741918" }),
      canonicalOf({ externalId: "phone:+12025550123" }),
      canonicalOf({ phone: "+12025550123" }),
      canonicalOf({ externalId: "customer@example.com" }),
      canonicalOf({ email: "customer@example.com" }),
    ];
    expect(all).not.toContain(undefined);
    expect(new Set(all).size).toBe(all.length);
  });

  test("an e-mail address is one in whatever case; a user id and an external id are not", () => {
    expect(canonicalOf({ email: "Customer@Example.COM" })).toBe(
      canonicalOf({ email: "customer@example.com" }),
    );
    expect(canonicalOf({ externalId: "A1" })).not.toBe(canonicalOf({ externalId: "a1" }));
    expect(canonicalOf({ bsuid: "US.Ab1" })).not.toBe(canonicalOf({ bsuid: "US.aB1" }));
  });

  test.each([
    "no-at.example",
    "two@@example.com",
    "a b@example.com",
    "a@nodot",
    "@example.com",
    "<a@example.com>",
    "a@example..com",
    "1,victim@example.com",
    "1;victim@example.com",
    "g:victim@example.com",
    "victim(1)@example.com",
    "victim@example.com(1)",
    "victim@[127.0.0.1]",
    "a\\b@example.com",
    "a\u0000b@example.com",
    "a\u007fb@example.com",
    "a\u200bb@example.com",
    "a@example\u0001.com",
  ])("%j is no e-mail address", (email) => {
    expect(canonicalOf({ email })).toBeUndefined();
  });

  test.each(["13491208655302741918", "us.1349", "US.", "USA.1349", "US.13 49", `US.${"1".repeat(129)}`])(
    "%j is no user id",
    (bsuid) => {
      expect(canonicalOf({ bsuid })).toBeUndefined();
    },
  );

  test.each(["", "a\u0000b", "line\nbreak", "x".repeat(201)])("%j is no external id", (externalId) => {
    expect(canonicalOf({ externalId })).toBeUndefined();
  });

  test("every identifier that an input names is read, and every unreadable one is told", () => {
    const { identifiers, unreadable } = readIdentifiers({
      phone: "+12025550123",
      email: "nobody",
      externalId: "customer-1",
      bsuid: "nothing",
    });
    expect(identifiers.map(({ kind, value }) => [kind, value])).toEqual([
      ["phone", "+12025550123"],
      ["external_id", "customer-1"],
    ]);
    expect(unreadable.map(({ field }) => field).sort()).toEqual(["bsuid", "email"]);
  });

  test("a mask shows the last two characters and no half of one", () => {
    expect(maskIdentifier({ value: "+12025550123" })).toBe("…23");
    expect(maskIdentifier({ value: "name😀" })).toBe("…e😀");
  });
});
