import type { Command } from "commander";
import { importOptOuts } from "../features/optout/index.ts";
import { readOptOutLine } from "../http/line-bodies.ts";
import { addImportVerb } from "./import-verb.ts";

/** `sayso opt-out import` */
export function addOptOutCommands(program: Command): void {
  addImportVerb(program.command("opt-out").description("people's noes"), {
    description: "take noes that people said elsewhere, each as of its own time",
    lines: "one opt-out a line (NDJSON), as POST /v1/opt-outs takes it, without its source or with `import`",
    read: readOptOutLine,
    take: importOptOuts,
  });
}
