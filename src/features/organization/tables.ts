import { sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, instant, organizationId } from "../../db/columns.ts";

/** One row: what this installation was made with. */
export const installation = pgTable(
  "installation",
  {
    id: smallint().primaryKey().default(1),
    /** Opens only under the right master key; a mismatch refuses to start. */
    masterKeyCheck: bytes().notNull(),
    /** Ed25519, raw 32 bytes; signs archives. The private half is sealed under the master key. */
    signingPublicKey: bytes().notNull(),
    signingPrivateKey: bytes().notNull(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [check("installation_is_one", sql`${t.id} = 1`)],
);

export const organization = pgTable("organization", {
  id: uuid().primaryKey(),
  name: text().notNull(),
  /** The organization that this one is the sandbox of; null: it is a live one. */
  sandboxOf: uuid()
    .unique()
    .references((): AnyPgColumn => organization.id),
  country: text(),
  timeZone: text(),
  language: text().notNull().default("en"),
  /** { name, contact } of the data protection officer. */
  dpo: jsonb(),
  /** { name, url } of the authority that people can complain to. */
  supervisoryAuthority: jsonb(),
  /** What Article 15 wants told beside the data: recipients, retention, source, automatedDecisions. */
  notice: jsonb(),
  /** Two people must approve before anything of a data request leaves or is changed. */
  fourEyes: boolean().notNull().default(false),
  /** Laws that rest on others' accounts and are switched on deliberately. */
  secondaryRegimes: text().array().notNull().default([]),
  /** For how many days its backups of the database are kept; null: it has not said. */
  backupDays: integer(),
  /** Keys of its own, wrapped by the master key. */
  lookupKey: bytes().notNull(),
  dataKey: bytes().notNull(),
  createdAt: instant().notNull().defaultNow(),
});

export const sender = pgTable(
  "sender",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    name: text().notNull(),
    /** Unique among live ones: a webhook names nothing else. */
    phoneNumberId: text().notNull(),
    /** It is a sandbox's: no webhook is for it. */
    isSandbox: boolean().notNull().default(false),
    displayPhoneNumber: text().notNull(),
    /** Keyed hash of its own number: a sender never writes to itself. */
    numberHash: bytes().notNull(),
    wabaId: text().notNull(),
    platform: text().notNull(),
    /** What the platform restricted, by cause: {ban: {state, until, at}}. Nothing in it: active. */
    restrictions: jsonb().notNull().default({}),
    /** The business portfolio that its WhatsApp Business Account belongs to, where staff said so. */
    portfolioId: text(),
    /**
     * How many people its portfolio may write to first in 24 hours, as platform or staff said last; null: not known, or
     * as many as it likes (then there is a time).
     */
    messagingLimit: integer(),
    messagingLimitAt: instant(),
    /** `red` when the platform flagged the number, `green` when it took that back; null: it said nothing. */
    quality: text(),
    qualityAt: instant(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    index().on(t.wabaId),
    unique().on(t.organizationId, t.phoneNumberId),
    uniqueIndex("sender_of_webhooks").on(t.phoneNumberId).where(sql`not is_sandbox`),
  ],
);

export const purpose = pgTable(
  "purpose",
  {
    organizationId: organizationId().references(() => organization.id),
    key: text().notNull(),
    name: text().notNull(),
    description: text().notNull(),
    category: text().notNull(),
    lawfulBasis: text().notNull(),
    validityDays: integer(),
    doubleOptIn: boolean().notNull().default(false),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.key] }),
    check("marketing_is_on_consent", sql`${t.category} <> 'marketing' or ${t.lawfulBasis} = 'consent'`),
  ],
);

/** API keys: random, shown once, kept as SHA-256. At most two of one name live, so that they can be rotated. */
export const apiKey = pgTable(
  "api_key",
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    name: text().notNull(),
    slot: smallint().notNull(),
    sha256: bytes().notNull().unique(),
    scopes: text().array().notNull(),
    expiresAt: instant(),
    revokedAt: instant(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({ columns: [t.organizationId], foreignColumns: [organization.id] }),
    uniqueIndex("api_key_live_slot").on(t.organizationId, t.name, t.slot).where(sql`revoked_at is null`),
    check("api_key_slot", sql`${t.slot} in (1, 2)`),
    unique("api_key_id").on(t.id),
  ],
);
