import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compose } from "../../src/compose.ts";
import type { Config } from "../../src/config.ts";
import { assertDurable, migrateDatabase } from "../../src/db/migrate.ts";
import { administer, createTestDatabase, type TestDatabase, withDatabase } from "../support/database.ts";
import { startTestService, testConfig } from "../support/service.ts";

const silent = pino({ level: "silent" });
let database: TestDatabase;
let config: Config;

beforeAll(async () => {
  database = await createTestDatabase();
  config = { ...testConfig, databaseUrl: database.applicationUrl, databaseOwnerUrl: database.ownerUrl };
});
afterAll(() => database.drop());

test("a wrong master key refuses to start, says what to set, and leaves no connection behind", async () => {
  const right = await compose(config, silent);
  await right.close();
  const wrong = compose({ ...config, masterKey: randomBytes(32) }, silent);
  await expect(wrong).rejects.toThrow(/^SAYSO_MASTER_KEY is not the key that this database was made with\./);
  const connections = () =>
    administer(
      database.ownerUrl,
      (sql) => sql`
        select from pg_stat_activity where datname = current_database() and application_name = 'sayso'`,
    );
  await expect.poll(connections).toHaveLength(0);
  const rightAgain = await compose(config, silent);
  await rightAgain.close();
});

test.each(["synchronous_commit"])("a database with %s off refuses to start and says so", async (setting) => {
  const name = new URL(database.ownerUrl).pathname.slice(1);
  await administer(database.ownerUrl, (sql) => sql.unsafe(`alter database "${name}" set ${setting} = off`));
  try {
    await expect(compose(config, silent)).rejects.toThrow(`The database has ${setting} = off`);
  } finally {
    await administer(database.ownerUrl, (sql) => sql.unsafe(`alter database "${name}" reset ${setting}`));
  }
  await assertDurable(database.applicationUrl);
});

test("a database that cannot be reached is said in a sentence that names the setting", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const address = taken.address();
  taken.close();
  await once(taken, "close");
  const url = new URL(database.applicationUrl);
  url.host = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  await expect(compose({ ...config, databaseUrl: url.href }, silent)).rejects.toThrow(
    /cannot be reached \(ECONNREFUSED\).*DATABASE_URL/,
  );
});

test("services that start together make one installation and one first organization", async () => {
  const fresh = await createTestDatabase();
  const services = await Promise.all([1, 2, 3, 4].map(() => startTestService({ database: fresh })));
  const [row] = await administer(
    fresh.ownerUrl,
    (sql) => sql`
      select (select count(*)::int from installation) as installations,
        (select count(*)::int from organization) as organizations, (select count(*)::int from purpose) as purposes`,
  );
  const keys = services.map(({ composed }) => composed.signingKey.publicKey.toString("hex"));
  await Promise.all(services.map((service) => service.close()));
  await fresh.drop();
  expect(row).toEqual({ installations: 1, organizations: 1, purposes: 4 });
  expect(new Set(keys).size).toBe(1);
});

test("processes that migrate an empty database together take turns and leave it whole", async () => {
  const name = `${new URL(database.ownerUrl).pathname.slice(1)}_empty`;
  const empty = {
    ownerUrl: withDatabase(database.ownerUrl, name),
    applicationUrl: withDatabase(database.applicationUrl, name),
  };
  await administer(database.ownerUrl, (sql) => sql`create database ${sql(name)}`);
  await Promise.all([1, 2, 3].map(() => migrateDatabase(empty)));
  const tables = (url: string) =>
    administer(
      url,
      (sql) => sql`
        select c.relname, c.relacl::text from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`,
    );
  const [made, template] = [await tables(empty.ownerUrl), await tables(database.ownerUrl)];
  await administer(database.ownerUrl, (sql) => sql`drop database ${sql(name)} with (force)`);
  expect(made.length).toBeGreaterThan(20);
  expect([...made]).toEqual([...template]);
});
