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

/** The service as `npm start` runs it. */
export interface Listening extends Running {
  readonly url: string;
}

/** Starts the built service on a free port and waits until it says that it is ready. */
export async function startListening(environment: Readonly<Record<string, string>>): Promise<Listening> {
  const running = startBuilt("main.js", [], { ...environment, PORT: "0" });
  for (;;) {
    const url = /"url":"([^"]+)"/.exec(running.output().stdout)?.[1];
    if (url !== undefined) return { ...running, url };
    const isOver = await Promise.race([
      running.ended.then(() => true),
      once(running.child.stdout ?? running.child, "data").then(() => false),
    ]);
    if (isOver) throw new Error(`The service ended at once: ${running.output().stderr}`);
  }
}
