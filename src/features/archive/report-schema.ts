import { z } from "zod";
import { languages } from "../../kernel/language.ts";
import { photoMediaTypes, sectionSchemas } from "../accountdata/index.ts";
import { reportSchemaVersion } from "./domain/files.ts";
import type { ReportModel } from "./domain/report-model.ts";
import { rowSchemas } from "./domain/sections.ts";

const instant = z.iso.datetime({ offset: true });
const text = z.string();

const empty = { state: z.literal("empty") };
const failed = { state: z.literal("failed"), source: text, missing: text };
const complete = { state: z.literal("complete") };

const documentSection = (document: z.ZodType) =>
  z
    .union([z.strictObject(empty), z.strictObject(failed), z.strictObject({ ...complete, document })])
    .optional();

const rowsSection = (row: z.ZodType) =>
  z
    .union([
      z.strictObject(empty),
      z.strictObject(failed),
      z.strictObject({ ...complete, count: z.int().min(1), rows: z.array(row).min(1) }),
      z.strictObject({
        ...complete,
        count: z.int().min(1),
        files: z.array(z.strictObject({ month: text, count: z.int().min(1), path: text })).min(1),
      }),
    ])
    .optional();

/** In a report the account also tells what Sayso's own record of the person says. */
export const reportedAccount = sectionSchemas.account.extend({
  timeZones: z.array(text).optional(),
  savedNumbers: z.array(text).optional(),
  /** Since when holds stand that keep the data from being erased. */
  heldSince: z.array(z.iso.datetime({ offset: true })).optional(),
});

/** In a report the photo is a file of its own. */
export const reportedProfile = sectionSchemas.profile.extend({
  photo: z
    .strictObject({
      mediaType: z.enum(photoMediaTypes),
      attachment: text,
      bytes: z.int().min(1),
      sha256: text.regex(/^[0-9a-f]{64}$/),
    })
    .nullish(),
});

const report = z.strictObject({
  $schema: z.literal("report.schema.json"),
  schemaVersion: z.literal(reportSchemaVersion),
  requestId: text,
  kind: z.enum(["access", "portability"]),
  regime: text,
  language: z.enum(languages),
  timeZone: text,
  receivedAt: instant,
  madeAt: instant,
  madeBy: z.strictObject({ name: z.literal("sayso"), version: text }),
  partial: z.boolean(),
  organization: z.strictObject({ name: text, country: text.nullable() }),
  dpo: z.strictObject({ name: text, contact: text }).nullable(),
  supervisoryAuthority: z.strictObject({ name: text, url: text.nullable() }).nullable(),
  person: z.strictObject({
    subjectId: text,
    identifiers: z.array(z.strictObject({ kind: text, value: text })),
  }),
  notice: z.strictObject({
    purposes: z.array(
      z.strictObject({ key: text, name: text, description: text, category: text, lawfulBasis: text }),
    ),
    recipients: z.array(
      z.strictObject({ name: text, reason: text, country: text.nullable(), safeguards: text.nullable() }),
    ),
    retention: z.array(
      z.strictObject({
        data: text,
        period: z
          .strictObject({ value: z.int().min(0), unit: z.enum(["days", "months", "years"]) })
          .nullable(),
        starts: text,
        reason: text,
      }),
    ),
    origins: z.array(z.strictObject({ name: text, description: text })),
    automatedDecisions: text.nullable(),
  }),
  sources: z.array(
    z.union([
      z.strictObject({ name: text, state: z.literal("read") }),
      z.strictObject({ name: text, state: z.literal("failed"), missing: text }),
    ]),
  ),
  attachments: z.array(
    z.strictObject({ path: text, originalName: text, mediaType: text, section: text.nullable() }),
  ),
  sections: z.strictObject({
    account: documentSection(reportedAccount),
    profile: documentSection(reportedProfile),
    devices: documentSection(sectionSchemas.devices),
    connection: documentSection(sectionSchemas.connection),
    contacts: documentSection(sectionSchemas.contacts),
    groups: documentSection(sectionSchemas.groups),
    blocked: documentSection(sectionSchemas.blocked),
    settings: documentSection(sectionSchemas.settings),
    terms: documentSection(sectionSchemas.terms),
    consents: rowsSection(rowSchemas.consents),
    opt_outs: rowsSection(rowSchemas.opt_outs),
    messages: rowsSection(rowSchemas.messages),
    decisions: rowsSection(rowSchemas.decisions),
    requests: rowsSection(rowSchemas.requests),
    disclosures: rowsSection(rowSchemas.disclosures),
  }),
});

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * report.schema.json: the JSON Schema (draft 2020-12) that this report's report.json fits, an organization's own
 * sections with their own schemas included. It refers to nothing outside itself.
 */
export function reportSchema(model: ReportModel): JsonSchema {
  const { properties, ...rest } = z.toJSONSchema(report);
  const { sections, ...others } = properties ?? {};
  const custom = model.sections.flatMap((section) =>
    section.custom ? [{ name: section.name, schema: section.custom.schema }] : [],
  );
  const sectionsSchema: JsonSchema = typeof sections === "object" ? { ...sections } : {};
  const typed = sectionsSchema.properties;
  return {
    ...rest,
    $id: `urn:sayso:report:${reportSchemaVersion}`,
    title: "A person's data, as Sayso reports it",
    properties: {
      ...others,
      sections: {
        ...sectionsSchema,
        properties: {
          ...(typeof typed === "object" ? typed : {}),
          ...Object.fromEntries(custom.map(({ name }) => [name, customSection(name)])),
        },
      },
    },
    $defs: Object.fromEntries(
      custom.map(({ name, schema: { $schema: _, ...schema } }) => [
        name,
        { ...schema, $id: customSchemaId(name) },
      ]),
    ),
  };
}

function customSchemaId(name: string): string {
  return `urn:sayso:section:${name}`;
}

function customSection(name: string): JsonSchema {
  const title = { title: { type: "string" } };
  const variant = (properties: JsonSchema) => ({
    type: "object",
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  });
  return {
    anyOf: [
      variant({ state: { const: "empty" }, ...title }),
      variant({
        state: { const: "failed" },
        ...title,
        source: { type: "string" },
        missing: { type: "string" },
      }),
      variant({ state: { const: "complete" }, ...title, document: { $ref: customSchemaId(name) } }),
    ],
  };
}
