import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { organization } from "../organization/tables.ts";
import { subject } from "../subject/tables.ts";

/** A person's request about their data; its history is in request_event. */
export const dataRequest = pgTable(
  "data_request",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    subjectId: uuid().notNull(),
    kind: text().notNull(),
    /** The one whose date counts, and all that apply. */
    regime: text().notNull(),
    regimes: text().array().notNull().default([]),
    status: text().notNull(),
    channel: text().notNull(),
    language: text().notNull(),
    receivedAt: instant().notNull(),
    dueAt: instant().notNull(),
    /** The last day of the term in the organization's time zone, and how it was counted. */
    lastDay: date().notNull(),
    counting: jsonb().notNull(),
    /** Who asks: self, parent, guardian, attorney, agent or heir. */
    requesterCapacity: text().notNull().default("self"),
    /** {evidence, deliverTo} of somebody who asks for the person, under the subject's evidence key. */
    requesterSealed: bytes(),
    /** Until when they may; null: no end was said. */
    requesterUntil: instant(),
    /** How many people must approve before anything leaves or is changed. */
    approvalsNeeded: smallint().notNull().default(1),
    /** Who did, such as `api_key:key_…`, each once. */
    approvals: text().array().notNull().default([]),
    /** Who answers for it; null: it is on the unassigned list. */
    owner: text(),
    /** The person was asked what they mean, and has not answered. */
    isClarifying: boolean().notNull().default(false),
    /** The time to answer was extended, as it can be once. */
    isExtended: boolean().notNull().default(false),
    /** Other clocks that the request started: [{ key, regime, dueAt, lastDay }]. */
    clocks: jsonb().notNull().default([]),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
    index().on(t.organizationId, t.subjectId),
    // A person's second request for the same joins the first, however close together they come. What somebody else
    // asks for them stands alone: it must not ride on the person's own proof.
    uniqueIndex("data_request_open")
      .on(t.organizationId, t.subjectId, t.kind)
      .where(
        sql`requester_capacity = 'self' and status in ('received', 'identity_check', 'in_progress', 'ready', 'delivered')`,
      ),
  ],
);

/** Days off of a year that an organization loaded: they are used in place of ours. Each loading is in the audit log. */
export const holidayCalendar = pgTable(
  "holiday_calendar",
  {
    organizationId: organizationId().references(() => organization.id),
    /** ISO 3166-1 alpha-2, or a part of a country by ISO 3166-2. */
    country: text().notNull(),
    year: smallint().notNull(),
    source: text().notNull(),
    daysOff: date().array().notNull(),
    workingDays: date().array().notNull(),
    loadedAt: instant().notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.country, t.year] })],
);

/** A request that came by OpenDSR: the controller's own id of it, and where to tell how it stands. */
export const opendsrRequest = pgTable(
  "opendsr_request",
  {
    organizationId: organizationId(),
    subjectRequestId: uuid().notNull(),
    dataRequestId: uuid().notNull(),
    /** Keyed hash of the body: the same id with another body is refused. The body itself is not kept. */
    bodyHash: bytes().notNull(),
    callbackUrls: text().array().notNull(),
    /** It opened the data request and did not join one: cancelling it may cancel that. */
    isOpener: boolean().notNull(),
    receivedAt: instant().notNull().defaultNow(),
    /** Cancelled by itself, while the data request goes on for others. */
    cancelledAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.subjectRequestId] }),
    foreignKey({
      columns: [t.organizationId, t.dataRequestId],
      foreignColumns: [dataRequest.organizationId, dataRequest.id],
    }),
    index().on(t.organizationId, t.dataRequestId),
  ],
);

/** One status to tell at one address. A trigger on data_request writes them, whoever moves the request on. */
export const opendsrCallback = pgTable(
  "opendsr_callback",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    subjectRequestId: uuid().notNull(),
    url: text().notNull(),
    status: text().notNull(),
    attempts: integer().notNull().default(0),
    /** Not before then; null: delivered or given up. */
    dueAt: instant().defaultNow(),
    deliveredAt: instant(),
    /** What came of the last attempt: a status, or a word of ours. */
    outcome: text(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.subjectRequestId],
      foreignColumns: [opendsrRequest.organizationId, opendsrRequest.subjectRequestId],
    }),
    index().on(t.dueAt),
  ],
);

/** Append-only: every step of a request, with its actor and reason. */
export const requestEvent = pgTable(
  "request_event",
  {
    organizationId: organizationId(),
    requestId: uuid().notNull(),
    id: uuid().notNull(),
    event: text().notNull(),
    status: text().notNull(),
    at: instant().notNull().defaultNow(),
    actorKind: text().notNull(),
    actorId: text(),
    /** Reasons and figures; how identity was made sure of is sealed apart. */
    details: jsonb().notNull().default({}),
    /** {method, note} of the identity check, under the subject's evidence key. */
    sealed: bytes(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.requestId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.requestId],
      foreignColumns: [dataRequest.organizationId, dataRequest.id],
    }),
  ],
);

/** A built archive: sealed chunks until it expires; its manifest stays. */
export const archive = pgTable(
  "archive",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    requestId: uuid().notNull(),
    /** building, ready or deleted. */
    state: text().notNull(),
    /** Wrapped key of this archive; destroyed with it, and with a failed attempt. */
    key: bytes(),
    /** Which try of building it counts: only its chunks belong to the archive. */
    attempt: integer().notNull().default(0),
    /** While building: by then there must have been a sign of life, else the work is queued again. */
    leaseUntil: instant(),
    bytes: bigint({ mode: "number" }),
    sha256: text(),
    manifest: jsonb(),
    createdAt: instant().notNull().defaultNow(),
    readyAt: instant(),
    expiresAt: instant(),
    deletedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.requestId],
      foreignColumns: [dataRequest.organizationId, dataRequest.id],
    }),
    index().on(t.organizationId, t.requestId),
    index().on(t.expiresAt),
  ],
);

/** The archive's bytes, sealed, 1 MiB of ZIP each. */
export const archiveChunk = pgTable(
  "archive_chunk",
  {
    organizationId: organizationId(),
    archiveId: uuid().notNull(),
    attempt: integer().notNull(),
    position: integer().notNull(),
    sealed: bytes().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.archiveId, t.attempt, t.position] }),
    foreignKey({
      columns: [t.organizationId, t.archiveId],
      foreignColumns: [archive.organizationId, archive.id],
    }),
  ],
);

/** A way for the person to fetch their archive: link (found by its hash) and passcode (argon2id). */
export const delivery = pgTable(
  "delivery",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    archiveId: uuid().notNull(),
    tokenSha256: bytes().notNull().unique(),
    passcodeHash: text().notNull(),
    triesLeft: smallint().notNull(),
    expiresAt: instant().notNull(),
    downloads: integer().notNull().default(0),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.archiveId],
      foreignColumns: [archive.organizationId, archive.id],
    }),
  ],
);

/**
 * A letter to the person while it can be changed, and where it stands. What it says is sealed under the evidence key of
 * the request's person.
 */
export const letter = pgTable(
  "letter",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    requestId: uuid().notNull(),
    kind: text().notNull(),
    language: text().notNull(),
    /** draft, sending, sent or discarded. */
    state: text().notNull(),
    /** Counts its changes: what is sent is the version that was looked at. */
    version: integer().notNull().default(1),
    /** A step of the request rests on it: by then it must be with the person. */
    neededBy: instant(),
    sealed: bytes().notNull(),
    /** While it is sent by mail: when the next attempt is due, or the one under way is taken for lost. */
    dueAt: instant(),
    attempts: integer().notNull().default(0),
    /** Why the last attempt failed; none of the person's data. */
    failure: text(),
    createdAt: instant().notNull().defaultNow(),
    updatedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.requestId],
      foreignColumns: [dataRequest.organizationId, dataRequest.id],
    }),
    // Of one kind there is one at a time to work on.
    uniqueIndex("letter_draft").on(t.organizationId, t.requestId, t.kind).where(sql`state = 'draft'`),
    index("letter_due").on(t.dueAt).where(sql`state = 'sending'`),
    index("letter_needed").on(t.neededBy).where(sql`needed_by is not null and state in ('draft', 'sending')`),
  ],
);

/** Append-only: a letter exactly as it went out, sealed under the evidence key of the request's person. */
export const sentLetter = pgTable(
  "sent_letter",
  {
    organizationId: organizationId(),
    letterId: uuid().notNull(),
    requestId: uuid().notNull(),
    kind: text().notNull(),
    language: text().notNull(),
    /** email, handed_over, post or other. */
    way: text().notNull(),
    sentAt: instant().notNull(),
    recordedAt: instant().notNull().defaultNow(),
    actorKind: text().notNull(),
    actorId: text(),
    /** {subject, text, html, to, note} */
    sealed: bytes().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.letterId] }),
    foreignKey({
      columns: [t.organizationId, t.letterId],
      foreignColumns: [letter.organizationId, letter.id],
    }),
    index().on(t.organizationId, t.requestId),
  ],
);

/**
 * Thresholds that a request passed before it was answered, each once for each due date: an extension brings new ones. With
 * it the mail to the organization's data protection officer, until that was taken.
 */
export const requestWarning = pgTable(
  "request_warning",
  {
    organizationId: organizationId(),
    requestId: uuid().notNull(),
    /** answer, or letter: one that a step of the request rests on. */
    about: text().notNull(),
    dueAt: instant().notNull(),
    /** half, three_days, one_day or overdue. */
    warning: text().notNull(),
    at: instant().notNull().defaultNow(),
    /** Others were told of it; not of those that were passed together with a more urgent one. */
    isTold: boolean().notNull(),
    /** When the next attempt to mail it is due, or the one under way is taken for lost; null: there is none. */
    mailDueAt: instant(),
    mailAttempts: integer().notNull().default(0),
    mailedAt: instant(),
    mailFailure: text(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.requestId, t.about, t.dueAt, t.warning] }),
    foreignKey({
      columns: [t.organizationId, t.requestId],
      foreignColumns: [dataRequest.organizationId, dataRequest.id],
    }),
    index("request_warning_mail").on(t.mailDueAt).where(sql`mail_due_at is not null`),
  ],
);
