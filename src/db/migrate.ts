import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import { Logger, runMigrations as migrateWorker } from "graphile-worker";
import postgres from "postgres";
import { errorCode } from "./database.ts";
import { makePartitions } from "./partitions.ts";

const folder = fileURLToPath(new URL("../../src/db/migrations", import.meta.url));
const silent = new Logger(() => () => {});
const migrationLock = 7_236_120_457;

/**
 * Brings the database up to this version and gives the application's role what it may do: it owns nothing,
 * reads everything, adds to append-only tables and changes only states. Several processes may call it at once;
 * they take turns under an advisory lock.
 */
export async function migrateDatabase(options: { ownerUrl: string; applicationUrl: string }): Promise<void> {
  const owner = postgres(options.ownerUrl, { max: 1, onnotice: () => {} });
  const application = postgres(options.applicationUrl, { max: 1, onnotice: () => {} });
  try {
    await owner`select pg_advisory_lock(${migrationLock})`;
    await migrateWorker({ connectionString: options.ownerUrl, logger: silent });
    await migrate(drizzle(owner), { migrationsFolder: folder });
    await makePartitions(owner);
    const [who] = await application<{ role: string }[]>`select current_user::text as role`;
    const [self] = await owner<{ role: string }[]>`select current_user::text as role`;
    if (who !== undefined && self !== undefined && who.role !== self.role) await grant(owner, who.role);
  } finally {
    // Ending the session gives the lock back.
    await Promise.all([owner.end(), application.end()]);
  }
}

async function grant(owner: postgres.Sql, role: string): Promise<void> {
  const tables = await owner<{ name: string; appendOnly: boolean }[]>`
    select c.relname::text as name, exists (
      select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'append_only') as "appendOnly"
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`;
  await owner`grant usage on schema public to ${owner(role)}`;
  await owner`grant execute on all functions in schema public to ${owner(role)}`;
  for (const { name, appendOnly } of tables) {
    const rights = appendOnly ? owner`select, insert` : owner`select, insert, update, delete`;
    await owner`grant ${rights} on ${owner(name)} to ${owner(role)}`;
  }
}

/**
 * Refuses a database that may forget what it acknowledged: Sayso's answers rest on fsync, full_page_writes and
 * synchronous_commit being on. Throws an Error that says which setting to change.
 */
export async function assertDurable(url: string): Promise<void> {
  const client = postgres(url, { max: 1 });
  try {
    for (const name of ["fsync", "full_page_writes", "synchronous_commit"]) {
      const [row] = await client<{ setting: string }[]>`select current_setting(${name}) as setting`.catch(
        (cause: unknown) => {
          throw new Error(
            `The database cannot be reached (${errorCode(cause) ?? "no code"}). See that it runs and that DATABASE_URL names it, with a role that may sign in.`,
            { cause },
          );
        },
      );
      if (row?.setting === "off") {
        throw new Error(
          `The database has ${name} = off: it could lose a recorded no. Set it to on and start again.`,
        );
      }
    }
  } finally {
    await client.end();
  }
}
