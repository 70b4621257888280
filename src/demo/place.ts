import { lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { removeEmbeddedPostgres } from "../db/embedded.ts";

const prefix = "sayso-demo-";
const abandonedAfterMs = 10 * 60_000;

/** Makes the folder of one demo's data, readable by its user only. */
export async function makeDemoFolder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), prefix));
}

/** Deletes a demo's data and its database. */
export async function removeDemoFolder(folder: string): Promise<void> {
  await removeEmbeddedPostgres(folder);
  await rm(folder, { recursive: true, force: true });
}

/**
 * Deletes what this user's killed demos left: their database servers would run for ever. A demo that is up holds its
 * database and is left alone; one that is just starting is too young.
 */
export async function removeAbandonedDemos(now: Date): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const folder = path.join(tmpdir(), name);
    const found = await lstat(folder).catch(() => undefined);
    const isOurs = found?.isDirectory() === true && found.uid === (process.getuid?.() ?? found.uid);
    if (!isOurs || now.getTime() - found.mtimeMs < abandonedAfterMs) continue;
    // In use, or another demo is just removing it.
    await removeDemoFolder(folder).catch(() => undefined);
  }
}
