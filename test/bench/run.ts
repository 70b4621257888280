import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import autocannon from "autocannon";
import { compose, createLogger } from "../../src/compose.ts";
import { readConfig } from "../../src/config.ts";
import { removeEmbeddedPostgres } from "../../src/db/embedded.ts";
import { createApiKey, firstOrganizationId } from "../../src/features/organization/index.ts";
import { parseId } from "../../src/kernel/ids.ts";
import { loadMessages, loadSubjects } from "./load.ts";

/** Measures in one run on one machine, so that ratios mean something where absolute figures do not. */
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    subjects: { type: "string", default: "100000" },
    messages: { type: "string", default: "100000" },
    connections: { type: "string", default: "128" },
  },
});
const seconds = options.quick ? 8 : 20;
const subjects = Number(options.subjects);
const messages = Number(options.messages);
const connections = Number(options.connections);

interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMb: number;
}

const dataDir = await mkdtemp(join(tmpdir(), "sayso-bench-"));
const config = readConfig({ SAYSO_DATA_DIR: dataDir, LOG_LEVEL: "silent" });
const composed = await compose(config, createLogger(config));
const started: ChildProcess[] = [];
try {
  const organizationId = await firstOrganizationId(composed.services.db);
  if (organizationId === undefined) throw new Error("There is no organization.");
  const ctx = await composed.contextFor(organizationId, { kind: "system" }, "bench");
  const { key } = await createApiKey(ctx, { name: "bench", scopes: ["all"] });

  const port = await freePort();
  const service = spawn(process.execPath, [fileURLToPath(new URL("../../dist/main.js", import.meta.url))], {
    env: { ...process.env, PORT: String(port), SAYSO_DATA_DIR: dataDir, LOG_LEVEL: "warn" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  started.push(service);
  const base = `http://127.0.0.1:${port}`;
  await ready(base, service);
  const api = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };

  const sender = await api<{ id: string }>("POST", "/v1/senders", {
    name: "Bench",
    phoneNumberId: "100000000000001",
    displayPhoneNumber: "+12025550100",
    wabaId: "200000000000001",
    platform: "whatsapp_cloud",
  });
  const point = await api<{ id: string }>("POST", "/v1/collection-points", {
    key: "bench",
    kind: "checkbox",
    name: "Bench",
    channels: ["whatsapp"],
    purposes: ["promotions"],
    language: "en",
    wording: "Yes, the bench may send me offers on WhatsApp.",
  });
  await api("POST", "/v1/templates", {
    wabaId: "200000000000001",
    name: "sale",
    language: "en",
    category: "marketing",
    status: "approved",
  });
  say(`Loading ${subjects} subjects with consents …`);
  await loadSubjects(composed.ownerUrl, ctx, {
    count: subjects,
    collectionPointId: parseId("cpt", point.id) ?? "",
  });

  const bodies = Array.from({ length: 5_000 }, (_, i) =>
    JSON.stringify({
      sender: sender.id,
      recipient: { externalId: `bench-${Math.floor((i * subjects) / 5_000)}` },
      channel: "whatsapp",
      purpose: "promotions",
      message: { kind: "template", category: "marketing", template: { name: "sale", language: "en" } },
    }),
  );
  // Each connection has requests of its own: given all of them, every connection would prepare all of them first.
  const asking = (url: string, duration: number, at: number): autocannon.Options => {
    let next = 0;
    return {
      url,
      connections: at,
      duration,
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      setupClient: (client) => {
        const share = bodies.filter((_, i) => i % at === next % at);
        next += 1;
        client.setRequests(share.map((body) => ({ method: "POST", path: "/v1/checks", body })));
      },
    };
  };
  const load = (url: string, duration: number) => autocannon(asking(url, duration, connections));

  const floorProcess = fork(fileURLToPath(new URL("./floor.ts", import.meta.url)), {
    execArgv: ["--import", "tsx"],
  });
  started.push(floorProcess);
  const [{ port: floorPort }] = (await once(floorProcess, "message")) as [{ port: number }];
  say("Measuring the floor …");
  await load(`http://127.0.0.1:${floorPort}`, 2);
  const floor = await measured(await load(`http://127.0.0.1:${floorPort}`, seconds), floorProcess);
  floorProcess.disconnect();

  say(`floor: ${floor.perSecond.toFixed(0)} per second`);
  say("Measuring checks, every one recorded …");
  const allowed = await api<{ decision: string }>("POST", "/v1/checks", JSON.parse(bodies[0] ?? "{}"));
  if (allowed.decision !== "allow")
    throw new Error("The bench's check is not allowed; it would measure the wrong thing.");
  await load(base, 3);
  const before = await count(composed);
  const result = await load(base, seconds);
  const check = await measured(result, service);
  say(`check / floor: ${(check.perSecond / floor.perSecond).toFixed(3)} (wanted: at least 0.12)`);
  const recorded = (await count(composed)) - before;
  if (recorded < result["2xx"])
    throw new Error(`${result["2xx"]} answers, only ${recorded} decisions recorded.`);

  say(`Building the archive of an account with ${messages} messages while checks go on …`);
  await api("PATCH", "/v1/organization", { country: "DE", timeZone: "Europe/Berlin" });
  const { subjectId } = await api<{ subjectId: string }>("POST", "/v1/consents", {
    subject: { phone: "+12025550199" },
    channel: "whatsapp",
    purpose: "promotions",
    state: "given",
    provenance: {
      collectionPointId: point.id,
      version: 1,
      indication: "ticked",
      occurredAt: new Date().toISOString(),
    },
  });
  await loadMessages(composed.ownerUrl, ctx, {
    subjectId: parseId("sub", subjectId) ?? "",
    senderId: parseId("snd", sender.id) ?? "",
    count: messages,
  });
  const idle = rssMb(await status(service));
  await resetPeak(service);
  const request = await api<{ id: string }>("POST", "/v1/data-requests", {
    subject: { subjectId },
    kind: "access",
    regime: "gdpr",
    receivedAt: new Date().toISOString(),
    channel: "api",
    language: "en",
  });
  const background = autocannon(asking(base, 600, 4), () => {});
  const from = performance.now();
  await api("POST", `/v1/data-requests/${request.id}/approve`, {
    identity: { method: "bench", note: "bench" },
  });
  for (;;) {
    const { status: state } = await api<{ status: string }>("GET", `/v1/data-requests/${request.id}`);
    if (state === "ready") break;
    if (performance.now() - from > 300_000) throw new Error("The archive was not built in five minutes.");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const archiveSeconds = (performance.now() - from) / 1000;
  const peak = peakMb(await status(service));
  background.stop();

  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  const report = {
    machine,
    subjects,
    floor,
    check,
    ratio: { checkToFloor: check.perSecond / floor.perSecond },
    archive: {
      messages,
      seconds: archiveSeconds,
      perSecond: messages / archiveSeconds,
      p50Ms: archiveSeconds * 1000,
      p99Ms: archiveSeconds * 1000,
      rssMb: peak,
      idleRssMb: idle,
    },
  };
  if (options.json) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  say(
    `\n${machine.cpus} × ${machine.model}, ${machine.memoryGb} GiB, Node ${machine.node}, ${connections} connections`,
  );
  row("", "per second", "p50 ms", "p99 ms", "RSS MB");
  for (const [name, m] of [
    ["floor", floor],
    ["check", check],
  ] as const) {
    row(name, m.perSecond.toFixed(0), m.p50Ms.toFixed(1), m.p99Ms.toFixed(1), m.rssMb.toFixed(0));
  }
  say(`check / floor: ${report.ratio.checkToFloor.toFixed(3)} (wanted: at least 0.12)`);
  say(
    `archive of ${messages} messages: ${archiveSeconds.toFixed(1)} s (wanted: under 10), peak ${peak.toFixed(0)} MB (wanted: under 250), idle before ${idle.toFixed(0)} MB`,
  );
} finally {
  for (const child of started) if (child.exitCode === null) child.kill("SIGTERM");
  await Promise.all(started.filter((child) => child.exitCode === null).map((child) => once(child, "exit")));
  await composed.close();
  await removeEmbeddedPostgres(dataDir);
  await rm(dataDir, { recursive: true, force: true });
}
process.exit(0);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function row(...cells: string[]): void {
  say(cells.map((cell) => cell.padStart(12)).join(""));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("No free port.");
  return address.port;
}

async function ready(base: string, service: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (service.exitCode !== null) throw new Error("The service did not start.");
    const answer = await fetch(`${base}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("The service did not get ready.");
}

async function count({ services }: typeof composed): Promise<number> {
  const rows = await services.db.statement(
    (sql) => sql<{ n: number }[]>`select count(*)::int as n from decision`,
  );
  return rows[0]?.n ?? 0;
}

async function measured(result: autocannon.Result, process: ChildProcess): Promise<Measured> {
  if (result.errors > 0)
    say(`${result.errors} errors of the load generator beside ${result["2xx"]} answers.`);
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} refusals, ${result.errors} errors.`);
  return {
    perSecond: result["2xx"] / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    rssMb: rssMb(await status(process)),
  };
}

function status(process: ChildProcess): Promise<string> {
  return readFile(`/proc/${process.pid}/status`, "utf8");
}

function rssMb(text: string): number {
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024;
}

function peakMb(text: string): number {
  return Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024;
}

/** Lets the kernel measure the peak from now on (Linux, proc(5): clear_refs). */
async function resetPeak(process: ChildProcess): Promise<void> {
  await writeFile(`/proc/${process.pid}/clear_refs`, "5").catch(() => {});
}
