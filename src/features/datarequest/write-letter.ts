import { z } from "zod";
import { SaysoError } from "../../kernel/errors.ts";
import { type Language, languages } from "../../kernel/language.ts";
import { formatInstant, loadTemplates } from "../../templates.ts";
import { longDate } from "./deadline-words.ts";
import type { RequestKind } from "./domain/kind.ts";
import { blocksOf, type LetterContent, type LetterKind, type MustSay, plainText } from "./domain/letter.ts";
import knownAuthorities from "./letter-authorities.json" with { type: "json" };

const templates = loadTemplates("letter");

const inBothLanguages = z.strictObject({ en: z.string().min(1), ru: z.string().min(1) });

const { authorities } = z
  .strictObject({
    version: z.iso.date(),
    note: inBothLanguages,
    authorities: z.record(
      z.string(),
      z.strictObject({ country: z.string().length(2), name: inBothLanguages, url: z.url() }),
    ),
  })
  .parse(knownAuthorities);

/** What every letter about a request tells. */
export interface LetterFacts {
  readonly language: Language;
  /** The public id. */
  readonly reference: string;
  readonly requestKind: RequestKind;
  readonly receivedAt: Date;
  /** The last day of the term, YYYY-MM-DD. */
  readonly lastDay: string;
  readonly regime: string;
  /** The law's name, in the letter's language. */
  readonly law: string;
  readonly organization: {
    readonly name: string;
    readonly country: string | null;
    /** IANA name: days and times are those of this zone. */
    readonly timeZone: string | null;
    readonly dpo: { readonly name: string; readonly contact: string } | null;
    readonly supervisoryAuthority: { readonly name: string; readonly url?: string | undefined } | null;
  };
}

/** A letter as its template has it. */
export interface WrittenLetter {
  readonly subject: string;
  readonly text: string;
  readonly mustSay: readonly MustSay[];
}

/**
 * Writes a letter from a request's facts, in the person's language and as its regime wants it. What it must say is told
 * beside it, so that no change takes it away. Throws `invalid` with what to set when the organization has not said whom
 * to write to, or where to complain.
 */
export function writeLetter(facts: LetterFacts, content: LetterContent): WrittenLetter {
  const { language, reference, organization } = facts;
  const { kind } = content;
  const timeZone = organization.timeZone ?? "UTC";
  const message = (key: string, values = {}) => templates.message(key, language, values);
  const day = (date: string) => longDate(date, language);
  const { dpo } = organization;
  const authority = authorityOf(facts);
  if (dpo === null || authority === undefined) throw nobodyToName(dpo === null, authority === undefined);

  const name = oneLine(organization.name);
  const contact = { contactName: oneLine(dpo.name), contact: oneLine(dpo.contact) };
  const authorityText =
    authority.url === undefined
      ? oneLine(authority.name)
      : message("authority", { ...authority, name: oneLine(authority.name) });
  const { shown, mustSay } = particulars(content, day, (instant) =>
    formatInstant(instant.toISOString(), "dateTime", language, timeZone),
  );
  const lawfulKey = lawfulKeyOf(kind, facts.regime);
  const fragment = templates.render(
    kind,
    {
      // What a kind of letter has not is null: a template that prints something else fails.
      lastDay: day(facts.lastDay),
      law: oneLine(facts.law),
      lawful: lawfulKey === undefined ? null : message(lawfulKey),
      about: message("about", {
        received: formatInstant(facts.receivedAt.toISOString(), "date", language, timeZone),
        organization: name,
        what: message(`what.${facts.requestKind}`),
        reference,
      }),
      complaint: message(keyOf("complaint", facts.regime), { authority: authorityText }),
      organization: name,
      ...contact,
      ...shown,
      ...(content.kind === "erasure_done"
        ? { stays: content.stays.map((each) => remainder(each, message, day)) }
        : {}),
    },
    language,
    timeZone,
  );
  return {
    subject: message(`${kind}.subject`, { reference }),
    text: plainText(fragment),
    mustSay: [
      { element: "who", words: name },
      { element: "contact", words: contact.contact },
      { element: "reference", words: reference },
      { element: "complaint", words: oneLine(authority.name) },
      ...(telling.has(kind) ? [{ element: "due" as const, words: day(facts.lastDay) }] : []),
      ...mustSay,
    ],
  };
}

/** Letters that say by when the answer comes: those to somebody who waits for it. */
const telling: ReadonlySet<LetterKind> = new Set(["receipt", "identity_needed", "clarification"]);

type Shown = Readonly<Record<string, string | null>>;

/** What one kind of letter shows beside the rest, and what of it it must not lose. */
function particulars(
  content: LetterContent,
  day: (date: string) => string,
  moment: (instant: Date) => string,
): { shown: Shown; mustSay: MustSay[] } {
  switch (content.kind) {
    case "receipt":
      return { shown: {}, mustSay: [] };
    case "identity_needed":
      return { shown: { how: content.how === undefined ? null : oneLine(content.how) }, mustSay: [] };
    case "clarification": {
      const question = oneLine(content.question);
      return { shown: { question }, mustSay: [] };
    }
    case "extension": {
      const reason = oneLine(content.reason);
      const lastDay = day(content.lastDay);
      return {
        shown: { reason, lastDay, earlierLastDay: day(content.earlierLastDay) },
        mustSay: [
          { element: "due", words: lastDay },
          { element: "reason", words: reason },
        ],
      };
    }
    case "ready": {
      const until = moment(content.until);
      return {
        shown: { url: content.url, until },
        mustSay: [
          { element: "link", words: content.url },
          { element: "due", words: until },
        ],
      };
    }
    case "refusal": {
      const reason = oneLine(content.reason);
      const legalGround = content.legalGround === undefined ? null : oneLine(content.legalGround);
      return {
        shown: { reason, legalGround },
        mustSay: [
          { element: "reason", words: reason },
          ...(legalGround === null ? [] : [{ element: "ground" as const, words: legalGround }]),
        ],
      };
    }
    case "erasure_done":
      return {
        shown: { erasedOn: day(content.erasedOn) },
        mustSay: [
          { element: "due", words: day(content.erasedOn) },
          ...content.stays.flatMap(({ what, why }) =>
            [what, why].map((words) => ({ element: "stays" as const, words: oneLine(words) })),
          ),
        ],
      };
    case "restriction_lifted": {
      const reason = oneLine(content.reason);
      return {
        shown: { reason, liftedOn: day(content.liftedOn) },
        mustSay: [
          { element: "reason", words: reason },
          { element: "due", words: day(content.liftedOn) },
        ],
      };
    }
    case "done":
      return { shown: { what: oneLine(content.what) }, mustSay: [] };
  }
}

function remainder(
  { what, why, until }: { what: string; why: string; until?: string | undefined },
  message: (key: string, values: Record<string, string>) => string,
  day: (date: string) => string,
): string {
  const values = { what: oneLine(what), why: oneLine(why) };
  return until === undefined
    ? message("erasure_done.item", values)
    : message("erasure_done.itemUntil", { ...values, until: day(until) });
}

/** A law's own sentence, or that for all others. */
function keyOf(key: string, regime: string): string {
  return templates.hasMessage(`${key}.${regime}`) ? `${key}.${regime}` : `${key}.other`;
}

function lawfulKeyOf(kind: LetterKind, regime: string): string | undefined {
  const key = keyOf(`${kind}.law`, regime);
  return templates.hasMessage(key) ? key : undefined;
}

/**
 * Where the person can complain: to the one authority of the law, as the organization names it when it is of that
 * country; under the GDPR to the one that the organization names.
 */
function authorityOf({ regime, language, organization }: LetterFacts) {
  const own = organization.supervisoryAuthority;
  const known = Object.hasOwn(authorities, regime) ? authorities[regime] : undefined;
  if (known === undefined || (own !== null && organization.country === known.country))
    return own ?? undefined;
  return { name: known.name[language], url: known.url };
}

function nobodyToName(lacksContact: boolean, lacksAuthority: boolean): SaysoError {
  const missing = [...(lacksContact ? ["dpo"] : []), ...(lacksAuthority ? ["supervisoryAuthority"] : [])];
  return new SaysoError(
    "invalid",
    "A letter says whom to write to and where to complain: " +
      `set the organization's ${missing.join(" and ")} first (PATCH /v1/organization).`,
  );
}

/** One line, and nothing that would turn the words around it. */
function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{C}\s]+/gu, " ")
    .trim();
}

/** A letter as a mail shows it: its text, by paragraphs, every character of it escaped. */
export function mailOf(letter: { subject: string; text: string }, language: Language): string {
  return templates.render("mail", { subject: letter.subject, blocks: blocksOf(letter.text) }, language);
}

/** The language that a person of this language tag is written to. */
export function letterLanguage(tag: string): Language {
  return languages.find((language) => new RegExp(`^${language}\\b`, "i").test(tag)) ?? "en";
}
