import { readIdentifiers } from "../../../kernel/identifier.ts";
import type { PersonIdentifiers } from "./update.ts";

/**
 * The identifiers of a person that can be read, from the three places the platform writes them to. Placeholders
 * and what cannot be a number or an id are left out, so the result may name nobody.
 */
export function readPerson(waId: unknown, bsuid: unknown, parentBsuid: unknown): PersonIdentifiers {
  const { identifiers } = readIdentifiers({
    waId: digits(waId),
    bsuid: asText(bsuid),
    parentBsuid: asText(parentBsuid),
  });
  const person: { -readonly [field in keyof PersonIdentifiers]: string } = {};
  for (const { kind, value } of identifiers) {
    if (kind === "wa_id") person.waId = value;
    if (kind === "bsuid") person.bsuid = value;
    if (kind === "parent_bsuid") person.parentBsuid = value;
  }
  return person;
}

/** A number's digits: the platform writes them as text, as a number (groups) or with a `+` (echoes). */
export function digits(value: unknown): string | undefined {
  return asText(value)?.trim().replace(/^\+/, "");
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined;
}

/** How many identifiers name the person; 0 is nobody. */
export function nameCount(person: PersonIdentifiers): number {
  return Object.keys(person).length;
}

/** The canonical forms that a person is matched by. */
export function canonicalForms(person: PersonIdentifiers): readonly string[] {
  return readIdentifiers(person).identifiers.map((identifier) => identifier.canonical);
}

/** The people that `contacts` names beside an element, found by any of their identifiers. */
export interface People {
  /** The one person there is, or null when there are none or several. */
  readonly only: PersonIdentifiers | null;
  readonly byForm: ReadonlyMap<string, PersonIdentifiers>;
}

export function peopleOf(persons: readonly PersonIdentifiers[]): People {
  const byForm = new Map<string, PersonIdentifiers>();
  for (const person of persons) {
    for (const form of canonicalForms(person)) if (!byForm.has(form)) byForm.set(form, person);
  }
  return { only: persons.length === 1 ? (persons[0] ?? null) : null, byForm };
}

/**
 * The person with what `contacts` adds. A contact belongs to them when the two share an identifier; where an
 * element names nobody itself, the only contact beside it is the person. Two that share nothing are never joined,
 * however alone they stand: Meta's own examples put a stranger there.
 */
export function completed(person: PersonIdentifiers, people: People): PersonIdentifiers {
  if (nameCount(person) === 0) return people.only ?? person;
  for (const form of canonicalForms(person)) {
    const contact = people.byForm.get(form);
    if (contact !== undefined) return { ...contact, ...person };
  }
  return person;
}
