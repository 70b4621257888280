import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import type { ThreadSeed } from "../compose.ts";
import { type ErrorCode, SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";

/** What the thread that fills an archive is told. Ids are uuids. */
export interface FillOrder {
  readonly seed: ThreadSeed;
  readonly organizationId: string;
  readonly archiveId: string;
  readonly attempt: number;
}

/** What the thread says when it ends. */
export type FillReport =
  | { readonly done: true }
  | { readonly done: false; readonly name: string; readonly code?: ErrorCode; readonly detail?: string };

// The built file, from src/ as well: Node runs no TypeScript in a thread.
const threadFile = fileURLToPath(new URL("../../dist/fill-archive-thread.js", import.meta.url));

/**
 * Fills an archive in a thread of its own, so that checks go on being answered meanwhile. Rejects when it failed, died,
 * took over an hour, or `signal` broke it off: what it wrote then counts for nothing.
 */
export async function fillInThread(order: FillOrder, signal: AbortSignal): Promise<void> {
  if (!existsSync(threadFile)) throw new SaysoError("internal", "Sayso is not built. Run: npm run build");
  // What `npm start` gives the service's own young objects would overrule the limit of the thread's.
  setFlagsFromString("--max-semi-space-size=0");
  const worker = new Worker(threadFile, {
    workerData: order,
    resourceLimits: {
      maxOldGenerationSizeMb: limits.archiveThreadMb,
      maxYoungGenerationSizeMb: limits.archiveThreadYoungMb,
    },
  });
  const end = AbortSignal.any([signal, AbortSignal.timeout(limits.archiveBuildSeconds * 1000)]);
  const stop = () => void worker.terminate();
  end.addEventListener("abort", stop);
  try {
    const report = await ended(worker);
    if (end.aborted) throw brokenOff();
    if (report === undefined) {
      throw new SaysoError("unavailable", "The thread that built the archive ended before it was done.");
    }
    if (!report.done) throw failure(report);
  } finally {
    end.removeEventListener("abort", stop);
  }
}

function ended(worker: Worker): Promise<FillReport | undefined> {
  return new Promise((resolve, reject) => {
    let report: FillReport | undefined;
    worker.once("message", (message: FillReport) => {
      report = message;
    });
    worker.once("error", (error) => reject(isOutOfMemory(error) ? tooMuch(error) : error));
    worker.once("exit", () => resolve(report));
  });
}

function failure(report: Extract<FillReport, { done: false }>): Error {
  if (report.code !== undefined) return new SaysoError(report.code, report.detail ?? report.name);
  return Object.assign(new Error("The archive could not be filled."), { name: report.name });
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}

function tooMuch(cause: unknown): SaysoError {
  return new SaysoError(
    "too_large",
    `This person's account data takes more than the ${limits.archiveThreadMb} MB of memory that building an archive may take. Store less in the largest section.`,
    { cause },
  );
}

function brokenOff(): SaysoError {
  return new SaysoError(
    "unavailable",
    "Building was broken off, since the service stopped or it took too long.",
  );
}
