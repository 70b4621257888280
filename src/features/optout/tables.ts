import { sql } from "drizzle-orm";
import {
  check,
  foreignKey,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { organization, sender } from "../organization/tables.ts";
import { subject } from "../subject/tables.ts";

/** Append-only: a person's noes, and their undoing within ten minutes. */
export const optOutEvent = pgTable(
  "opt_out_event",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    /** Null: said of a number alone, whoever's it is; then there is its hash. */
    subjectId: uuid(),
    identifierHash: bytes(),
    /** opted_out or undone. */
    kind: text().notNull(),
    /** all, marketing or purpose. */
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
    index().on(t.organizationId, t.identifierHash).where(sql`identifier_hash is not null`),
    check("opt_out_of_someone", sql`num_nonnulls(${t.subjectId}, ${t.identifierHash}) = 1`),
    uniqueIndex("opt_out_undone_once").on(t.organizationId, t.undoes).where(sql`undoes is not null`),
  ],
);

/** A message of a person's that may be a no: their marketing waits until staff decide. Rebuildable from the events. */
export const optOutSuspicion = pgTable(
  "opt_out_suspicion",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    subjectId: uuid().notNull(),
    /** near_match: other words for a no; voice_note: one that came after marketing, which nobody has heard. */
    cause: text().notNull(),
    senderId: uuid().notNull(),
    /** The platform's id of the message. Its text is not kept. */
    messageId: text().notNull(),
    occurredAt: instant().notNull(),
    recordedAt: instant().notNull().defaultNow(),
    decidedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
    foreignKey({
      columns: [t.organizationId, t.senderId],
      foreignColumns: [sender.organizationId, sender.id],
    }),
    index().on(t.organizationId, t.subjectId),
    uniqueIndex("opt_out_suspicion_message").on(t.organizationId, t.subjectId, t.messageId),
    index("opt_out_suspicion_open").on(t.organizationId, t.id).where(sql`decided_at is null`),
  ],
);

/** Append-only: what was suspected, and what staff made of it: suspected, confirmed or dismissed. */
export const optOutSuspicionEvent = pgTable(
  "opt_out_suspicion_event",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    suspicionId: uuid().notNull(),
    kind: text().notNull(),
    /** Why staff decided so. */
    reason: text(),
    at: instant().notNull().defaultNow(),
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.id] }), index().on(t.organizationId, t.suspicionId)],
);

/**
 * The identifiers whose marketing waits, a row for each open suspicion: like a no, a pause goes along with a number
 * that changes hands. Checks look here.
 */
export const marketingPause = pgTable(
  "marketing_pause",
  {
    organizationId: organizationId(),
    identifierHash: bytes().notNull(),
    suspicionId: uuid().notNull(),
    /** When the message was written. */
    at: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.identifierHash, t.suspicionId] }),
    foreignKey({
      columns: [t.organizationId, t.suspicionId],
      foreignColumns: [optOutSuspicion.organizationId, optOutSuspicion.id],
    }),
    index().on(t.organizationId, t.suspicionId),
  ],
);
