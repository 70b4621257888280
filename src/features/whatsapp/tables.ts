import { sql } from "drizzle-orm";
import {
  boolean,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { organization, sender } from "../organization/tables.ts";
import { subject } from "../subject/tables.ts";

/** Raw webhook bodies are sealed under a key of their day; deleting the key after 8 days drops them for good. */
export const webhookDayKey = pgTable("webhook_day_key", {
  day: date().primaryKey(),
  key: bytes().notNull(),
});

/** What Meta sent, before anything was made of it. */
export const webhookBody = pgTable(
  "webhook_body",
  {
    id: uuid().primaryKey(),
    day: date().notNull(),
    receivedAt: instant().notNull().defaultNow(),
    sealed: bytes().notNull(),
    /** Null while updates of it still wait to be applied. */
    processedAt: instant(),
    /** phoneNumberIds in it that no sender had when it came; replayed when one is registered. */
    unclaimed: text().array().notNull().default([]),
    /** Updates that could not be read: [{position, reason}]. Never their content. */
    unreadable: jsonb().notNull().default([]),
  },
  (t) => [index().on(t.day), index().using("gin", t.unclaimed)],
);

/** A raw body that goes on to the app that used to get it, as it came, and what became of that. */
export const webhookForward = pgTable(
  "webhook_forward",
  {
    bodyId: uuid()
      .notNull()
      .references(() => webhookBody.id, { onDelete: "cascade" }),
    url: text().notNull(),
    /** The X-Hub-Signature-256 that the platform sent with it. */
    signature: text().notNull(),
    dueAt: instant().notNull().defaultNow(),
    attempts: integer().notNull().default(0),
    deliveredAt: instant(),
    failedAt: instant(),
    /** Of the last attempt: the answer's status, or why there was none. */
    lastStatus: integer(),
    lastError: text(),
  },
  (t) => [
    primaryKey({ columns: [t.bodyId, t.url] }),
    index("webhook_forward_due").on(t.url, t.dueAt).where(sql`delivered_at is null and failed_at is null`),
  ],
);

/** Who works a URL off has it until then; or it is left alone until then, since it did not answer. */
export const webhookForwardTarget = pgTable("webhook_forward_target", {
  url: text().primaryKey(),
  claimedUntil: instant().notNull(),
});

/**
 * Append-only until its organization keeps it no more: that a person wrote, called or tapped, and when. Never the text.
 * Partitioned by month of `at` (migration 0007). One row for a message: known_message sees to it.
 */
export const inboundMessage = pgTable(
  "inbound_message",
  {
    organizationId: organizationId(),
    messageId: text().notNull(),
    /** The platform's timestamp. */
    at: instant().notNull(),
    senderId: uuid().notNull(),
    subjectId: uuid().notNull(),
    kind: text().notNull(),
    opensWindow: boolean().notNull(),
    receivedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.messageId, t.at] }),
    foreignKey({
      columns: [t.organizationId, t.senderId],
      foreignColumns: [sender.organizationId, sender.id],
    }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
    index().on(t.organizationId, t.subjectId, t.at),
  ],
);

/** The 24-hour window of one sender and one subject: its latest opening. Rebuildable from inbound_message. */
export const serviceWindow = pgTable(
  "service_window",
  {
    organizationId: organizationId(),
    senderId: uuid().notNull(),
    subjectId: uuid().notNull(),
    openedAt: instant().notNull(),
    messageId: text().notNull(),
    /** When the platform last said (131047) that it is closed. */
    closedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.senderId, t.subjectId] }),
    foreignKey({
      columns: [t.organizationId, t.senderId],
      foreignColumns: [sender.organizationId, sender.id],
    }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
    index().on(t.organizationId, t.subjectId),
  ],
);

/** Append-only: WhatsApp's own stops and resumes of marketing, with the identifiers for which each was news. */
export const platformPreferenceEvent = pgTable(
  "platform_preference_event",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    wabaId: text().notNull(),
    value: text().notNull(),
    /** The platform's timestamp. */
    at: instant().notNull(),
    identifierHashes: bytes().array().notNull(),
    recordedAt: instant().notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.id] }), index().on(t.organizationId, t.wabaId, t.at)],
);

/**
 * WhatsApp's own stop or resume of marketing, per identifier and WhatsApp Business Account: the latest of the events,
 * a stop in doubt. A stop goes along with who changes their number. Rebuildable from the events.
 */
export const platformPreference = pgTable(
  "platform_preference",
  {
    organizationId: organizationId().references(() => organization.id),
    identifierHash: bytes().notNull(),
    wabaId: text().notNull(),
    value: text().notNull(),
    at: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.identifierHash, t.wabaId] }),
    index().on(t.organizationId, t.at),
  ],
);

/** Append-only: what became of a message that went out. */
export const messageStatus = pgTable(
  "message_status",
  {
    organizationId: organizationId(),
    messageId: text().notNull(),
    status: text().notNull(),
    at: instant().notNull(),
    senderId: uuid().notNull(),
    subjectId: uuid(),
    errorCode: integer().notNull().default(0),
    receivedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.messageId, t.status, t.errorCode] }),
    foreignKey({
      columns: [t.organizationId, t.senderId],
      foreignColumns: [sender.organizationId, sender.id],
    }),
    index().on(t.organizationId, t.subjectId, t.at),
    index("message_status_failures")
      .on(t.organizationId, t.subjectId, t.at)
      .where(sql`error_code in (131049, 130472, 131026)`),
    index("message_status_closings").on(t.organizationId, t.senderId, t.at).where(sql`error_code = 131047`),
    index("message_status_spam").on(t.organizationId, t.senderId, t.at).where(sql`error_code = 131048`),
  ],
);

/** When a field of the webhooks last came for an account, to the minute: not every webhook writes here. */
export const webhookIntake = pgTable(
  "webhook_intake",
  {
    organizationId: organizationId().references(() => organization.id),
    wabaId: text().notNull(),
    field: text().notNull(),
    heardAt: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.wabaId, t.field] })],
);

/** Message templates as the platform last described them. */
export const template = pgTable(
  "template",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    wabaId: text().notNull(),
    name: text().notNull(),
    language: text().notNull(),
    category: text().notNull(),
    status: text().notNull(),
    quality: text(),
    /** When the platform, or a caller, said each of them; the epoch: nobody has. */
    categoryAt: instant().notNull(),
    statusAt: instant().notNull(),
    qualityAt: instant().notNull(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique("template_name").on(t.organizationId, t.wabaId, t.name, t.language),
  ],
);
