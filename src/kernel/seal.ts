import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomFillSync } from "node:crypto";

/** A 32-byte key for AES-256-GCM or HMAC-SHA-256. */
export type Key = Uint8Array;

export const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;

// Asking the system for a few random bytes takes longer than sealing with them, so they are drawn by the page, as Node
// draws its UUIDs. Each byte is handed out once.
const page = Buffer.alloc(4096);
let handedOut = page.length;

function freshBytes(count: number): Buffer {
  if (handedOut + count > page.length) {
    randomFillSync(page);
    handedOut = 0;
  }
  const fresh = Buffer.from(page.subarray(handedOut, handedOut + count));
  page.fill(0, handedOut, handedOut + count);
  handedOut += count;
  return fresh;
}

/** A new random key. */
export function randomKey(): Key {
  return freshBytes(keyBytes);
}

/**
 * Seals bytes with AES-256-GCM (NIST SP 800-38D, random 96-bit nonce). `place` is authenticated with them, so
 * that a sealed value moved to another row or column does not open. Returns nonce, ciphertext and tag in one.
 */
export function seal(key: Key, place: string, plain: Uint8Array): Buffer {
  return sealWith(freshBytes(ivBytes), key, place, plain);
}

/**
 * Seals bytes so that the same bytes at the same place always give the same result: the nonce is a keyed hash of
 * both, as in AES-SIV. For tokens that must come out alike when they are asked for again. `open` opens them.
 */
export function sealAlike(key: Key, place: string, plain: Uint8Array): Buffer {
  const iv = createHmac("sha256", key).update(place).update("\0").update(plain).digest().subarray(0, ivBytes);
  return sealWith(iv, key, place, plain);
}

function sealWith(iv: Uint8Array, key: Key, place: string, plain: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(place, "utf8"));
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Opens what `seal` made. Throws when the key, the place or a single bit differs. */
export function open(key: Key, place: string, sealed: Uint8Array): Buffer {
  const bytes = Buffer.from(sealed);
  if (bytes.length < ivBytes + tagBytes) throw new Error("This is too short to be a sealed value.");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, ivBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(place, "utf8"));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(ivBytes, bytes.length - tagBytes)), decipher.final()]);
}

/** HMAC-SHA-256 of a text. */
export function keyedHash(key: Key, text: string): Buffer {
  return createHmac("sha256", key).update(text, "utf8").digest();
}

/** A key for one use, derived from another (HKDF-SHA-256, RFC 5869). */
export function deriveKey(key: Key, use: string): Key {
  return Buffer.from(hkdfSync("sha256", key, new Uint8Array(0), use, keyBytes));
}
