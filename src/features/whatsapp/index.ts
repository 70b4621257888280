export { dropOldBodies, processStoredBody, replayUnclaimed, type WebhookIntake } from "./take-webhook.ts";
