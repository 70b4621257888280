import { sql } from "drizzle-orm";
import { foreignKey, index, integer, jsonb, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { instant, organizationId } from "../../db/columns.ts";
import { organization } from "../organization/tables.ts";

/** Where an organization is told what happens. Never deleted, only disabled. Its secret is derived from its id. */
export const webhookEndpoint = pgTable(
  "webhook_endpoint",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    /** Null: somebody listens with `sayso webhook listen`. */
    url: text(),
    /** None: every type. */
    eventTypes: text().array().notNull(),
    description: text(),
    createdAt: instant().notNull().defaultNow(),
    /** Of a listener: without a sign of life it hears nothing after this. */
    listeningUntil: instant(),
    /** Who works it off has it until then; or it is left alone until then, since it did not answer. */
    claimedUntil: instant(),
    disabledAt: instant(),
    disabledReason: text(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index("webhook_endpoint_enabled").on(t.organizationId).where(sql`disabled_at is null`),
  ],
);

/**
 * What an endpoint is told: one row for each event, written in the event's own statement, and what became of it. The
 * event's id is the webhook-id, the same at every attempt. No foreign key to the endpoint: writes would lock its row.
 */
export const webhookDelivery = pgTable(
  "webhook_delivery",
  {
    organizationId: organizationId(),
    endpointId: uuid().notNull(),
    eventId: uuid().notNull(),
    type: text().notNull(),
    /** Ids and words of ours, no identifier of a person. */
    data: jsonb().notNull(),
    at: instant().notNull().defaultNow(),
    /** When the next attempt is due; while one is under way, when it is taken for lost. */
    dueAt: instant().notNull().defaultNow(),
    attempts: integer().notNull().default(0),
    deliveredAt: instant(),
    /** When it was given up: after three days. */
    failedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.endpointId, t.eventId] }),
    index("webhook_delivery_due")
      .on(t.endpointId, t.dueAt)
      .where(sql`delivered_at is null and failed_at is null`),
    index().on(t.at),
  ],
);

/** The delivery log: each attempt with what came of it. */
export const webhookAttempt = pgTable(
  "webhook_attempt",
  {
    organizationId: organizationId(),
    endpointId: uuid().notNull(),
    eventId: uuid().notNull(),
    attempt: integer().notNull(),
    at: instant().notNull().defaultNow(),
    /** The answer's status; null: there was none. */
    status: integer(),
    /** Why there was none: timeout, private_address, … */
    error: text(),
    durationMs: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.endpointId, t.eventId, t.attempt] }),
    foreignKey({
      columns: [t.organizationId, t.endpointId, t.eventId],
      foreignColumns: [webhookDelivery.organizationId, webhookDelivery.endpointId, webhookDelivery.eventId],
    }).onDelete("cascade"),
  ],
);
