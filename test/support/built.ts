import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { TestDatabase } from "./database.ts";
import { testMasterKey } from "./service.ts";

/** What a program of `dist/` left when it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of `dist/` while it runs. */
export interface Running {
  readonly child: ChildProcess;
  /** What it wrote so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  readonly ended: Promise<Ended>;
}

/** The environment of a service on a test's database. Nothing else of ours counts, so that nothing of ours leaks in. */
export function environmentOf(database: TestDatabase): Record<string, string> {
  return {
    DATABASE_URL: database.applicationUrl,
    DATABASE_OWNER_URL: database.ownerUrl,
    SAYSO_MASTER_KEY: testMasterKey.toString("base64"),
  };
}

/** Starts a built program, such as `cli.js`, with these arguments and no other environment than PATH and HOME. */
export function startBuilt(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  cwd?: string,
): Running {
  const file = fileURLToPath(new URL(`../../dist/${program}`, import.meta.url));
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [file, ...args], {
    env: { PATH, HOME, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, output: () => ({ stdout, stderr }), ended };
}

/** Runs a built program to its end. */
export function runBuilt(...how: Parameters<typeof startBuilt>): Promise<Ended> {
  return startBuilt(...how).ended;
}
