import { timingSafeEqual } from "node:crypto";
import { deriveKey, type Key, keyedHash } from "./seal.ts";

/** A nonce for one use of one thing (its public id): derived, so that nothing need be stored and it comes out alike again. */
export function makeNonce(key: Key, use: string, id: string): string {
  return `${id}.${keyedHash(deriveKey(key, use), id).toString("base64url")}`;
}

/** The public id that a nonce is of; undefined when it was not made for this use under this key. */
export function readNonce(key: Key, use: string, nonce: string): string | undefined {
  const [id = ""] = nonce.split(".");
  const given = Buffer.from(nonce);
  const wanted = Buffer.from(makeNonce(key, use, id));
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? id : undefined;
}
