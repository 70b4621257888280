export { importTemplates } from "./import-templates.ts";
export { recordFailure } from "./record-failure.ts";
export { dropOldBodies, processStoredBody, replayUnclaimed, type WebhookIntake } from "./take-webhook.ts";
