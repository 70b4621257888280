import { setTimeout as delay } from "node:timers/promises";
import { Logger, type LogLevel, parseCronItems, run } from "graphile-worker";
import type { Composed } from "../compose.ts";
import { SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { safeError } from "../kernel/safe-error.ts";

/** Work that is done in the background. It may be asked for twice, and again after it failed half-way. */
export type Task = (payload: unknown, signal: AbortSignal) => Promise<void>;

export interface Tasks {
  readonly list: Readonly<Record<string, Task>>;
  /** How many at the same time; `limits.jobsAtOnce` when left out. */
  readonly atOnce?: number;
  /** Tasks that come by themselves, each with its time as cron writes it (UTC). */
  readonly schedule: readonly { readonly task: string; readonly match: string }[];
}

/** The background worker of a process. */
export interface BackgroundWorker {
  /**
   * Takes no new work and finishes what it has begun. What is not done after `limits.shutdownTimeoutMs` is broken off,
   * and taken up again by the next worker.
   */
  stop(): Promise<void>;
}

/**
 * Works off the queue, with the role that owns it; the tasks themselves use the application's. Several processes may
 * do so at once: each job is done by one of them. A failed job is tried again, later each time.
 */
export async function startWorker(
  { services, ownerUrl }: Pick<Composed, "services" | "ownerUrl">,
  tasks: Tasks,
): Promise<BackgroundWorker> {
  const { log } = services;
  const atOnce = tasks.atOnce ?? limits.jobsAtOnce;
  const stopping = new AbortController();
  const guarded = Object.entries(tasks.list).map(([name, task]) => [
    name,
    async (payload: unknown, { job }: { job: { id: string; attempts: number } }) => {
      try {
        await task(payload, stopping.signal);
      } catch (error) {
        log.error({ task: name, jobId: job.id, attempt: job.attempts, err: safeError(error) }, "job failed");
        // The queue keeps the message and logs it, and an unexpected one can quote a value.
        throw new Error(error instanceof SaysoError ? error.code : "unexpected error");
      }
    },
  ]);
  const runner = await run({
    connectionString: ownerUrl,
    concurrency: atOnce,
    maxPoolSize: atOnce + 2,
    noHandleSignals: true,
    taskList: Object.fromEntries(guarded),
    parsedCronItems: parseCronItems(
      // One that waits is put off by the next: of a task that always fails there is one job, not one a minute.
      tasks.schedule.map(({ task, match }) => ({
        task,
        match,
        options: { backfillPeriod: 0, jobKey: task },
      })),
    ),
    logger: new Logger((scope) => (level, message) => {
      log[pinoLevels[level]](
        { worker: scope.label, task: scope.taskIdentifier, jobId: scope.jobId },
        message,
      );
    }),
  });
  return {
    async stop() {
      const patience = new AbortController();
      void delay(limits.shutdownTimeoutMs, undefined, { signal: patience.signal }).then(
        () => stopping.abort(),
        () => {},
      );
      await runner.stop();
      patience.abort();
    },
  };
}

/** The queue tells of every job as of something to be informed about; a request's own log line is enough here. */
const pinoLevels = {
  error: "error",
  warning: "warn",
  info: "debug",
  debug: "trace",
} as const satisfies Record<`${LogLevel}`, string>;
