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
  uuid,
} from "drizzle-orm/pg-core";
import { instant, organizationId } from "../../db/columns.ts";
import { organization, sender } from "../organization/tables.ts";

export const collectionPoint = pgTable(
  "collection_point",
  {
    organizationId: organizationId().references(() => organization.id),
    id: uuid().notNull(),
    key: text().notNull(),
    kind: text().notNull(),
    name: text().notNull(),
    /** Names the point to people, who hold no API key: random, so that nobody finds a point by guessing. */
    publicKey: uuid().notNull().defaultRandom(),
    /** Sites whose pages may show it in place (RFC 6454 origins). */
    origins: text().array().notNull().default([]),
    /** The chat that people may start instead, and what they write first there. */
    chatSenderId: uuid(),
    chatText: text(),
    /** Whether those words, sent, are a yes to what the point asks for; and further words that are. */
    chatGivesConsent: boolean().notNull().default(false),
    keywords: text().array().notNull().default([]),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    unique("collection_point_key").on(t.organizationId, t.key),
    unique("collection_point_public_key").on(t.publicKey),
    index("collection_point_hears").on(t.organizationId).where(sql`chat_gives_consent or keywords <> '{}'`),
    foreignKey({
      columns: [t.organizationId, t.chatSenderId],
      foreignColumns: [sender.organizationId, sender.id],
      name: "collection_point_chat_sender",
    }),
  ],
);

/** Append-only: the wording of a version never changes and stays readable for ever. */
export const collectionPointVersion = pgTable(
  "collection_point_version",
  {
    organizationId: organizationId(),
    collectionPointId: uuid().notNull(),
    version: integer().notNull(),
    channels: text().array().notNull(),
    purposes: text().array().notNull(),
    language: text().notNull(),
    wording: text().notNull(),
    wordingSha256: text().notNull(),
    privacyNoticeUrl: text(),
    /** Separate boxes, each with a wording and purposes of its own; null: one box with those of the version. */
    boxes:
      jsonb().$type<
        readonly { wording: string; wordingSha256: string; purposes: readonly string[]; required: boolean }[]
      >(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.collectionPointId, t.version] }),
    foreignKey({
      columns: [t.organizationId, t.collectionPointId],
      foreignColumns: [collectionPoint.organizationId, collectionPoint.id],
    }),
  ],
);

/** Every release of the widget that was ever handed out, by its SHA-256 in hex: a site that pinned one gets it for ever. */
export const widgetRelease = pgTable("widget_release", {
  sha256: text().primaryKey(),
  source: text().notNull(),
  createdAt: instant().notNull().defaultNow(),
});

/** A capture token proves the yes of one person: whose it was first used for. */
export const captureTokenUse = pgTable(
  "capture_token_use",
  {
    organizationId: organizationId().references(() => organization.id),
    tokenId: uuid().notNull(),
    subjectId: uuid().notNull(),
    usedAt: instant().notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.organizationId, t.tokenId] })],
);
