import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { is } from "drizzle-orm";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { retention } from "../../src/kernel/retention.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const features = fileURLToPath(new URL("../../src/features", import.meta.url));
const modules = await Promise.all(
  readdirSync(features)
    .map((feature) => path.join(features, feature, "tables.ts"))
    .filter((file) => existsSync(file))
    .map((file) => import(pathToFileURL(file).href) as Promise<Record<string, unknown>>),
);
const tables = modules
  .flatMap((exported) => Object.values(exported))
  .filter((exported): exported is PgTable => is(exported, PgTable))
  .map((table) => getTableConfig(table));

let database: TestDatabase;
let owner: postgres.Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = postgres(database.ownerUrl, { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  await owner.end();
  await database.drop();
});

const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** PostgreSQL cuts names off there. */
const cut = (name: string) => name.slice(0, 63);
const typeOf = (type: string) => type.replace(/^timestamp \(3\)/, "timestamp(3)");

it("every table is in one class of retention.json, or has nothing about a person in it", () => {
  const listed = [...retention.classes.flatMap((one) => one.tables), ...retention.ofNobody];
  expect(listed.toSorted()).toEqual(tables.map(({ name }) => name).toSorted());
});

it("every table of the code was read", () => {
  expect(tables.length).toBeGreaterThan(30);
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(["decision", "inbound_message"]));
});

describe.each(tables.map((table) => [table.name, table] as const))("%s", (name, table) => {
  it("has the columns that the code knows, of the same type", async () => {
    const columns = await owner<{ name: string; type: string; notNull: boolean; hasDefault: boolean }[]>`
      select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as "notNull", atthasdef as "hasDefault"
      from pg_attribute where attrelid = ${name}::regclass and attnum > 0 and not attisdropped order by attname`;
    expect([...columns]).toEqual(
      table.columns
        .map((column) => ({
          name: snake(column.name),
          type: typeOf(column.getSQLType()),
          notNull:
            column.notNull || column.primary || table.primaryKeys.some((key) => key.columns.includes(column)),
          hasDefault: column.hasDefault,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  });

  it("has the keys, indexes and ties to other tables that the code knows", async () => {
    const [found] = await owner<{ constraints: string[]; indexes: string[]; key: string[] }[]>`
      select
        array(select conname::text from pg_constraint where conrelid = ${name}::regclass and contype in ('f', 'c')) as constraints,
        array(select relname::text from pg_index i join pg_class c on c.oid = i.indexrelid
          where i.indrelid = ${name}::regclass and not i.indisprimary) as indexes,
        array(select a.attname::text from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
          where i.indrelid = ${name}::regclass and i.indisprimary) as key`;
    const [primary] = table.primaryKeys;
    const key = primary?.columns ?? table.columns.filter((column) => column.primary);
    expect(found?.key.toSorted()).toEqual(key.map((column) => snake(column.name)).sort());
    expect(found?.constraints).toHaveLength(table.foreignKeys.length + table.checks.length);
    expect(found?.indexes).toHaveLength(
      table.indexes.length +
        table.uniqueConstraints.length +
        table.columns.filter((column) => column.isUnique).length,
    );
    for (const { config } of table.indexes) {
      if (config.name !== undefined) expect(found?.indexes).toContain(cut(config.name));
    }
  });
});

it.each([
  ["decision", "RANGE (id)"],
  ["inbound_message", "RANGE (at)"],
])("%s is partitioned, each partition with the columns, keys and indexes of the whole", async (name, by) => {
  const shapeOf = (table: string) => owner`
    select array(select (attname, format_type(atttypid, atttypmod), attnotnull)::text from pg_attribute
        where attrelid = ${table}::regclass and attnum > 0 order by attnum) as columns,
      array(select replace(regexp_replace(pg_get_indexdef(indexrelid), ' INDEX .* ON \\S+ (\\S+ )?USING', ''), 'ONLY ', '')
        from pg_index where indrelid = ${table}::regclass order by 1) as indexes,
      array(select pg_get_constraintdef(oid) from pg_constraint
        where conrelid = ${table}::regclass and contype in ('p', 'f', 'u') order by 1) as constraints`;
  const [partitioned] = await owner<{ by: string; parts: string[] }[]>`
    select pg_get_partkeydef(${name}::regclass) as by, array(
      select inhrelid::regclass::text from pg_inherits where inhparent = ${name}::regclass order by 1) as parts`;
  expect(partitioned?.by).toBe(by);
  expect(partitioned?.parts.length).toBeGreaterThan(3);
  const [whole] = await shapeOf(name);
  for (const part of partitioned?.parts ?? [])
    expect([part, ...(await shapeOf(part))]).toEqual([part, whole]);
});
