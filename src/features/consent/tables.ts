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
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { collectionPointVersion } from "../collection/tables.ts";
import { organization, purpose } from "../organization/tables.ts";
import { subject } from "../subject/tables.ts";

/** Append-only facts about one subject, channel and purpose, with their provenance. */
export const consentEvent = pgTable(
  "consent_event",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    subjectId: uuid().notNull(),
    channel: text().notNull(),
    purpose: text().notNull(),
    /** DPV's state names. */
    state: text().notNull(),
    /** What the caller reported; differs when a yes came after a no or awaits its confirmation. */
    reportedState: text().notNull(),
    /**
     * demonstrated (the person's own doing can be shown), typed (on a page, by whoever it was), reported, legacy
     * (collected before Sayso, under evidence for a whole list), or unproven.
     */
    proof: text().notNull(),
    collectionPointId: uuid(),
    collectionPointVersion: integer(),
    indication: text(),
    language: text(),
    occurredAt: instant().notNull(),
    recordedAt: instant().notNull().defaultNow(),
    /** The earlier of the two: the time that a yes counts from. */
    effectiveAt: instant().notNull(),
    expiresAt: instant(),
    captureTokenId: uuid(),
    /** Page URL, IP address, user agent, operator and evidence, sealed under the subject's evidence key. */
    sealed: bytes(),
    /** The import that brought it. No foreign key: its batch, in the same statement, has one. */
    importId: uuid(),
    /** Keyed hash of what an imported row says, of whom and when: nothing is imported twice. */
    importKey: bytes(),
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    uniqueIndex("consent_event_import_key")
      .on(t.organizationId, t.importKey)
      .where(sql`import_key is not null`),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
    foreignKey({
      columns: [t.organizationId, t.purpose],
      foreignColumns: [purpose.organizationId, purpose.key],
    }),
    foreignKey({
      columns: [t.organizationId, t.collectionPointId, t.collectionPointVersion],
      foreignColumns: [
        collectionPointVersion.organizationId,
        collectionPointVersion.collectionPointId,
        collectionPointVersion.version,
      ],
      name: "consent_event_collection_point_version",
    }),
    index().on(t.organizationId, t.subjectId, t.recordedAt),
  ],
);

/** What the events add up to, per subject, channel and purpose. Rebuildable from them at any time. */
export const consentState = pgTable(
  "consent_state",
  {
    organizationId: organizationId(),
    subjectId: uuid().notNull(),
    channel: text().notNull(),
    purpose: text().notNull(),
    /** The latest yes, however it was shown. */
    givenEventId: uuid(),
    givenAt: instant(),
    givenExpiresAt: instant(),
    /** The latest yes that the person demonstrably gave. */
    provenEventId: uuid(),
    provenAt: instant(),
    provenExpiresAt: instant(),
    requestedEventId: uuid(),
    requestedAt: instant(),
    /** The latest no to this very purpose that came as a consent event. */
    noKind: text(),
    noEventId: uuid(),
    noAt: instant(),
    /** Nothing proves the latest yes, and no other yes has proof. */
    unproven: boolean().notNull().default(false),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.subjectId, t.channel, t.purpose] }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
  ],
);

/**
 * Append-only: what stands behind a list that was collected before Sayso. The archived wording is the version of a
 * collection point of the kind `import`.
 */
export const legacyEvidence = pgTable(
  "legacy_evidence",
  {
    organizationId: organizationId(),
    collectionPointId: uuid().notNull(),
    version: integer().notNull(),
    /** SHA-256 of the list's bytes, in hex. */
    listSha256: text().notNull(),
    collectedFrom: instant().notNull(),
    collectedUntil: instant().notNull(),
    /** When consents under it end, unless they are renewed. */
    endsAt: instant().notNull(),
    /** Who answers for it, and a note, sealed under the organization's data key. */
    sealed: bytes().notNull(),
    createdAt: instant().notNull().defaultNow(),
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.collectionPointId, t.version] }),
    unique("legacy_evidence_list").on(t.organizationId, t.listSha256),
    foreignKey({
      columns: [t.organizationId, t.collectionPointId, t.version],
      foreignColumns: [
        collectionPointVersion.organizationId,
        collectionPointVersion.collectionPointId,
        collectionPointVersion.version,
      ],
      name: "legacy_evidence_collection_point_version",
    }),
  ],
);

/** Append-only: a file of consents that is taken in, with what its rows mean. The same file in the same way is one. */
export const consentImport = pgTable(
  "consent_import",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    /** SHA-256 of the file's bytes, and of how its rows are read, in hex. */
    fileSha256: text().notNull(),
    readingSha256: text().notNull(),
    startedAt: instant().notNull().defaultNow(),
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique("consent_import_file").on(t.organizationId, t.fileSha256, t.readingSha256),
  ],
);

/** Append-only: a batch of an import's rows that is done, written by the statement that recorded its consents. */
export const consentImportBatch = pgTable(
  "consent_import_batch",
  {
    organizationId: organizationId(),
    importId: uuid().notNull(),
    /** Counted from 0; where it begins and ends follows from the file and how it is read. */
    batch: integer().notNull(),
    imported: integer().notNull(),
    unchanged: integer().notNull(),
    /** What was wrong with rows that only the database could tell: [{line, pointer, message}]. */
    refused: jsonb().notNull(),
    recordedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.importId, t.batch], name: "consent_import_batch_done" }),
    foreignKey({
      columns: [t.organizationId, t.importId],
      foreignColumns: [consentImport.organizationId, consentImport.id],
    }),
  ],
);

/**
 * A file that proves a consent: a scan, a recording. Its content is sealed under a key of its own, and that key under the
 * organization's until a consent names the file, from then on under the person's evidence key. One that no consent names
 * is removed within a day.
 */
export const attachment = pgTable(
  "attachment",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    mediaType: text().notNull(),
    /** Of the content, in hex, and how long it is. */
    sha256: text().notNull(),
    bytes: integer().notNull(),
    key: bytes().notNull(),
    sealed: bytes().notNull(),
    createdAt: instant().notNull().defaultNow(),
    /** The consent that names it, once for ever, and whose that is. */
    consentEventId: uuid(),
    subjectId: uuid(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.consentEventId],
      foreignColumns: [consentEvent.organizationId, consentEvent.id],
    }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
    index().on(t.organizationId, t.subjectId),
    index("attachment_unclaimed").on(t.createdAt).where(sql`consent_event_id is null`),
  ],
);
