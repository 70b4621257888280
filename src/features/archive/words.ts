import type { Language } from "../../kernel/language.ts";
import type { MessageValues, Templates } from "../../templates.ts";
import type { Row, Section } from "./domain/report-model.ts";
import { shownText } from "./domain/shown-text.ts";

/** The words of a report in one language. What the catalogue does not know is shown as it is stored. */
export interface Words {
  message(key: string, values?: MessageValues): string;
  /** What a field is called; an organization's own section says so in its schema. */
  label(section: Section, field: string): string;
  /** A word of a closed list; a section may have its own for it. */
  word(stored: string, section?: string): string;
  /** Of one of the sections that Sayso knows. */
  section(name: string): string;
  /** Undefined where there is nothing to say beyond the name. */
  about(sectionName: string): string | undefined;
  regime(stored: string): string;
  /** Of an ISO 3166-1 code. */
  country(code: string): string;
  /** Of a month such as `2026-11`. */
  month(name: string): string;
  /** Of a BCP 47 tag. */
  language(tag: string): string;
}

export function createWords(language: Language, templates: Templates): Words {
  const languageNames = new Intl.DisplayNames([language], { type: "language" });
  const countryNames = new Intl.DisplayNames([language], { type: "region" });
  const months = new Intl.DateTimeFormat(language, { month: "long", year: "numeric", timeZone: "UTC" });
  const message = (key: string, values?: MessageValues) =>
    templates.message(`report.${key}`, language, values);
  const known = (key: string) => (templates.hasMessage(`report.${key}`) ? message(key) : undefined);
  // Logs ask for the same few words in every row.
  const words = new Map<string, string | undefined>();
  const knownWord = (key: string) => {
    if (!words.has(key)) words.set(key, known(key));
    return words.get(key);
  };
  return {
    message,
    label: (section, field) =>
      section.custom === undefined
        ? (known(`field.${field}`) ?? shownText(field))
        : customLabel(section.custom.schema, field),
    word: (stored, section) =>
      knownWord(`value.${section}.${stored}`) ?? knownWord(`value.${stored}`) ?? shownText(stored),
    section: (name) => known(`section.${name}`) ?? shownText(name),
    about: (name) => known(`section.${name}.about`),
    regime: (stored) => known(`regime.${stored}`) ?? shownText(stored),
    country: (code) => nameOf(countryNames, code),
    month: (name) => months.format(Date.parse(`${name}-01T00:00:00Z`)),
    language: (tag) => nameOf(languageNames, tag),
  };
}

function nameOf(names: Intl.DisplayNames, code: string): string {
  try {
    return names.of(code) ?? shownText(code);
  } catch {
    return shownText(code);
  }
}

/** What an organization's schema calls a field (`title`), or else the field's name taken apart into words. */
function customLabel(schema: Readonly<Record<string, unknown>>, field: string): string {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const described = properties[field];
  if (isObject(described) && typeof described.title === "string") return shownText(described.title);
  const spaced = field.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replaceAll("_", " ");
  return shownText(spaced.charAt(0).toUpperCase() + spaced.slice(1));
}

function isObject(value: unknown): value is Row {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
