import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { SaysoError } from "../kernel/errors.ts";
import { systemCode } from "./arguments.ts";

/** Refuses a file that is there already, unless it may be written over, and what is no file. Throws `conflict`. */
export async function refuseOutput(file: string, mayReplace: boolean): Promise<void> {
  const there = file === "-" ? undefined : await stat(file).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isFile()) throw new SaysoError("conflict", `${file} is no file. Name a file.`);
  if (!mayReplace)
    throw new SaysoError("conflict", `${file} is there already. Name another file, or add --force.`);
}

/**
 * Writes a file, or standard output (`-`), as its text comes. A file gets its name when it is whole: what a run that was
 * killed left behind cannot be taken for it. Throws what `lines` throws, and `unavailable` when it cannot be written.
 */
export async function writeOutput(file: string, lines: AsyncIterable<string>): Promise<void> {
  const partial = `${file}.${randomUUID()}.partial`;
  try {
    if (file === "-") return await pipeline(lines, process.stdout, { end: false });
    await pipeline(lines, createWriteStream(partial, { flags: "wx", mode: 0o600, flush: true }));
    await rename(partial, file);
  } catch (cause) {
    if (file !== "-") await rm(partial, { force: true }).catch(() => {});
    if (cause instanceof SaysoError) throw cause;
    throw new SaysoError(
      "unavailable",
      `${file === "-" ? "Standard output" : file} cannot be written (${systemCode(cause)}).`,
      { cause },
    );
  }
}
