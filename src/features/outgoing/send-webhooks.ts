import { Webhook } from "standardwebhooks";
import type { Context, Services } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { version } from "../../version.ts";
import { retryAfterSeconds } from "./domain/backoff.ts";
import { endpointSecret } from "./endpoint-secret.ts";
import { post } from "./post.ts";
import {
  type ClaimedDelivery,
  claimDelivery,
  claimEndpoint,
  deleteOldDeliveries,
  disableEndpoint,
  recordAttempt,
  releaseEndpoint,
  wakeDueEndpoints,
} from "./store.ts";
import { workOff } from "./work-off.ts";

/** The body of a delivery (Standard Webhooks 1.0): the same bytes at every attempt. */
export function payloadOf({ type, data, at }: Pick<ClaimedDelivery, "type" | "data" | "at">): string {
  return JSON.stringify({ type, timestamp: at.toISOString(), data });
}

/**
 * Works off what is due at an endpoint (uuid), signed (Standard Webhooks 1.0); each event at least once, with the same
 * webhook-id at every attempt. What fails is due again later, for three days. One process does so at a time, a few
 * deliveries at once, and an endpoint that does not answer is left alone for a while, so that it holds up no other.
 * An answer of 410 disables the endpoint. Throws `unavailable` or `outcome_unknown` when the database is lost.
 */
export async function sendWebhooks(ctx: Context, endpointId: string, signal: AbortSignal): Promise<void> {
  const endpoint = await claimEndpoint(ctx, endpointId);
  if (endpoint === undefined) return;
  const webhook = new Webhook(endpointSecret(ctx, endpointId));
  let isGone = false;

  const { isSilent } = await workOff({
    signal,
    next: () => (isGone ? Promise.resolve(undefined) : claimDelivery(ctx, endpointId)),
    send: async (delivery: ClaimedDelivery) => {
      const id = formatId("evt", delivery.eventId);
      const now = ctx.services.now();
      const body = payloadOf(delivery);
      const posted = await post(
        endpoint.url,
        body,
        {
          "content-type": "application/json",
          "user-agent": `sayso/${version}`,
          "webhook-id": id,
          "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
          "webhook-signature": webhook.sign(id, now, body),
        },
        { targets: ctx.services.targets, signal },
      );
      const { status } = posted;
      isGone ||= status === 410;
      await recordAttempt(ctx, endpointId, {
        eventId: delivery.eventId,
        attempt: delivery.attempts,
        ...posted,
        isDelivered: status !== null && status >= 200 && status < 300,
        // Broken off by ourselves it is nobody's failure.
        retryAfterSeconds: posted.error === "stopped" ? 0 : retryAfterSeconds(delivery.attempts),
      });
      return posted;
    },
  });
  if (isGone) {
    const publicId = formatId("whe", endpointId);
    await disableEndpoint(ctx, { id: endpointId, publicId, reason: "It answered 410 Gone." });
  }
  await releaseEndpoint(ctx, endpointId, isSilent ? limits.webhookRestSeconds : 0);
}

/** Has every endpoint with something due worked off, also what a process took along when it died. */
export function resumeWebhooks(services: Services): Promise<void> {
  return wakeDueEndpoints(services);
}

/** Removes what is older than the delivery log goes back. */
export async function dropOldDeliveries(services: Services, signal: AbortSignal): Promise<number> {
  let removed = 0;
  for (let some = 1; some > 0 && !signal.aborted; removed += some) some = await deleteOldDeliveries(services);
  return removed;
}
