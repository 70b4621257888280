import { z } from "zod";
import { channels } from "../../../kernel/channels.ts";
import { languageTag } from "../../../kernel/language.ts";
import { isTimeZone } from "../../../kernel/time.ts";

/** What a row of an import can say, by the names that an export writes. */
export const importFields = [
  "id",
  "phone",
  "waId",
  "bsuid",
  "parentBsuid",
  "email",
  "externalId",
  "otherIdentifiers",
  "channel",
  "purpose",
  "state",
  "occurredAt",
  "evidenceAt",
  "collectionPointId",
  "version",
  "indication",
  "language",
  "pageUrl",
  "ipAddress",
  "userAgent",
  "operator",
  "evidence",
] as const;
export type ImportField = (typeof importFields)[number];

/** What a row says of itself; an empty text says nothing. */
export type RowFields = { readonly [Field in ImportField]?: unknown };

const field = z.enum(importFields);
const word = z.string().max(2_000);

/** How the rows of a file are read. */
export const importMapping = z.strictObject({
  /** The column (CSV) or member (NDJSON) of each field. Left out: each is called like its field. */
  columns: z.partialRecord(field, word).optional(),
  /** What every row says that does not say it itself. Names nobody, and proves nothing. */
  constants: z
    .partialRecord(
      field.exclude([
        "id",
        "phone",
        "waId",
        "bsuid",
        "parentBsuid",
        "email",
        "externalId",
        "otherIdentifiers",
        "evidence",
      ]),
      word,
    )
    .default({}),
  /** The file's words for ours, by field: `{"state": {"yes": "given"}}`. */
  values: z.partialRecord(field, z.record(z.string().max(2_000), word)).default({}),
  /** The country (ISO 3166-1 alpha-2) in which numbers without a country code are dialled. */
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, "Two capital letters, such as RU.")
    .optional(),
  /** The time zone of times without an offset. */
  timeZone: z.string().refine(isTimeZone, "A time zone such as Europe/Moscow.").optional(),
  /** What separates the cells of a CSV file. */
  delimiter: z.string().length(1).default(","),
});
export type ImportMapping = z.output<typeof importMapping>;

/** The column or member that each field is read from. */
export function columnsOf({ columns }: ImportMapping): ReadonlyMap<ImportField, string> {
  if (columns === undefined) return new Map(importFields.map((name) => [name, name]));
  return new Map(
    importFields.flatMap((name) => (columns[name] === undefined ? [] : [[name, columns[name]]])),
  );
}

/** What stands behind a list that was collected before Sayso. */
export const legacyEvidence = z.strictObject({
  name: z.string().trim().min(1).max(200),
  /** The text that people agreed to, word for word. */
  wording: z.string().trim().min(1).max(10_000),
  language: z.string().max(35).regex(languageTag),
  privacyNoticeUrl: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .optional(),
  channels: z.array(z.enum(channels)).min(1),
  purposes: z.array(z.string()).min(1),
  /** When the list was collected: a consent of another time is not under this evidence. */
  collectedFrom: z.iso.datetime({ offset: true }),
  collectedUntil: z.iso.datetime({ offset: true }),
  /** Who answers for it. */
  answersFor: z.string().trim().min(1).max(200),
  note: z.string().max(2_000).optional(),
});
export type LegacyEvidence = z.output<typeof legacyEvidence>;
