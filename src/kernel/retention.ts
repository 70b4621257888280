import { z } from "zod";
import file from "./retention.json" with { type: "json" };

const inBothLanguages = z.strictObject({ en: z.string().min(1), ru: z.string().min(1) });
const period = z.strictObject({ value: z.int().min(1), unit: z.enum(["days", "months", "years"]) });

/**
 * How long each class of records is kept: since when, why, and what happens then; and what becomes of it when its person
 * is erased. One file for jobs, reports, previews and certificates, that a lawyer can read and confirm.
 */
const retentionSchema = z.strictObject({
  version: z.iso.date(),
  classes: z.array(
    z.strictObject({
      key: z.string().regex(/^[a-z_]+$/),
      data: inBothLanguages,
      tables: z.array(z.string()).min(1),
      /** Null: as long as the organization needs it. `policy`: as its policy in force says, for ever without a word. */
      period: z.union([
        period,
        z.strictObject({ policy: z.enum(["decisionMonths", "inboundMonths"]) }),
        z.null(),
      ]),
      starts: inBothLanguages,
      reason: inBothLanguages,
      afterwards: z.enum(["deleted", "key_destroyed", "kept"]),
      erasure: z.discriminatedUnion("goes", [
        z.strictObject({ goes: z.literal(true) }),
        /** Until so long after the erasure; null: there is no fixed end. */
        z.strictObject({ goes: z.literal(false), until: period.nullable(), reason: inBothLanguages }),
      ]),
    }),
  ),
  /** Tables in which nothing is about a person. */
  ofNobody: z.array(z.string()),
});

export type RetentionClass = z.infer<typeof retentionSchema>["classes"][number];
export type Period = z.infer<typeof period>;

export const retention = retentionSchema.parse(file);

/** How long a class of records with a fixed period is kept, in its unit. Throws for any other class: a mistake of ours. */
export function keptFor(key: string, unit: Period["unit"]): number {
  const found = retention.classes.find((one) => one.key === key)?.period;
  if (found === undefined || found === null || "policy" in found || found.unit !== unit)
    throw new Error(`retention.json says no ${unit} for ${key}.`);
  return found.value;
}
