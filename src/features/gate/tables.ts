import { sql } from "drizzle-orm";
import {
  boolean,
  foreignKey,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { organization, purpose, sender } from "../organization/tables.ts";
import { subject } from "../subject/tables.ts";

/**
 * Append-only until its organization keeps it no more: every answer with the question, the facts it saw and every
 * rule's result. `at` is the id's time. Partitioned by month of the id (migration 0007), so a lookup by id looks into
 * one partition. No foreign key to the organization: it would be locked for every check.
 */
export const decision = pgTable(
  "decision",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    at: instant().notNull(),
    subjectId: uuid(),
    decision: text().notNull(),
    messageRef: text(),
    /** {question, facts, verdict}, no identifier of a person in it. Never searched, so kept as the text it is. */
    document: json().notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.id] }), index().on(t.organizationId, t.subjectId, t.at)],
);

/** Something that a person asked for and that a caller opened: for now a sign-in. */
export const cause = pgTable(
  "cause",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    kind: text().notNull(),
    /** Of everybody the recipient's identifiers name; a sign-in needs no known subject. */
    identifierHashes: bytes().array().notNull(),
    openedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index("cause_identifiers").using("gin", t.identifierHashes),
  ],
);

/**
 * Append-only: one message for each cause. Inserted with its decision and removed after it. No foreign key says so: with
 * one, dropping a month of decisions would look through every one of them while checks wait.
 */
export const causeUse = pgTable(
  "cause_use",
  {
    organizationId: organizationId(),
    kind: text().notNull(),
    causeId: uuid().notNull(),
    decisionId: uuid().notNull(),
    /** Null for a stranger. */
    subjectId: uuid(),
    usedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.kind, t.causeId] }),
    index().on(t.organizationId, t.decisionId),
    index().on(t.organizationId, t.subjectId, t.usedAt),
  ],
);

/** Append-only: policies as they were proposed. A version never changes, so a decision can be repeated under it. */
export const policyVersion = pgTable(
  "policy_version",
  {
    organizationId: organizationId().references(() => organization.id),
    version: integer().notNull(),
    /** With every default of its time filled in, so that a later default changes nothing that was decided. */
    document: json().notNull(),
    note: text(),
    createdAt: instant().notNull().defaultNow(),
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.version] })],
);

/** Append-only: every time a policy came into force. */
export const policyActivation = pgTable(
  "policy_activation",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    version: integer().notNull(),
    /** The version that it replaced; null: the built-in policy. */
    replaced: integer(),
    reason: text().notNull(),
    at: instant().notNull().defaultNow(),
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.version],
      foreignColumns: [policyVersion.organizationId, policyVersion.version],
    }),
  ],
);

/** State: the policy in force, as the activations add up to. No row: the built-in policy. */
export const activePolicy = pgTable(
  "active_policy",
  {
    organizationId: organizationId().primaryKey(),
    version: integer().notNull(),
    /** How far back its longest frequency cap looks; null: it has none, and nobody need count. */
    capHours: integer(),
    /** How many whole months decisions and inbound messages are kept; null: for ever. */
    decisionMonths: integer(),
    inboundMonths: integer(),
    /** Whether it has silenceMonths, onlyToPeopleWhoWrote and intakeSilenceHours: without them nobody need look. */
    watchesSilence: boolean().notNull().default(false),
    watchesSavedNumbers: boolean().notNull().default(false),
    watchesIntake: boolean().notNull().default(false),
    /** It has ceilings for senders, so that who they write to is counted. */
    hasCeilings: boolean().notNull().default(false),
    activatedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    foreignKey({
      columns: [t.organizationId, t.version],
      foreignColumns: [policyVersion.organizationId, policyVersion.version],
    }),
  ],
);

/**
 * A place that a permit holds under the frequency caps of one person. Given back when the permit runs out or sending
 * failed; kept (`until` is null) once the permit was redeemed.
 */
export const capSlot = pgTable(
  "cap_slot",
  {
    organizationId: organizationId(),
    decisionId: uuid().notNull(),
    subjectId: uuid().notNull(),
    at: instant().notNull(),
    category: text().notNull(),
    purpose: text().notNull(),
    /** A retry of the same message takes its slot over. */
    messageRef: text(),
    until: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.decisionId] }),
    foreignKey({
      columns: [t.organizationId, t.subjectId],
      foreignColumns: [subject.organizationId, subject.id],
    }),
    index().on(t.organizationId, t.subjectId, t.at),
  ],
);

/** Append-only: permits that were redeemed. A permit is its decision's and has the decision's uuid. */
export const permitRedemption = pgTable(
  "permit_redemption",
  {
    organizationId: organizationId(),
    decisionId: uuid().notNull(),
    /** Null for a stranger, who may be sent what they are asking for at this moment. */
    subjectId: uuid(),
    senderId: uuid(),
    category: text(),
    redeemedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.decisionId] }),
    index().on(t.organizationId, t.subjectId, t.redeemedAt),
    index("permit_redemption_marketing")
      .on(t.organizationId, t.senderId, t.redeemedAt)
      .where(sql`category = 'marketing'`),
  ],
);

/**
 * State: who was written to first of late, as the limits on senders count it. `counter` is what shares a limit: a
 * business portfolio or WhatsApp Business Account by the platform's id, or a sender by ours.
 */
export const reachedPerson = pgTable(
  "reached_person",
  {
    organizationId: organizationId(),
    counter: text().notNull(),
    /** A stranger, who asked for the message, has a uuid made of the identifier's hash. */
    subjectId: uuid().notNull(),
    lastAt: instant().notNull(),
    /** When a permit runs out that was not redeemed; null: the message went out, or may have. */
    until: instant(),
    /** Whose message it is alone that counts: when it fails, nobody was written to. Null: there are several. */
    decisionId: uuid(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.counter, t.subjectId] }),
    index().on(t.organizationId, t.counter, t.lastAt),
    index("reached_person_until").on(t.organizationId, t.counter, t.until).where(sql`until is not null`),
  ],
);

/** State: how many rows `reached_person` has for a counter, so that no check need count them. */
export const reachCount = pgTable(
  "reach_count",
  {
    organizationId: organizationId(),
    counter: text().notNull(),
    people: integer().notNull(),
    /** When the person who was written to longest ago stops counting, as of the last refresh. */
    leavesAt: instant(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.counter] })],
);

/** A stop to a sender's marketing: opened by the complaints about it, closed by staff. */
export const complaintBreaker = pgTable(
  "complaint_breaker",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    senderId: uuid().notNull(),
    /** Which of the policy's limits were passed. */
    causes: text().array().notNull(),
    /** What was counted: {from, sends, complaints, spamErrors, numberIsRed, redTemplates}. */
    counted: json().notNull(),
    policyVersion: text().notNull(),
    openedAt: instant().notNull().defaultNow(),
    closedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.senderId],
      foreignColumns: [sender.organizationId, sender.id],
    }),
    uniqueIndex("complaint_breaker_open").on(t.organizationId, t.senderId).where(sql`closed_at is null`),
  ],
);

/** Append-only: breakers opened and closed, with reason and author. */
export const complaintBreakerEvent = pgTable(
  "complaint_breaker_event",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    breakerId: uuid().notNull(),
    kind: text().notNull(),
    /** Staff's, when it was closed. */
    reason: text(),
    at: instant().notNull().defaultNow(),
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.id] }), index().on(t.organizationId, t.breakerId)],
);

/** Append-only: what senders said became of a message that they had a permit for. */
export const permitOutcome = pgTable(
  "permit_outcome",
  {
    organizationId: organizationId(),
    decisionId: uuid().notNull(),
    outcome: text().notNull(),
    /** The platform's id of the message. */
    messageId: text(),
    errorCode: integer(),
    at: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.decisionId, t.outcome] }),
    // Of sent and failed only one is true, whoever says so at the same time.
    uniqueIndex("permit_outcome_final").on(t.organizationId, t.decisionId).where(sql`outcome <> 'unknown'`),
    index().on(t.organizationId, t.messageId),
  ],
);

/** Append-only: switches pulled and released, with reason and author. */
export const sendingSwitchEvent = pgTable(
  "sending_switch_event",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    switchId: uuid().notNull(),
    kind: text().notNull(),
    reason: text().notNull(),
    at: instant().notNull().defaultNow(),
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.id] }), index().on(t.organizationId, t.switchId)],
);

/** Append-only: monitor modes started and ended, with reason and author. */
export const monitorEvent = pgTable(
  "monitor_event",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    monitorId: uuid().notNull(),
    kind: text().notNull(),
    reason: text().notNull(),
    at: instant().notNull().defaultNow(),
    actorKind: text().notNull(),
    actorId: text(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.id] }), index().on(t.organizationId, t.monitorId)],
);

/** Monitor modes of a sender and a purpose: for its first weeks most rules are watched and stop nothing. */
export const monitor = pgTable(
  "monitor",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    senderId: uuid().notNull(),
    purpose: text().notNull(),
    reason: text().notNull(),
    startedAt: instant().notNull().defaultNow(),
    /** When it is over by itself. */
    until: instant().notNull(),
    /** When staff ended it, or `until` once another one began. */
    endedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.senderId],
      foreignColumns: [sender.organizationId, sender.id],
    }),
    foreignKey({
      columns: [t.organizationId, t.purpose],
      foreignColumns: [purpose.organizationId, purpose.key],
    }),
    // One at a time; checks look here.
    uniqueIndex("monitor_running").on(t.organizationId, t.senderId, t.purpose).where(sql`ended_at is null`),
  ],
);

/** What staff have paused: a sender, a purpose or, with neither, the whole organization. */
export const sendingSwitch = pgTable(
  "sending_switch",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    senderId: uuid(),
    purpose: text(),
    reason: text().notNull(),
    pulledAt: instant().notNull().defaultNow(),
    releasedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.senderId],
      foreignColumns: [sender.organizationId, sender.id],
    }),
    foreignKey({
      columns: [t.organizationId, t.purpose],
      foreignColumns: [purpose.organizationId, purpose.key],
    }),
    index("sending_switch_pulled").on(t.organizationId).where(sql`released_at is null`),
  ],
);
