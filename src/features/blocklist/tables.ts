import { index, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { organization } from "../organization/tables.ts";

/** Append-only: blocks made and lifted, with reason and author. */
export const blockEvent = pgTable(
  "block_event",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    blockId: uuid().notNull(),
    kind: text().notNull(),
    reason: text().notNull(),
    at: instant().notNull().defaultNow(),
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.id] }), index().on(t.organizationId, t.blockId)],
);

/** The blocklist: keyed hashes of identifiers. Knows no subject, so it outlives every erasure. */
export const block = pgTable(
  "block",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    identifierHash: bytes().notNull(),
    identifierKind: text().notNull(),
    /** The identifier's last two characters, for staff to recognise it by. */
    ending: text().notNull(),
    reason: text().notNull(),
    /** Staff's note, sealed under the organization's data key. */
    note: bytes(),
    createdAt: instant().notNull().defaultNow(),
    expiresAt: instant(),
    liftedAt: instant(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.id] }), index().on(t.organizationId, t.identifierHash)],
);
