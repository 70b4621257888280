import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import { anyPort, readSettings, type Settings, writeSettings } from "./cluster.ts";
import { withLock } from "./lock.ts";
import { isAlive, processIdentity } from "./processes.ts";
import { ensurePostmaster, findPostmaster, type Postmaster, type Server } from "./server.ts";
import { unavailable } from "./trouble.ts";

/**
 * Starts the server (or finds it running) on the port of old, or on another one where that is allowed. Call it
 * under the lock.
 *
 * @throws SaysoError `unavailable` when the port is taken and must stay, or the server does not start.
 */
export async function startServer(
  server: Server,
  mayChangePort: boolean,
  report: (message: string) => void,
): Promise<{ settings: Settings; postmaster: Postmaster }> {
  let settings = await readSettings(server.database);
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const postmaster = await ensurePostmaster(server, settings.port);
    if (postmaster !== "port taken") return { settings, postmaster };
    if (!mayChangePort) break;
    report(`Port ${settings.port} is taken by another program; PostgreSQL gets another one.`);
    settings = { ...settings, port: anyPort() };
    await writeSettings(server.database, settings);
  }
  throw unavailable(
    `The embedded PostgreSQL cannot start: port ${settings.port} on 127.0.0.1 is taken by another program. Stop that program, or every Sayso process that uses this data folder, and start again.`,
  );
}

/**
 * Looks every half second whether the server's process lives, and starts it again if not. Keeps no process alive by
 * itself.
 *
 * @returns the way to stop watching, which waits for a start under way
 */
export function watchServer(
  folder: string,
  server: Server,
  first: Postmaster,
  report: (message: string) => void,
): () => Promise<void> {
  let identity = processIdentity(first.pid) ?? "";
  let isStopped = false;
  let looking = Promise.resolve();
  let lastTrouble = "";

  async function look(): Promise<void> {
    if (isAlive(identity)) return;
    try {
      await withLock(folder, async () => {
        if (isStopped) return;
        const running = await findPostmaster(server);
        if (running === undefined) report("The embedded PostgreSQL has disappeared; starting it again.");
        const { postmaster } = await startServer(server, false, report);
        identity = processIdentity(postmaster.pid) ?? "";
        lastTrouble = "";
      });
    } catch (error) {
      const trouble = error instanceof SaysoError ? error.detail : String(error);
      if (trouble !== lastTrouble) report(trouble);
      lastTrouble = trouble;
    }
  }

  function schedule(): NodeJS.Timeout {
    const timer = setTimeout(() => {
      looking = look().then(() => {
        if (!isStopped) next = schedule();
      });
    }, limits.embeddedDatabaseWatchMs);
    return timer.unref();
  }
  let next = schedule();
  return async () => {
    isStopped = true;
    clearTimeout(next);
    await looking;
  };
}
