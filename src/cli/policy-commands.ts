import { type Command, InvalidArgumentError } from "commander";
import {
  activatePolicy,
  getPolicy,
  getPolicyInForce,
  listPolicies,
  policySchema,
  proposePolicy,
} from "../features/gate/index.ts";
import { validate } from "../http/problem.ts";
import { SaysoError } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { parseStrictJson } from "../kernel/strict-json.ts";
import { ofOrganization, readNote, readTextFile } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface PolicyOptions extends OutputOptions {
  readonly organization?: string;
}

interface ProposeOptions extends PolicyOptions {
  readonly file: string;
  readonly note?: string;
}

interface ActivateOptions extends PolicyOptions {
  readonly replacing: string;
  readonly reason: string;
}

/** `sayso policy list|show|propose|activate` */
export function addPolicyCommands(program: Command): void {
  const policy = program.command("policy").description("what an organization sets about the rules");

  ofOrganization(verb(policy, "list", "the newest versions")).action(async (options: PolicyOptions) => {
    const items = await withOrganization(options.organization, (ctx) =>
      listPolicies(ctx, undefined, limits.listMost),
    );
    print(
      options,
      { items },
      items.map(
        ({ policyVersion, createdAt, inForce, note }) =>
          `${policyVersion}  ${createdAt}${inForce ? "  in force" : ""}${note === null ? "" : `  ${note}`}`,
      ),
    );
  });

  ofOrganization(
    verb(policy, "show", "the policy in force, or another version").argument(
      "[version]",
      "its number",
      readVersion,
    ),
  ).action(async (version: number | undefined, options: PolicyOptions) => {
    const shown = await withOrganization(options.organization, (ctx) =>
      version === undefined ? getPolicyInForce(ctx) : getPolicy(ctx, version),
    );
    print(options, shown, [shown.policyVersion, ...JSON.stringify(shown.document, null, 2).split("\n")]);
  });

  ofOrganization(verb(policy, "propose", "add a version; it changes nothing until it is activated"))
    .requiredOption("--file <file>", "its document, JSON")
    .option("--note <text>", "what it is for", readNote)
    .action(async (options: ProposeOptions) => {
      const document = validate(
        policySchema,
        parseStrictJson(await readTextFile(options.file, limits.bodyBytes)),
        "/document",
      );
      if (document instanceof SaysoError) throw document;
      const made = await withOrganization(options.organization, (ctx) =>
        proposePolicy(ctx, { document, note: options.note }),
      );
      print(options, made, [`${made.policyVersion} was proposed. Nothing has changed yet.`]);
    });

  ofOrganization(
    verb(policy, "activate", "bring a version into force").argument("<version>", "its number", readVersion),
  )
    .requiredOption("--replacing <policy>", "the policy in force, as `show` names it, such as built-in/1")
    .requiredOption("--reason <text>", "why", readNote)
    .action(async (version: number, options: ActivateOptions) => {
      const active = await withOrganization(options.organization, (ctx) =>
        activatePolicy(ctx, version, { expected: options.replacing, reason: options.reason }),
      );
      print(options, active, [`${active.policyVersion} is in force.`]);
    });
}

function readVersion(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("A version's number, such as 3.");
  return Number(text);
}
