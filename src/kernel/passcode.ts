import { SaysoError } from "./errors.ts";

// Crockford's base 32: no I, L, O (read as 1, 1, 0) and no U.
const symbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const canonical = /^[0-9A-HJKMNP-TV-Z]{8}$/;

/** Bytes of randomness in a passcode: 40 bits, guarded by few tries and a slow hash. */
export const passcodeBytes = 5;

const longestTyped = 64;

/**
 * A passcode as it is shown: `XXXX-XXXX`, eight symbols that are hard to confuse. `random` is `passcodeBytes`
 * bytes of a cryptographic source; every value gives another passcode.
 */
export function formatPasscode(random: Uint8Array): string {
  if (random.length !== passcodeBytes) {
    throw new SaysoError(
      "internal",
      `A passcode is made of ${passcodeBytes} bytes, not of ${random.length}.`,
    );
  }
  let rest = random.reduce((number, byte) => number * 256 + byte, 0);
  let code = "";
  for (let position = 0; position < 8; position++) {
    code = `${symbols.charAt(rest % 32)}${code}`;
    rest = Math.floor(rest / 32);
  }
  return grouped(code);
}

/**
 * The passcode that a person typed, as `formatPasscode` writes it, or undefined when it cannot be one. Takes
 * small letters, any spaces and dashes, O for 0, I and L for 1, and Cyrillic letters that look like Latin ones
 * (people type with the keyboard layout that is on).
 */
export function readPasscode(typed: string): string | undefined {
  if (typed.length > longestTyped) return undefined;
  const code = typed
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[\s\p{Pd}\u2212]/gu, "")
    .replace(/\p{L}/gu, (letter) => lookalikes.get(letter) ?? letter);
  return canonical.test(code) ? grouped(code) : undefined;
}

/** Characters of a text that are looked at for passcodes. */
const longestSearched = 400;

/** The words of a text, each with the dashes in it. */
const wordsOf = (text: string): readonly string[] =>
  text.split(/[^\p{L}\p{N}\p{Pd}\u2212]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));

/**
 * The passcodes that stand in a text, alone or among words, in one piece or two. A word of eight letters may look like
 * one. Looks at the first 400 characters.
 */
export function passcodesIn(text: string): readonly string[] {
  const words = wordsOf(text.slice(0, longestSearched));
  const found = words.flatMap((word, n) => [word, `${word}${words[n + 1] ?? ""}`].map(readPasscode));
  return [...new Set(found.filter((code) => code !== undefined))];
}

/** What a text says beside a passcode that stands in it. */
export function withoutPasscode(text: string, code: string): string {
  const words = wordsOf(text);
  return words
    .filter((word, n) => {
      const pieces = [word, `${word}${words[n + 1] ?? ""}`, `${words[n - 1] ?? ""}${word}`];
      return !pieces.some((piece) => readPasscode(piece) === code);
    })
    .join(" ");
}

const lookalikes: ReadonlyMap<string, string> = new Map([
  ["O", "0"],
  ["I", "1"],
  ["L", "1"],
  ["А", "A"],
  ["В", "B"],
  ["Е", "E"],
  ["К", "K"],
  ["М", "M"],
  ["Н", "H"],
  ["О", "0"],
  ["Р", "P"],
  ["С", "C"],
  ["Т", "T"],
  ["У", "Y"],
  ["Х", "X"],
]);

function grouped(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}
