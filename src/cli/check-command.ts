import { stat } from "node:fs/promises";
import { type Command, Option } from "commander";
import type { Context } from "../context.ts";
import {
  answerLines,
  type CheckLines,
  createGate,
  createLanes,
  createPreviewer,
  type Preview,
  previewLines,
} from "../features/gate/index.ts";
import { readCheck } from "../http/check-body.ts";
import { type Problem, toProblem } from "../http/problem.ts";
import { filePieces, ofOrganization } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";
import { refuseOutput, writeOutput } from "./output-file.ts";
import { noProgress, startProgress } from "./progress.ts";

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
  // Before anything is asked: decisions are on record even if their answers cannot be written.
  await refuseOutput(output, options.force ?? false);
  const counts = { lines: 0, allowed: 0, denied: 0, problems: 0 };
  await withOrganization(options.organization, (ctx) =>
    withProgress(options, (lines) => writeOutput(output, countedLines(ctx, lines, counts))),
  );
  const { lines, allowed, denied, problems } = counts;
  const sentence = `${lines} lines: ${allowed} allowed, ${denied} denied, ${problems} problems.`;
  print(options, counts, [sentence], output === "-" ? process.stderr : process.stdout);
  if (problems > 0) process.exitCode = 1;
}

async function preview(options: CheckOptions): Promise<void> {
  const found = await withOrganization(options.organization, (ctx) =>
    withProgress(options, (lines) =>
      previewLines(ctx, createPreviewer(ctx.services), lines, (error) => toProblem(error, ctx.requestId)),
    ),
  );
  print(options, found, previewTable(found));
  if (found.unreadable > 0) process.exitCode = 1;
}

/** The counts for people, and what is wrong with lines. */
function previewTable(found: Preview<Problem>): string[] {
  const reasons = Object.entries(found.byReason)
    .map(([code, all]) => ({ code, worst: found.byWorstReason[code] ?? 0, all }))
    .sort((a, b) => b.worst - a.worst || b.all - a.all)
    .map(({ code, worst, all }) => {
      const others = all > worst ? ` (and ${all - worst} who have a worse reason)` : "";
      return [worst, `  ${code}${others}`] as const;
    });
  const rows: (readonly [count: number, what: string])[] = [
    [found.recipients, "lines"],
    [found.allowed, "allowed"],
    [found.inWindow, "  in an open window"],
    [found.templateOnly, "  by template only"],
    [found.denied, "denied"],
    ...reasons,
    [found.deniedForNow.recipients, "  of these for now only: ask again later"],
    [found.unreadable, "unreadable"],
  ];
  const width = String(found.recipients).length;
  return [
    ...rows.map(([count, what]) => `${String(count).padStart(width)}  ${what}`),
    ...found.problems.map(({ line, problem: { detail, errors = [] } }) => {
      const [first] = errors;
      return `line ${line}: ${first === undefined ? detail : `${first.pointer} ${first.message}`}`;
    }),
  ];
}

/** Runs `work` on the lines of the input, with a bar where somebody sees it and nothing else is written. */
async function withProgress<Result>(
  { input, output, json }: CheckOptions,
  work: (lines: CheckLines) => Promise<Result>,
): Promise<Result> {
  const isAlone = !json && !(output === "-" && process.stdout.isTTY);
  const file = input === "-" ? undefined : await stat(input).catch(() => undefined);
  const size = file?.isFile() ? file.size : undefined;
  const progress = isAlone ? startProgress(process.stderr, size) : noProgress;
  const done = { bytes: 0, lines: 0 };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for await (const piece of filePieces(input)) {
      done.bytes += piece.length;
      progress.show(done);
      yield piece;
    }
  }
  const readCounted = (line: string) => {
    done.lines += 1;
    return readCheck(line);
  };
  try {
    return await work({ pieces: pieces(), readCheck: readCounted });
  } finally {
    progress.end();
  }
}

async function* countedLines(
  ctx: Context,
  lines: CheckLines,
  counts: { lines: number; allowed: number; denied: number; problems: number },
): AsyncGenerator<string> {
  const answers = answerLines(ctx, createGate(ctx.services, createLanes(ctx.services)), lines, {
    problemOf: (error) => toProblem(error, ctx.requestId),
    language: "en",
  });
  for await (const group of answers) {
    counts.lines += group.length;
    for (const answer of group) {
      if ("problem" in answer) counts.problems += 1;
      else counts[answer.decision === "allow" ? "allowed" : "denied"] += 1;
    }
    yield group.map((answer) => `${JSON.stringify(answer)}\n`).join("");
  }
}
