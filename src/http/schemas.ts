import { z } from "@hono/zod-openapi";
import { channels } from "../kernel/channels.ts";
import { type IdPrefix, parseId } from "../kernel/ids.ts";
import { languageTag } from "../kernel/language.ts";
import { limits } from "../kernel/limits.ts";

/** Text that people read: trimmed of nothing, bounded, not empty. */
export const text = (most: number = limits.nameLength) => z.string().min(1).max(most);

/** A short stable name that an organization gives: `promotions`, `order_updates`. */
export const keyName = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,63}$/,
    "Lower-case letters, digits, _ and -, starting with a letter, at most 64.",
  )
  .openapi({ example: "promotions" });

/** The name of a section of account data: it becomes a file name, so it is what every system can have. */
export const sectionName = z
  .string()
  .regex(
    /^(?!(?:con|prn|aux|nul|com\d|lpt\d)$)[a-z][a-z0-9_]{0,63}$/,
    "Lower-case letters, digits and _, starting with a letter, at most 64.",
  )
  .openapi({ example: "loyalty" });

const firstInstant = Date.parse("0001-01-01T00:00:00.000Z");
const lastInstant = Date.parse("9999-12-31T23:59:59.999Z");

/** An instant in ISO 8601 with offset, in UTC within the years that every reader of it can write. */
export const instant = z.iso
  .datetime({ offset: true, abort: true })
  .refine(
    (text) => Date.parse(text) >= firstInstant && Date.parse(text) <= lastInstant,
    "An instant of the years 1 to 9999 in UTC.",
  )
  .openapi({ example: "2026-11-22T17:30:00.000Z" });

/** A BCP 47 language tag. */
export const language = z
  .string()
  .max(35)
  .regex(languageTag, "A language tag such as en, ru or pt-BR.")
  .openapi({ example: "en" });

export const httpUrl = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .openapi({ example: "https://shop.example/privacy" });

/** A public id of one kind. */
export const idOf = (prefix: IdPrefix) =>
  z
    .string()
    .refine((id) => parseId(prefix, id) !== undefined, `Not an id of the form ${prefix}_….`)
    .openapi({ example: `${prefix}_01kb0q8s5hf6xv3y1m2n4p5q6r` });

/** How a person is named: one or more identifiers. */
export const identifierFields = {
  phone: z.string().min(1).max(40).optional().openapi({ example: "+12025550123" }),
  waId: z.string().min(1).max(20).optional(),
  bsuid: z.string().min(1).max(150).optional(),
  parentBsuid: z.string().min(1).max(150).optional(),
  email: z.string().min(1).max(254).optional(),
  externalId: z.string().min(1).max(200).optional(),
};

const atLeastOne = (subject: object) => Object.keys(subject).length > 0;

/** A person: by identifiers, or by the id that Sayso gave. */
export const subjectReference = z
  .strictObject({ ...identifierFields, subjectId: idOf("sub").optional() })
  .refine(atLeastOne, "Name at least one identifier.")
  .openapi("SubjectReference");

export const channel = z.enum(channels);

export const problemSchema = z
  .object({
    type: z.string().openapi({ example: "urn:sayso:problem:invalid" }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    requestId: z.string(),
    errors: z
      .array(z.object({ pointer: z.string(), message: z.string(), code: z.string().optional() }))
      .optional(),
  })
  .openapi("Problem");

const limit = z.coerce.number().int().min(1).max(limits.listMost).default(limits.listDefault);

/** Where a list goes on, by a key, and how many entries it has at most. */
export const pageByKey = z.object({ cursor: keyName.optional(), limit });

/** Where a list of sections goes on. */
export const pageBySection = z.object({ cursor: sectionName.optional(), limit });

/** Where a list goes on, by an id (read as its uuid), and how many entries it has at most. */
export const pageById = (prefix: IdPrefix) =>
  z.object({
    cursor: idOf(prefix)
      .transform((id) => parseId(prefix, id))
      .optional(),
    limit,
  });

/** A page of a list: `nextCursor` is null on the last one. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

/** A page from the items that a store gave for `limit`; the cursor is what names the last of them. */
export function pageOf<Item>(items: readonly Item[], limit: number, cursorOf: (item: Item) => string) {
  const last = items.at(-1);
  return {
    items: [...items],
    nextCursor: last !== undefined && items.length === limit ? cursorOf(last) : null,
  };
}

/** Why a message may not go out, in the caller's language. */
export const reason = z.object({
  code: z.string(),
  rule: z.string(),
  message: z.string(),
  remedy: z.string(),
  retryAt: instant.optional(),
  enforced: z
    .literal(false)
    .optional()
    .openapi({ description: "Monitor mode only watched this rule: it stopped nothing." }),
  evidence: z.array(z.string()),
});
