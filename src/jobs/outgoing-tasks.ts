import { z } from "zod";
import type { Composed } from "../compose.ts";
import type { Config } from "../config.ts";
import { notifySource } from "../features/accountdata/index.ts";
import { resumeCallbacks, sendOpendsrCallbacks } from "../features/datarequest/index.ts";
import { resumeNotices, sendNotice } from "../features/notifier/index.ts";
import { dropOldDeliveries, resumeWebhooks, sendWebhooks } from "../features/outgoing/index.ts";
import { forwardWebhooks, resumeForwards } from "../features/whatsapp/index.ts";
import { limits } from "../kernel/limits.ts";
import type { Tasks } from "./worker.ts";

const organizationJob = z.object({ organizationId: z.uuid() });
const endpointJob = z.object({ organizationId: z.uuid(), endpointId: z.uuid() });
const noticeJob = z.object({ organizationId: z.uuid(), noticeId: z.uuid() });
const sourceNoticeJob = z.object({
  organizationId: z.uuid(),
  id: z.uuid(),
  source: z.string(),
  sealed: z.string(),
});
const forwardJob = z.object({ url: z.string() });

/**
 * Work that sends to other systems. It has a worker of its own: whoever does not answer there must not keep noes, windows
 * and archives waiting.
 */
export function composeOutgoingTasks(
  { services, contextFor, opendsr }: Composed,
  { whatsappForwardUrls: allowed }: Pick<Config, "whatsappForwardUrls">,
): Tasks {
  return {
    atOnce: limits.webhookJobsAtOnce,
    list: {
      send_webhooks: async (payload, signal) => {
        const { organizationId, endpointId } = endpointJob.parse(payload);
        const actor = { kind: "system", id: "send_webhooks" } as const;
        await sendWebhooks(await contextFor(organizationId, actor, "job:send_webhooks"), endpointId, signal);
      },
      forward_webhooks: (payload, signal) =>
        forwardWebhooks(services, forwardJob.parse(payload).url, { allowed, signal }),
      send_notice: async (payload, signal) => {
        const { organizationId, noticeId } = noticeJob.parse(payload);
        const actor = { kind: "system", id: "send_notice" } as const;
        await sendNotice(await contextFor(organizationId, actor, "job:send_notice"), noticeId, signal);
      },
      send_opendsr_callbacks: async (payload, signal) => {
        // Without a certificate nothing is sent unsigned; what waits goes out when there is one.
        if (opendsr === undefined) return;
        const { organizationId } = organizationJob.parse(payload);
        const actor = { kind: "system", id: "send_opendsr_callbacks" } as const;
        const ctx = await contextFor(organizationId, actor, "job:send_opendsr_callbacks");
        await sendOpendsrCallbacks(ctx, opendsr, signal);
      },
      resume_opendsr_callbacks: () => resumeCallbacks(services),
      resume_notices: () => resumeNotices(services),
      notify_source: async (payload, signal) => {
        const { organizationId, ...notice } = sourceNoticeJob.parse(payload);
        const actor = { kind: "system", id: "notify_source" } as const;
        await notifySource(await contextFor(organizationId, actor, "job:notify_source"), notice, signal);
      },
      resume_webhooks: async () => {
        await resumeWebhooks(services);
        await resumeForwards(services, allowed);
      },
      drop_webhook_deliveries: async (_payload, signal) => {
        const removed = await dropOldDeliveries(services, signal);
        if (removed > 0) services.log.info({ removed }, "webhook deliveries removed");
      },
    },
    schedule: [
      { task: "resume_webhooks", match: "* * * * *" },
      { task: "resume_notices", match: "* * * * *" },
      { task: "resume_opendsr_callbacks", match: "* * * * *" },
      { task: "drop_webhook_deliveries", match: "30 0 * * *" },
    ],
  };
}
