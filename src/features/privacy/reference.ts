import { createHash } from "node:crypto";
import type { Context } from "../../context.ts";
import { deriveKey, keyedHash } from "../../kernel/seal.ts";

/**
 * What a person finds their request's status by: 26 letters and digits in an address, 130 bits that nobody can guess.
 * Derived from the claim, and stored as a hash alone.
 */
export function referenceOf(ctx: Context, claimId: string): string {
  const bits = [...keyedHash(deriveKey(ctx.keys.data, "claim_reference"), claimId)]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("");
  const symbols = Array.from({ length: symbolsOfReference }, (_, n) =>
    alphabet.charAt(Number.parseInt(bits.slice(n * 5, n * 5 + 5), 2)),
  );
  return symbols.join("");
}

// Crockford's base 32 in small letters: no i, l, o and u.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const symbolsOfReference = 26;

/** Whether a text can be a reference. */
export function isReference(text: string): boolean {
  return /^[0-9a-hjkmnp-tv-z]{26}$/.test(text);
}

/** What a claim is found by. */
export function hashReference(reference: string): Buffer {
  return createHash("sha256").update(reference).digest();
}
