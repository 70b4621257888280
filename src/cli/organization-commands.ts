import type { Command } from "commander";
import { createOrganization, listOrganizations } from "../features/organization/index.ts";
import { readName } from "./arguments.ts";
import { withService } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface CreateOptions extends OutputOptions {
  readonly name: string;
}

/** `sayso organization create|list` */
export function addOrganizationCommands(program: Command): void {
  const organization = program.command("organization").description("businesses that send");

  verb(organization, "create", "make an organization with keys and first purposes of its own")
    .requiredOption("--name <name>", "its name, as people will read it", readName)
    .action(async (options: CreateOptions) => {
      const actor = { kind: "system", id: "command_line" } as const;
      const made = await withService(({ services }) => createOrganization(services, actor, options));
      print(options, { id: made.id }, [`${made.name} is ${made.id}.`]);
    });

  verb(organization, "list", "every organization, the first one first").action(
    async (options: OutputOptions) => {
      const items = await withService(({ services }) => listOrganizations(services));
      print(
        options,
        { items },
        items.map(
          ({ id, name, sandboxOf }) => `${id}  ${name}${sandboxOf ? `  sandbox of ${sandboxOf}` : ""}`,
        ),
      );
    },
  );
}
