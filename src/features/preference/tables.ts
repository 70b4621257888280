import { sql } from "drizzle-orm";
import {
  boolean,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { instant, organizationId } from "../../db/columns.ts";
import { subject } from "../subject/tables.ts";

/** Append-only: what people chose about how much, how and in which language they are written to, and took back. */
export const preferenceEvent = pgTable(
  "preference_event",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    /** The root of the person's records at that time. */
    subjectId: uuid().notNull(),
    /** pause, frequency, language or channel. */
    aspect: text().notNull(),
    /** chosen, ended (nothing of the kind is wanted any more) or undone. */
    kind: text().notNull(),
    /** Of a pause: when it is over by itself. */
    until: instant(),
    /** Of a frequency: at most so many marketing messages in so many rolling hours. */
    most: integer(),
    hours: integer(),
    /** The language (BCP 47) or the channel. */
    word: text(),
    /** What held before, which an undo restores: rows of `preference`. */
    replaced: jsonb(),
    undoes: uuid(),
    /** link (its bearer), or code (who proved that the number is theirs). */
    source: text().notNull(),
    recordedAt: instant().notNull().defaultNow(),
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
    uniqueIndex("preference_undone_once").on(t.organizationId, t.undoes).where(sql`undoes is not null`),
  ],
);

/**
 * What the events add up to: a row for each aspect that a person said something about. After a merge there may be
 * several of one aspect, and the strictest holds. Checks look here.
 */
export const preference = pgTable(
  "preference",
  {
    organizationId: organizationId(),
    subjectId: uuid().notNull(),
    aspect: text().notNull(),
    eventId: uuid().notNull(),
    until: instant(),
    most: integer(),
    hours: integer(),
    word: text(),
    /** When it was chosen. */
    at: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.subjectId, t.aspect] }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
  ],
);

/** A code by which somebody proves that the number is theirs. The code itself is derived from the id and stored nowhere. */
export const preferenceCode = pgTable(
  "preference_code",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    subjectId: uuid().notNull(),
    createdAt: instant().notNull().defaultNow(),
    expiresAt: instant().notNull(),
    triesLeft: integer().notNull(),
    /** The bearer of a link asked for it, who may be anybody: such codes are counted apart. */
    askedByLink: boolean().notNull().default(false),
    /** When it was given back rightly; then it is used up. */
    usedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
    index().on(t.organizationId, t.subjectId, t.expiresAt),
  ],
);
