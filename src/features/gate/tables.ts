import { sql } from "drizzle-orm";
import {
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

/** Append-only: every answer with the question, the facts it saw and every rule's result. `at` is the id's time. */
export const decision = pgTable(
  "decision",
  {
    organizationId: organizationId().references(() => organization.id),
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

/** Append-only: one message for each cause. */
export const causeUse = pgTable(
  "cause_use",
  {
    organizationId: organizationId(),
    kind: text().notNull(),
    causeId: uuid().notNull(),
    decisionId: uuid().notNull(),
    usedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.kind, t.causeId] }),
    index().on(t.organizationId, t.decisionId),
    foreignKey({
      columns: [t.organizationId, t.decisionId],
      foreignColumns: [decision.organizationId, decision.id],
    }),
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
    redeemedAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.decisionId] }),
    index().on(t.organizationId, t.subjectId, t.redeemedAt),
  ],
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
