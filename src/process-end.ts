import type { Logger } from "pino";
import { SaysoError } from "./kernel/errors.ts";
import { safeError } from "./kernel/safe-error.ts";

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

// npm passes a signal on to a process that the terminal has already told: one Ctrl-C arrives twice.
const sameSignalMs = 500;

/** Stops at the first signal and ends with the exit code that `stop` gives; a second one ends the process at once. */
export function stopOnSignals(stop: () => Promise<number>, fail: (error: unknown) => void): void {
  let askedAt: number | undefined;
  const onSignal = () => {
    if (askedAt !== undefined) {
      if (performance.now() - askedAt > sameSignalMs) process.exit(1);
      return;
    }
    askedAt = performance.now();
    stop().then((exitCode) => process.exit(exitCode), fail);
  };
  for (const signal of stopSignals) process.on(signal, onSignal);
}

/** An error that nobody caught is logged without its values and ends the process with exit code 1. */
export function endOnUncaughtErrors(log: Logger): void {
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      log.fatal({ err: safeError(error) }, "uncaught error");
      process.exit(1);
    });
  }
}

/** What a person at the terminal is told of an error, in plain sentences. */
export function plainReason(error: unknown): string {
  if (error instanceof SaysoError) {
    const places = error.errors.map(({ pointer, message }) => `${pointer}: ${message}`);
    return [error.detail, ...places].join("\n");
  }
  return error instanceof Error ? error.message : String(error);
}

/** Says on standard error why it does not go on, and ends the process with exit code 1. */
export function endWithReason(error: unknown): never {
  process.stderr.write(`${plainReason(error)}\n`);
  process.exit(1);
}
