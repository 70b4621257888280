import { chmod, lstat, mkdir, mkdtemp, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Account, run } from "./processes.ts";
import { hasCode, reasonOf, unavailable } from "./trouble.ts";

/** Root's own folder for what the unprivileged account must reach when the data folder does not let it in. */
const rootFolder = "/var/lib/sayso";

/** Where the parts of one embedded PostgreSQL lie. */
export interface Place {
  /** Lock, holders and, if need be, the pointer to the home; always inside the data folder. */
  readonly folder: string;
  /** Holds `database/`; the folder itself unless the account cannot reach that. */
  readonly home: string;
  /** Data, settings and log of the finished cluster; there is none before the first start. */
  readonly database: string;
}

const folderIn = (dataDir: string): string => path.join(dataDir, "postgres");
const pointerFile = (folder: string): string => path.join(folder, "elsewhere");
const ownerFile = (home: string): string => path.join(home, "belongs-to");
const placeAt = (folder: string, home: string): Place => ({
  folder,
  home,
  database: path.join(home, "database"),
});

/** Whether this process is root, as whom PostgreSQL refuses to run. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Makes (if need be) and names the folder for lock and holders. */
export async function openFolder(dataDir: string): Promise<string> {
  const mode = isRoot() ? 0o711 : 0o700;
  if ((await mkdir(dataDir, { recursive: true, mode })) !== undefined) await chmod(dataDir, mode);
  const folder = folderIn(await realpath(dataDir));
  if ((await mkdir(folder, { recursive: true, mode })) !== undefined) await chmod(folder, mode);
  return folder;
}

/** Whether a data folder has ever held an embedded PostgreSQL. */
export async function hasFolder(dataDir: string): Promise<boolean> {
  return isThere(folderIn(dataDir));
}

/** The place chosen at an earlier start; undefined when none was. Call it under the lock. */
export async function findPlace(folder: string): Promise<Place | undefined> {
  const home = await readIfThere(pointerFile(folder));
  if (home === undefined) {
    const place = placeAt(folder, folder);
    return (await isMade(place)) ? place : undefined;
  }
  if (!(await isThere(home))) {
    throw unavailable(
      `The database of ${path.dirname(folder)} should lie in ${home} and is gone. Bring it back from a backup; or, to begin with an empty one, delete ${folder}.`,
    );
  }
  const owner = await readIfThere(ownerFile(home));
  if (owner !== folder) {
    if (owner !== undefined && (await readIfThere(pointerFile(owner))) === home) {
      throw unavailable(
        `${path.dirname(folder)} is a copy of ${path.dirname(owner)}, whose database lies in ${home}. To begin with an empty database here, delete ${folder}.`,
      );
    }
    await writeFile(ownerFile(home), folder);
  }
  return placeAt(folder, home);
}

/** Whether the database of a place is complete. */
export async function isMade(place: Place): Promise<boolean> {
  return isThere(place.database);
}

/** Chooses the place for a first start, under the lock: the data folder if the account reaches it. */
export async function choosePlace(folder: string, account: Account): Promise<Place> {
  if (account === undefined || (await canEnter(folder, account))) return placeAt(folder, folder);
  const temporary = await realpath(tmpdir());
  const isTemporary = folder.startsWith(`${temporary}${path.sep}`) && (await canEnter(temporary, account));
  const prefix = isTemporary ? path.join(temporary, "sayso-") : path.join(await openRootFolder(), "data-");
  const home = await mkdtemp(prefix);
  await chmod(home, 0o711);
  await writeFile(ownerFile(home), folder);
  await writeFile(pointerFile(folder), home);
  return placeAt(folder, home);
}

/**
 * The account for PostgreSQL: the one that owns the data already there; for root else an existing unprivileged
 * one; for everybody else themselves.
 */
export async function chooseAccount(place: Place | undefined): Promise<Account> {
  if (!isRoot()) return undefined;
  if (place !== undefined && (await isMade(place))) {
    const { uid, gid } = await stat(path.join(place.database, "cluster"));
    return { uid, gid };
  }
  for (const name of ["postgres", "nobody"]) {
    const [user, group] = await Promise.all([
      run("id", ["-u", name], { account: undefined }),
      run("id", ["-g", name], { account: undefined }),
    ]);
    if (user.code === 0 && group.code === 0) return { uid: Number(user.output), gid: Number(group.output) };
  }
  throw unavailable(
    "PostgreSQL refuses to run as root and there is neither a user postgres nor a user nobody. Start Sayso as an ordinary user, or set DATABASE_URL.",
  );
}

/** Where copies of the programs go: for root a folder only root writes to, for others the data folder. */
export async function openCopyFolder(folder: string): Promise<string> {
  const copies = path.join(isRoot() ? await openRootFolder() : folder, "binaries");
  if ((await mkdir(copies, { recursive: true })) !== undefined) await chmod(copies, 0o755);
  return copies;
}

async function openRootFolder(): Promise<string> {
  try {
    if ((await mkdir(rootFolder, { recursive: true, mode: 0o755 })) !== undefined)
      await chmod(rootFolder, 0o755);
    const { uid, mode } = await lstat(rootFolder);
    if (uid !== 0 || (mode & 0o022) !== 0) throw new Error("others than root may write to it");
    return rootFolder;
  } catch (cause) {
    throw unavailable(
      `PostgreSQL refuses to run as root, and ${rootFolder}, where an unprivileged user could run it, cannot be used: ${reasonOf(cause)}. Start Sayso as an ordinary user, or set DATABASE_URL.`,
      cause,
    );
  }
}

/** Asked of the system itself, so that access lists and mounts count too. */
async function canEnter(folder: string, account: Account): Promise<boolean> {
  return (await run("/bin/sh", ["-c", 'cd "$1"', "sh", folder], { account })).code === 0;
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  });
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
