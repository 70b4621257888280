import { sql } from "drizzle-orm";
import { index, integer, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { organization } from "../organization/tables.ts";

/**
 * Short messages to people on their way. What one says and to whom is sealed under a key of the organization, and gone once
 * it was handed over or its time is over.
 */
export const notice = pgTable(
  "notice",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    kind: text().notNull(),
    /** phone or email. */
    toKind: text().notNull(),
    sealed: bytes(),
    /** waiting, sent, kept (no way is configured: staff read it), failed or expired. */
    state: text().notNull().default("waiting"),
    attempts: integer().notNull().default(0),
    /** When the next attempt is due; while one is under way, when it is taken for lost. */
    dueAt: instant().notNull().defaultNow(),
    /** Ways that said they never will. */
    ruledOut: text().array().notNull().default([]),
    /** The way that took it. */
    way: text(),
    /** Why it is not sent (yet), for staff; no word of a gateway's own, which may name the person. */
    reason: text(),
    createdAt: instant().notNull().defaultNow(),
    expiresAt: instant().notNull(),
    /** When it was handed over, kept or given up. */
    settledAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index("notice_unsettled").on(t.dueAt).where(sql`state in ('waiting', 'kept')`),
    index().on(t.createdAt),
  ],
);
