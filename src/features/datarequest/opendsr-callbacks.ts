import type { Context } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import { version } from "../../version.ts";
import { post, retryAfterSeconds, workOff } from "../outgoing/index.ts";
import type { OpendsrSigner } from "./opendsr-certificate.ts";
import { type ClaimedCallback, claimCallback, recordCallback } from "./opendsr-store.ts";

/**
 * Tells controllers how their requests stand (OpenDSR 2.0, sections 8.5 and 8.6), signed; each status at least once, and
 * of one request in order. What fails is tried again for three days, as webhooks are. Addresses are judged where the
 * connection is made, and redirects are not followed.
 */
export async function sendOpendsrCallbacks(
  ctx: Context,
  signer: OpendsrSigner,
  signal: AbortSignal,
): Promise<void> {
  await workOff({
    signal,
    next: () => claimCallback(ctx),
    send: async (callback: ClaimedCallback) => {
      const body = JSON.stringify({
        controller_id: formatId("org", ctx.organizationId),
        expected_completion_time: callback.expectedAt,
        status_callback_url: callback.url,
        subject_request_id: callback.subjectRequestId,
        request_status: callback.status,
        api_version: "2.0",
      });
      const posted = await post(
        callback.url,
        body,
        {
          "content-type": "application/json",
          "user-agent": `sayso/${version}`,
          "x-opendsr-processor-domain": signer.domain,
          "x-opendsr-signature": signer.sign(body),
        },
        { targets: ctx.services.targets, signal },
      );
      await recordCallback(ctx, callback, {
        isDelivered: posted.status !== null && posted.status >= 200 && posted.status < 300,
        outcome: posted.error ?? String(posted.status),
        // Broken off by ourselves it is nobody's failure.
        retryAfterSeconds: posted.error === "stopped" ? 0 : retryAfterSeconds(callback.attempts),
      });
      return posted;
    },
  });
}
