import { foreignKey, index, integer, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";
import { dataRequest } from "../datarequest/tables.ts";
import { organization } from "../organization/tables.ts";

/**
 * What somebody asked for at the public page: nobody's word but that of whoever typed it, until a code that went to the
 * address is given back. Then a request is opened. One that nobody proves is gone after a day.
 */
export const requestClaim = pgTable(
  "request_claim",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    /** Whom it is about and what is asked for, under a key of the organization; gone once the request is open. */
    sealed: bytes(),
    /** What the status page is found by: the reference itself is stored nowhere. */
    referenceSha256: bytes().notNull().unique(),
    createdAt: instant().notNull().defaultNow(),
    provenAt: instant(),
    /** The request that was opened, or that this one joined. */
    requestId: uuid(),
    /** Why the request could not be opened (yet). */
    problem: text(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.requestId],
      foreignColumns: [dataRequest.organizationId, dataRequest.id],
    }),
    index().on(t.createdAt),
  ],
);

/**
 * A code that went to an address, to show that whoever asks has it. The code is derived from the id and stored nowhere;
 * rows live for a day, and are counted by address.
 */
export const identityCode = pgTable(
  "identity_code",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    claimId: uuid().notNull(),
    /** Keyed hash of the address, under a key of its own: for counting, and no way to find anybody. */
    addressHash: bytes().notNull(),
    createdAt: instant().notNull().defaultNow(),
    expiresAt: instant().notNull(),
    triesLeft: integer().notNull(),
    /** When it was given back rightly; then it is used up. */
    usedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      columns: [t.organizationId, t.claimId],
      foreignColumns: [requestClaim.organizationId, requestClaim.id],
    }).onDelete("cascade"),
    index().on(t.organizationId, t.addressHash, t.createdAt),
    index().on(t.organizationId, t.claimId, t.createdAt),
  ],
);
