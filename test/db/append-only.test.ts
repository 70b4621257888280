import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

/** The facts that nobody changes: the documented list. A table that joins it joins here. */
const appendOnly = [
  "audit_entry",
  "block_event",
  "cause_use",
  "collection_point_version",
  "complaint_breaker_event",
  "consent_event",
  "consent_import",
  "consent_import_batch",
  "decision",
  "hold_event",
  "identity_change",
  "inbound_message",
  "legacy_evidence",
  "message_status",
  "monitor_event",
  "opt_out_event",
  "opt_out_suspicion_event",
  "permit_outcome",
  "permit_redemption",
  "platform_preference_event",
  "policy_activation",
  "policy_version",
  "preference_event",
  "request_event",
  "sending_switch_event",
  "sent_letter",
];

let database: TestDatabase;
let owner: postgres.Sql;
let application: postgres.Sql;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = postgres(database.ownerUrl, { max: 1, onnotice: () => {} });
  application = postgres(database.applicationUrl, { max: 1, onnotice: () => {} });
  for (const table of appendOnly) await insertAnyRow(table);
});
afterAll(async () => {
  await Promise.all([owner.end(), application.end()]);
  await database.drop();
});

/** A row of whatever values: only that it is there matters, so ties to other tables and checks are cut first. */
async function insertAnyRow(table: string): Promise<void> {
  const ties = await owner<{ name: string; of: string }[]>`
    select conname as name, conrelid::regclass::text as of from pg_constraint
    where ${table}::regclass in (conrelid, confrelid) and contype in ('f', 'c')`;
  for (const { name, of } of ties) await owner`alter table ${owner(of)} drop constraint ${owner(name)}`;
  const columns = await owner<{ name: string; type: string }[]>`
    select attname as name, format_type(atttypid, null) as type from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and not attisdropped and attnotnull and not atthasdef`;
  const row = Object.fromEntries(columns.map(({ name, type }) => [name, anyValue(type)]));
  await owner`insert into ${owner(table)} ${owner(row)}`;
}

function anyValue(type: string): string {
  if (type === "uuid") return "01a20470-ae6e-7ddf-91d5-1f3f062e4810";
  if (type === "jsonb") return "{}";
  if (type.endsWith("[]")) return "{}";
  if (type.startsWith("timestamp")) return "2026-11-22T12:00:00Z";
  return "1";
}

test("exactly the documented tables are append-only", async () => {
  const guarded = await owner<{ name: string }[]>`
    select c.relname as name from pg_class c
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
      and exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'append_only' and t.tgenabled = 'O')
    order by 1`;
  expect(guarded.map(({ name }) => name)).toEqual(appendOnly);
});

describe.each(appendOnly)("%s", (table) => {
  test("refuses UPDATE, DELETE and TRUNCATE by its owner", async () => {
    const [column] = await owner<{ name: string }[]>`
      select attname as name from pg_attribute where attrelid = ${table}::regclass and attnum = 1`;
    const name = column?.name ?? "";
    for (const change of [
      owner`update ${owner(table)} set ${owner(name)} = ${owner(name)}`,
      owner`delete from ${owner(table)}`,
      owner`truncate ${owner(table)}`,
    ]) {
      await expect(change).rejects.toMatchObject({ code: "23001", message: expect.stringContaining(table) });
    }
    expect(await owner`select from ${owner(table)}`).toHaveLength(1);
  });

  test("lets the application add and read, and nothing else", async () => {
    const [rights] = await application`
      select has_table_privilege(${table}, 'select') as "select", has_table_privilege(${table}, 'insert') as "insert",
        has_table_privilege(${table}, 'update') or has_any_column_privilege(${table}, 'update') as "update",
        has_table_privilege(${table}, 'delete') as "delete", has_table_privilege(${table}, 'truncate') as "truncate"`;
    expect(rights).toEqual({ select: true, insert: true, update: false, delete: false, truncate: false });
    await expect(application`delete from ${application(table)}`).rejects.toMatchObject({ code: "42501" });
  });
});

test("the application's role owns nothing and may make nothing", async () => {
  const [row] = await application`
    select (select count(*)::int from pg_class where pg_get_userbyid(relowner) = current_user) as relations,
      (select count(*)::int from pg_proc where pg_get_userbyid(proowner) = current_user) as functions,
      (select count(*)::int from pg_namespace where pg_get_userbyid(nspowner) = current_user) as schemas,
      (select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb from pg_roles where rolname = current_user) as mighty,
      has_schema_privilege('public', 'create') as creates`;
  expect(row).toEqual({ relations: 0, functions: 0, schemas: 0, mighty: false, creates: false });
  for (const forbidden of [
    application`create table intruder (id int)`,
    application`alter table audit_entry disable trigger append_only`,
    application`drop trigger append_only on audit_entry`,
    application`create or replace function refuse_change() returns trigger language plpgsql as 'begin return new; end'`,
    application`set session_replication_role = replica`,
  ]) {
    await expect(forbidden).rejects.toMatchObject({ code: "42501" });
  }
});

test("the application queues jobs through its one function and cannot touch the worker's tables", async () => {
  await application`select queue_job('replay_unclaimed_updates', '{"phoneNumberId": "1"}'::json, 'replay:1')`;
  const jobs = await owner`select task_identifier, key from graphile_worker.jobs`;
  expect([...jobs]).toEqual([{ task_identifier: "replay_unclaimed_updates", key: "replay:1" }]);
  for (const forbidden of [
    application`select * from graphile_worker.jobs`,
    application`select * from graphile_worker._private_jobs`,
    application`delete from graphile_worker._private_jobs`,
    application`select graphile_worker.add_job('anything')`,
  ]) {
    await expect(forbidden).rejects.toMatchObject({ code: "42501" });
  }
});

test("every other table can be read and written by the application, none truncated", async () => {
  const rows = await application<{ name: string; writes: boolean; truncates: boolean }[]>`
    select c.relname as name, has_table_privilege(c.oid, 'truncate') as truncates,
      has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
        and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete') as writes
    from pg_class c
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace`;
  expect(rows.length).toBeGreaterThan(appendOnly.length);
  expect(rows.filter(({ truncates }) => truncates)).toEqual([]);
  expect(rows.filter(({ name, writes }) => writes === appendOnly.includes(name))).toEqual([]);
});
