import { sql } from "drizzle-orm";
import { foreignKey, index, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { organization } from "../organization/tables.ts";
import { subject } from "../subject/tables.ts";

/** What must be kept for now: of a person, or of everybody. While it stands nothing of theirs is erased or expires. */
export const hold = pgTable(
  "hold",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    /** Null: it is on everything that the organization has. */
    subjectId: uuid(),
    /** Why, in staff's words, sealed under the person's evidence key, or the organization's data key. */
    reason: bytes().notNull(),
    actorKind: text().notNull(),
    actorId: text(),
    placedAt: instant().notNull().defaultNow(),
    /** When staff look at it again. Until they release it, it stands all the same. */
    reviewAt: instant().notNull(),
    releasedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
    index("hold_standing").on(t.organizationId, t.subjectId).where(sql`released_at is null`),
  ],
);

/** Append-only: holds placed, reviewed and released, with reason and author. */
export const holdEvent = pgTable(
  "hold_event",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    holdId: uuid().notNull(),
    /** placed, reviewed or released. */
    kind: text().notNull(),
    /** Sealed as the hold's own. */
    reason: bytes().notNull(),
    /** When staff look at it again from then on; null: it is released. */
    reviewAt: instant(),
    at: instant().notNull().defaultNow(),
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.id] }), index().on(t.organizationId, t.holdId)],
);
