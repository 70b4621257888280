import type { Services } from "../../context.ts";
import { limits } from "../../kernel/limits.ts";
import { version } from "../../version.ts";
import { post, retryAfterSeconds, workOff } from "../outgoing/index.ts";
import {
  type ClaimedForward,
  claimForward,
  claimForwardTarget,
  recordForward,
  releaseForwardTarget,
  wakeDueForwards,
} from "./forward-store.ts";
import { openStoredBody } from "./take-webhook.ts";

/**
 * Passes raw webhook bodies on to the app that used to get them, as they came, with the platform's signature: each at
 * least once, what fails again later, for three days. Only to a URL that the configuration names still.
 */
export async function forwardWebhooks(
  services: Services,
  url: string,
  { allowed, signal }: { allowed: readonly (string | undefined)[]; signal: AbortSignal },
): Promise<void> {
  if (!allowed.includes(url) || !(await claimForwardTarget(services, url))) return;
  const { isSilent } = await workOff({
    signal,
    next: () => claimForward(services, url),
    send: async ({ bodyId, signature, attempts }: ClaimedForward) => {
      const body = await openStoredBody(services, bodyId);
      const headers = {
        "content-type": "application/json",
        "user-agent": `sayso/${version}`,
        "x-hub-signature-256": signature,
      };
      const posted =
        body === undefined
          ? ({ status: null, error: "refused_target", durationMs: 0 } as const)
          : await post(url, body.raw, headers, { targets: services.targets, signal });
      const { status } = posted;
      await recordForward(
        services,
        { bodyId, url },
        {
          ...posted,
          isDelivered: status !== null && status >= 200 && status < 300,
          retryAfterSeconds: posted.error === "stopped" ? 0 : retryAfterSeconds(attempts),
        },
      );
      return posted;
    },
  });
  await releaseForwardTarget(services, url, isSilent ? limits.webhookRestSeconds : 0);
}

/** Has every URL with something due worked off, also what a process took along when it died. */
export function resumeForwards(services: Services, allowed: readonly (string | undefined)[]): Promise<void> {
  return wakeDueForwards(
    services,
    allowed.filter((url) => url !== undefined),
  );
}
