import type { Logger } from "pino";
import type { Database } from "./db/database.ts";
import type { SourceBook } from "./features/accountdata/index.ts";
import type { Actor } from "./kernel/actor.ts";
import type { Gateways } from "./kernel/gateways.ts";
import type { IdPrefix } from "./kernel/ids.ts";
import type { Key } from "./kernel/seal.ts";
import type { TargetRules } from "./kernel/target.ts";
import type { Metrics } from "./metrics.ts";

/** What compose.ts builds once for the process and hands to everything. */
export interface Services {
  readonly db: Database;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The process's clock. Decisions use the database's. */
  readonly now: () => Date;
  /** A new uuid (version 7) for an id of this kind. */
  readonly newId: (prefix: IdPrefix) => string;
  /** Wraps organizations' and subjects' keys. */
  readonly masterKey: Key;
  /** Where people reach the service, without a slash at the end: opt-out and delivery links start with it. */
  readonly publicUrl: string;
  /** What webhooks may be sent to. */
  readonly targets: TargetRules;
  /** Where account data is read beside what is pushed. */
  readonly sources: SourceBook;
  /** Undefined: no mail server is configured. */
  readonly sendMail: SendMail | undefined;
  /** Where short messages to phones are handed over. */
  readonly gateways: Gateways;
}

/** A mail to one person, as plain text and as HTML. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Of a mail that may be handed over twice: the same both times, so that a reader's program shows it once. */
  readonly id?: string;
}

/**
 * Hands a mail over to the mail server. Throws `conflict` when that refused it for good, and `unavailable` when it did not
 * take it now.
 */
export type SendMail = (mail: Mail) => Promise<void>;

/**
 * An organization's own keys, unwrapped, and whether they are a sandbox's. They never change: another lookup key would
 * make every block vanish.
 */
export interface OrganizationKeys {
  /** Finds identifiers: HMAC-SHA-256 of their canonical form. */
  readonly lookup: Key;
  /** Seals what belongs to the organization and no single person. */
  readonly data: Key;
  /** The organization is another one's sandbox: for tests, with nothing and nobody of the other's in it. */
  readonly isSandbox: boolean;
}

/** On whose behalf a use case runs. */
export interface Context {
  readonly services: Services;
  readonly organizationId: string;
  readonly keys: OrganizationKeys;
  readonly actor: Actor;
  readonly requestId: string;
  /** Present when the caller sent an Idempotency-Key. */
  readonly idempotency?: Idempotency | undefined;
}

/** One request that may come again: the caller's key, the route, and a keyed hash of the body. */
export interface Idempotency {
  readonly key: string;
  readonly route: string;
  readonly bodyHash: Buffer;
}
