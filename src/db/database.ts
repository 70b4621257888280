import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { arrayTypes } from "./array-types.ts";

export type Sql = postgres.Sql;
/** A piece of SQL with its parameters, to be put into a larger statement. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>;

export interface DatabaseOptions {
  readonly url: string;
  /** Connections for statements; typed reads have half as many of their own. */
  readonly connections?: number;
  /** How long one call may take before its outcome counts as unknown, in milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * One PostgreSQL, reached through two pools: tagged statements (prepared, fast) and drizzle (typed reads; it
 * alters the client it is given, so it has its own). There are no transactions: every call is one statement on
 * the wire, because a driver transaction whose backend dies loses or tears acknowledged writes.
 */
export interface Database {
  /** Runs one statement. Throws `unavailable`, or `outcome_unknown` when a write may or may not have happened. */
  statement<T>(run: (sql: Sql) => PromiseLike<T>): Promise<T>;
  /** Runs one statement that changes nothing. Throws `unavailable`. */
  look<T>(run: (sql: Sql) => PromiseLike<T>): Promise<T>;
  /** Runs one typed read. Throws `unavailable`. */
  read<T>(run: (db: PostgresJsDatabase) => PromiseLike<T>): Promise<T>;
  /**
   * Reads what one statement finds, however much that is: `rows` of it at a time, all as it was when the statement began.
   * Has a connection of its own for as long as that takes. Throws `unavailable`.
   */
  stream<T extends postgres.Row>(
    rows: number,
    run: (sql: Sql) => postgres.PendingQuery<T[]>,
  ): AsyncIterable<readonly T[]>;
  /** Waits for the calls under way, then closes every connection. */
  close(): Promise<void>;
}

/** Opens the pools; connects at the first call. */
export function openDatabase(options: DatabaseOptions): Database {
  const timeoutMs = options.timeoutMs ?? limits.statementTimeoutMs;
  const connections = options.connections ?? 10;
  const statements = new Pool(() => connect(options.url, connections, timeoutMs), timeoutMs);
  const reads = new Pool(() => {
    const client = connect(options.url, Math.max(2, Math.ceil(connections / 2)), timeoutMs);
    return Object.assign(client, { typed: drizzle(client, { casing: "snake_case" }) });
  }, timeoutMs);
  return {
    statement: (run) => statements.call(run, "outcome_unknown"),
    look: (run) => statements.call(run, "unavailable"),
    read: (run) => reads.call((client) => run(client.typed), "unavailable"),
    stream: (rows, run) => streamRows(() => connect(options.url, 1, timeoutMs, 0), rows, run),
    close: async () => {
      await Promise.all([statements.close(), reads.close()]);
    },
  };
}

async function* streamRows<T extends postgres.Row>(
  open: () => Sql,
  rows: number,
  run: (sql: Sql) => postgres.PendingQuery<T[]>,
): AsyncGenerator<readonly T[]> {
  const client = open();
  try {
    for await (const page of run(client).cursor(rows)) yield page;
  } catch (error) {
    throw translate(error, "unavailable");
  } finally {
    await client.end({ timeout: 1 });
  }
}

function connect(url: string, max: number, timeoutMs: number, statementMs = timeoutMs): Sql {
  return postgres(url, {
    max,
    idle_timeout: 60,
    connect_timeout: Math.ceil(timeoutMs / 1000),
    onnotice: () => {},
    // The driver would wait up to 20 seconds between its attempts: calls while the database is lost answer at once
    // instead, and the first one after it came back finds it.
    backoff: false,
    transform: { undefined: null },
    // Asking the server for its array types at every connection ends the process when the backend dies meanwhile:
    // postgres.js leaves that rejection unhandled.
    fetch_types: false,
    types: arrayTypes,
    connection: {
      application_name: "sayso",
      TimeZone: "UTC",
      statement_timeout: statementMs,
      lock_timeout: Math.ceil(timeoutMs / 2),
    },
  });
}

/** A client and how many calls are under way on it. */
interface Lease<C> {
  readonly client: C;
  calls: number;
}

/**
 * Calls through a client that is replaced when a connection was lost or gave no answer: after backend deaths
 * postgres.js loses connections of its pool for good. Calls under way on the old client finish, then it is closed.
 */
class Pool<C extends Sql> {
  private readonly make: () => C;
  private readonly timeoutMs: number;
  /** The current one, and replaced ones until the calls on them are done. */
  private readonly leases = new Set<Lease<C>>();
  private current: Lease<C>;

  constructor(make: () => C, timeoutMs: number) {
    this.make = make;
    // The server's own statement_timeout comes first and frees the connection; this one is for a lost answer.
    this.timeoutMs = timeoutMs + 2_000;
    this.current = this.open();
  }

  async call<T>(run: (client: C) => PromiseLike<T>, lost: "outcome_unknown" | "unavailable"): Promise<T> {
    const lease = this.take();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new DatabaseTimeout()), this.timeoutMs);
    });
    try {
      return await Promise.race([run(lease.client), timeout]);
    } catch (error) {
      if (isLost(error)) this.replace(lease);
      throw translate(error, lost);
    } finally {
      clearTimeout(timer);
      this.give(lease);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.leases].map((lease) => lease.client.end({ timeout: 10 })));
  }

  private open(): Lease<C> {
    const lease = { client: this.make(), calls: 0 };
    this.leases.add(lease);
    return lease;
  }

  private replace(lease: Lease<C>): void {
    if (lease === this.current) this.current = this.open();
  }

  private take(): Lease<C> {
    this.current.calls += 1;
    return this.current;
  }

  private give(lease: Lease<C>): void {
    lease.calls -= 1;
    if (lease.calls > 0 || lease === this.current) return;
    this.leases.delete(lease);
    lease.client.end({ timeout: 1 }).catch(() => {});
  }
}

class DatabaseTimeout extends Error {
  override readonly name = "DatabaseTimeout";
}

/** No connection, so no statement was sent: nobody listens, no such address or database, no room, no leave. */
const neverReached = new Set([
  "ECONNREFUSED",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "CONNECT_TIMEOUT",
  "57P03",
  "53300",
  "3D000",
  "28000",
  "28P01",
]);
/** The server refused the statement whole and nothing was done: statement_timeout, read-only, disk or memory full. */
const refusedWhole = new Set(["57014", "25006", "53100", "53200", "53400"]);
const lostOnTheWay = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "57P01",
  "57P02",
  "57P05",
]);

/** The driver's error: drizzle wraps it. */
function driverError(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}

/** Whether the connection or the answer was lost on the way. */
function isLost(error: unknown): boolean {
  const cause = driverError(error);
  const code = errorCode(cause);
  return (
    cause instanceof DatabaseTimeout ||
    (code !== undefined && (lostOnTheWay.has(code) || code.startsWith("08")))
  );
}

function translate(error: unknown, lost: "outcome_unknown" | "unavailable"): unknown {
  const cause = driverError(error);
  const code = errorCode(cause);
  if (code !== undefined && (neverReached.has(code) || refusedWhole.has(code))) return unavailable(cause);
  if (code === "55P03") {
    return new SaysoError("in_progress", "Another request holds what this one needs. Ask again.", { cause });
  }
  // What the database's own guard says; see refuse_erased in the migrations.
  if (code === "SAY10") return new SaysoError("gone", "This person's data was erased.", { cause });
  if (!isLost(error)) return error;
  return lost === "unavailable"
    ? unavailable(cause)
    : new SaysoError(
        "outcome_unknown",
        "The database was lost while this was being written: it may or may not have happened. Send the same request again with the same Idempotency-Key.",
        { cause },
      );
}

function unavailable(cause: unknown): SaysoError {
  return new SaysoError("unavailable", "The database cannot be reached. Nothing was done; ask again.", {
    cause,
  });
}

/** The driver's or the server's code of an error (SQLSTATE, ECONNREFUSED …), when it has one. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The unique constraint that a statement ran into, when that is why it failed. */
export function violatedUnique(error: unknown): string | undefined {
  if (errorCode(error) !== "23505" || typeof error !== "object" || error === null) return undefined;
  return "constraint_name" in error && typeof error.constraint_name === "string" ? error.constraint_name : "";
}
