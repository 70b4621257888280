import { isSupportedCountry, type PhoneNumber, parsePhoneNumberFromString } from "libphonenumber-js/min";

/** One way to name a person, as callers write it: `{"phone": "+79161234567"}`. */
export interface IdentifierInput {
  readonly phone?: string | undefined;
  readonly waId?: string | undefined;
  readonly bsuid?: string | undefined;
  readonly parentBsuid?: string | undefined;
  readonly email?: string | undefined;
  readonly externalId?: string | undefined;
}

export type IdentifierKind = "phone" | "wa_id" | "bsuid" | "parent_bsuid" | "email" | "external_id";

/** An identifier that could be read: what was given, verbatim, and the canonical form that it is matched by. */
export interface Identifier {
  readonly kind: IdentifierKind;
  readonly value: string;
  readonly canonical: string;
  /** The country (ISO 3166-1 alpha-2) of a phone or WhatsApp id, `unknownCountry` when it does not tell; else null. */
  readonly country: string | null;
}

/** Stands for the country of a number that does not tell one, as in CLDR. */
export const unknownCountry = "ZZ";

/** The field of IdentifierInput that could not be read, and why. */
export interface UnreadableIdentifier {
  readonly field: keyof IdentifierInput;
  readonly message: string;
}

const kinds: Readonly<Record<keyof IdentifierInput, IdentifierKind>> = {
  phone: "phone",
  waId: "wa_id",
  bsuid: "bsuid",
  parentBsuid: "parent_bsuid",
  email: "email",
  externalId: "external_id",
};

/** The field that an identifier of a kind is given in. */
export const fieldOfKind = Object.fromEntries(
  Object.entries(kinds).map(([field, kind]) => [kind, field]),
) as Readonly<Record<IdentifierKind, keyof IdentifierInput>>;

/**
 * Reads every identifier that an input names. `unreadable` is empty when all could be read. A phone and a
 * WhatsApp id with the same digits have the same canonical form, and so have the spellings of one number
 * that WhatsApp itself mixes (`canonicalPhone`).
 */
export function readIdentifiers(input: IdentifierInput): {
  identifiers: readonly Identifier[];
  unreadable: readonly UnreadableIdentifier[];
} {
  const identifiers: Identifier[] = [];
  const unreadable: UnreadableIdentifier[] = [];
  for (const field of Object.keys(kinds) as (keyof IdentifierInput)[]) {
    const value = input[field];
    if (value === undefined) continue;
    const read = canonicalForm(field, value);
    if (read === undefined) unreadable.push({ field, message: unreadableMessages[field] });
    else identifiers.push({ kind: kinds[field], value, ...read });
  }
  return { identifiers, unreadable };
}

const unreadableMessages: Readonly<Record<keyof IdentifierInput, string>> = {
  phone: "Not a possible phone number. Write it in international form, such as +79161234567.",
  waId: "Not a possible WhatsApp id. It is the number's digits with the country code and nothing else.",
  bsuid: "Not a business-scoped user id. It looks like US.13491208655302741918.",
  parentBsuid: "Not a parent business-scoped user id. It looks like US.ENT.11815799212886844830.",
  email: "Not an e-mail address.",
  externalId: "An external id has 1 to 200 characters, none of them a control character.",
};

const bsuid = /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/;
/** Nothing that makes a list, a group, a comment or a quoted part of an address where others read it (RFC 5322). */
const email = /^[^\s\p{C}@,;:()[\]<>\\"]{1,64}@[^\s\p{C}@,;:()[\]<>\\".]+(?:\.[^\s\p{C}@,;:()[\]<>\\".]+)+$/u;
const controlCharacters = /\p{Cc}/u;

function canonicalForm(
  field: keyof IdentifierInput,
  value: string,
): Pick<Identifier, "canonical" | "country"> | undefined {
  switch (field) {
    case "phone":
      return phoneForm(value);
    case "waId":
      return /^\d{5,15}$/.test(value) ? phoneForm(`+${value}`) : undefined;
    case "bsuid":
    case "parentBsuid":
      return bsuid.test(value) ? { canonical: `${kinds[field]}:${value}`, country: null } : undefined;
    case "email":
      return value.length <= 254 && email.test(value)
        ? { canonical: `email:${value.toLowerCase()}`, country: null }
        : undefined;
    case "externalId":
      return value.length >= 1 && value.length <= 200 && !controlCharacters.test(value)
        ? { canonical: `external_id:${value}`, country: null }
        : undefined;
  }
}

function phoneForm(value: string): Pick<Identifier, "canonical" | "country"> | undefined {
  const phone = readPhone(value);
  return phone && { canonical: `phone:${phone.number}`, country: phone.country ?? unknownCountry };
}

/**
 * The form of a phone number that people are matched by: E.164, with the spellings that WhatsApp mixes folded
 * into one (Argentina with and without the mobile 9 and the old 15, Mexico with and without the 1, Brazilian
 * mobiles with and without the ninth digit, never landlines). For matching only: the number that is sent to is
 * never rewritten. Undefined when it cannot be a number or has no country code.
 */
export function canonicalPhone(value: string): string | undefined {
  return readPhone(value)?.number;
}

function readPhone(value: string): PhoneNumber | undefined {
  if (value.length > 40) return undefined;
  const written = value.trim().replace(/^＋/u, "+");
  if (!written.startsWith("+")) return undefined;
  const parsed = parsePhoneNumberFromString(written, { extract: false });
  if (parsed === undefined || parsed.ext !== undefined) return undefined;
  // Folded first: the old spellings are no longer possible numbers by themselves. What reads differently the second
  // time is no number: it begins with its trunk prefix twice.
  const folded = foldPhone(parsed.number);
  const again = folded === written ? parsed : parsePhoneNumberFromString(folded);
  return again?.isPossible() && again.number === folded ? again : undefined;
}

/**
 * A phone number as a person types it into a form, in E.164: with + or 00 before the country code, or as it is dialled
 * in `country` (ISO 3166-1 alpha-2). Undefined when it cannot be a number, or does not tell its country.
 */
export function readTypedPhone(typed: string, country: string | null): string | undefined {
  if (typed.length > 40) return undefined;
  const written = typed.normalize("NFKC").trim().replace(/^00/, "+");
  const known = country !== null && isSupportedCountry(country) ? country : undefined;
  if (!written.startsWith("+") && known === undefined) return undefined;
  const parsed = parsePhoneNumberFromString(written, {
    ...(known !== undefined && { defaultCountry: known }),
    extract: false,
  });
  return parsed?.ext === undefined && canonicalPhone(parsed?.number ?? "") !== undefined
    ? parsed?.number
    : undefined;
}

const argentinaWith15 = /^\+549?(?:(11)15(\d{8})|([23]\d\d)15(\d{7})|([23]\d{3})15(\d{6}))$/;

function foldPhone(e164: string): string {
  const old = argentinaWith15.exec(e164);
  if (old) return `+54${old.slice(1).join("")}`;
  const argentina = /^\+549(\d{10})$/.exec(e164);
  if (argentina) return `+54${argentina[1]}`;
  const mexico = /^\+521(\d{10})$/.exec(e164);
  if (mexico) return `+52${mexico[1]}`;
  const brazil = /^\+55(\d{2})([6-9]\d{7})$/.exec(e164);
  if (brazil) return `+55${brazil[1]}9${brazil[2]}`;
  return e164;
}

/** What staff may see of an identifier where the whole must not show: its last two characters. */
export function maskIdentifier(identifier: Pick<Identifier, "value">): string {
  return `…${[...identifier.value].slice(-2).join("")}`;
}
