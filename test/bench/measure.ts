import type { ChildProcess } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import type autocannon from "autocannon";

export interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Resident memory of the process that was measured. */
  readonly rssMb: number;
}

/** What a run of the load generator measured. Throws when anything but answers came back. */
export async function measured(result: autocannon.Result, process: ChildProcess): Promise<Measured> {
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} refusals, ${result.errors} errors beside ${result["2xx"]} answers.`);
  return {
    perSecond: result["2xx"] / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    rssMb: await rssMb(process),
  };
}

/** Several runs of the same work, `items` each. */
export async function measuredRuns(
  seconds: readonly number[],
  items: number,
  process: ChildProcess,
): Promise<Measured> {
  const total = seconds.reduce((sum, each) => sum + each, 0);
  return {
    perSecond: (items * seconds.length) / total,
    p50Ms: quantile(seconds, 0.5) * 1000,
    p99Ms: quantile(seconds, 0.99) * 1000,
    rssMb: await peakMb(process),
  };
}

/** Requests, each with how long it took in milliseconds, that were answered within `seconds`. */
export async function measuredLatencies(
  latencies: readonly number[],
  seconds: number,
  process: ChildProcess,
): Promise<Measured> {
  return {
    perSecond: latencies.length / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    rssMb: await rssMb(process),
  };
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? 0;
}

export async function rssMb(process: ChildProcess): Promise<number> {
  return kilobytes(await status(process), "VmRSS") / 1024;
}

/** The most since `resetPeak`. */
export async function peakMb(process: ChildProcess): Promise<number> {
  return kilobytes(await status(process), "VmHWM") / 1024;
}

/** Lets the kernel measure the peak from now on (Linux, proc(5): clear_refs). */
export async function resetPeak(process: ChildProcess): Promise<void> {
  await writeFile(`/proc/${process.pid}/clear_refs`, "5").catch(() => {});
}

function status(process: ChildProcess): Promise<string> {
  return readFile(`/proc/${process.pid}/status`, "utf8").catch(() => "");
}

const kilobytes = (text: string, field: string) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1] ?? 0);
