import { foreignKey, index, json, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { organization } from "../organization/tables.ts";

/** Append-only: every answer with the question, the facts it saw and every rule's result. `at` is the id's time. */
export const decision = pgTable(
  "decision",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    at: instant().notNull(),
    subjectId: uuid(),
    decision: text().notNull(),
    messageRef: text(),
    /** {question, facts, verdict}, no identifier of a person in it. Never searched, so kept as the text it is. */
    document: json().notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.id] }), index().on(t.organizationId, t.subjectId, t.at)],
);

/** Something that a person asked for and that a caller opened: for now a sign-in. */
export const cause = pgTable(
  "cause",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    kind: text().notNull(),
    /** Of everybody the recipient's identifiers name; a sign-in needs no known subject. */
    identifierHashes: bytes().array().notNull(),
    openedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index("cause_identifiers").using("gin", t.identifierHashes),
  ],
);

/** Append-only: one message for each cause. */
export const causeUse = pgTable(
  "cause_use",
  {
    organizationId: organizationId(),
    kind: text().notNull(),
    causeId: uuid().notNull(),
    decisionId: uuid().notNull(),
    usedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.kind, t.causeId] }),
    foreignKey({
      columns: [t.organizationId, t.decisionId],
      foreignColumns: [decision.organizationId, decision.id],
    }),
  ],
);
