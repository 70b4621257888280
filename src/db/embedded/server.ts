import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { limits } from "../../kernel/limits.ts";
import type { Binaries } from "./binaries.ts";
import { clusterFolder, logFile } from "./cluster.ts";
import type { Place } from "./place.ts";
import {
  type Account,
  allProcesses,
  isAlive,
  processFacts,
  processIdentity,
  run,
  spawnOptions,
} from "./processes.ts";
import { hasCode, unavailable } from "./trouble.ts";

/** One cluster and what it takes to run it. */
export interface Server extends Place {
  readonly binaries: Binaries;
  readonly account: Account;
}

/** A living postmaster, as its `postmaster.pid` describes it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** "starting", "ready" or "stopping". */
  readonly status: string;
}

const pidFile = (server: Server): string => path.join(clusterFolder(server.database), "postmaster.pid");

/** Stands in the command line of the postmaster and the titles of its children, and names this cluster only. */
function clusterName(server: Server): string {
  return `sayso-${createHash("sha256").update(server.database).digest("hex").slice(0, 16)}`;
}

/**
 * The postmaster that now runs this cluster, whoever started it; undefined when there is none. A number in
 * `postmaster.pid` that meanwhile belongs to another program does not count.
 */
export async function findPostmaster(server: Server): Promise<Postmaster | undefined> {
  const text = await readFile(pidFile(server), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || processIdentity(pid) === undefined) return undefined;
  const facts = processFacts(pid);
  if (facts !== undefined) {
    const isPostgres = path.basename(facts.command[0] ?? "") === "postgres";
    const isThisCluster = facts.command.includes(`cluster_name=${clusterName(server)}`);
    // A folder that was moved while its server ran has another name, but still the same start.
    const isThatStart = Math.abs(facts.startedAt - Number(lines[2])) < 5;
    if (!isPostgres || !(isThisCluster || isThatStart)) return undefined;
  }
  return { pid, port: Number(lines[3]), status: lines[7]?.trim() ?? "starting" };
}

/**
 * Waits until the cluster's postmaster takes connections, and starts one if there is none. Call it under the lock.
 *
 * @returns the postmaster, or "port taken" when another program listens on that port
 * @throws SaysoError `unavailable` with the end of PostgreSQL's log
 */
export async function ensurePostmaster(server: Server, port: number): Promise<Postmaster | "port taken"> {
  const giveUpAt = Date.now() + limits.embeddedDatabaseStartMs;
  let started: ChildProcess | undefined;
  let starts = 0;
  while (Date.now() < giveUpAt) {
    const found = await findPostmaster(server);
    if (found?.status === "ready") return found;
    if (found === undefined && started === undefined) {
      await clearRemains(server);
      if (!(await isFree(port))) return "port taken";
      started = await start(server, port);
      starts += 1;
    }
    if (found === undefined && started !== undefined && hasEnded(started)) {
      // Ended by itself, it has a reason that stays. Killed, it deserves another try.
      if (started.signalCode === null || starts === mostStarts) throw await cannotStart(server);
      started = undefined;
    }
    await delay(15);
  }
  throw await cannotStart(server);
}

const mostStarts = 3;

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

/** Stops the cluster's server, or what is left of a killed one, and waits until it is gone: fast, then by force. */
export async function stopPostmaster(server: Server): Promise<void> {
  const identity = processIdentity((await findPostmaster(server))?.pid ?? 0);
  if (identity === undefined) return clearRemains(server);
  const cluster = clusterFolder(server.database);
  for (const mode of ["fast", "immediate"]) {
    const args = ["stop", "-D", cluster, "-m", mode, "-w", "-t", `${limits.embeddedDatabaseStopSeconds}`];
    await run(server.binaries.pgCtl, args, { account: server.account });
    // The postmaster takes its file away, which is all pg_ctl waits for, and then ends.
    for (const patience = Date.now() + 1_000; Date.now() < patience; await delay(5)) {
      if (!isAlive(identity)) return;
    }
  }
  throw unavailable(
    `The embedded PostgreSQL in ${server.database} does not stop. See its log: ${logFile(server.database)}`,
  );
}

async function start(server: Server, port: number): Promise<ChildProcess> {
  const log = logFile(server.database);
  await rename(log, `${log}.previous`).catch(() => undefined);
  const handle = openSync(log, "a", 0o600);
  try {
    const child = spawn(server.binaries.postgres, serverArguments(server, port), {
      ...spawnOptions(server.account),
      // In a session of its own: Ctrl-C on the terminal must reach the service, which then stops PostgreSQL last.
      detached: true,
      stdio: ["ignore", handle, handle],
    });
    // A program that could not be started has no number, which is seen above.
    child.on("error", () => {});
    child.unref();
    return child;
  } finally {
    closeSync(handle);
  }
}

function serverArguments(server: Server, port: number): string[] {
  const settings = {
    cluster_name: clusterName(server),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "200",
    shared_buffers: "128MB",
    fsync: "on",
    full_page_writes: "on",
    synchronous_commit: "on",
    timezone: "UTC",
    log_timezone: "UTC",
    log_checkpoints: "off",
    // Statements and the details of errors can hold personal data: neither gets into the log.
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
  };
  const args = ["-D", clusterFolder(server.database), "-p", `${port}`];
  for (const [name, value] of Object.entries(settings)) args.push("-c", `${name}=${value}`);
  return args;
}

/**
 * Clears what a killed postmaster left. Its children end by themselves, but one in a long statement can outlive it
 * and would keep the shared memory, which PostgreSQL takes for a running server.
 */
async function clearRemains(server: Server): Promise<void> {
  const patience = Date.now() + 1_000;
  for (let left = children(server); left.length > 0; left = children(server)) {
    if (Date.now() > patience) for (const pid of left) kill(pid);
    await delay(15);
  }
  // A number that another program or a zombie bears by now would make PostgreSQL refuse. If nothing bears it,
  // PostgreSQL's own and better check of the remains is left to do its work.
  const pid = Number.parseInt(await readFile(pidFile(server), "utf8").catch(() => ""), 10);
  if (pid > 0 && isTaken(pid)) await rm(pidFile(server), { force: true });
}

function children(server: Server): number[] {
  const title = `postgres: ${clusterName(server)}: `;
  const uid = server.account?.uid ?? process.getuid?.();
  return allProcesses().filter((pid) => {
    const facts = processFacts(pid);
    return facts?.uid === uid && facts?.command[0]?.startsWith(title);
  });
}

function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile.
  }
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host: "127.0.0.1", port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

async function cannotStart(server: Server): Promise<Error> {
  const log = logFile(server.database);
  const end = (await readFile(log, "utf8").catch(() => "")).trim().split("\n").slice(-5).join("\n");
  return unavailable(
    `The embedded PostgreSQL does not start. Its log ${log} ends with:\n${end}\nSet that right and start again, or set DATABASE_URL to a PostgreSQL of your own.`,
  );
}
