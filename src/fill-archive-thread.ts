import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { composeThread } from "./compose.ts";
import { createReportPages } from "./features/archive/index.ts";
import { fillArchive } from "./features/datarequest/index.ts";
import type { FillOrder, FillReport } from "./jobs/archive-thread.ts";
import { SaysoError } from "./kernel/errors.ts";
import { limits } from "./kernel/limits.ts";

// A thread that fills one archive, with a database client of its own.
async function main({ seed, organizationId, archiveId, attempt }: FillOrder): Promise<void> {
  // Checks go first when processors are short. Only Linux gives a thread a priority of its own.
  if (process.platform === "linux") setPriority(limits.archiveThreadNice);
  const composed = await composeThread(seed);
  try {
    const ctx = await composed.contextFor(
      organizationId,
      { kind: "system", id: "build_archive" },
      "job:build_archive",
    );
    await fillArchive(ctx, { archiveId, attempt }, composed.signingKey, createReportPages());
  } finally {
    await composed.close();
  }
}

function failed(error: unknown): FillReport {
  if (error instanceof SaysoError) {
    return { done: false, name: error.name, code: error.code, detail: error.detail };
  }
  return { done: false, name: error instanceof Error ? error.name : typeof error };
}

const report = await main(workerData as FillOrder).then((): FillReport => ({ done: true }), failed);
parentPort?.postMessage(report);
