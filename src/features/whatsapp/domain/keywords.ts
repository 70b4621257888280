/**
 * Messages that are a no when they are the whole message: English as carriers have it, Russian, Spanish,
 * Portuguese, French, German, Chinese, Arabic. Source: docs of the platform and of its providers; organizations
 * add their own.
 */
const optOutPhrases: readonly string[] = [
  "STOP",
  "STOPALL",
  "STOP ALL",
  "UNSUBSCRIBE",
  "CANCEL",
  "END",
  "QUIT",
  "REVOKE",
  "OPT OUT",
  "OPTOUT",
  "СТОП",
  "ОТПИСАТЬСЯ",
  "ОТПИСКА",
  "ОТПИШИТЕ",
  "НЕ ПИШИТЕ",
  "BAJA",
  "PARAR",
  "SAIR",
  "ARRET",
  "ARRÊT",
  "STOPP",
  "ABMELDEN",
  "退订",
  "退訂",
  "توقف",
];

/** Cyrillic letters that look like Latin ones: people mix the two keyboards, and the no is the same. */
const lookalikes: ReadonlyMap<string, string> = new Map(
  Object.entries({
    а: "a",
    в: "b",
    е: "e",
    һ: "h",
    н: "h",
    і: "i",
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
  }),
);

/** Accents, ё's dots, Arabic vowel signs and stretching, and what is not to be seen at all. */
const withoutSound = /[\u0300-\u036f\u064b-\u065f\u0670\u0640]|\p{Cf}|\p{Default_Ignorable_Code_Point}/gu;

/** The words of a text as they sound: without case, width, accents, punctuation, emoji, bidi and joining marks. */
function wordsOf(text: string): readonly string[] {
  const plain = text.normalize("NFKD").toLowerCase().normalize("NFKD").replace(withoutSound, "");
  return (plain.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).map((word) =>
    [...word].map((letter) => lookalikes.get(letter) ?? letter).join(""),
  );
}

function phrasesOf(texts: readonly string[]): ReadonlySet<string> {
  return new Set(texts.map((text) => wordsOf(text).join(" ")));
}

const standardPhrases = phrasesOf(optOutPhrases);

/**
 * Whether a whole message, button title or payload says no: a listed phrase, one of the organization's own, or
 * several of them and nothing else ("STOP STOP"), whatever the case, accents, punctuation, emoji and keyboard. A
 * phrase inside a sentence is none ("when does the pain stop?"), and neither is a word spelled out ("s t o p").
 * Own phrases need a letter or a digit.
 */
export function isOptOutKeyword(text: string, own: readonly string[] = []): boolean {
  const words = wordsOf(text);
  const ownPhrases = phrasesOf(own);
  const longest = Math.max(...[...standardPhrases, ...ownPhrases].map((phrase) => phrase.split(" ").length));
  // reached[n]: the first n words are phrases and nothing else.
  const reached = [true];
  for (let end = 1; end <= words.length; end++) {
    reached[end] = false;
    for (let start = Math.max(0, end - longest); start < end && reached[end] === false; start++) {
      const phrase = words.slice(start, end).join(" ");
      reached[end] = reached[start] === true && (standardPhrases.has(phrase) || ownPhrases.has(phrase));
    }
  }
  return words.length > 0 && reached[words.length] === true;
}
