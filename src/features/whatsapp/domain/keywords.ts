import { foldPhrase, spokenWords } from "../../../kernel/spoken.ts";
import { type KeywordLanguage, keywordLanguages, misspelt, phrases } from "./opt-out-phrases.ts";

function phrasesOf(texts: readonly string[]): ReadonlySet<string> {
  return new Set(texts.map(foldPhrase));
}

const longestOf = (set: ReadonlySet<string>): number =>
  Math.max(0, ...[...set].map((phrase) => phrase.split(" ").length));

const listed = keywordLanguages.map((language) => ({ language, no: phrasesOf(phrases[language].no) }));
const standardPhrases = new Set(listed.flatMap(({ no }) => [...no]));
const nearPhrases = phrasesOf(keywordLanguages.flatMap((language) => phrases[language].near));
const nearInside = [...phrasesOf(phrases.zh.near)];
const courtesyWords = phrasesOf(keywordLanguages.flatMap((language) => phrases[language].courtesy));
const misspeltWords = phrasesOf(misspelt);
/** How many words phrases that begin with a word may have. */
const nearLengths = new Map<string, number[]>();
for (const words of [...nearPhrases].map((phrase) => phrase.split(" ")))
  nearLengths.set(words[0] ?? "", [...(nearLengths.get(words[0] ?? "") ?? []), words.length]);
/** Shorter words are too near to others that mean something else (abmelden, anmelden). */
const leastSlipLength = 9;
const longKeywords = [...standardPhrases].filter((phrase) => phrase.length >= leastSlipLength);

/**
 * Whether a whole message, button title or payload says no: a listed phrase, one of the organization's own, or
 * several of them and nothing else ("STOP STOP"), whatever the case, accents, punctuation, emoji and keyboard. A
 * phrase inside a sentence is none ("when does the pain stop?"), and neither is a word spelled out ("s t o p").
 * Own phrases need a letter or a digit.
 */
export function isOptOutKeyword(text: string, own: readonly string[] = []): boolean {
  return isOnlyPhrases(spokenWords(text), phrasesOf(own));
}

function isOnlyPhrases(words: readonly string[], own: ReadonlySet<string>): boolean {
  const longest = Math.max(longestStandard, longestOf(own));
  // reached[n]: the first n words are phrases and nothing else.
  const reached = [true];
  for (let end = 1; end <= words.length; end++) {
    reached[end] = false;
    // Nothing but a phrase ended so far back that another could begin there.
    if (end > longest && !reached.slice(end - longest, end).includes(true)) return false;
    for (let start = Math.max(0, end - longest); start < end && reached[end] === false; start++) {
      const phrase = words.slice(start, end).join(" ");
      reached[end] = reached[start] === true && (standardPhrases.has(phrase) || own.has(phrase));
    }
  }
  return words.length > 0 && reached[words.length] === true;
}

const longestStandard = longestOf(standardPhrases);

/**
 * Whether a text that is no opt-out keyword may yet be a no, so that a person should look at it: it asks in other words
 * ("хватит писать", "stop texting me"), says a keyword among courtesies ("please stop"), or misspells one. A keyword
 * that merely stands in a sentence is none ("Когда прекратится боль? стоп").
 */
export function isNearOptOut(text: string, own: readonly string[] = []): boolean {
  const words = spokenWords(text);
  const ownPhrases = phrasesOf(own);
  if (words.length === 0 || isOnlyPhrases(words, ownPhrases)) return false;
  return saysInOtherWords(words) || isKeywordAmongCourtesies(words, ownPhrases) || isMisspelt(words);
}

function saysInOtherWords(words: readonly string[]): boolean {
  if (words.some((word) => nearInside.some((phrase) => word.includes(phrase)))) return true;
  return words.some((word, start) =>
    (nearLengths.get(word) ?? []).some((length) =>
      nearPhrases.has(words.slice(start, start + length).join(" ")),
    ),
  );
}

function isKeywordAmongCourtesies(words: readonly string[], own: ReadonlySet<string>): boolean {
  const left = words.filter((word) => !courtesyWords.has(word));
  return left.length < words.length && isOnlyPhrases(left, own);
}

function isMisspelt(words: readonly string[]): boolean {
  const [word = "", ...more] = words.filter((one) => !courtesyWords.has(one));
  if (more.length > 0) return false;
  const plain = word.replaceAll(/(.)\1{2,}/gu, "$1");
  return (
    misspeltWords.has(word) ||
    (plain !== word && standardPhrases.has(plain)) ||
    longKeywords.some((keyword) => isOneSlipAway(word, keyword))
  );
}

/** One letter too many, too few, wrong or swapped with its neighbour, after the first two, which must be right. */
function isOneSlipAway(word: string, keyword: string): boolean {
  if (word === keyword || word.slice(0, 2) !== keyword.slice(0, 2)) return false;
  let same = 0;
  while (same < word.length && word[same] === keyword[same]) same += 1;
  const [rest, wanted] = [word.slice(same), keyword.slice(same)];
  return (
    rest.slice(1) === wanted ||
    rest === wanted.slice(1) ||
    rest.slice(1) === wanted.slice(1) ||
    (rest[0] === wanted[1] && rest[1] === wanted[0] && rest.slice(2) === wanted.slice(2))
  );
}

/** Whether a whole message asks for the code that opens a person's preferences. */
export function isCodeWord(text: string): boolean {
  return codeWords.has(foldPhrase(text));
}

const codeWords = phrasesOf(["code", "my code", "код", "мой код"]);

/** The language that a keyword is of, the first one listed for a word that several have; undefined for another text. */
export function languageOfKeyword(text: string): KeywordLanguage | undefined {
  const [first = ""] = spokenWords(text);
  const whole = foldPhrase(text);
  return listed.find(({ no }) => no.has(whole))?.language ?? listed.find(({ no }) => no.has(first))?.language;
}
