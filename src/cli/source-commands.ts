import type { Command } from "commander";
import { checkSources, sourcesOf } from "../features/accountdata/index.ts";
import { ofOrganization } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface SourceOptions extends OutputOptions {
  readonly organization?: string;
  readonly subject?: string;
}

/** `sayso source list|check` */
export function addSourceCommands(program: Command): void {
  const source = program.command("source").description("where account data is read (SAYSO_SOURCES)");

  ofOrganization(verb(source, "list", "the organization's sources and what they fill")).action(
    async (options: SourceOptions) => {
      const items = await withOrganization(options.organization, async (ctx) =>
        (await sourcesOf(ctx)).map(({ name, title, kind, sections, notify }) => ({
          source: name,
          title: title ?? name,
          kind,
          sections: Object.keys(sections),
          isTold: notify !== undefined,
        })),
      );
      print(
        options,
        { items },
        items.map(
          ({ source: name, kind, sections, title }) => `${name}  ${kind}  ${sections.join(", ")}  ${title}`,
        ),
      );
    },
  );

  ofOrganization(verb(source, "check", "try every source, and say what works and what does not"))
    .option("--subject <id>", "sub_…: ask about this person, and check that what is found fits")
    .action(async (options: SourceOptions) => {
      const items = await withOrganization(options.organization, (ctx) => checkSources(ctx, options.subject));
      const failed = items.filter(({ works }) => !works).length;
      print(options, { items, failed }, [
        ...items.map(
          ({ source: name, section, works, found, problem }) =>
            `${works ? "ok    " : "FAILED"}  ${name}  ${section}  ${problem ?? (found === null ? "" : found ? "has something" : "has nothing")}`,
        ),
        items.length === 0
          ? "There are no sources. Describe them in a file and name it in SAYSO_SOURCES."
          : `${items.length - failed} of ${items.length} work.`,
      ]);
      if (failed > 0) process.exitCode = 1;
    });
}
