import { createHash } from "node:crypto";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import type { Context, Idempotency, OrganizationKeys, Services } from "../context.ts";
import { SaysoError } from "../kernel/errors.ts";
import { formatId } from "../kernel/ids.ts";
import { limits } from "../kernel/limits.ts";
import { grants, type Scope } from "../kernel/scopes.ts";
import { keyedHash } from "../kernel/seal.ts";
import { type AppEnv, readBody } from "./app.ts";

/** What authentication needs of the organization feature; compose.ts hands it over. */
export interface Credentials {
  readonly findApiKey: (
    key: string,
  ) => Promise<{ organizationId: string; id: string; scopes: readonly string[] } | undefined>;
  readonly organizationKeys: (organizationId: string) => Promise<OrganizationKeys>;
}

/** Finds the caller by `Authorization: Bearer <API key>` and sets the context that use cases run in. */
export function authenticated(services: Services, credentials: Credentials): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const key = /^Bearer +(\S{1,200})$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const found = key === undefined ? undefined : await credentials.findApiKey(key);
    if (found === undefined) {
      c.header("WWW-Authenticate", "Bearer");
      throw new SaysoError("unauthenticated", "Send a live API key: Authorization: Bearer <API key>.");
    }
    const keys = await credentials.organizationKeys(found.organizationId);
    c.set("scopes", found.scopes);
    c.set("context", {
      services,
      organizationId: found.organizationId,
      keys,
      actor: { kind: "api_key", id: formatId("key", found.id) },
      requestId: c.get("requestId"),
    });
    await next();
  };
}

/** Lets only keys of a scope through. */
export function requires(scope: Scope): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!grants(c.get("scopes"), scope)) {
      throw new SaysoError("forbidden", `This API key lacks the scope ${scope}.`);
    }
    await next();
  };
}

/** Takes the Idempotency-Key of a POST into the context, with a keyed hash of the body it belongs to. */
export const idempotent: MiddlewareHandler<AppEnv> = async (c, next) => {
  const key = idempotencyKey(c);
  if (key !== undefined && c.req.method === "POST") takeKey(c, key, await c.req.text());
  await next();
};

/** The same for a body that is no text. */
export const idempotentBytes: MiddlewareHandler<AppEnv> = async (c, next) => {
  const key = idempotencyKey(c);
  if (key !== undefined && c.req.method === "POST")
    takeKey(
      c,
      key,
      createHash("sha256")
        .update(Buffer.from(await readBody(c)))
        .digest("hex"),
    );
  await next();
};

function idempotencyKey(c: HonoContext<AppEnv>): string | undefined {
  return c.req.header("idempotency-key");
}

function takeKey(c: HonoContext<AppEnv>, key: string, body: string): void {
  if (key.length < 1 || key.length > limits.idempotencyKeyLength) {
    throw new SaysoError("invalid", `An Idempotency-Key has 1 to ${limits.idempotencyKeyLength} characters.`);
  }
  // Those are for keys of Sayso's own; see `once`.
  if (/\p{Cc}/u.test(key))
    throw new SaysoError("invalid", "An Idempotency-Key has no control characters in it.");
  const ctx: Context = c.get("context");
  const idempotency: Idempotency = {
    key,
    route: `${c.req.method} ${c.req.path}`,
    bodyHash: keyedHash(ctx.keys.data, body),
  };
  c.set("context", { ...ctx, idempotency });
}
