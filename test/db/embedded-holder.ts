// A service in small: holds the embedded PostgreSQL of the folder it is given, says so, and lets go when told.
// Ctrl-C makes it ask the database one last question before it lets go.
import { createInterface } from "node:readline";
import postgres from "postgres";
import { holdEmbeddedPostgres } from "../../src/db/embedded.ts";

const say = (word: object): boolean => process.stdout.write(`${JSON.stringify(word)}\n`);

try {
  const held = await holdEmbeddedPostgres({ dataDir: process.argv[2] ?? "" });
  process.once("SIGINT", async () => {
    const sql = postgres(held.ownerUrl, { max: 1, onnotice: () => {} });
    const [row] = await sql`select 'answered' as last`;
    await sql.end();
    await held.release();
    say({ last: row?.last });
    process.exit(0);
  });
  createInterface({ input: process.stdin }).once("line", async () => {
    await held.release();
    say({ released: true });
    process.exit(0);
  });
  say({ ownerUrl: held.ownerUrl, applicationUrl: held.applicationUrl });
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
