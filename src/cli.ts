#!/usr/bin/env node
import { Command } from "commander";
import { addArchiveCommands } from "./cli/archive-commands.ts";
import { addCalendarCommands } from "./cli/calendar-commands.ts";
import { addCheckCommand } from "./cli/check-command.ts";
import { addConsentCommands } from "./cli/consent-commands.ts";
import { addHoldCommands } from "./cli/hold-commands.ts";
import { addInboundCommands } from "./cli/inbound-commands.ts";
import { addKeyCommands } from "./cli/key-commands.ts";
import { addLetterCommands } from "./cli/letter-commands.ts";
import { addOptOutCommands } from "./cli/opt-out-commands.ts";
import { addOrganizationCommands } from "./cli/organization-commands.ts";
import { addOutboxCommands } from "./cli/outbox-commands.ts";
import { reportFailure } from "./cli/output.ts";
import { addPolicyCommands } from "./cli/policy-commands.ts";
import { addRequestCommands } from "./cli/request-commands.ts";
import { addSourceCommands } from "./cli/source-commands.ts";
import { addStateCommands } from "./cli/state-commands.ts";
import { addTemplateCommands } from "./cli/template-commands.ts";
import { addWebhookCommands } from "./cli/webhook-commands.ts";
import { version } from "./version.ts";

// The `sayso` command: the same verbs as over HTTP. Reads the same environment as the service.
const asJson = process.argv.includes("--json");
const program = new Command("sayso")
  .version(version)
  .description("No message without the customer's say-so.")
  .configureOutput({ writeErr: (text) => (asJson ? undefined : process.stderr.write(text)) })
  .showHelpAfterError("Add --help to see how it is used.")
  .exitOverride();
addOrganizationCommands(program);
addKeyCommands(program);
addPolicyCommands(program);
addRequestCommands(program);
addHoldCommands(program);
addLetterCommands(program);
addCalendarCommands(program);
addTemplateCommands(program);
addConsentCommands(program);
addOptOutCommands(program);
addInboundCommands(program);
addArchiveCommands(program);
addCheckCommand(program);
addSourceCommands(program);
addStateCommands(program);
addWebhookCommands(program);
addOutboxCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error, asJson);
}
