import type { Language } from "../kernel/language.ts";
import { loadTemplates } from "../templates.ts";

/** The pages for people: read, checked and compiled when the service starts. */
export const pageTemplates = loadTemplates("page");

/** A link to the same page in the other language, for pages that a GET shows again unchanged. */
interface LanguageLink {
  readonly code: Language;
  readonly name: string;
}

/** The other language, named in itself. */
export function otherLanguage(language: Language): LanguageLink {
  return language === "ru" ? { code: "en", name: "English" } : { code: "ru", name: "Русский" };
}

/** A form's or link's address that keeps the language the person reads. `path` is the page's own path. */
export function pageAddress(path: string, language: Language): string {
  return `${path}?lang=${language}`;
}

// Everything that reorders or breaks a line of text: controls, line separators, bidi marks, embeddings, isolates.
const unruly = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * Text from outside as a page may show it: white space runs become one space, characters that would act on the
 * page instead of being read (controls, bidi controls) and lone surrogates become U+FFFD, and no letter carries
 * more than four combining marks, which would paint over the lines around it. Not escaped: the template does.
 */
export function shownText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\s+/gu, " ")
    .trim()
    .replace(unruly, "\ufffd")
    .replace(/(\p{M}{4})\p{M}+/gu, "$1");
}

/** How to reach an organization, and the address that its text leads to when it can be followed. */
interface ShownContact {
  readonly text: string;
  readonly href: string | null;
}

/** A contact as an organization wrote it. An e-mail, phone or https address becomes a link; anything else is text. */
export function shownContact(contact: string | undefined): ShownContact | null {
  if (contact === undefined || contact.trim() === "") return null;
  const text = shownText(contact);
  return { text, href: addressOf(text) };
}

function addressOf(text: string): string | null {
  if (/^[\w.+-]{1,64}@[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63})+$/i.test(text)) return `mailto:${text}`;
  if (/^\+[\d ()-]{6,24}$/.test(text)) return `tel:+${text.replace(/\D/g, "")}`;
  if (/^https:\/\/[\w.-]+(?::\d{1,5})?(?:[/?#]\S*)?$/i.test(text) && URL.canParse(text)) return text;
  return null;
}

/** A day with its year, time to the minute and time zone. `timeZone` is an IANA name. */
export function shownMoment(instant: Date, language: Language, timeZone: string): string {
  return format({ day: "numeric", month: "long", year: "numeric" }, language, timeZone).format(instant);
}

/** A day with its year, in a time zone (IANA name). */
export function shownDay(instant: Date, language: Language, timeZone: string): string {
  return new Intl.DateTimeFormat(locales[language], { dateStyle: "long", timeZone }).format(instant);
}

/**
 * The end of a span that a person reads about at `from`: the time alone when it is on the same day. To the
 * minute; `rounding` says whether a started minute still counts (until when something may happen) or not (until
 * when something can be done).
 */
export function shownEnd(
  end: Date,
  options: { from: Date; language: Language; timeZone: string; rounding: "up" | "down" },
): string {
  const { from, language, timeZone, rounding } = options;
  const minutes = end.getTime() / 60_000;
  const whole = new Date((rounding === "up" ? Math.ceil(minutes) : Math.floor(minutes)) * 60_000);
  if (dayOf(whole, timeZone) !== dayOf(from, timeZone)) return shownMoment(whole, language, timeZone);
  return format({}, language, timeZone).format(whole);
}

function dayOf(instant: Date, timeZone: string): string {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "short", timeZone }).format(instant);
}

function format(day: Intl.DateTimeFormatOptions, language: Language, timeZone: string): Intl.DateTimeFormat {
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" } as const;
  return new Intl.DateTimeFormat(locales[language], { ...day, ...time, timeZone });
}

/** A file's size in kilobytes or, from one megabyte on, in megabytes with one decimal (powers of ten). */
export function shownSize(bytes: number, language: Language): string {
  const large = bytes >= 1_000_000;
  return new Intl.NumberFormat(locales[language], {
    style: "unit",
    unit: large ? "megabyte" : "kilobyte",
    maximumFractionDigits: large ? 1 : 0,
  }).format(large ? bytes / 1_000_000 : Math.max(1, Math.ceil(bytes / 1000)));
}

const locales: Readonly<Record<Language, string>> = { en: "en-GB", ru: "ru-RU" };
