import { bigint, index, integer, jsonb, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";

/** Append-only. Who did what, when, to which record. Never personal data. Written by db/write.ts. */
export const auditEntry = pgTable(
  "audit_entry",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    at: instant().notNull().defaultNow(),
    action: text().notNull(),
    actorKind: text().notNull(),
    actorId: text(),
    entity: text().notNull(),
    requestId: text().notNull(),
    details: jsonb().notNull(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.id] }), index().on(t.organizationId, t.entity)],
);

/** What a request with an Idempotency-Key answered: ids and times, never personal data. Written by db/write.ts. */
export const idempotencyRecord = pgTable(
  "idempotency_record",
  {
    organizationId: organizationId(),
    key: text().notNull(),
    route: text().notNull(),
    bodyHash: bytes().notNull(),
    answer: jsonb().notNull(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [primaryKey({ name: "idempotency_record_pkey", columns: [t.organizationId, t.key] })],
);

/** How many turns somebody took of late: a keyed hash, never an address or a number. Written by db/rate-limit.ts. */
export const rateLimit = pgTable("rate_limit", {
  key: text().primaryKey(),
  points: integer().notNull(),
  /** Milliseconds since 1970: when counting begins anew. */
  expire: bigint({ mode: "number" }).notNull(),
});
