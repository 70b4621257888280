import { RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import type { Services } from "../context.ts";
import { SaysoError } from "../kernel/errors.ts";
import { deriveKey, keyedHash } from "../kernel/seal.ts";
import type { Database } from "./database.ts";

/** How many turns somebody has within how many seconds from their first one. */
export interface TurnLimit {
  readonly points: number;
  readonly seconds: number;
}

/** Limiters of a database by their use: what one has refused it remembers, and asks the database no more. */
const limiters = new WeakMap<Database, Map<string, RateLimiterPostgres>>();

/**
 * Takes one of the turns that `key` (an address, an identifier's hash) has for a use; all processes count together. The
 * database is told a keyed hash only. Throws `too_many_requests`, with the time to wait, when none is left.
 */
export async function takeTurn(
  services: Services,
  use: string,
  key: string,
  limit: TurnLimit,
): Promise<void> {
  const hash = keyedHash(deriveKey(services.masterKey, "rate_limit"), `${use}:${key}`).toString("base64url");
  try {
    await limiterOf(services.db, use, limit).consume(hash);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    throw new SaysoError("too_many_requests", "Too many requests just now. Wait, then try again.", {
      retryAfterSeconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)),
    });
  }
}

function limiterOf(db: Database, use: string, { points, seconds }: TurnLimit): RateLimiterPostgres {
  const ofDatabase = limiters.get(db) ?? new Map<string, RateLimiterPostgres>();
  limiters.set(db, ofDatabase);
  const known = ofDatabase.get(use);
  if (known !== undefined) return known;
  const made = new RateLimiterPostgres({
    storeClient: {
      query: async ({ text, values }: { text: string; values: (string | number | null)[] }) => {
        const rows = await db.statement((sql) => sql.unsafe(text, values, { prepare: true }));
        return { rows, rowCount: rows.count };
      },
    },
    storeType: "client",
    tableName: "rate_limit",
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix: use,
    points,
    duration: seconds,
    inMemoryBlockOnConsumed: points + 1,
  });
  ofDatabase.set(use, made);
  return made;
}

/** Forgets turns whose time is over. Answers how many. */
export async function dropPastTurns({ db, now }: Services): Promise<number> {
  const dropped = await db.statement(
    (sql) => sql`delete from rate_limit where expire < ${now().getTime()}::bigint`,
  );
  return dropped.count;
}
