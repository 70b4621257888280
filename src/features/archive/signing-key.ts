import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { z } from "zod";
import { SaysoError } from "../../kernel/errors.ts";

/** The public half of a key that signs archives. */
export interface PublicKey {
  /** RFC 7638 thumbprint: the base64url SHA-256 of the key itself, and so its fingerprint as well. */
  readonly id: string;
  readonly key: KeyObject;
}

/** An Ed25519 public key as RFC 8037 writes it. */
interface PublicJwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
}

function publicJwk(raw: Uint8Array): PublicJwk {
  return { kty: "OKP", crv: "Ed25519", x: Buffer.from(raw).toString("base64url") };
}

/** The id of a raw 32-byte Ed25519 public key: its RFC 7638 thumbprint. */
export function signingKeyId(raw: Uint8Array): string {
  const { kty, crv, x } = publicJwk(raw);
  return createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
}

/** What `/.well-known/sayso-keys.json` answers: a JWK Set (RFC 7517) of raw 32-byte Ed25519 public keys. */
export function signingKeysDocument(rawKeys: readonly Uint8Array[]) {
  return {
    keys: rawKeys.map((raw) => ({
      ...publicJwk(raw),
      kid: signingKeyId(raw),
      use: "sig" as const,
      alg: "EdDSA" as const,
    })),
  };
}

const jwk = z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string() });
const jwkSet = z.object({ keys: z.array(z.unknown()) });

/**
 * Reads the keys that an archive may be checked against: a raw 32-byte key in base64 or base64url, a JWK, or a JWK
 * Set such as sayso-keys.json (keys of other kinds in it are passed over). Throws `invalid` when there is none.
 */
export function readPublicKeys(text: string): readonly PublicKey[] {
  const trimmed = text.trim();
  const raws = trimmed.startsWith("{") ? rawKeysOfJson(trimmed) : [rawKey(trimmed)];
  const keys = raws.flatMap((raw) => (raw === undefined ? [] : [publicKey(raw)]));
  if (keys.length === 0) {
    throw new SaysoError(
      "invalid",
      "This is no Ed25519 public key: give its 32 bytes in base64, a JWK, or a sayso-keys.json.",
    );
  }
  return keys;
}

/** A raw 32-byte Ed25519 public key, ready to check signatures with. */
export function publicKey(raw: Uint8Array): PublicKey {
  return { id: signingKeyId(raw), key: createPublicKey({ key: { ...publicJwk(raw) }, format: "jwk" }) };
}

function rawKeysOfJson(text: string): readonly (Uint8Array | undefined)[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return [];
  }
  const set = jwkSet.safeParse(json);
  return (set.success ? set.data.keys : [json]).map((candidate) => {
    const parsed = jwk.safeParse(candidate);
    return parsed.success ? rawKey(parsed.data.x) : undefined;
  });
}

function rawKey(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  return Buffer.from(text, "base64url");
}
