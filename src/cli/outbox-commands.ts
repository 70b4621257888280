import type { Command } from "commander";
import { readOutbox } from "../features/notifier/index.ts";
import { ofOrganization } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

/** `sayso outbox list` */
export function addOutboxCommands(program: Command): void {
  const outbox = program.command("outbox").description("short messages to people, such as codes");
  ofOrganization(
    verb(outbox, "list", "the newest, with what became of them; what nobody sends can be read here"),
  ).action(async (options: OutputOptions & { readonly organization?: string }) => {
    const items = await withOrganization(options.organization, readOutbox);
    print(
      options,
      { items },
      items.flatMap(({ id, createdAt, state, way, reason, to, text }) => [
        [createdAt, id, state, way ?? to ?? "", reason ?? ""].filter(Boolean).join("  "),
        ...(text === null ? [] : [`    ${text}`]),
      ]),
    );
  });
}
