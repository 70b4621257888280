export { webhookRoutes, whatsappRoutes } from "./routes.ts";
export { dropOldBodies, processStoredBody, replayUnclaimed, type WebhookIntake } from "./take-webhook.ts";
