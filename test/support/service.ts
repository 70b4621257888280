import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { buildApp } from "../../src/app.ts";
import { type Composed, compose } from "../../src/compose.ts";
import type { Config } from "../../src/config.ts";
import type { Context, Services } from "../../src/context.ts";
import { createApiKey, createOrganization } from "../../src/features/organization/index.ts";
import type { App } from "../../src/http/app.ts";
import type { Actor } from "../../src/kernel/actor.ts";
import { parseId } from "../../src/kernel/ids.ts";
import type { Scope } from "../../src/kernel/scopes.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";

/** The master key of every test service: several on one database must have the same. */
export const testMasterKey = Buffer.alloc(32, 0x5a);

export const testConfig: Config = {
  port: 0,
  host: "127.0.0.1",
  databaseUrl: undefined,
  databaseOwnerUrl: undefined,
  dataDir: "./data",
  masterKey: testMasterKey,
  publicUrl: "https://consent.shop.example",
  trustedProxies: [],
  whatsappAppSecrets: ["first-app-secret", "second-app-secret"],
  whatsappVerifyToken: "verify-token",
  whatsappForwardUrls: [],
  targets: { hosts: undefined, privateHosts: [] },
  mail: undefined,
  gateways: { whatsapp: undefined, sms: undefined },
  sources: undefined,
  opendsr: undefined,
  logLevel: "debug",
};

/** An answer, its JSON already read. `body` is empty when the answer is not JSON. */
export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly text: string;
  readonly bytes: Buffer;
}

/** What is sent beside method and path. A string or bytes go out as they are, anything else as JSON. */
export interface Sent {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where requests go: into the app itself, or to a process over HTTP. */
type Transport = (path: string, init: RequestInit) => Promise<Response>;

/** Sends requests with one API key, or with none. */
export class Client {
  protected readonly transport: Transport;
  readonly key: string | undefined;

  constructor(transport: Transport, key?: string) {
    this.transport = transport;
    this.key = key;
  }

  get<B = Record<string, unknown>>(path: string, headers?: Sent["headers"]) {
    return this.send<B>("GET", path, { ...(headers && { headers }) });
  }

  post<B = Record<string, unknown>>(path: string, body?: unknown, headers?: Sent["headers"]) {
    return this.send<B>("POST", path, { body, ...(headers && { headers }) });
  }

  put<B = Record<string, unknown>>(path: string, body?: unknown, headers?: Sent["headers"]) {
    return this.send<B>("PUT", path, { body, ...(headers && { headers }) });
  }

  patch<B = Record<string, unknown>>(path: string, body?: unknown, headers?: Sent["headers"]) {
    return this.send<B>("PATCH", path, { body, ...(headers && { headers }) });
  }

  async send<B = Record<string, unknown>>(
    method: string,
    path: string,
    { body, headers }: Sent = {},
  ): Promise<Answer<B>> {
    const response = await this.transport(path, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(this.key === undefined ? {} : { authorization: `Bearer ${this.key}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: written(body) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const text = bytes.toString("utf8");
    const isJson = /[/+]json\b/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : {}) as B,
      text,
      bytes,
    };
  }
}

function written(body: unknown): string | Uint8Array {
  return typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
}

/** An organization of a test's own, seen through one of its API keys. */
export class OrganizationClient extends Client {
  /** `org_…` */
  readonly id: string;
  private readonly service: TestService;

  constructor(service: TestService, transport: Transport, id: string, key: string) {
    super(transport, key);
    this.service = service;
    this.id = id;
  }

  /** The same organization through a key with these scopes only. */
  async limitedTo(...scopes: Scope[]): Promise<OrganizationClient> {
    const { key } = await this.service.apiKey(this.id, scopes);
    return new OrganizationClient(this.service, this.transport, this.id, key);
  }

  /** The same key, answered by another process. */
  through(process: { readonly transport: Transport }): OrganizationClient {
    return new OrganizationClient(this.service, process.transport, this.id, this.key ?? "");
  }

  /** The context that a use case or a store of this organization is called with directly. */
  context(actor: Actor = { kind: "staff", id: "stf_test" }): Promise<Context> {
    return this.service.composed.contextFor(parseId("org", this.id) ?? "", actor, "test-request");
  }

  /** Registers a sender with a phoneNumberId of its own and answers with it. */
  async sender(
    input: object = {},
  ): Promise<{ id: string; phoneNumberId: string; wabaId: string; name: string }> {
    const number = this.service.nextNumber();
    const answer = await this.post<{ id: string; phoneNumberId: string; wabaId: string; name: string }>(
      "/v1/senders",
      {
        name: "Shop",
        phoneNumberId: `1065403522${number}`,
        displayPhoneNumber: "+12025550100",
        wabaId: `1022901293${number}`,
        platform: "whatsapp_cloud",
        ...input,
      },
    );
    if (answer.status !== 201) throw new Error(`The sender was not registered: ${answer.text}`);
    return answer.body;
  }
}

export interface TestServiceOptions {
  /** Another service's database; without it the service has one of its own and drops it at the end. */
  readonly database?: TestDatabase;
  readonly config?: Partial<Config>;
}

/** The real service on a real database: the app is called directly, without a port. */
export interface TestService {
  readonly database: TestDatabase;
  readonly composed: Composed;
  readonly services: Services;
  readonly app: App;
  /** Sends requests without an API key. */
  readonly anonymous: Client;
  /** Every log line so far, as the JSON text that was written, without redaction. */
  readonly log: readonly string[];
  /** Stops the process's clock (`Services.now`) at an instant; undefined lets it run again. The database's runs on. */
  setNow(now: Date | undefined): void;
  /** A new organization and a client with a key of these scopes (`all` without any). */
  organization(options?: { scopes?: readonly Scope[]; name?: string }): Promise<OrganizationClient>;
  /** A new key of an organization (`org_…`). */
  apiKey(organizationId: string, scopes: readonly Scope[]): Promise<{ id: string; key: string }>;
  /** A number that nobody had before in this service, six digits. */
  nextNumber(): string;
  /** Starts a second service on the same database in a process of its own that listens on a free port. */
  startProcess(): Promise<ServiceProcess>;
  close(): Promise<void>;
}

/** A service in a process of its own. Use it through `organization.through(process)`. */
export interface ServiceProcess {
  readonly url: string;
  readonly transport: Transport;
  /** What it wrote to its standard output: the real log lines. */
  output(): string;
  /** What it wrote to its standard error: nothing, as long as all is well. */
  complaint(): string;
  readonly pid: number;
  /** Asks it to stop and waits until it ended. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
}

/**
 * Starts the service: `beforeAll(async () => { service = await startTestService() })`,
 * `afterAll(() => service.close())`, and in each test `const shop = await service.organization()`.
 */
export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const database = options.database ?? (await createTestDatabase());
  const config: Config = {
    ...testConfig,
    databaseUrl: database.applicationUrl,
    databaseOwnerUrl: database.ownerUrl,
    ...options.config,
  };
  const log: string[] = [];
  const real = await compose(
    config,
    pino({ level: config.logLevel, base: null }, { write: (line: string) => void log.push(line) }),
  );
  let now: Date | undefined;
  const services: Services = { ...real.services, now: () => now ?? real.services.now() };
  const composed: Composed = {
    ...real,
    services,
    contextFor: async (...who) => ({ ...(await real.contextFor(...who)), services }),
  };
  const app = buildApp(composed, config);
  const transport: Transport = async (path, init) => app.request(path, init);
  const processes: ServiceProcess[] = [];
  let numbers = 100_000;

  const service: TestService = {
    database,
    composed,
    services,
    app,
    anonymous: new Client(transport),
    log,
    setNow: (instant) => {
      now = instant;
    },
    organization: async ({ scopes = ["all" as const], name = "Shop" } = {}) => {
      const made = await createOrganization(services, { kind: "system" }, { name });
      const { key } = await service.apiKey(made.id, scopes);
      return new OrganizationClient(service, transport, made.id, key);
    },
    apiKey: async (organizationId, scopes) => {
      const ctx = await composed.contextFor(
        parseId("org", organizationId) ?? "",
        { kind: "staff", id: "stf_test" },
        "test-request",
      );
      numbers += 1;
      return createApiKey(ctx, { name: `test ${numbers}`, scopes });
    },
    nextNumber: () => {
      numbers += 1;
      return `${numbers}`;
    },
    startProcess: async () => {
      const process = await startServiceProcess(config);
      processes.push(process);
      return process;
    },
    close: async () => {
      await Promise.all(processes.map((process) => process.stop()));
      await real.close();
      if (options.database === undefined) await database.drop();
    },
  };
  return service;
}

const mainFile = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

async function startServiceProcess(config: Config): Promise<ServiceProcess> {
  const child = spawn(process.execPath, ["--import", "tsx", mainFile], {
    env: {
      ...process.env,
      PORT: "0",
      DATABASE_URL: config.databaseUrl,
      DATABASE_OWNER_URL: config.databaseOwnerUrl,
      SAYSO_MASTER_KEY: config.masterKey?.toString("base64"),
      PUBLIC_URL: config.publicUrl,
      TRUSTED_PROXIES: config.trustedProxies.join(","),
      WHATSAPP_APP_SECRET: config.whatsappAppSecrets.join(","),
      WHATSAPP_VERIFY_TOKEN: config.whatsappVerifyToken,
      WHATSAPP_FORWARD_URL: config.whatsappForwardUrls.map((url) => url ?? "").join(","),
      OUTGOING_HOSTS: config.targets.hosts?.join(","),
      OUTGOING_PRIVATE_HOSTS: config.targets.privateHosts.join(","),
      SMTP_URL: config.mail?.url,
      MAIL_FROM: config.mail?.from,
      WHATSAPP_SEND_URL: config.gateways.whatsapp?.url,
      WHATSAPP_SEND_TOKEN: config.gateways.whatsapp?.token,
      WHATSAPP_SEND_PHONE_NUMBER_ID: config.gateways.whatsapp?.phoneNumberId,
      WHATSAPP_CODE_TEMPLATE: config.gateways.whatsapp?.codeTemplate,
      SMS_URL: config.gateways.sms?.url,
      SMS_TOKEN: config.gateways.sms?.token,
      SAYSO_SOURCES: config.sources?.path,
      ...config.sources?.variables,
      LOG_LEVEL: config.logLevel,
    },
  });
  let output = "";
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const ended = once(child, "exit");
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const ready = /^\{.*"url":"([^"]+)".*"msg":"ready"\}$/m.exec(output)?.[1];
      if (ready !== undefined) resolve(ready);
    });
    ended.then(() => reject(new Error(`The service ended at once: ${output}${complaint}`)), reject);
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  return {
    url,
    transport: (path, init) => fetch(new URL(path, url), init),
    output: () => output,
    complaint: () => complaint,
    pid: child.pid ?? 0,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}
