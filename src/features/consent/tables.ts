import { boolean, foreignKey, index, integer, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { collectionPointVersion } from "../collection/tables.ts";
import { purpose } from "../organization/tables.ts";
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
    /** demonstrated (the person's own doing can be shown), reported, or unproven. */
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
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
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
