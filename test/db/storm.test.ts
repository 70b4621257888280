import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Context } from "../../src/context.ts";
import { type Database, openDatabase } from "../../src/db/database.ts";
import { registerSender } from "../../src/features/organization/manage-senders.ts";
import { SaysoError } from "../../src/kernel/errors.ts";
import { formatId, parseId } from "../../src/kernel/ids.ts";
import { administer } from "../support/database.ts";
import { startTestService, type TestService } from "../support/service.ts";

const stormSeconds = Number(process.env.SAYSO_TEST_STORM_SECONDS ?? 4);
const connections = 10;

let service: TestService;
let db: Database;
const uncaught: unknown[] = [];
const note = (error: unknown) => void uncaught.push(error);

beforeAll(async () => {
  service = await startTestService();
  db = openDatabase({ url: service.database.applicationUrl, connections, timeoutMs: 5_000 });
  process.on("uncaughtExceptionMonitor", note);
  process.on("unhandledRejection", note);
});

afterAll(async () => {
  process.off("uncaughtExceptionMonitor", note);
  process.off("unhandledRejection", note);
  await db.close();
  await service.close();
});

/** One request that is sent, with one key, until it is acknowledged; or once, when it is not to be retried. */
interface Request {
  readonly number: number;
  readonly retried: boolean;
  acknowledged?: string;
}

test("while backends are killed, what was acknowledged is there once, nothing is torn, and the pool is whole afterwards", {
  timeout: (stormSeconds + 60) * 1000,
}, async () => {
  const shop = await service.organization();
  const base: Context = { ...(await shop.context()), services: { ...service.services, db } };
  const requests: Request[] = [];
  const codes = new Map<string, number>();
  let kills = 0;
  let isStorming = true;

  async function send(request: Request): Promise<void> {
    const ctx: Context = {
      ...base,
      idempotency: { key: `storm-${request.number}`, route: "POST /v1/senders", bodyHash: Buffer.alloc(32) },
    };
    do {
      try {
        request.acknowledged = (await registerSender(ctx, senderInput(request.number))).id;
      } catch (error) {
        const code = error instanceof SaysoError ? error.code : String(error);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    } while (request.retried && request.acknowledged === undefined);
  }

  async function caller(): Promise<void> {
    while (isStorming) {
      const request = { number: requests.length, retried: requests.length % 2 === 0 };
      requests.push(request);
      await send(request);
    }
  }

  const callers = Array.from({ length: connections * 2 }, caller);
  // The application's role may end its own backends, and nobody else's.
  const killer = postgres(service.database.applicationUrl, {
    max: 1,
    connection: { application_name: "killer" },
  });
  const end = performance.now() + stormSeconds * 1000;
  for (let round = 0; performance.now() < end; round += 1) {
    const most = round % 20 === 19 ? connections : 1;
    const killed = await killer`
        select pg_terminate_backend(pid) from (
          select pid from pg_stat_activity
          where datname = current_database() and application_name = 'sayso' order by random() limit ${most}) a`;
    kills += killed.length;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  isStorming = false;
  await Promise.all(callers);
  await killer.end();

  const traces = await administer(
    service.database.ownerUrl,
    (sql) => sql<{ number: number; senders: string[]; records: number; jobs: number }[]>`
        select n.number, array(select s.id::text from sender s where s.phone_number_id = n.number::text) as senders,
          (select count(*)::int from idempotency_record r where r.key = 'storm-' || n.number) as records,
          (select count(*)::int from graphile_worker.jobs j where j.key = 'replay:' || n.number) as jobs
        from generate_series(0, ${requests.length - 1}::int) n(number)`,
  );
  const audits = await administer(
    service.database.ownerUrl,
    (sql) => sql<{ entity: string }[]>`
        select entity from audit_entry where action = 'sender.registered' order by entity`,
  );
  const lost = requests.filter(({ number, acknowledged }) => {
    const there = traces[number]?.senders ?? [];
    return acknowledged !== undefined && !there.includes(parseId("snd", acknowledged) ?? "");
  });
  const torn = traces.filter(({ senders, records, jobs }) => {
    const counts = [senders.length, records, jobs];
    return !counts.every((count) => count === 0) && !counts.every((count) => count === 1);
  });
  const registered = traces.flatMap(({ senders }) => senders.map((id) => formatId("snd", id))).sort();
  const acknowledged = requests.filter((request) => request.acknowledged !== undefined);
  console.log(
    `storm: ${stormSeconds} s, ${kills} backends killed, ${acknowledged.length} of ${requests.length} acknowledged,`,
    Object.fromEntries(codes),
  );
  expect(lost).toEqual([]);
  expect(torn).toEqual([]);
  expect(audits.map(({ entity }) => entity)).toEqual(registered);
  expect(uncaught).toEqual([]);
  expect(requests.filter((request) => request.retried && request.acknowledged === undefined)).toEqual([]);
  expect([...codes.keys()].filter((code) => !["outcome_unknown", "unavailable"].includes(code))).toEqual([]);
  expect(codes.get("outcome_unknown")).toBeGreaterThan(0);
  expect(acknowledged.length).toBeGreaterThan(0);
  expect(kills).toBeGreaterThan(0);
  expect(await usableConnections()).toBe(connections);
});

function senderInput(number: number) {
  return {
    name: "Storm",
    phoneNumberId: `${number}`,
    displayPhoneNumber: "+12025550100",
    wabaId: "1",
    platform: "whatsapp_cloud",
  };
}

/** How many statements of the pool run at the same time: each waits for a lock until all that can have come. */
async function usableConnections(): Promise<number> {
  const gate = postgres(service.database.ownerUrl, { max: 1 });
  await gate`select pg_advisory_lock(42)`;
  const waiting = Array.from({ length: connections }, () =>
    db.statement((sql) => sql`select pg_advisory_lock_shared(42), pg_advisory_unlock_shared(42)`),
  );
  let isOver = false;
  const over = Promise.allSettled(waiting).then(() => {
    isOver = true;
  });
  let most = 0;
  // When not all of them come, they are over as soon as the server's lock_timeout ends those that did.
  while (most < connections && !isOver) {
    const [row] = await gate<{ count: number }[]>`
      select count(*)::int from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`;
    most = Math.max(most, row?.count ?? 0);
  }
  await gate.end();
  await over;
  return most;
}
