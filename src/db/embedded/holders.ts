import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { isAlive, processIdentity } from "./processes.ts";

/** Notes in `folder` that this process uses the server. Hands back the name of the note. Call it under the lock. */
export async function addHolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const name = `${process.pid}-${randomBytes(6).toString("hex")}`;
  await writeFile(path.join(folder, name), processIdentity(process.pid) ?? "", { mode: 0o644 });
  return name;
}

/** Removes a note; it is no error when it has gone already. */
export async function removeHolder(folder: string, name: string): Promise<void> {
  await rm(path.join(folder, name), { force: true });
}

/** How many living processes' notes there are. Notes of dead ones are removed. Call it under the lock. */
export async function countHolders(folder: string): Promise<number> {
  let count = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    const identity = await readFile(path.join(folder, name), "utf8");
    if (isAlive(identity)) count += 1;
    else await removeHolder(folder, name);
  }
  return count;
}
