import { type Key, open, sealAlike } from "./seal.ts";

const uuidBytes = 16;

/**
 * A token for a link that a person gets: whose organization it is in the clear, what it is about sealed under that
 * organization's key. The same content gives the same token.
 */
export function makeLinkToken(key: Key, use: string, organizationId: string, content: object): string {
  const place = `${use}:${organizationId}`;
  const sealed = sealAlike(key, place, Buffer.from(JSON.stringify(content)));
  return Buffer.concat([Buffer.from(organizationId.replaceAll("-", ""), "hex"), sealed]).toString(
    "base64url",
  );
}

/** The organization that a token claims to be of, or undefined when it is none. */
export function organizationOfLinkToken(token: string): string | undefined {
  if (!/^[A-Za-z0-9_-]{60,400}$/.test(token)) return undefined;
  const hex = Buffer.from(token, "base64url").subarray(0, uuidBytes).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The content of a token, or undefined when it was altered or is of another organization or use. */
export function readLinkToken(key: Key, use: string, organizationId: string, token: string): unknown {
  try {
    const sealed = Buffer.from(token, "base64url").subarray(uuidBytes);
    return JSON.parse(open(key, `${use}:${organizationId}`, sealed).toString("utf8"));
  } catch {
    return undefined;
  }
}
