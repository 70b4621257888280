import { channels } from "../../../kernel/channels.ts";
import { wordsOf } from "./wording-words.ts";

const scripts = {
  Latin: /\p{Script=Latin}/gu,
  Cyrillic: /\p{Script=Cyrillic}/gu,
  Greek: /\p{Script=Greek}/gu,
  Arabic: /\p{Script=Arabic}/gu,
  Hebrew: /\p{Script=Hebrew}/gu,
  Devanagari: /\p{Script=Devanagari}/gu,
  Han: /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu,
  Hangul: /\p{Script=Hangul}/gu,
  Thai: /\p{Script=Thai}/gu,
} as const;
type Script = keyof typeof scripts;

/** Languages by the script that they are written in; Latin where nothing is said. Several: either will do. */
const written: Readonly<Record<string, readonly Script[]>> = {
  ...of("Cyrillic", "ru uk be bg mk ky tg tt mn ba cv"),
  ...of("Arabic", "ar fa ur ps"),
  ...of("Hebrew", "he yi"),
  ...of("Devanagari", "hi mr ne"),
  ...of("Greek", "el"),
  ...of("Han", "zh ja yue"),
  ...of("Hangul", "ko"),
  ...of("Thai", "th"),
  sr: ["Cyrillic", "Latin"],
  kk: ["Cyrillic", "Latin"],
  uz: ["Cyrillic", "Latin"],
  az: ["Latin", "Cyrillic"],
};

function of(script: Script, languages: string): Record<string, readonly Script[]> {
  return Object.fromEntries(languages.split(" ").map((language) => [language, [script]]));
}

/** Small words that hardly another language has. */
const smallWords: Readonly<Record<string, ReadonlySet<string>>> = {
  en: new Set("the and to of my me can may from yes with any time want you send by".split(" ")),
  de: new Set(
    "und die der das ich mir nicht von mit zu ein eine kann jederzeit darf ja per bitte".split(" "),
  ),
  fr: new Set("et le la les je de des mes moi pour par peux oui avec sur une du".split(" ")),
  es: new Set("y el la los que de mis por para puedo sí con una en momento quiero".split(" ")),
  it: new Set("e il la che di mi per posso sì con una miei momento voglio gli".split(" ")),
  pt: new Set("e o a os que de me por para posso sim com uma em momento quero não".split(" ")),
  nl: new Set("en de het ik mij van met een kan ja via mijn op elk moment".split(" ")),
  pl: new Set("i na mi od że tak mogę przez w każdej chwili moje z się".split(" ")),
  tr: new Set("ve bir bana için ile her evet istediğim zaman göndermesini kabul".split(" ")),
};

/** Letters that only one of two sister languages has. */
const onlyIn: Readonly<Record<string, RegExp>> = { ru: /[ыэъё]/iu, uk: /[іїєґ]/iu };

/**
 * Whether a wording is in another language than it is said to be (BCP 47): by its script, which is beyond doubt, or by its
 * words, which is a guess. Names of businesses and channels are left out: they stay as they are. Undefined: it may be.
 */
export function languageDiffers(
  wording: string,
  language: string,
  names: readonly string[],
): "script" | "words" | undefined {
  const [primary = "", ...subtags] = language.toLowerCase().split(/[-_]/);
  const left = new Set([...names.flatMap(wordsOf), ...channels, "stop"]);
  const words = wordsOf(wording).filter((word) => !left.has(word));
  const expected: readonly Script[] = subtags.includes("latn")
    ? ["Latin"]
    : subtags.includes("cyrl")
      ? ["Cyrillic"]
      : (written[primary] ?? ["Latin"]);
  const letters = words.join("");
  const counts = Object.entries(scripts).map(
    ([script, letter]) => [script as Script, letters.match(letter)?.length ?? 0] as const,
  );
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const fitting = counts.reduce((sum, [script, count]) => sum + (expected.includes(script) ? count : 0), 0);
  if (total > 0 && fitting < total / 2) return "script";
  return hasOthersWords(words, primary) || hasOthersLetters(words.join(" "), primary) ? "words" : undefined;
}

function hasOthersWords(words: readonly string[], language: string): boolean {
  const own = smallWords[language];
  if (own === undefined) return false;
  const count = (set: ReadonlySet<string>) => words.filter((word) => set.has(word)).length;
  const most = Math.max(
    ...Object.entries(smallWords).map(([other, set]) => (other === language ? 0 : count(set))),
  );
  return most >= 3 && most > count(own);
}

function hasOthersLetters(text: string, language: string): boolean {
  return Object.entries(onlyIn).some(
    ([other, letters]) =>
      other !== language &&
      onlyIn[language] !== undefined &&
      letters.test(text) &&
      !onlyIn[language].test(text),
  );
}
