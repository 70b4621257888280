import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { type Command, Option } from "commander";
import type { Context } from "../context.ts";
import { answerLines, createGate, previewLines } from "../features/gate/index.ts";
import { readCheck } from "../http/check-body.ts";
import { toProblem } from "../http/problem.ts";
import { SaysoError } from "../kernel/errors.ts";
import { ofOrganization } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface CheckOptions extends OutputOptions {
  readonly organization?: string;
  readonly input: string;
  readonly output?: string;
  readonly force?: boolean;
  readonly preview?: boolean;
}

/** `sayso check`: a file of any length, a line at a time. */
export function addCheckCommand(program: Command): void {
  ofOrganization(verb(program, "check", "check every line of a file before its messages go out"))
    .requiredOption("--input <file>", "one check a line, as POST /v1/checks takes it; - is standard input")
    .option("--output <file>", "where the answers go, in the order asked; - is standard output")
    .option("--force", "write over a file that is there")
    .addOption(
      new Option("--preview", "count what would be answered, and record nothing").conflicts([
        "output",
        "force",
      ]),
    )
    .action(async (options: CheckOptions, command: Command) => {
      if (options.preview) await preview(options);
      else if (options.output === undefined)
        command.error("error: name a file with --output, or add --preview");
      else await check(options, options.output);
    });
}

async function check(options: CheckOptions, output: string): Promise<void> {
  await refuseOutput(output, options.force ?? false);
  const counts = { lines: 0, allowed: 0, denied: 0, problems: 0 };
  await withOrganization(options.organization, (ctx) =>
    write(output, countedLines(ctx, options.input, counts)),
  );
  const { lines, allowed, denied, problems } = counts;
  const sentence = `${lines} lines: ${allowed} allowed, ${denied} denied, ${problems} problems.`;
  print(options, counts, [sentence], output === "-" ? process.stderr : process.stdout);
  if (problems > 0) process.exitCode = 1;
}

async function preview(options: CheckOptions): Promise<void> {
  const found = await withOrganization(options.organization, (ctx) =>
    previewLines(ctx, createGate(ctx.services), { pieces: piecesOf(options.input), readCheck }),
  );
  const byNumber = Object.entries(found.byReason).sort(([, a], [, b]) => b - a);
  print(options, found, [
    `${found.recipients} lines: ${found.allowed} allowed, ${found.denied} denied, ${found.problems} problems.`,
    `Of those allowed, ${found.inWindow} have an open window; ${found.templateOnly} can be reached by template only.`,
    ...byNumber.map(([code, number]) => `${number}  ${code}`),
  ]);
  if (found.problems > 0) process.exitCode = 1;
}

async function* countedLines(
  ctx: Context,
  input: string,
  counts: { lines: number; allowed: number; denied: number; problems: number },
): AsyncGenerator<string> {
  const answers = answerLines(
    ctx,
    createGate(ctx.services),
    { pieces: piecesOf(input), readCheck },
    { problemOf: (error) => toProblem(error, ctx.requestId), language: "en" },
  );
  for await (const group of answers) {
    counts.lines += group.length;
    for (const answer of group) {
      if ("problem" in answer) counts.problems += 1;
      else counts[answer.decision === "allow" ? "allowed" : "denied"] += 1;
    }
    yield group.map((answer) => `${JSON.stringify(answer)}\n`).join("");
  }
}

async function* piecesOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* file === "-" ? process.stdin : createReadStream(file);
  } catch (cause) {
    throw new SaysoError(
      "not_found",
      `${file === "-" ? "Standard input" : file} cannot be read (${systemCode(cause)}).`,
      { cause },
    );
  }
}

/** Before anything is asked: decisions are on record even if their answers cannot be written. */
async function refuseOutput(file: string, mayReplace: boolean): Promise<void> {
  const there = file === "-" ? undefined : await stat(file).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isFile()) throw new SaysoError("conflict", `${file} is no file. Name a file.`);
  if (!mayReplace)
    throw new SaysoError("conflict", `${file} is there already. Name another file, or add --force.`);
}

/** A file gets its name when it is whole: what a run that was killed left behind cannot be taken for the answers. */
async function write(file: string, lines: AsyncIterable<string>): Promise<void> {
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

function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
}
