import { randomBytes, randomInt } from "node:crypto";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { Binaries } from "./binaries.ts";
import { isRoot, type Place } from "./place.ts";
import { type Account, run } from "./processes.ts";
import { reasonOf, unavailable } from "./trouble.ts";

export const ownerRole = "sayso_owner";
export const applicationRole = "sayso_app";
export const databaseName = "sayso";

/** What is kept beside the cluster, readable by its owner only. */
const settingsSchema = z.object({
  port: z.int().min(1).max(65_535),
  ownerPassword: z.string().min(1),
  applicationPassword: z.string().min(1),
});
export type Settings = z.infer<typeof settingsSchema>;

const settingsFile = (database: string): string => path.join(database, "settings.json");
export const clusterFolder = (database: string): string => path.join(database, "cluster");
export const logFile = (database: string): string => path.join(database, "server.log");

/** A port below those the system gives to outgoing connections, so that it is likely to be free again later. */
export function anyPort(): number {
  return randomInt(20_000, 32_000);
}

/** @throws SaysoError `unavailable` when the file is missing or not ours to read. */
export async function readSettings(database: string): Promise<Settings> {
  const file = settingsFile(database);
  try {
    return settingsSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    throw unavailable(
      `The passwords of the embedded PostgreSQL cannot be read from ${file}. Start as the user who first started Sayso here, or bring the file back from a backup.`,
      cause,
    );
  }
}

/** Replaces the settings: whoever reads them sees the old ones or the new ones. */
export async function writeSettings(database: string, settings: Settings): Promise<void> {
  const file = settingsFile(database);
  const handle = await open(`${file}.new`, "w", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(settings, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (isRoot()) {
    // Root may start what an ordinary user made, who must be able to start it again.
    const { uid, gid } = await stat(database);
    await chown(`${file}.new`, uid, gid);
  }
  await rename(`${file}.new`, file);
}

/**
 * Makes an empty cluster with Sayso's database and roles at `place.database`, under the lock. It is made under
 * another name and renamed when complete; what an interrupted making left is removed.
 *
 * @throws SaysoError `unavailable` with PostgreSQL's own reason, for example a full disk.
 */
export async function makeCluster(place: Place, binaries: Binaries, account: Account): Promise<void> {
  for (const name of await readdir(place.home)) {
    if (name.startsWith("unfinished-")) await remove(path.join(place.home, name));
  }
  const unfinished = await mkdtemp(path.join(place.home, "unfinished-"));
  try {
    await chmod(unfinished, isRoot() ? 0o711 : 0o700);
    const cluster = clusterFolder(unfinished);
    await mkdir(cluster, { mode: 0o700 });
    if (account !== undefined) await chown(cluster, account.uid, account.gid);
    const settings: Settings = {
      port: anyPort(),
      ownerPassword: randomBytes(24).toString("base64url"),
      applicationPassword: randomBytes(24).toString("base64url"),
    };
    // Nobody can sign in as the superuser: `reject` here, and no line for it in the list below.
    await mustRun(binaries.initdb, initdbArguments(cluster), account, "");
    await writeFile(path.join(cluster, "pg_hba.conf"), signInRules);
    await mustRun(
      binaries.postgres,
      ["--single", "-D", cluster, "-c", "exit_on_error=on", "-c", "log_checkpoints=off", "postgres"],
      account,
      rolesAndDatabase(settings),
    );
    await writeSettings(unfinished, settings);
    await rename(unfinished, place.database);
  } catch (cause) {
    await remove(unfinished);
    throw unavailable(
      `The embedded PostgreSQL could not make its database in ${place.home}: ${reasonOf(cause)}. Nothing half-made is left; set that right (disk space, rights) and start again, or set DATABASE_URL.`,
      cause,
    );
  }
}

/** Patient with a program that a killed start left running and that still writes there. */
async function remove(unfinished: string): Promise<void> {
  await rm(unfinished, { recursive: true, force: true, maxRetries: 10 });
}

async function mustRun(
  command: string,
  args: readonly string[],
  account: Account,
  input: string,
): Promise<void> {
  const { code, output } = await run(command, args, { account, input });
  if (code !== 0) throw new Error(reasonIn(output));
}

function initdbArguments(cluster: string): string[] {
  return [
    ...["-D", cluster, "-U", "postgres", "-A", "reject", "-E", "UTF8"],
    ...["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
  ];
}

const signInRules = `# Only Sayso's two roles, only from this machine, only with their passwords.
host all ${ownerRole},${applicationRole} 127.0.0.1/32 scram-sha-256
`;

/** For single-user mode: one statement a line. Passwords are base64url and need no quoting. */
function rolesAndDatabase(settings: Settings): string {
  return [
    `CREATE ROLE ${ownerRole} LOGIN CREATEDB PASSWORD '${settings.ownerPassword}'`,
    `CREATE ROLE ${applicationRole} LOGIN PASSWORD '${settings.applicationPassword}'`,
    `CREATE DATABASE ${databaseName} OWNER ${ownerRole}`,
    `REVOKE ALL ON DATABASE ${databaseName} FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE ${databaseName} TO ${applicationRole}`,
    "",
  ].join("\n");
}

/** What the programs call their errors, never the echoed statement: it holds the passwords. */
function reasonIn(output: string): string {
  const telling = output.match(/(?:FATAL|PANIC|error): .*/g) ?? [];
  return telling.slice(0, 3).join(" ") || "its programs gave no reason";
}
