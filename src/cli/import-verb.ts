import { once } from "node:events";
import type { Command } from "commander";
import type { Context } from "../context.ts";
import { toProblem } from "../http/problem.ts";
import type { Imported, ImportLines, RefusedLine } from "../kernel/import-lines.ts";
import { filePieces, ofOrganization } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, printable, verb } from "./output.ts";

interface ImportOptions extends OutputOptions {
  readonly organization?: string;
  readonly input: string;
  readonly dryRun?: boolean;
}

/** What is imported: how one line is read, and who takes it. */
interface Importable<Input> {
  readonly description: string;
  /** What stands on a line, for the help. */
  readonly lines: string;
  readonly read: (line: string) => Input;
  readonly take: (ctx: Context, lines: ImportLines<Input>, how: { dryRun: boolean }) => Promise<Imported>;
}

/**
 * Adds `import --input FILE` to a noun, for files of any length. What is wrong with a line is said on standard error as
 * soon as its turn is there, with `--json` as a JSON document a line.
 */
export function addImportVerb<Input>(
  noun: Command,
  { description, lines, read, take }: Importable<Input>,
): void {
  ofOrganization(verb(noun, "import", description))
    .requiredOption("--input <file>", `${lines}; - is standard input`)
    .option("--dry-run", "say what would become of them, and record nothing")
    .action(async (options: ImportOptions) => {
      const { input, dryRun = false } = options;
      const { imported, unchanged, refused } = await withOrganization(options.organization, (ctx) => {
        const refuse = (some: readonly RefusedLine[]) => say(options, ctx, some);
        return take(ctx, { pieces: filePieces(input), read, refuse }, { dryRun });
      });
      print(options, { imported, unchanged, refused }, [
        `${imported} ${dryRun ? "would be imported" : "imported"}, ${unchanged} unchanged, ${refused} refused.`,
      ]);
      if (refused > 0) process.exitCode = 1;
    });
}

/** Waits until it is read: a million bad lines are not kept. */
async function say(options: OutputOptions, ctx: Context, refused: readonly RefusedLine[]): Promise<void> {
  const texts = refused.map(({ line, error }) => {
    if (options.json) return JSON.stringify({ line, problem: toProblem(error, ctx.requestId) });
    const places = error.errors.map(({ pointer, message }) => `${pointer}: ${message}`);
    return printable(`Line ${line}: ${places.length > 0 ? places.join(" ") : error.detail}`);
  });
  if (!process.stderr.write(texts.map((text) => `${text}\n`).join(""))) await once(process.stderr, "drain");
}
