import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import { hear, startListening, stopListening } from "../features/outgoing/index.ts";
import { type EventType, eventTypes } from "../kernel/event-types.ts";
import { limits } from "../kernel/limits.ts";
import { ofOrganization } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface ListenOptions extends OutputOptions {
  readonly organization?: string;
  readonly type: readonly EventType[];
}

/** `sayso webhook listen` */
export function addWebhookCommands(program: Command): void {
  const webhook = program.command("webhook").description("what other systems are told");

  ofOrganization(verb(webhook, "listen", "show what webhooks would tell, as it happens, until you end it"))
    .option("--type <type>", `what to show, several times if need be: ${eventTypes.join(", ")}`, addType, [])
    .action(async (options: ListenOptions) => {
      const ended = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
      await withOrganization(options.organization, async (ctx) => {
        const listener = await startListening(ctx, options.type);
        process.stderr.write("Listening. Press Ctrl-C to end.\n");
        const stopping = new AbortController();
        void ended.then(() => stopping.abort());
        while (!stopping.signal.aborted) {
          for (const { webhookId, type, at, body } of await hear(ctx, listener))
            print(options, { webhookId, ...JSON.parse(body) }, [`${at}  ${type}  ${webhookId}  ${body}`]);
          await delay(limits.webhookListenMs, undefined, { signal: stopping.signal }).catch(() => {});
        }
        await stopListening(ctx, listener);
      });
    });
}

function addType(text: string, earlier: readonly EventType[]): readonly EventType[] {
  const type = eventTypes.find((known) => known === text);
  if (type === undefined) throw new InvalidArgumentError(`Types are ${eventTypes.join(", ")}.`);
  return [...earlier, type];
}
