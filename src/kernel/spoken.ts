/** Letters that look or count like plain Latin ones: people mix keyboards, and the no is the same. */
const lookalikes: ReadonlyMap<string, string> = new Map(
  Object.entries({
    а: "a",
    в: "b",
    е: "e",
    һ: "h",
    н: "h",
    і: "i",
    ı: "i",
    ј: "j",
    к: "k",
    м: "m",
    о: "o",
    р: "p",
    ԛ: "q",
    ѕ: "s",
    с: "c",
    т: "t",
    у: "y",
    х: "x",
    ł: "l",
  }),
);

const lookalike = new RegExp(`[${[...lookalikes.keys()].join("")}]`, "gu");

/** Accents, ё's dots, Arabic vowel signs and stretching, the nukta, and what is not to be seen at all. */
const withoutSound =
  /[\u0300-\u036f\u064b-\u065f\u0670\u0640\u093c]|\p{Cf}|\p{Default_Ignorable_Code_Point}/gu;

/** The words of a text as they sound: without case, width, accents, punctuation, emoji, bidi and joining marks. */
export function spokenWords(text: string): readonly string[] {
  const plain = text.normalize("NFKD").toLowerCase().normalize("NFKD").replace(withoutSound, "");
  return (
    plain.replace(lookalike, (letter) => lookalikes.get(letter) ?? letter).match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  );
}

/** A text as it sounds, words with a space between them: what sounds alike is the same phrase. Empty when it has none. */
export function foldPhrase(text: string): string {
  return spokenWords(text).join(" ");
}
