import { foreignKey, jsonb, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { organization } from "../organization/tables.ts";
import { subject } from "../subject/tables.ts";

/** What the organization stores about a subject, one document a section, sealed under the subject's data key. */
export const accountSection = pgTable(
  "account_section",
  {
    organizationId: organizationId(),
    subjectId: uuid().notNull(),
    section: text().notNull(),
    sealed: bytes().notNull(),
    updatedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.subjectId, t.section] }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
  ],
);

/** A section of the organization's own, with the JSON Schema (draft 2020-12) that its documents fit. */
export const customSection = pgTable(
  "custom_section",
  {
    organizationId: organizationId().references(() => organization.id),
    section: text().notNull(),
    title: text().notNull(),
    schema: jsonb().notNull(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.section] })],
);
