export { saysSpam } from "./domain/effects.ts";
export { forwardWebhooks, resumeForwards } from "./forward-webhooks.ts";
export { importInbound } from "./import-inbound.ts";
export { importTemplates } from "./import-templates.ts";
export { recordFailure } from "./record-failure.ts";
export { dropOldBodies, processStoredBody, replayUnclaimed, type WebhookIntake } from "./take-webhook.ts";
