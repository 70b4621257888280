import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { isIPv6 } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import type { Logger } from "pino";
import { buildApp } from "./app.ts";
import { type Composed, compose, createLogger } from "./compose.ts";
import type { Config } from "./config.ts";
import type { AppEnv } from "./http/app.ts";
import { endBadConnection } from "./http/lines.ts";
import { toProblem } from "./http/problem.ts";
import { composeOutgoingTasks } from "./jobs/outgoing-tasks.ts";
import { composeTasks } from "./jobs/tasks.ts";
import { startWorker } from "./jobs/worker.ts";
import { SaysoError } from "./kernel/errors.ts";
import { limits } from "./kernel/limits.ts";

/** The whole service, listening. */
export interface RunningService {
  /** Where it answers on this machine, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly composed: Composed;
  /**
   * Takes no new connections, finishes requests and jobs under way for at most `limits.shutdownTimeoutMs`, then
   * closes the database and leaves the embedded server. Asked again it waits for the same stop.
   */
  stop(): Promise<void>;
}

/**
 * Starts the service on `host` and `port` (0: any free one). The port is taken first, so that a taken one is known
 * before a database is touched; until everything is ready each request is answered with 503.
 *
 * @throws SaysoError `unavailable` when it cannot listen there; else what `compose` throws.
 */
export async function startService(
  config: Config,
  log: Logger = createLogger(config),
): Promise<RunningService> {
  let answer: (request: Request, bindings: AppEnv["Bindings"]) => Response | Promise<Response> =
    startingAnswer;
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.connectionsCheckMs,
      keepAliveTimeout: limits.keepAliveMs,
    },
    getRequestListener((request, bindings) => answer(request, bindings), { hostname: config.host }),
  );
  server.on("clientError", endBadConnection);
  server.maxConnections = limits.connections;
  server.timeout = limits.idleConnectionMs;

  const port = await listen(server, config);
  try {
    const composed = await compose({ ...config, port }, log);
    const workers = await Promise.all(
      [composeTasks(composed), composeOutgoingTasks(composed, config)].map((tasks) =>
        startWorker(composed, tasks),
      ),
    ).catch(async (error: unknown) => {
      await composed.close();
      throw error;
    });
    answer = buildApp(composed, config).fetch;
    let stopped: Promise<void> | undefined;
    return {
      url: `http://${reachableHost(config.host)}:${port}`,
      composed,
      stop() {
        stopped ??= Promise.all([stopServer(server), ...workers.map((worker) => worker.stop())]).then(() =>
          composed.close(),
        );
        return stopped;
      },
    };
  } catch (error) {
    server.close();
    server.closeAllConnections();
    throw error;
  }
}

async function listen(server: Server, { host, port }: Config): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new SaysoError("unavailable", whyNotListening(cause, host, port), { cause });
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

function whyNotListening(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") {
    return `Port ${port} on ${host} is taken by another program. Stop that program, or set PORT to another number.`;
  }
  if (code === "EACCES") {
    return `This user may not listen on port ${port}. Set PORT to a number above 1023.`;
  }
  return `Nothing can listen on ${host} (${String(code)}). Set HOST to an address of this machine, such as 127.0.0.1.`;
}

/** Requests under way end with their answers; what still runs when the time is over is cut off. */
async function stopServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  // A kept-alive connection becomes idle with its last answer, and nobody closes it then.
  const idle = setInterval(() => server.closeIdleConnections(), 25);
  const patience = new AbortController();
  await Promise.race([
    closed,
    delay(limits.shutdownTimeoutMs, undefined, { signal: patience.signal }).catch(() => {}),
  ]);
  patience.abort();
  clearInterval(idle);
  server.closeAllConnections();
}

function startingAnswer(): Response {
  const starting = new SaysoError("unavailable", "Sayso is starting. Ask again in a moment.");
  return Response.json(toProblem(starting, randomUUID()), {
    status: 503,
    headers: { "content-type": "application/problem+json", "retry-after": "1" },
  });
}

/** The address by which this machine reaches itself; a service on all addresses is reached by the local one. */
function reachableHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return isIPv6(host) ? `[${host}]` : host;
}
