import { sql } from "drizzle-orm";
import { foreignKey, index, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { organization } from "../organization/tables.ts";

/**
 * A person known to an organization. Merging moves nothing: it points `root_id` of one record at another; the
 * records of one root are one person.
 */
export const subject = pgTable(
  "subject",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    rootId: uuid().notNull(),
    mergedAt: instant(),
    /** IANA; null: nobody has said. Not sealed, for checks go by it. */
    timeZone: text(),
    /** The senders whose number the person is known to have saved. */
    savedSenderIds: uuid().array().notNull().default([]),
    /** Two keys of the person's own, wrapped by the master key. Erasure destroys the first, its end of claims the second. */
    dataKey: bytes(),
    evidenceKey: bytes(),
    /** Since when the record is nothing but what its proofs hang on: nothing is added to it any more. */
    erasedAt: instant(),
    /** When the evidence key of an erased person is destroyed, too. */
    evidenceUntil: instant(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({ columns: [t.organizationId, t.rootId], foreignColumns: [t.organizationId, t.id] }),
    index().on(t.organizationId, t.rootId),
    index("subject_evidence_until").on(t.evidenceUntil).where(sql`evidence_key is not null`),
  ],
);

/** One way to name a subject, found by the keyed hash of its canonical form. */
export const identifier = pgTable(
  "identifier",
  {
    organizationId: organizationId(),
    hash: bytes().notNull(),
    subjectId: uuid().notNull(),
    kind: text().notNull(),
    /** What was given, verbatim, sealed under the subject's data key. */
    sealed: bytes(),
    /** The country (ISO 3166-1 alpha-2) that a number tells, ZZ when it tells none; null for what is no number. */
    country: text(),
    /** The platform's timestamp of its last word that tied number and user id or parted them; null: there is none. */
    linkedAt: instant(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.hash] }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
    index().on(t.organizationId, t.subjectId),
  ],
);

/**
 * The standing noes. A no belongs to the identifier: every spelling of the number, whoever's record it is in.
 * Channel and purpose are '*' where it is for all of them, purpose `*marketing` where it is for every one of that
 * category, those to come included. Rebuildable from the events.
 */
export const standingNo = pgTable(
  "standing_no",
  {
    organizationId: organizationId().references(() => organization.id),
    identifierHash: bytes().notNull(),
    channel: text().notNull(),
    purpose: text().notNull(),
    kind: text().notNull(),
    at: instant().notNull(),
    /** Public id of the event that it comes from (`opt_…`, `cns_…`). */
    eventId: text().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.identifierHash, t.channel, t.purpose, t.kind] }),
    index().on(t.organizationId, t.eventId),
  ],
);

/** Append-only: the platform's word that a person left one number or user id for another (keyed hashes). */
export const identityChange = pgTable(
  "identity_change",
  {
    organizationId: organizationId().references(() => organization.id),
    fromHash: bytes().notNull(),
    toHash: bytes().notNull(),
    at: instant().notNull(),
    recordedAt: instant().notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.fromHash, t.toHash, t.at] })],
);
