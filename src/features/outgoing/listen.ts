import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import type { EventType } from "../../kernel/event-types.ts";
import { formatId } from "../../kernel/ids.ts";
import { payloadOf } from "./send-webhooks.ts";
import { disableEndpoint, insertEndpoint, takeHeard } from "./store.ts";

/** Somebody who listens to what happens, without an endpoint of their own. */
export interface Listener {
  readonly id: string;
}

/** Begins to listen: to these types, or to every one. Without a sign of life it ends by itself after a minute. */
export async function startListening(ctx: Context, eventTypes: readonly EventType[]): Promise<Listener> {
  const id = ctx.services.newId("whe");
  const publicId = formatId("whe", id);
  const row = await insertEndpoint(ctx, { id, publicId, url: null, eventTypes, description: null });
  if (row === undefined) throw new SaysoError("internal", "Nobody listens.");
  return { id };
}

/** What happened since it was last asked, as a receiver gets it, the oldest first; also a sign of life. */
export async function hear(ctx: Context, { id }: Listener) {
  return (await takeHeard(ctx, id)).map((heard) => ({
    webhookId: formatId("evt", heard.eventId),
    type: heard.type,
    at: heard.at.toISOString(),
    body: payloadOf(heard),
  }));
}

export async function stopListening(ctx: Context, { id }: Listener): Promise<void> {
  await disableEndpoint(ctx, { id, publicId: formatId("whe", id), reason: "It ended." });
}
