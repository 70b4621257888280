export { retryAfterSeconds } from "./domain/backoff.ts";
export { hear, startListening, stopListening } from "./listen.ts";
export { ask, post } from "./post.ts";
export { dropOldDeliveries, resumeWebhooks, sendWebhooks } from "./send-webhooks.ts";
export { workOff } from "./work-off.ts";
