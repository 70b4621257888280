import { type Command, InvalidArgumentError } from "commander";
import { createApiKey, endApiKey, listApiKeys, sandboxOf } from "../features/organization/index.ts";
import { formatId } from "../kernel/ids.ts";
import { type Scope, scopes } from "../kernel/scopes.ts";
import { addScope, ofOrganization, readInstant, readName } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface KeyOptions extends OutputOptions {
  readonly organization?: string;
}

interface CreateOptions extends KeyOptions {
  readonly name: string;
  readonly scope: readonly Scope[];
  readonly expires?: Date;
  readonly test?: true;
}

/** `sayso key create|list|revoke` */
export function addKeyCommands(program: Command): void {
  const key = program.command("key").description("API keys of an organization");

  ofOrganization(verb(key, "create", "make an API key; it is shown this once"))
    .requiredOption(
      "--name <name>",
      "what the key is for; two of one name can be live, to change over",
      readName,
    )
    .requiredOption(`--scope <scope>`, `what it may do, repeatable: ${scopes.join(", ")}`, addScope)
    .option("--expires <instant>", "when it ends by itself, such as 2027-01-31T12:00:00Z", readExpiry)
    .option("--test", "for the organization's sandbox, which sends nothing and counts nothing")
    .action(async (options: CreateOptions) => {
      const { name, scope, expires, test } = options;
      const made = await withOrganization(options.organization, async (ctx, { contextFor }) => {
        const of = test ? await contextFor(await sandboxOf(ctx), ctx.actor, ctx.requestId) : ctx;
        const { id, key } = await createApiKey(of, { name, scopes: scope, expiresAt: expires });
        return { id, key, ...(test ? { organization: formatId("org", of.organizationId) } : {}) };
      });
      print(options, made, [
        `The API key ${made.id}, shown this once:`,
        made.key,
        "Send it as: Authorization: Bearer <key>",
        ...(test ? [`It works on the sandbox ${made.organization} only.`] : []),
      ]);
    });

  ofOrganization(verb(key, "list", "keys that were not revoked, without the keys themselves")).action(
    async (options: KeyOptions) => {
      const items = await withOrganization(options.organization, listApiKeys);
      print(
        options,
        { items },
        items.map(
          ({ id, name, scopes, expiresAt }) =>
            `${id}  ${name}  ${scopes.join(",")}  ${expiresAt === null ? "does not expire" : `expires ${expiresAt}`}`,
        ),
      );
    },
  );

  ofOrganization(verb(key, "revoke <id>", "end a key at once")).action(
    async (id: string, options: KeyOptions) => {
      const revoked = await withOrganization(options.organization, (ctx) => endApiKey(ctx, id));
      print(options, revoked, [`${revoked.id} was revoked at ${revoked.revokedAt}.`]);
    },
  );
}

function readExpiry(text: string): Date {
  const instant = readInstant(text);
  if (instant.getTime() <= Date.now()) throw new InvalidArgumentError("This lies in the past.");
  return instant;
}
