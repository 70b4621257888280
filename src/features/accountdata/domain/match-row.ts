import { canonicalPhone } from "../../../kernel/identifier.ts";
import { type PersonField, type PersonValues, personFields } from "./person-values.ts";

/** Whether a row of a file is about the person; `unsure`: the end of its number is theirs, and the whole cannot be read. */
export type RowMatch = "theirs" | "others" | "unsure";

const lastDigits = 6;
const endOf = (text: string) => text.replaceAll(/\D/g, "").slice(-lastDigits);

/**
 * A test for rows: by each field that is given it compares what stands there with the person's, numbers and addresses as
 * everywhere in Sayso, ids letter by letter. One that fits is enough. Most rows are told apart by their last digits alone,
 * for reading a number takes long and files have many.
 */
export function rowMatcher(
  person: PersonValues,
): (row: Readonly<Partial<Record<PersonField, unknown>>>) => RowMatch {
  const numbers = new Set(person.phone.flatMap((phone) => canonicalPhone(phone) ?? []));
  const ends = new Set(person.phone.map(endOf));
  const addresses = new Set(person.email.map((email) => email.toLowerCase()));
  const fits = {
    phone: (text: string): RowMatch => {
      if (!ends.has(endOf(text))) return "others";
      const number = canonicalPhone(text);
      if (number !== undefined) return numbers.has(number) ? "theirs" : "others";
      // Without its country a number may be anybody's, but not when it is the whole of theirs.
      const whole = canonicalPhone(`+${text.replaceAll(/\D/g, "")}`);
      return whole !== undefined && numbers.has(whole) ? "theirs" : "unsure";
    },
    email: (text: string): RowMatch => (addresses.has(text.trim().toLowerCase()) ? "theirs" : "others"),
    externalId: (text: string): RowMatch => (person.externalId.includes(text.trim()) ? "theirs" : "others"),
  } satisfies Record<PersonField, (text: string) => RowMatch>;
  return (row) => {
    const found = personFields.map((field): RowMatch => {
      const value = row[field];
      if (typeof value !== "string" && typeof value !== "number") return "others";
      return fits[field](String(value));
    });
    if (found.includes("theirs")) return "theirs";
    return found.includes("unsure") ? "unsure" : "others";
  };
}
