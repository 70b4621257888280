import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatPasscode,
  passcodeBytes,
  passcodesIn,
  readPasscode,
  withoutPasscode,
} from "../../src/kernel/passcode.ts";

const random = fc.uint8Array({ minLength: passcodeBytes, maxLength: passcodeBytes });

describe("a passcode", () => {
  it("has two groups of four symbols, none of which is easily taken for another", () => {
    fc.assert(
      fc.property(random, (bytes) => {
        expect(formatPasscode(bytes)).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
      }),
    );
  });

  it.each([
    [[0, 0, 0, 0, 0], "0000-0000"],
    [[255, 255, 255, 255, 255], "ZZZZ-ZZZZ"],
    [[0, 0, 0, 0, 1], "0000-0001"],
    [[128, 0, 0, 0, 0], "G000-0000"],
    [[1, 35, 69, 103, 137], "04HM-ASW9"],
  ])("is Crockford's base 32 of its bytes: %j is %s", (bytes, passcode) => {
    expect(formatPasscode(Uint8Array.from(bytes))).toBe(passcode);
  });

  it("keeps all 40 bits: other bytes give another passcode", () => {
    fc.assert(
      fc.property(random, random, (one, other) => {
        expect(formatPasscode(one) === formatPasscode(other)).toBe(Buffer.compare(one, other) === 0);
      }),
    );
    for (let bit = 0; bit < 40; bit++) {
      const bytes = new Uint8Array(passcodeBytes);
      bytes[bit >> 3] = 1 << (bit & 7);
      expect(formatPasscode(bytes)).not.toBe("0000-0000");
    }
  });

  it.each([0, 4, 6, 16])("is not made of %i bytes", (length) => {
    expect(() => formatPasscode(new Uint8Array(length))).toThrowError(
      expect.objectContaining({ code: "internal" }),
    );
  });
});

describe("a passcode as a person types it", () => {
  it("is read back as it was shown", () => {
    fc.assert(
      fc.property(random, (bytes) => {
        const passcode = formatPasscode(bytes);
        expect(readPasscode(passcode)).toBe(passcode);
        expect(readPasscode(passcode.toLowerCase().replace("-", ""))).toBe(passcode);
      }),
    );
  });

  it.each([
    ["0a1b-2c3d"],
    ["0A1B2C3D"],
    [" 0a1b 2c3d\n"],
    ["0 A 1 B - 2 C 3 D"],
    ["0A1B–2C3D"],
    ["0A1B—2C3D"],
    ["0A1B−2C3D"],
    ["0A1B\u00a02C3D"],
    ["OAIB-2C3D"],
    ["oalb-2c3d"],
    ["oaib-2c3d"],
    ["０Ａ１Ｂ２Ｃ３Ｄ"],
    ["0А1В-2С3D"],
    ["оа1в-2с3d"],
  ])("means 0A1B-2C3D however it is written: %j", (typed) => {
    expect(readPasscode(typed)).toBe("0A1B-2C3D");
  });

  it("takes Cyrillic letters for the Latin ones they look like", () => {
    expect(readPasscode("АВЕК-МНОР")).toBe("ABEK-MH0P");
    expect(readPasscode("стух-0000")).toBe("CTYX-0000");
  });

  it.each([
    "",
    "-",
    "0A1B-2C3",
    "0A1B-2C3DE",
    "0A1B-2C3U",
    "0A1B-2C3!",
    "0A1B_2C3D",
    "0A1B-2C3Я",
    "0A1B\u00002C3D",
    "💥",
  ])("cannot be %j", (typed) => {
    expect(readPasscode(typed)).toBeUndefined();
  });

  it("is not read from a text of any length", () => {
    expect(readPasscode(`0A1B-2C3D${" ".repeat(55)}`)).toBe("0A1B-2C3D");
    expect(readPasscode(`0A1B-2C3D${" ".repeat(56)}`)).toBeUndefined();
  });
});

describe("a text with a passcode in it", () => {
  it("has it found among words, in one piece or two, and says the rest without it", () => {
    fc.assert(
      fc.property(random, fc.constantFrom("", "I confirm: ", "Подтверждаю —  "), (bytes, before) => {
        const code = formatPasscode(bytes);
        for (const written of [
          code,
          code.toLowerCase(),
          code.replace("-", " "),
          code.replace("-", " – "),
          code.replace("-", ""),
        ]) {
          const text = `${before}${written}!`;
          expect(passcodesIn(text)).toContain(code);
          expect(withoutPasscode(text, code)).toBe(before.replace(/[^\p{L}]+/gu, " ").trim());
        }
      }),
    );
  });

  it("has none where there is none, however long it is", () => {
    expect(passcodesIn("Good morning, is the parcel here?")).toEqual([]);
    expect(passcodesIn(`${"x ".repeat(500)}7K3M-Q9TX`)).toEqual([]);
    expect(withoutPasscode("Stop, please", "7K3M-Q9TX")).toBe("Stop please");
  });
});
