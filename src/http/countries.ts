import { getCountries, getCountryCallingCode } from "libphonenumber-js/min";
import type { Language } from "../kernel/language.ts";

/** A country as a person chooses it for their number. */
export interface Country {
  /** ISO 3166-1 alpha-2, as libphonenumber has it. */
  readonly code: string;
  /** Its name, and the calling code that its numbers have. */
  readonly name: string;
}

/** Every country that has phone numbers, by name in the order of a language's alphabet (CLDR). */
export const countries: Readonly<Record<Language, readonly Country[]>> = { en: named("en"), ru: named("ru") };

function named(language: Language): readonly Country[] {
  const names = new Intl.DisplayNames(language, { type: "region" });
  const order = new Intl.Collator(language);
  return getCountries()
    .map((code) => ({ code, name: names.of(code) ?? code }))
    .sort((a, b) => order.compare(a.name, b.name))
    .map(({ code, name }) => ({ code, name: `${name} (+${getCountryCallingCode(code)})` }));
}
