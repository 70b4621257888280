import { createHash, createHmac, timingSafeEqual } from "node:crypto";

const signatureHeader = /^sha256=([0-9a-f]{64})$/i;

/**
 * With which of the app secrets (its place) the raw bytes of a webhook body were signed; undefined: with none. The header is Meta's
 * `X-Hub-Signature-256: sha256=<hex HMAC-SHA-256>`, taken over the bytes as they came, before any parsing. None
 * for a missing or malformed header and when there is no secret; an empty secret counts as none, for anyone can
 * sign with it. Every secret is tried, each in constant time, so that timing tells nothing of which one fitted.
 * Source: Meta, Webhooks, "Validating payloads".
 */
export function signingSecret(
  secrets: readonly string[],
  rawBody: Uint8Array,
  header: string | undefined,
): number | undefined {
  const hex = signatureHeader.exec(header ?? "")?.[1];
  if (hex === undefined) return undefined;
  const claimed = Buffer.from(hex, "hex");
  const fits = secrets.map(
    (secret) =>
      secret !== "" && timingSafeEqual(createHmac("sha256", secret).update(rawBody).digest(), claimed),
  );
  return fits.includes(true) ? fits.indexOf(true) : undefined;
}

/**
 * Answers Meta's handshake `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`: the challenge to echo
 * with 200, or undefined, which is a 403. An empty token is none and never matches. Digests are compared, so that
 * timing tells neither the token nor its length. Source: Meta, Webhooks, "Verification requests".
 */
export function verifyHandshake(
  query: Readonly<Record<string, string | undefined>>,
  verifyToken: string,
): string | undefined {
  const { "hub.mode": mode, "hub.verify_token": token, "hub.challenge": challenge } = query;
  if (verifyToken === "" || mode !== "subscribe" || token === undefined) return undefined;
  if (!timingSafeEqual(digest(token), digest(verifyToken))) return undefined;
  return challenge === "" ? undefined : challenge;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
