import { randomUUID } from "node:crypto";
import { type Command, CommanderError } from "commander";
import { toProblem } from "../http/problem.ts";
import { SaysoError } from "../kernel/errors.ts";
import { plainReason } from "../process-end.ts";

/** What every command takes. */
export interface OutputOptions {
  readonly json?: boolean;
}

/** A command under a noun, with `--json`. */
export function verb(noun: Command, usage: string, description: string): Command {
  return noun.command(usage).description(description).option("--json", "print one JSON document");
}

/** Prints what was done: one JSON document, or lines for people. */
export function print(
  options: OutputOptions,
  json: unknown,
  lines: readonly string[],
  to: NodeJS.WriteStream = process.stdout,
): void {
  to.write(options.json ? `${JSON.stringify(json)}\n` : lines.map((line) => `${printable(line)}\n`).join(""));
}

// Controls move the cursor or change colours; bidi marks reorder the line.
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text from elsewhere as a terminal may show it, on one line. */
export function printable(text: string): string {
  return text.replace(unprintable, "\ufffd");
}

/**
 * Says on standard error what went wrong (with `--json` as a problem document) and gives the exit code: 1 when it was
 * not done, 2 when the command line was not understood.
 */
export function reportFailure(error: unknown, asJson: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // Without --json commander has said it already.
    if (asJson) writeProblem(new SaysoError("invalid", error.message.replace(/^error: /, "")));
    return 2;
  }
  const failure = error instanceof SaysoError ? error : new SaysoError("internal", plainReason(error));
  if (asJson) writeProblem(failure);
  else process.stderr.write(`${plainReason(failure)}\n`);
  return 1;
}

function writeProblem(error: SaysoError): void {
  process.stderr.write(`${JSON.stringify(toProblem(error, randomUUID()))}\n`);
}
