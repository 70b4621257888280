import { timingSafeEqual } from "node:crypto";
import { type Key, keyedHash } from "../../../kernel/seal.ts";

/** What was on the screen, and when: the content of a capture token. */
export interface Capture {
  /** The token's own id (uuid): it proves the yes of one person only. */
  readonly tokenId: string;
  readonly collectionPointId: string;
  readonly version: number;
  readonly language: string;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  /** The page that showed it, as `pageOf` gives it; undefined when nobody said. */
  readonly pageUrl: string | undefined;
}

const prefix = "cap1";

/**
 * Signs what was on the screen (HMAC-SHA-256 under a key of the organization's own, so that a token of another
 * organization never fits). The same capture gives the same token.
 */
export function signCapture(key: Key, capture: Capture): string {
  const payload = Buffer.from(
    JSON.stringify([
      capture.tokenId,
      capture.collectionPointId,
      capture.version,
      capture.language,
      capture.issuedAt,
      capture.pageUrl ?? null,
    ]),
  ).toString("base64url");
  return `${prefix}.${payload}.${signature(key, payload).toString("base64url")}`;
}

/** Reads a capture token, or undefined when it was altered, is of another organization or is none. */
export function readCapture(key: Key, token: string): Capture | undefined {
  const [kind, payload, signed, ...rest] = token.split(".");
  if (kind !== prefix || payload === undefined || signed === undefined || rest.length > 0) return undefined;
  const given = Buffer.from(signed, "base64url");
  const wanted = signature(key, payload);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
  const [tokenId, collectionPointId, version, language, issuedAt, pageUrl] = JSON.parse(
    Buffer.from(payload, "base64url").toString("utf8"),
  ) as [string, string, number, string, number, (string | null)?];
  return { tokenId, collectionPointId, version, language, issuedAt, pageUrl: pageUrl ?? undefined };
}

/**
 * The page of an address: origin and path. A query may hold personal data and names the same page. Undefined for what
 * is no address of a page.
 */
export function pageOf(address: string): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url.origin + url.pathname : undefined;
}

function signature(key: Key, payload: string): Buffer {
  return keyedHash(key, `${prefix}.${payload}`);
}
