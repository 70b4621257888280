import type { App } from "../../http/app.ts";
import { signingKeysDocument } from "./signing-key.ts";

/** `/.well-known/sayso-keys.json`: the keys that archives are checked against, as a JWK Set (RFC 7517). */
export function signingKeyRoutes(app: App, rawKeys: readonly Uint8Array[]): void {
  const document = signingKeysDocument(rawKeys);
  app.get("/.well-known/sayso-keys.json", (c) =>
    c.json(document, 200, { "Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*" }),
  );
}
