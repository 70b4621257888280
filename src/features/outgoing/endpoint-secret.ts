import type { Context } from "../../context.ts";
import { deriveKey, keyedHash } from "../../kernel/seal.ts";

/**
 * The secret that an endpoint's deliveries are signed with, in Standard Webhooks' form. Derived, not drawn: a repeated
 * Idempotency-Key gives the same one, and none is stored.
 */
export function endpointSecret(ctx: Context, endpointId: string): string {
  const key = deriveKey(ctx.keys.data, "webhook_endpoint");
  return `whsec_${keyedHash(key, endpointId).toString("base64")}`;
}
