import postgres from "postgres";
import { inject } from "vitest";
import { errorCode } from "../../src/db/database.ts";

/** A migrated database of a test file's own. */
export interface TestDatabase {
  readonly ownerUrl: string;
  readonly applicationUrl: string;
  drop(): Promise<void>;
}

/** Clones the run's migrated template (about 70 ms). Drop it when the file is done; the run drops what is left. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = inject("testServer");
  const name = `${server.template}_${process.pid}_${++made}`;
  await administer(
    server.ownerUrl,
    (sql) => sql`create database ${sql(name)} template ${sql(server.template)}`,
  );
  return {
    ownerUrl: withDatabase(server.ownerUrl, name),
    applicationUrl: withDatabase(server.applicationUrl, name),
    drop: () => dropTestDatabase({ ...server, name }),
  };
}

let made = 0;

/** Drops a database together with what is still connected to it. */
export async function dropTestDatabase(database: {
  ownerUrl: string;
  applicationUrl: string;
  name: string;
}): Promise<void> {
  const { name } = database;
  for (let tries = 1; ; tries += 1) {
    // Only a role's own members may end its connections, so the application ends those of the application.
    await administer(
      database.applicationUrl,
      (sql) => sql`
        select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name} and usename = current_user`,
    );
    try {
      await administer(database.ownerUrl, (sql) => sql`drop database if exists ${sql(name)} with (force)`);
      return;
    } catch (error) {
      // A pool that was not closed may have connected again in between.
      if (tries === 5 || errorCode(error) !== "42501") throw error;
    }
  }
}

/** Runs one statement on a connection of its own. */
export async function administer<T>(url: string, run: (sql: postgres.Sql) => PromiseLike<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
}

/** The same server and role, another database. */
export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
