import { type Command, InvalidArgumentError } from "commander";
import { importTemplates } from "../features/whatsapp/index.ts";
import { SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { parseStrictJson } from "../kernel/strict-json.ts";
import { ofOrganization, readTextFile } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface ImportOptions extends OutputOptions {
  readonly organization?: string;
  readonly file: string;
  readonly waba?: string;
  readonly dryRun?: boolean;
}

/** `sayso template import` */
export function addTemplateCommands(program: Command): void {
  const template = program.command("template").description("message templates");

  ofOrganization(verb(template, "import", "record the templates of a file as they are now"))
    .requiredOption(
      "--file <file>",
      "Meta's answer to GET /{waba}/message_templates, or entries as POST /v1/templates takes them: a JSON array or one a line",
    )
    .option("--waba <id>", "the WhatsApp Business Account that Meta's answer is about", readAccount)
    .option("--dry-run", "say what would become of them, and record nothing")
    .action(async (options: ImportOptions) => {
      const list = listIn(await readTextFile(options.file, limits.templateFileBytes));
      if (list.isMetas !== (options.waba !== undefined)) {
        throw new SaysoError(
          "invalid",
          list.isMetas
            ? "Meta's answer does not say of which account it is. Name it with --waba."
            : "--waba is for Meta's answer; here each entry names its wabaId.",
        );
      }
      const { dryRun = false, waba: metasAccount } = options;
      const { imported, unchanged, refused } = await withOrganization(options.organization, (ctx) =>
        importTemplates(ctx, list.entries, { metasAccount, dryRun }),
      );
      print(options, { imported, unchanged, refused }, [
        `${imported} ${dryRun ? "would be imported" : "imported"}, ${unchanged} unchanged, ${refused.length} refused.`,
        ...refused.map(({ position, reason }) => `Position ${position}: ${reason}`),
        ...(list.hasMore
          ? ["This is not all: Meta's answer names a next page, which is to be imported too."]
          : []),
      ]);
      if (refused.length > 0) process.exitCode = 1;
    });
}

function readAccount(text: string): string {
  if (!/^\d{1,32}$/.test(text))
    throw new InvalidArgumentError("A WhatsApp Business Account's id: digits only.");
  return text;
}

interface TemplateList {
  readonly entries: readonly unknown[];
  readonly isMetas: boolean;
  readonly hasMore: boolean;
}

function listIn(text: string): TemplateList {
  const ours = { isMetas: false, hasMore: false };
  let whole: unknown;
  try {
    whole = parseStrictJson(text);
  } catch (error) {
    // A JSON array that is broken is no list of lines.
    if (!(error instanceof SaysoError) || error.code !== "malformed" || /^\s*\[/.test(text)) throw error;
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return { ...ours, entries: lines.map(lineAsEntry) };
  }
  if (Array.isArray(whole)) return { ...ours, entries: whole };
  if (typeof whole === "object" && whole !== null && "data" in whole && Array.isArray(whole.data)) {
    const paging = "paging" in whole ? whole.paging : undefined;
    const hasMore = typeof paging === "object" && paging !== null && "next" in paging;
    return { entries: whole.data, isMetas: true, hasMore };
  }
  return { ...ours, entries: [whole] };
}

/** A line that cannot be read is no entry, and holds up none of the others. */
function lineAsEntry(line: string): unknown {
  try {
    return parseStrictJson(line);
  } catch {
    return undefined;
  }
}
