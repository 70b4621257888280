import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { toUUID, typeidUnboxed } from "typeid-js";
import type { Config } from "./config.ts";
import type { Context, OrganizationKeys, SendMail, Services } from "./context.ts";
import { type Database, openDatabase } from "./db/database.ts";
import { holdEmbeddedPostgres } from "./db/embedded.ts";
import { assertDurable, migrateDatabase } from "./db/migrate.ts";
import { readSourcesFile, type SourceBook } from "./features/accountdata/index.ts";
import { keepWidgetRelease } from "./features/collection/index.ts";
import {
  type OpendsrSigner,
  readOpendsrSigner,
  trialOpendsrSigner,
  watchRequests,
} from "./features/datarequest/index.ts";
import { openInstallation, organizationKeyring, type SigningKey } from "./features/organization/index.ts";
import type { Actor } from "./kernel/actor.ts";
import type { Gateways } from "./kernel/gateways.ts";
import { keyBytes } from "./kernel/seal.ts";
import type { TargetRules } from "./kernel/target.ts";
import { createMailer } from "./mailer.ts";
import { createMetrics } from "./metrics.ts";

/** Everything that was built, ready for a transport: HTTP, the command line, the worker. */
export interface Composed {
  readonly services: Services;
  readonly signingKey: SigningKey;
  readonly organizationKeys: (organizationId: string) => Promise<OrganizationKeys>;
  /** A context for work that no request asked for. */
  readonly contextFor: (organizationId: string, actor: Actor, requestId: string) => Promise<Context>;
  readonly ownerUrl: string;
  /** Signs OpenDSR's answers; undefined: it is not set up. */
  readonly opendsr: OpendsrSigner | undefined;
  /** What a thread of this process builds its own parts from. */
  readonly threadSeed: ThreadSeed;
  /** Closes the database's connections, then leaves the embedded server. */
  readonly close: () => Promise<void>;
}

/** What a thread is told: plain values that can be handed from thread to thread. */
export interface ThreadSeed {
  readonly applicationUrl: string;
  readonly masterKey: Uint8Array;
  readonly publicUrl: string;
  readonly targets: TargetRules;
  readonly sources: SourceBook;
}

/**
 * Builds the parts of the service: database (the embedded one without DATABASE_URL), keys, clock, logger. Brings
 * the database up to this version. Throws an Error with a plain sentence for what must be set right first.
 */
export async function compose(config: Config, log: Logger = createLogger(config)): Promise<Composed> {
  const sources = readSourcesFile(config.sources, config.targets);
  const embedded =
    config.databaseUrl === undefined
      ? await holdEmbeddedPostgres({
          dataDir: config.dataDir,
          report: (message) => log.info({ database: message }, "embedded database"),
        })
      : undefined;
  const applicationUrl = embedded?.applicationUrl ?? config.databaseUrl ?? "";
  const ownerUrl = embedded?.ownerUrl ?? config.databaseOwnerUrl ?? applicationUrl;
  const db = openDatabase({ url: applicationUrl });
  const close = async () => {
    await db.close();
    await embedded?.release();
  };
  try {
    await assertDurable(applicationUrl);
    await migrateDatabase({ ownerUrl, applicationUrl });
    const seed: ThreadSeed = {
      applicationUrl,
      masterKey: config.masterKey ?? (await keptMasterKey(config.dataDir)),
      publicUrl: config.publicUrl ?? `http://${config.host}:${config.port}`,
      targets: config.targets,
      sources,
    };
    const parts = await composeParts(db, log, seed, {
      sendMail: config.mail && createMailer(config.mail),
      gateways: config.gateways,
    });
    await keepWidgetRelease(parts.services);
    const opendsr =
      config.opendsr === undefined
        ? embedded && trialOpendsrSigner(seed.publicUrl, parts.services.now())
        : await readOpendsrSigner(config.opendsr, seed.publicUrl);
    return { ...parts, opendsr, ownerUrl, threadSeed: seed, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Builds what a thread of a running service works with: a database client of its own, the same keys, no log. */
export async function composeThread(
  seed: ThreadSeed,
): Promise<Omit<Composed, "opendsr" | "ownerUrl" | "threadSeed">> {
  const db = openDatabase({ url: seed.applicationUrl, connections: 2 });
  return { ...(await composeParts(db, pino({ level: "silent" }), seed)), close: () => db.close() };
}

async function composeParts(
  db: Database,
  log: Logger,
  { masterKey, publicUrl, targets, sources }: ThreadSeed,
  { sendMail, gateways }: { sendMail: SendMail | undefined; gateways: Gateways } = {
    sendMail: undefined,
    gateways: { whatsapp: undefined, sms: undefined },
  },
) {
  const services: Services = {
    db,
    log,
    metrics: createMetrics(),
    now: () => new Date(),
    newId: (prefix) => toUUID(typeidUnboxed(prefix)),
    masterKey,
    publicUrl,
    targets,
    sources,
    sendMail,
    gateways,
  };
  watchRequests(services);
  const organizationKeys = organizationKeyring(services);
  return {
    services,
    signingKey: await openInstallation(services),
    organizationKeys,
    contextFor: async (organizationId: string, actor: Actor, requestId: string): Promise<Context> => ({
      services,
      organizationId,
      keys: await organizationKeys(organizationId),
      actor,
      requestId,
    }),
  };
}

/** A logger that writes JSON lines. What it is given never holds personal data; `redact` is the second lock. */
export function createLogger(config: Pick<Config, "logLevel">): Logger {
  return pino({
    level: config.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: [
      "phone",
      "email",
      "token",
      "passcode",
      "body",
      "*.phone",
      "*.email",
      "*.token",
      "*.passcode",
      "*.body",
    ],
  });
}

/** The master key beside the embedded database: made at the first start, readable by the owner only. */
async function keptMasterKey(dataDir: string): Promise<Buffer> {
  const file = join(dataDir, "master.key");
  await mkdir(dataDir, { recursive: true });
  // "wx" makes the file once: of two processes starting together, one makes it and both read it.
  await writeFile(file, `${randomBytes(keyBytes).toString("base64")}\n`, { mode: 0o600, flag: "wx" }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    },
  );
  const key = Buffer.from((await readFile(file, "utf8")).trim(), "base64");
  if (key.length !== keyBytes)
    throw new Error(`${file} does not hold a master key of ${keyBytes} bytes in base64.`);
  return key;
}
