import { z } from "zod";
import { fieldErrors } from "../../../kernel/field-errors.ts";

/** What is recorded of a template, in our words. */
export const templateFields = {
  wabaId: z.string().regex(/^\d{1,32}$/, "The WhatsApp Business Account's id: digits only."),
  name: z.string().min(1).max(512).meta({ example: "summer_sale" }),
  language: z.string().min(1).max(35).meta({ example: "en_US" }),
  category: z.enum(["marketing", "utility", "authentication"]),
  status: z.enum(["approved", "pending", "rejected", "paused", "disabled"]),
};

/** The platform writes its words in capitals; whatever else a word is stays as it is, and is refused if unknown. */
const inOurCase = (word: unknown) =>
  typeof word === "string" && word === word.toUpperCase() ? word.toLowerCase() : word;

const ours = z.strictObject({
  ...templateFields,
  category: z.preprocess(inOurCase, templateFields.category),
  status: z.preprocess(inOurCase, templateFields.status),
});

/** An entry of Meta's `message_templates` has much more, and does not say of which account it is. */
const metas = z.object(ours.shape);

export type TemplateEntry = z.output<typeof ours>;

/**
 * Reads an entry of a list of templates: our own form or, with the account that it was asked of, Meta's
 * (`GET /{waba}/message_templates`). An entry that cannot be taken is the reason why; nothing is guessed.
 */
export function readTemplateEntry(entry: unknown, metasAccount?: string): TemplateEntry | { reason: string } {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry))
    return { reason: "Not a JSON object." };
  const read =
    metasAccount === undefined ? ours.safeParse(entry) : metas.safeParse({ ...entry, wabaId: metasAccount });
  if (read.success) return read.data;
  const errors = fieldErrors(read.error.issues);
  return { reason: errors.map(({ pointer, message }) => `${pointer}: ${message}`).join(" ") };
}
