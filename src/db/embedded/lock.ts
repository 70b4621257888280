import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { limits } from "../../kernel/limits.ts";
import { isAlive, processIdentity } from "./processes.ts";
import { hasCode, unavailable } from "./trouble.ts";

/** How long a file without a readable owner counts as "just being written". */
const writingMs = 5_000;

/**
 * Runs `work` while no other process (and no other call in this one) does so for the same folder. The lock of a
 * process that died is broken. PostgreSQL guards its own data against two servers besides; this lock keeps starts,
 * stops and first makings apart.
 */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const file = path.join(folder, "lock");
  const giveUpAt = Date.now() + limits.embeddedDatabaseLockMs;
  while (!takeFile(file)) {
    breakIfDead(file);
    if (Date.now() > giveUpAt) {
      throw unavailable(
        `Another process has been starting or stopping the embedded PostgreSQL for too long. If none does, delete ${file}.`,
      );
    }
    await delay(30);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function takeFile(file: string): boolean {
  let handle: number;
  try {
    handle = openSync(file, "wx", 0o644);
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
  try {
    writeSync(handle, processIdentity(process.pid) ?? "");
  } finally {
    closeSync(handle);
  }
  return true;
}

/** One breaker at a time, and it looks again: else the second would remove the lock the first has just taken. */
function breakIfDead(file: string): void {
  if (!isDead(file)) return;
  const breaker = `${file}.break`;
  if (!takeFile(breaker)) {
    if (isDead(breaker)) rmSync(breaker, { force: true });
    return;
  }
  try {
    if (isDead(file)) rmSync(file, { force: true });
  } finally {
    rmSync(breaker, { force: true });
  }
}

function isDead(file: string): boolean {
  try {
    const owner = readFileSync(file, "utf8");
    return owner === "" ? Date.now() - statSync(file).mtimeMs > writingMs : !isAlive(owner);
  } catch {
    return false;
  }
}
