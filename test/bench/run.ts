import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { createClient } from "@redis/client";
import autocannon from "autocannon";
import { parseId } from "../../src/kernel/ids.ts";
import { loadMessages, loadSubjects } from "./load.ts";
import {
  type Measured,
  measured,
  measuredLatencies,
  measuredRuns,
  peakMb,
  resetPeak,
  rssMb,
} from "./measure.ts";
import { freePort, openSetting } from "./setting.ts";
import { startSteadyLoad } from "./steady-load.ts";

// Measures in one run on one machine, so that ratios mean something where absolute figures do not.
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    subjects: { type: "string" },
    messages: { type: "string", default: "100000" },
    connections: { type: "string", default: "128" },
    /** Numbers of subjects to measure checks and batches at, separated by commas; takes a while. */
    curve: { type: "string" },
    /** Parts to measure, separated by commas; left out: all. */
    only: { type: "string" },
  },
});
const seconds = options.quick ? 6 : 20;
const subjects = Number(options.subjects ?? (options.quick ? 100_000 : 1_000_000));
const messages = Number(options.messages);
const connections = Number(options.connections);
const batchLines = options.quick ? 40_000 : 1_000_000;
const only = options.only?.split(",");

const report: Record<string, Measured> = {};
const notes: string[] = [];
const setting = await openSetting();
try {
  await load(0, subjects);
  await part("floor", measureFloor);
  await part("check", measureCheck);
  await part("redis", measureRedis);
  await part("batch", () => measureLines("/v1/checks/batch", batchLines));
  await part("preview", () => measureLines("/v1/checks/preview", batchLines));
  await part("consents", measureConsents);
  await part("import", measureImport);
  await part("steady", measureSteady);
  await part("restart", measureRestart);
  await part("archive", measureArchive);
  if (options.curve) await measureCurve(options.curve.split(",").map(Number));
  await print();
} finally {
  await setting.close();
}
process.exit(0);

async function part(name: string, measure: () => Promise<Measured | undefined>): Promise<void> {
  if (only !== undefined && !only.includes(name)) return;
  say(`${name} …`);
  const result = await measure();
  if (result !== undefined) report[name] = result;
}

async function load(from: number, to: number): Promise<void> {
  say(`Loading subjects with consents, up to ${to} …`);
  await loadSubjects(setting.composed.ownerUrl, setting.ctx, {
    from,
    to,
    collectionPointId: parseId("cpt", setting.collectionPointId) ?? "",
  });
}

/** A check of somebody who said yes, spread over everybody. */
function checkOf(n: number, among = subjects): string {
  return JSON.stringify({
    sender: setting.senderId,
    recipient: { externalId: `bench-${Math.floor(n * 7_919) % among}` },
    channel: "whatsapp",
    purpose: "promotions",
    message: { kind: "template", category: "marketing", template: { name: "sale", language: "en" } },
  });
}

/** Asks a server for as many checks as it answers. */
function ask(url: string, duration: number, among = subjects): Promise<autocannon.Result> {
  const bodies = Array.from({ length: 5_000 }, (_, n) => checkOf(n, among));
  let clients = 0;
  return autocannon({
    url,
    connections,
    duration,
    method: "POST",
    headers: headers(),
    // Each connection has requests of its own: given all of them, every connection would prepare all of them first.
    setupClient: (client) => {
      const place = clients++ % connections;
      const share = bodies.filter((_, n) => n % connections === place);
      client.setRequests(share.map((body) => ({ method: "POST", path: "/v1/checks", body })));
    },
  });
}

function headers() {
  return { authorization: `Bearer ${setting.key}`, "content-type": "application/json" };
}

async function measureFloor(): Promise<Measured> {
  const floor = await setting.startServer("./floor.ts");
  await ask(floor.url, 2);
  const result = await measured(await ask(floor.url, seconds), floor.process);
  await floor.stop();
  return result;
}

async function measureCheck(): Promise<Measured> {
  const allowed = await setting.api<{ decision: string }>("POST", "/v1/checks", JSON.parse(checkOf(0)));
  if (allowed.decision !== "allow")
    throw new Error("The bench's check is not allowed; it would measure the wrong thing.");
  await ask(setting.base, 3);
  const before = await decisions();
  const result = await ask(setting.base, seconds);
  const recorded = (await decisions()) - before;
  if (recorded < result["2xx"])
    throw new Error(`${result["2xx"]} answers, only ${recorded} decisions recorded.`);
  return measured(result, setting.service);
}

async function decisions(): Promise<number> {
  const rows = await setting.composed.services.db.statement(
    (sql) => sql<{ n: number }[]>`select count(*)::int as n from decision`,
  );
  return rows[0]?.n ?? 0;
}

/** The same route on sets in Redis, as it is and with one row recorded in PostgreSQL for each check. */
async function measureRedis(): Promise<Measured | undefined> {
  const port = await freePort();
  const redis = spawn(
    "redis-server",
    ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", setting.dataDir],
    {
      stdio: "ignore",
    },
  );
  if (
    !(await Promise.race([once(redis, "spawn").then(() => true), once(redis, "error").then(() => false)]))
  ) {
    notes.push("redis: there is no redis-server on this machine, so nothing was compared.");
    return undefined;
  }
  setting.started.push(redis);
  await listening(port);
  const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
  for (let start = 0; start < subjects; start += 10_000) {
    const names = Array.from({ length: Math.min(10_000, subjects - start) }, (_, i) => `bench-${start + i}`);
    await client.sAdd("consent:promotions", names);
  }
  await client.close();
  const measureWith = async (env: Record<string, string>) => {
    const server = await setting.startServer("./redis-check.ts", { REDIS_PORT: `${port}`, ...env });
    await ask(server.url, 2);
    const result = await measured(await ask(server.url, seconds), server.process);
    await server.stop();
    return result;
  };
  const plain = await measureWith({});
  report.redisRow = await measureWith({ DATABASE_URL: setting.composed.ownerUrl });
  redis.kill("SIGTERM");
  await once(redis, "exit");
  return plain;
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const socket = connect(port, "127.0.0.1");
    const isUp = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("Redis did not start.");
}

/** Sends so many checks as lines, in one request, and reads the answer as it comes. */
async function measureLines(path: string, lines: number, among = subjects): Promise<Measured> {
  const send = async (count: number) => {
    const from = performance.now();
    const answer = await fetch(`${setting.base}${path}`, {
      method: "POST",
      headers: { ...headers(), "content-type": "application/x-ndjson" },
      body: ReadableStream.from(linesOf(count, among)),
      duplex: "half",
    });
    if (!answer.ok || answer.body === null)
      throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    let answered = 0;
    let text = "";
    for await (const piece of answer.body) {
      for (const byte of piece) if (byte === 10) answered += 1;
      if (path.endsWith("/preview")) text += Buffer.from(piece).toString();
    }
    if (text !== "") answered = (JSON.parse(text) as { allowed: number }).allowed;
    if (answered !== count) throw new Error(`${path}: ${answered} of ${count} were answered or allowed.`);
    return (performance.now() - from) / 1000;
  };
  await send(Math.min(lines / 10, 20_000));
  await resetPeak(setting.service);
  return measuredRuns([await send(lines)], lines, setting.service);
}

function* linesOf(count: number, among: number): Generator<Uint8Array> {
  for (let start = 0; start < count; start += 200) {
    const size = Math.min(200, count - start);
    yield Buffer.from(`${Array.from({ length: size }, (_, i) => checkOf(start + i, among)).join("\n")}\n`);
  }
}

/** Yeses of people who are new. */
async function measureConsents(): Promise<Measured> {
  let n = 0;
  const occurredAt = new Date().toISOString();
  const result = await autocannon({
    url: setting.base,
    connections,
    duration: seconds,
    method: "POST",
    headers: headers(),
    requests: [
      {
        method: "POST",
        path: "/v1/consents",
        setupRequest: (request) => {
          n += 1;
          return {
            ...request,
            body: JSON.stringify({
              subject: { externalId: `new-${n}` },
              channel: "whatsapp",
              purpose: "promotions",
              state: "given",
              provenance: {
                collectionPointId: setting.collectionPointId,
                version: 1,
                indication: "ticked",
                occurredAt,
              },
            }),
          };
        },
      },
    ],
  });
  return measured(result, setting.service);
}

/** Consents that were collected elsewhere, with full provenance, by the command, beside the running service. */
async function measureImport(): Promise<Measured> {
  const rows = options.quick ? 20_000 : 200_000;
  const [file, mapping] = [join(setting.dataDir, "base.csv"), join(setting.dataDir, "mapping.json")];
  const occurredAt = new Date().toISOString();
  const lines = Array.from(
    { length: rows },
    (_, n) =>
      `+7917${1_000_000 + n},${occurredAt},https://shop.example/checkout/${n},row ${n} of the old system`,
  );
  await writeFile(file, `phone,occurredAt,pageUrl,evidence\n${lines.join("\n")}\n`);
  const constants = {
    purpose: "promotions",
    collectionPointId: setting.collectionPointId,
    version: "1",
    indication: "ticked",
    language: "en",
  };
  await writeFile(mapping, JSON.stringify({ constants }));
  const command = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
  const from = performance.now();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [command, "consent", "import", file, "--mapping", mapping, "--json"],
    { env: { ...process.env, SAYSO_DATA_DIR: setting.dataDir, LOG_LEVEL: "silent" } },
  );
  const { imported } = JSON.parse(stdout) as { imported: number };
  if (imported !== rows) throw new Error(`${imported} of ${rows} consents were imported.`);
  const taken = (performance.now() - from) / 1000;
  await Promise.all([rm(file), rm(mapping)]);
  return measuredRuns([taken], rows, setting.service);
}

/** 1,000 checks a second and the redeeming of every permit, sent whether or not earlier ones were answered. */
async function measureSteady(): Promise<Measured> {
  const bodies = Array.from({ length: 5_000 }, (_, n) => checkOf(n));
  let n = 0;
  const result = await autocannon({
    url: setting.base,
    connections: 64,
    duration: seconds,
    overallRate: 2_000,
    headers: headers(),
    requests: [
      {
        method: "POST",
        path: "/v1/checks",
        setupRequest: (request) => ({ ...request, body: bodies[n++ % bodies.length] ?? "" }),
        onResponse: (_status, body, context) => {
          const { permit } = JSON.parse(body) as { permit?: { id: string } };
          Object.assign(context, { permit: permit?.id });
        },
      },
      {
        method: "POST",
        body: "{}",
        setupRequest: (request, context) => {
          const { permit } = context as { permit?: string };
          return { ...request, path: `/v1/permits/${permit}/redeem` };
        },
      },
    ],
  });
  return measured(result, setting.service);
}

/** The same beside another process of the service, which is stopped and started again meanwhile, for a client that retries. */
async function measureRestart(): Promise<Measured> {
  let second = await setting.startService();
  const load = startSteadyLoad(() => [setting.base, second.url], checkOf, headers());
  await delay(seconds * 500);
  await second.stop();
  second = await setting.startService();
  await delay(seconds * 500);
  const { answers, failures, latencies, elapsed } = await load.stop();
  await second.stop();
  if (failures > 0)
    throw new Error(`${failures} of ${answers} requests had no answer however often they were tried.`);
  notes.push(
    `restart: ${answers} checks and redeems were answered, those of the stopped process by the other one.`,
  );
  return measuredLatencies(latencies, elapsed, setting.service);
}

async function measureArchive(): Promise<Measured> {
  const { api } = setting;
  const { subjectId } = await api<{ subjectId: string }>("POST", "/v1/consents", {
    subject: { phone: "+12025550199" },
    channel: "whatsapp",
    purpose: "promotions",
    state: "given",
    provenance: {
      collectionPointId: setting.collectionPointId,
      version: 1,
      indication: "ticked",
      occurredAt: new Date().toISOString(),
    },
  });
  await loadMessages(setting.composed.ownerUrl, setting.ctx, {
    subjectId: parseId("sub", subjectId) ?? "",
    senderId: parseId("snd", setting.senderId) ?? "",
    count: messages,
  });
  const alone = await buildOf("access");
  // And once more while checks are asked for: how many of them are still answered?
  let answered = 0;
  const load = autocannon(
    {
      url: setting.base,
      connections: 4,
      duration: 600,
      method: "POST",
      headers: headers(),
      requests: [{ method: "POST", path: "/v1/checks", body: checkOf(1) }],
    },
    () => {},
  );
  load.on("response", (_client, status) => {
    if (status === 200) answered += 1;
  });
  const perSecondOver = async <Result>(work: () => Promise<Result>) => {
    const [count, from] = [answered, performance.now()];
    const result = await work();
    return { result, perSecond: ((answered - count) / (performance.now() - from)) * 1000 };
  };
  await delay(2_000);
  const before = await perSecondOver(() => delay(seconds * 500));
  const beside = await perSecondOver(() => buildOf("portability"));
  const after = await perSecondOver(() => delay(seconds * 500));
  load.stop();
  const ratio = beside.perSecond / ((before.perSecond + after.perSecond) / 2);
  notes.push(
    `archive of ${messages} messages: ${alone.seconds.toFixed(1)} s (wanted: under 5), peak ${alone.peak.toFixed(0)} MB, ${(alone.peak - alone.before).toFixed(0)} more than before (wanted: under 200)`,
    `archive beside checks: ${beside.result.seconds.toFixed(1)} s, peak ${beside.result.peak.toFixed(0)} MB; checks keep ${ratio.toFixed(2)} of their rate (wanted: at least 0.8)`,
  );
  const ms = alone.seconds * 1000;
  return { perSecond: messages / alone.seconds, p50Ms: ms, p99Ms: ms, rssMb: alone.peak };

  async function buildOf(kind: "access" | "portability") {
    const before = await rssMb(setting.service);
    await resetPeak(setting.service);
    const request = await api<{ id: string }>("POST", "/v1/data-requests", {
      subject: { subjectId },
      kind,
      regime: "gdpr",
      receivedAt: new Date().toISOString(),
      channel: "api",
      language: "en",
    });
    const from = performance.now();
    await api("POST", `/v1/data-requests/${request.id}/approve`, {
      identity: { method: "bench", note: "bench" },
    });
    for (;;) {
      const { status } = await api<{ status: string }>("GET", `/v1/data-requests/${request.id}`);
      if (status === "ready") break;
      if (performance.now() - from > 600_000) throw new Error("The archive was not built in ten minutes.");
      await delay(50);
    }
    return { seconds: (performance.now() - from) / 1000, before, peak: await peakMb(setting.service) };
  }
}

/** Checks and batches at growing numbers of subjects, each beside the floor of that moment. */
async function measureCurve(sizes: readonly number[]): Promise<void> {
  let loaded = subjects;
  for (const size of sizes) {
    if (size > loaded) await load(loaded, size);
    loaded = Math.max(loaded, size);
    const floor = await measureFloor();
    await ask(setting.base, 3, size);
    const check = await measured(await ask(setting.base, seconds, size), setting.service);
    report[`check${size}`] = check;
    const batch = await measureLines("/v1/checks/batch", 40_000, size);
    report[`batch${size}`] = batch;
    const [ofCheck, ofBatch] = [check, batch].map(({ perSecond }) =>
      (perSecond / floor.perSecond).toFixed(3),
    );
    notes.push(`${size} subjects: check / floor ${ofCheck}, batch / floor ${ofBatch}`);
  }
}

async function print(): Promise<void> {
  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  const ratio = (name: string, to: string) => {
    const [a, b] = [report[name], report[to]];
    return a === undefined || b === undefined ? undefined : a.perSecond / b.perSecond;
  };
  const ratios = {
    checkToFloor: ratio("check", "floor"),
    checkToRedis: ratio("check", "redis"),
    checkToRedisRow: ratio("check", "redisRow"),
    batchToFloor: ratio("batch", "floor"),
    previewToFloor: ratio("preview", "floor"),
  };
  if (options.json)
    await writeFile(
      options.json,
      `${JSON.stringify({ machine, subjects, connections, ...report, ratios, notes }, null, 2)}\n`,
    );
  say(
    `\n${machine.cpus} × ${machine.model}, ${machine.memoryGb} GiB, Node ${machine.node}, ${connections} connections, ${subjects} subjects`,
  );
  row("", "per second", "p50 ms", "p99 ms", "RSS MB");
  for (const [name, m] of Object.entries(report)) {
    row(name, m.perSecond.toFixed(0), m.p50Ms.toFixed(1), m.p99Ms.toFixed(1), m.rssMb.toFixed(0));
  }
  for (const [name, value, wanted] of [
    ["check / floor", ratios.checkToFloor, "at least 0.25"],
    ["check / Redis", ratios.checkToRedis, ""],
    ["check / Redis with a row", ratios.checkToRedisRow, "more than 1"],
    ["batch / floor", ratios.batchToFloor, "at least 0.63"],
    ["preview / floor", ratios.previewToFloor, "at least 1.56"],
  ] as const) {
    if (value !== undefined)
      say(`${name}: ${value.toFixed(3)}${wanted === "" ? "" : ` (wanted: ${wanted})`}`);
  }
  for (const note of notes) say(note);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function row(...cells: string[]): void {
  say(cells.map((cell) => cell.padStart(12)).join(""));
}
