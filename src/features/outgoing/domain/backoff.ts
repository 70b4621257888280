import { limits } from "../../../kernel/limits.ts";

/**
 * Seconds until the next attempt after so many failed ones; undefined: it is given up. The last attempt is about three
 * days after the first.
 */
export function retryAfterSeconds(failedAttempts: number): number | undefined {
  return limits.webhookRetrySeconds[failedAttempts - 1];
}
