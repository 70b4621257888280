import { type FieldError, invalid } from "../../../kernel/errors.ts";
import { fieldErrors } from "../../../kernel/field-errors.ts";
import { limits } from "../../../kernel/limits.ts";
import { type SectionName, sectionSchema } from "./sections.ts";

/** A section's document: one JSON object. */
export type SectionDocument = Readonly<Record<string, unknown>>;

/** Where a document does not fit the schema of a typed section; pointers start at the document. */
export function misfits(section: SectionName, document: SectionDocument): readonly FieldError[] {
  const checked = sectionSchema(section).safeParse(document);
  return checked.success ? [] : fieldErrors(checked.error.issues);
}

/** Throws `invalid` for objects and lists that lie deeper within each other than a report can show. */
export function refuseDeep(value: unknown, pointer: string, depth = 0): void {
  if (typeof value !== "object" || value === null) return;
  if (depth === limits.sectionDepth) {
    throw invalid(
      pointer,
      `Objects and lists may lie at most ${limits.sectionDepth} deep within each other.`,
    );
  }
  for (const member of Object.values(value)) refuseDeep(member, pointer, depth + 1);
}
