import { z } from "zod";
import { requestKinds } from "./kind.ts";

const inBothLanguages = z.strictObject({ en: z.string().min(1), ru: z.string().min(1) });

/** How long something may take. Another unit is another member here and another branch in deadline.ts. */
const termSchema = z.strictObject({ months: z.int().min(1).max(12) });

/**
 * The format of a regime file (`regimes/*.json`): one law's terms for data requests, as data that a lawyer can
 * read and confirm. Every kind of request has a term. `counting` names the method by which a term becomes a
 * date; `version` is the day on which the file was last compared with its sources.
 */
export const regimeSchema = z.strictObject({
  key: z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/),
  version: z.iso.date(),
  name: inBothLanguages,
  sources: z.array(z.strictObject({ title: z.string().min(1), url: z.url() })).min(1),
  note: inBothLanguages,
  counting: z.enum(["regulation_1182_71"]),
  terms: z.record(z.enum(requestKinds), termSchema),
  /** By how much an answer may be put off, and until when the person must have been told. */
  extension: z.strictObject({
    by: termSchema,
    noticeWithin: termSchema,
    reasonsRequired: z.boolean(),
  }),
});

export type Regime = z.infer<typeof regimeSchema>;
