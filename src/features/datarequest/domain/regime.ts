import { z } from "zod";
import { calendarCountry } from "./calendar.ts";
import { requestKinds } from "./kind.ts";

const inBothLanguages = z.strictObject({ en: z.string().min(1), ru: z.string().min(1) });

/** How long something may take. Another unit is another member here and another branch in deadline.ts. */
const termSchema = z.union([
  z.strictObject({ months: z.int().min(1).max(12) }),
  z.strictObject({ days: z.int().min(1).max(365) }),
  z.strictObject({ workingDays: z.int().min(1).max(250) }),
]);

const kindSchema = z.enum(requestKinds);

/**
 * The format of a regime file (`regimes/*.json`): one law's terms for data requests, as data that a lawyer can
 * read and confirm. Every kind of request has a term. `version` is the day on which the file was last compared with
 * its sources.
 */
export const regimeSchema = z.strictObject({
  key: z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/),
  version: z.iso.date(),
  name: inBothLanguages,
  sources: z.array(z.strictObject({ title: z.string().min(1), url: z.url() })).min(1),
  /**
   * What the file was compared with: the law itself, or others' accounts of it. What rests on those is counted for an
   * organization only after it has said that it wants that.
   */
  basis: z.enum(["primary", "secondary"]),
  note: inBothLanguages,
  /**
   * How a term becomes a date. `regulation_1182_71` and `corresponding_date` (United Kingdom) move an end on a day off
   * to the next working day; `from_receipt` moves nothing. The day of receipt itself is never counted.
   */
  counting: z.enum(["regulation_1182_71", "corresponding_date", "from_receipt"]),
  /**
   * Whose days off count: those of the organization's country, which must be in the European Economic Area or have been
   * loaded by the organization (`member_state`); those of one country; or none, where nothing is counted in
   * working days.
   */
  calendar: z.union([z.literal("member_state"), z.literal("none"), calendarCountry]),
  terms: z.record(kindSchema, termSchema),
  /** By how much an answer may be put off, and until when the person must have been told; null: it may not be. */
  extension: z
    .strictObject({
      /** `named_date`: until the date that the person is told. */
      by: z.union([termSchema, z.literal("named_date")]),
      /** `term`: before the term of the request's own kind ends. */
      noticeWithin: z.union([termSchema, z.literal("term")]),
      reasonsRequired: z.boolean(),
      /** Kinds that may be put off; all without it. */
      kinds: z.array(kindSchema).min(1).optional(),
    })
    .nullable(),
  /** What stops the clock, from the day of asking to the day of the answer, both included. */
  pause: z.enum(["clarification"]).nullable(),
  /** Other clocks that the same request starts, beside the answer's. */
  clocks: z.array(
    z.strictObject({
      key: z.string().regex(/^[a-z]+(?:_[a-z]+)*$/),
      kinds: z.array(kindSchema).min(1),
      term: termSchema,
      /** What must be done by then, and in which case. */
      duty: inBothLanguages,
    }),
  ),
  /** What the law asks a request to contain. Empty: any words will do. */
  formalities: z.strictObject({
    mustContain: z.array(inBothLanguages),
    note: inBothLanguages,
  }),
  /** Whether other people's data in an answer is withheld unless staff let it out, or weighed case by case. */
  thirdPartyData: z.enum(["withheld", "weighed"]),
});

export type Regime = z.infer<typeof regimeSchema>;
export type Term = z.infer<typeof termSchema>;
