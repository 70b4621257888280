import { sql } from "drizzle-orm";
import { foreignKey, index, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { instant, organizationId } from "../../db/columns.ts";
import { subject } from "../subject/tables.ts";

/** Append-only: a person's noes, and their undoing within ten minutes. */
export const optOutEvent = pgTable(
  "opt_out_event",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    subjectId: uuid().notNull(),
    /** opted_out or undone. */
    kind: text().notNull(),
    scope: text().notNull(),
    purpose: text(),
    /** Null: every channel. */
    channel: text(),
    source: text().notNull(),
    occurredAt: instant().notNull(),
    recordedAt: instant().notNull().defaultNow(),
    /** The noes as they were before, which an undo restores: [{hash, at, eventId}]. */
    replaced: jsonb(),
    undoes: uuid(),
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
    index().on(t.organizationId, t.subjectId, t.recordedAt),
    index().on(t.organizationId, t.recordedAt),
    uniqueIndex("opt_out_undone_once").on(t.organizationId, t.undoes).where(sql`undoes is not null`),
  ],
);
