import { rm } from "node:fs/promises";
import path from "node:path";
import { SaysoError } from "../kernel/errors.ts";
import { findBinaries } from "./embedded/binaries.ts";
import { applicationRole, databaseName, makeCluster, ownerRole } from "./embedded/cluster.ts";
import { addHolder, countHolders, removeHolder } from "./embedded/holders.ts";
import { withLock } from "./embedded/lock.ts";
import {
  chooseAccount,
  choosePlace,
  findPlace,
  hasFolder,
  isMade,
  openCopyFolder,
  openFolder,
} from "./embedded/place.ts";
import { type Server, stopPostmaster } from "./embedded/server.ts";
import { reasonOf, unavailable } from "./embedded/trouble.ts";
import { startServer, watchServer } from "./embedded/watch.ts";

/** A hold on a running embedded PostgreSQL. */
export interface EmbeddedPostgres {
  /** Signs in as the owner of the database: migrations, partitions, the job worker. */
  readonly ownerUrl: string;
  /** Signs in as the application's role, which owns nothing. */
  readonly applicationUrl: string;
  /** Lets go; the last holder stops the server. Call it after everything is finished; again is harmless. */
  release(): Promise<void>;
}

/**
 * Starts, or joins, the real PostgreSQL whose data belongs to `dataDir`, and watches over it until released: when
 * the server disappears (a `kill -9`, the machine out of memory), some holder starts it again within a second or so,
 * on the same port with the same passwords, so the URLs stay true. A server that outlived every holder is stopped
 * and started anew: what its dead clients left running ends with it.
 *
 * Several processes may hold one data folder; two data folders know nothing of each other. As root the server runs
 * as an unprivileged user, with its files where that user can reach them.
 *
 * @param options.report is told, in plain sentences, what takes a moment or happened unasked.
 * @throws SaysoError `unavailable`; its detail says what to do.
 */
export async function holdEmbeddedPostgres(options: {
  dataDir: string;
  report?: (message: string) => void;
}): Promise<EmbeddedPostgres> {
  const dataDir = path.resolve(options.dataDir);
  try {
    return await hold(dataDir, options.report ?? (() => {}));
  } catch (cause) {
    if (cause instanceof SaysoError) throw cause;
    throw unavailable(
      `The embedded PostgreSQL of ${dataDir} cannot be used: ${reasonOf(cause)}. Start Sayso as the user who owns that folder, choose another one, or set DATABASE_URL to a PostgreSQL of your own.`,
      cause,
    );
  }
}

async function hold(dataDir: string, report: (message: string) => void): Promise<EmbeddedPostgres> {
  const folder = await openFolder(dataDir);
  const holders = holdersIn(folder);

  const { server, settings, postmaster, holder } = await withLock(folder, async () => {
    const server = await openServer(folder, report);
    // The others' URLs hold the port: it can only change while nobody else is there.
    const isAlone = (await countHolders(holders)) === 0;
    if (isAlone) await stopPostmaster(server);
    return { server, ...(await startServer(server, isAlone, report)), holder: await addHolder(holders) };
  });

  const stopWatching = watchServer(folder, server, postmaster, report);
  const url = (role: string, password: string): string =>
    `postgres://${role}:${password}@127.0.0.1:${postmaster.port}/${databaseName}`;
  let released: Promise<void> | undefined;
  return {
    ownerUrl: url(ownerRole, settings.ownerPassword),
    applicationUrl: url(applicationRole, settings.applicationPassword),
    release() {
      released ??= stopWatching().then(() =>
        withLock(folder, async () => {
          await removeHolder(holders, holder);
          if ((await countHolders(holders)) === 0) await stopPostmaster(server);
        }),
      );
      return released;
    },
  };
}

/**
 * Deletes the embedded PostgreSQL of a data folder: its data, wherever they lie, and its passwords. Meant for
 * temporary folders. A server left without a holder is stopped first; without any embedded PostgreSQL it does nothing.
 *
 * @throws SaysoError `conflict` while a process holds it.
 */
export async function removeEmbeddedPostgres(dataDir: string): Promise<void> {
  if (!(await hasFolder(dataDir))) return;
  const folder = await openFolder(path.resolve(dataDir));
  await withLock(folder, async () => {
    if ((await countHolders(holdersIn(folder))) > 0) {
      throw new SaysoError("conflict", `The database of ${dataDir} is in use. Stop Sayso there first.`);
    }
    const place = await findPlace(folder);
    if (place !== undefined) {
      const account = await chooseAccount(place);
      const binaries = await findBinaries(account, () => openCopyFolder(folder));
      await stopPostmaster({ ...place, account, binaries });
      await rm(place.home, { recursive: true, force: true });
    }
    await rm(folder, { recursive: true, force: true });
  });
}

const holdersIn = (folder: string): string => path.join(folder, "holders");

/** The server of this data folder, stopped or running; its database is made if there is none. */
async function openServer(folder: string, report: (message: string) => void): Promise<Server> {
  const found = await findPlace(folder);
  const account = await chooseAccount(found);
  const binaries = await findBinaries(account, () => openCopyFolder(folder));
  const place = found ?? (await choosePlace(folder, account));
  if (!(await isMade(place))) {
    report(`Making a new PostgreSQL database in ${place.database}.`);
    await makeCluster(place, binaries, account);
  }
  return { ...place, account, binaries };
}
