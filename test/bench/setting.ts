import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { type Composed, compose, createLogger } from "../../src/compose.ts";
import { readConfig } from "../../src/config.ts";
import type { Context } from "../../src/context.ts";
import { removeEmbeddedPostgres } from "../../src/db/embedded.ts";
import { createApiKey, firstOrganizationId } from "../../src/features/organization/index.ts";

/** A service of its own as it really runs, on a database of its own, and a shop in it that may write to people. */
export interface Setting {
  readonly composed: Composed;
  readonly ctx: Context;
  readonly dataDir: string;
  readonly key: string;
  readonly base: string;
  readonly service: ChildProcess;
  readonly senderId: string;
  readonly collectionPointId: string;
  /** Asks the service. Throws for anything but a 2xx. */
  readonly api: <T>(method: string, path: string, body?: unknown) => Promise<T>;
  /** Starts another process of the service on the same database. */
  readonly startService: () => Promise<Server>;
  /** Starts a server of the bench's that says its port, and ends with it. */
  readonly startServer: (file: string, env?: Record<string, string>) => Promise<Server>;
  readonly started: ChildProcess[];
  close(): Promise<void>;
}

export interface Server {
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

export async function openSetting(): Promise<Setting> {
  const dataDir = await mkdtemp(join(tmpdir(), "sayso-bench-"));
  const config = readConfig({ SAYSO_DATA_DIR: dataDir, LOG_LEVEL: "silent" });
  const composed = await compose(config, createLogger(config));
  const started: ChildProcess[] = [];
  const close = async () => {
    for (const child of started) if (child.exitCode === null) child.kill("SIGTERM");
    await Promise.all(started.filter((child) => child.exitCode === null).map((child) => once(child, "exit")));
    await composed.close();
    await removeEmbeddedPostgres(dataDir);
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const organizationId = await firstOrganizationId(composed.services.db);
    if (organizationId === undefined) throw new Error("There is no organization.");
    const ctx = await composed.contextFor(organizationId, { kind: "system" }, "bench");
    const { key } = await createApiKey(ctx, { name: "bench", scopes: ["all"] });
    const startService = async (): Promise<Server> => {
      const port = await freePort();
      // As `npm start` does.
      const [, ...start] = packageJson.scripts.start.split(" ");
      const child = spawn(process.execPath, start, {
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
        env: { ...process.env, PORT: String(port), SAYSO_DATA_DIR: dataDir, LOG_LEVEL: "warn" },
        stdio: ["ignore", "ignore", "inherit"],
      });
      started.push(child);
      const url = `http://127.0.0.1:${port}`;
      await ready(url, child);
      const stop = async () => {
        child.kill("SIGTERM");
        await once(child, "exit");
      };
      return { url, process: child, stop };
    };
    const { url: base, process: service } = await startService();
    const api: Setting["api"] = async <T>(method: string, path: string, body?: unknown) => {
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
    return {
      ...(await openShop(api)),
      composed,
      ctx,
      dataDir,
      key,
      base,
      service,
      api,
      started,
      close,
      startService,
      startServer: async (file, env = {}) => {
        const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
          execArgv: ["--import", "tsx"],
          env: { ...process.env, ...env },
        });
        started.push(child);
        const [{ port: at }] = (await once(child, "message")) as [{ port: number }];
        const stop = async () => {
          child.disconnect();
          await once(child, "exit");
        };
        return { url: `http://127.0.0.1:${at}`, process: child, stop };
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openShop(api: Setting["api"]): Promise<Pick<Setting, "senderId" | "collectionPointId">> {
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
    wording: "Yes, the bench may send me offers on WhatsApp. I can stop at any time.",
    privacyNoticeUrl: "https://shop.example/privacy",
  });
  await api("POST", "/v1/templates", {
    wabaId: "200000000000001",
    name: "sale",
    language: "en",
    category: "marketing",
    status: "approved",
  });
  await api("PATCH", "/v1/organization", { country: "DE", timeZone: "Europe/Berlin" });
  return { senderId: sender.id, collectionPointId: point.id };
}

export async function freePort(): Promise<number> {
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
