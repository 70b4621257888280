import { administer, type TestDatabase } from "./database.ts";

/** What every table holds: how many rows, and a sum over all of them that any change of any value changes. */
export type Contents = Readonly<Record<string, { readonly rows: number; readonly sum: string }>>;

/** Reads every table of ours, and the queue of background work, as the database's owner. */
export async function contentsOf(database: TestDatabase): Promise<Contents> {
  return administer(database.ownerUrl, async (sql) => {
    const tables = await sql<{ schema: string; name: string }[]>`
      select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and not c.relispartition
        and (n.nspname = 'public' or (n.nspname, c.relname) = ('graphile_worker', '_private_jobs')) order by 1, 2`;
    const contents: Record<string, { rows: number; sum: string }> = {};
    for (const { schema, name } of tables) {
      const [row] = await sql<{ rows: number; sum: string }[]>`
        select count(*)::int as rows, md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as sum
        from ${sql(schema)}.${sql(name)} t`;
      if (row !== undefined) contents[name] = { rows: row.rows, sum: row.sum };
    }
    if (Object.keys(contents).length < 20) throw new Error("These are not all tables.");
    return contents;
  });
}

/** The same without some tables. */
export function without(contents: Contents, ...names: readonly string[]): Contents {
  return Object.fromEntries(Object.entries(contents).filter(([name]) => !names.includes(name)));
}

/** Everything that every table holds, as text, in which a test looks for what must not be there. */
export async function everythingIn(database: TestDatabase): Promise<string> {
  return administer(database.ownerUrl, async (sql) => {
    const tables = await sql<{ schema: string; name: string }[]>`
      select schemaname as schema, tablename as name from pg_tables where schemaname in ('public', 'graphile_worker')`;
    const texts: string[] = [];
    for (const { schema, name } of tables) {
      // Bytes are read as text too, and as they are written in hex.
      const rows = await sql<{ row: string }[]>`
        select t::text as row from ${sql(schema)}.${sql(name)} t`;
      for (const { row } of rows) {
        texts.push(row);
        for (const [, hex] of row.matchAll(/\\x([0-9a-f]+)/g)) {
          texts.push(Buffer.from(hex ?? "", "hex").toString("latin1"));
        }
      }
    }
    return texts.join("\n");
  });
}
