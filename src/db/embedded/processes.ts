import { spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { hasCode } from "./trouble.ts";

/** The user a PostgreSQL program runs as; undefined is the user of this process. */
export type Account = { readonly uid: number; readonly gid: number } | undefined;

const linux = process.platform === "linux";

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

/** What /proc/<pid>/stat says: is it a zombie, and when did it start (clock ticks since boot)? */
function processStat(pid: number): { zombie: boolean; startTicks: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { zombie: fields[0] === "Z" || fields[0] === "X", startTicks: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

/**
 * A name for a living process that no later process with the same number bears: number, boot and start time.
 * Where /proc is missing it is the number alone. Undefined when there is no such process (a zombie is none).
 */
export function processIdentity(pid: number): string | undefined {
  if (linux) {
    const stat = processStat(pid);
    return stat === undefined || stat.zombie ? undefined : `${pid} ${bootId()} ${stat.startTicks}`;
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!hasCode(error, "EPERM")) return undefined;
  }
  return `${pid}`;
}

/** Whether the process that once had this identity still lives. */
export function isAlive(identity: string): boolean {
  return processIdentity(Number.parseInt(identity, 10)) === identity;
}

/** Command line and start (seconds since 1970) of a process; undefined where /proc cannot tell. */
export function processFacts(
  pid: number,
): { readonly command: readonly string[]; readonly startedAt: number; readonly uid: number } | undefined {
  const stat = linux ? processStat(pid) : undefined;
  if (stat === undefined || stat.zombie) return undefined;
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    const boot = /^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? "0";
    // Linux reports these ticks in hundredths of a second, whatever the kernel's own clock does.
    const startedAt = Number(boot) + Number(stat.startTicks) / 100;
    return { command, startedAt, uid: statSync(`/proc/${pid}`).uid };
  } catch {
    return undefined;
  }
}

/** Numbers of all processes; empty where /proc is missing. */
export function allProcesses(): number[] {
  if (!linux) return [];
  return readdirSync("/proc").map(Number).filter(Number.isInteger);
}

/**
 * Runs a program to its end under an account and hands back its exit code and what it printed. The environment
 * is a fixed one: PostgreSQL's programs take encodings and time zones from it.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: { account: Account; input?: string },
): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...spawnOptions(options.account), stdio: "pipe" });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(-20_000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", (error) => resolve({ code: -1, output: error.message }));
    child.once("close", (code) => resolve({ code: code ?? -1, output }));
    // A program that ends before it has read everything breaks the pipe; its exit code says enough.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
  });
}

/** Account, environment and a working directory that every user may enter. */
export function spawnOptions(account: Account): {
  uid?: number;
  gid?: number;
  env: Record<string, string>;
  cwd: string;
} {
  return {
    ...account,
    env: { LC_ALL: "C", PATH: "/usr/bin:/bin" },
    cwd: process.platform === "win32" ? "." : "/",
  };
}
