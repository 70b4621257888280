import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { createRoute, type Hook, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Context, Services } from "../context.ts";
import { SaysoError } from "../kernel/errors.ts";
import { safeError } from "../kernel/safe-error.ts";
import { parseStrictJson } from "../kernel/strict-json.ts";
import type { TrustedProxies } from "./client-address.ts";
import { pageLanguage } from "./language.ts";
import { pageHeaders } from "./page-security.ts";
import { invalidBy, toProblem } from "./problem.ts";
import { renderProblemPage } from "./problem-page.ts";
import { problemSchema } from "./schemas.ts";

export interface AppEnv {
  Bindings: {
    /** The request as Node has it; absent when the app is called without a server. */
    readonly incoming?: Readable & { readonly socket: Socket };
    /** The response as Node has it; absent with it. */
    readonly outgoing?: { setHeader(name: string, value: string): unknown };
  };
  Variables: {
    requestId: string;
    /** On whose behalf; set by `authenticated`. */
    context: Context;
    /** What the caller's key may do. */
    scopes: readonly string[];
    /** Whose word about where a request came from is taken. */
    trustedProxies: TrustedProxies;
  };
}

export type App = OpenAPIHono<AppEnv>;

/** An app whose failures are problem documents and whose requests each leave one log line. */
export function createApp(services: Services, trustedProxies: TrustedProxies): App {
  const app: App = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid });
  app.use((c, next) => {
    c.set("trustedProxies", trustedProxies);
    return next();
  });
  app.use(observe(services));
  app.use(refuseNul);
  app.notFound((c) => problem(c, new SaysoError("not_found", "There is nothing at this address.")));
  app.onError((error, c) => {
    if (error instanceof SaysoError) {
      const isPassing = error.code === "unavailable" || error.code === "outcome_unknown";
      const retryAfter = error.retryAfterSeconds ?? (isPassing ? 1 : undefined);
      if (retryAfter !== undefined) c.header("Retry-After", `${retryAfter}`);
      logCause(services, c, error);
      return problem(c, error);
    }
    services.log.error({ requestId: c.get("requestId"), err: safeError(error) }, "unexpected error");
    return problem(c, new SaysoError("internal", "This is our fault, not yours. Tell us the requestId."));
  });
  return app;
}

const pagePaths = /^\/(?:(?:o|a|c)\/|(?:stop|privacy)(?:\/|$))/;

/** Answers with the problem document of an error; where people are, with a page that says the same in their words. */
function problem(c: HonoContext<AppEnv>, error: SaysoError): Response {
  const document = toProblem(error, c.get("requestId"));
  if (pagePaths.test(c.req.path)) {
    const page = renderProblemPage({
      language: pageLanguage(c),
      code: error.code,
      requestId: c.get("requestId"),
      isGet: c.req.method === "GET",
    });
    return c.body(page, document.status as ContentfulStatusCode, pageHeaders);
  }
  return c.body(JSON.stringify(document), document.status as ContentfulStatusCode, {
    "content-type": "application/problem+json",
  });
}

/** One log line and one measurement a request: the route's pattern, never the path, the query or a body. */
function observe(services: Services): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const requestId = randomUUID();
    const started = performance.now();
    c.set("requestId", requestId);
    // Node's own list of headers is much quicker than the one that hono makes as soon as a header is set in it.
    const { outgoing } = c.env ?? {};
    if (outgoing === undefined) c.header("X-Request-Id", requestId);
    else outgoing.setHeader("X-Request-Id", requestId);
    await next();
    const seconds = (performance.now() - started) / 1000;
    // That of the handler that answered; of a middleware that did, the first of those that it kept from answering.
    const { matchedRoutes, routeIndex } = c.req;
    const route = matchedRoutes.slice(routeIndex).find(({ path }) => !path.endsWith("*"))?.path ?? "none";
    services.metrics.request({ method: c.req.method, route, status: c.res.status, seconds });
    const context = c.get("context") as Context | undefined;
    services.log.info(
      {
        requestId,
        method: c.req.method,
        route,
        status: c.res.status,
        ms: Math.round(seconds * 1000),
        organizationId: context?.organizationId,
        actor: context?.actor.id,
      },
      "request",
    );
  };
}

/** No name of ours has a NUL, and the database takes none in text. */
const refuseNul: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.req.url.includes("%00"))
    throw new SaysoError("malformed", "The address contains NUL. Take it away and ask again.");
  await next();
};

function logCause(services: Services, c: HonoContext<AppEnv>, error: SaysoError): void {
  const requestId = c.get("requestId");
  if (error.code === "internal") {
    services.log.error(
      { requestId, err: safeError(error), cause: safeError(error.cause) },
      "unexpected error",
    );
  } else if (error.code === "unavailable" || error.code === "outcome_unknown") {
    services.log.warn({ requestId, code: error.code, err: safeError(error.cause) }, "failed");
  }
}

const refuseInvalid: Hook<unknown, AppEnv, string, unknown> = (result) => {
  if (!result.success) throw invalidBy(result.error.issues);
};

/** Takes a JSON body within the limit of its path and refuses what has no single meaning, before anything reads it. */
export function jsonBody(
  mostBytes: (path: string) => number,
): [MiddlewareHandler<AppEnv>, MiddlewareHandler<AppEnv>] {
  const limiters = new Map<number, MiddlewareHandler<AppEnv>>();
  return [
    (c, next) => {
      const most = mostBytes(c.req.path);
      const limiter = limiters.get(most) ?? limited(most);
      limiters.set(most, limiter);
      return limiter(c, next);
    },
    async (c, next) => {
      if (!["POST", "PUT", "PATCH"].includes(c.req.method)) return next();
      const text = await readJsonText(c);
      // Some POSTs need no body; for everything else nothing at all must not pass for an empty object.
      if (text === "" && c.req.header("content-type") === undefined && c.req.method === "POST") return next();
      parseStrictJson(text);
      // Whoever reads the body after this finds it read.
      Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
      return next();
    },
  ];
}

/** The text of a JSON body. Throws `unsupported_media_type`, or `malformed` for bytes that are no UTF-8. */
export async function readJsonText(c: HonoContext<AppEnv>): Promise<string> {
  const bytes = await readBody(c);
  const type = c.req.header("content-type");
  if ((bytes.byteLength > 0 || type !== undefined) && !/^application\/json\s*(?:;|$)/i.test(type ?? ""))
    throw new SaysoError("unsupported_media_type", "Send the body as application/json.");
  return readUtf8(bytes);
}

/** The whole body. Throws `malformed` when the client goes away before all of it came: no fault of ours. */
export function readBody(c: HonoContext<AppEnv>): Promise<ArrayBuffer> {
  return c.req.arrayBuffer().catch(refuseBroken);
}

function refuseBroken(cause: unknown): never {
  if (cause instanceof SaysoError) throw cause;
  throw new SaysoError("malformed", "The body broke off. Send all of it.", { cause });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function readUtf8(bytes: ArrayBuffer): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new SaysoError("malformed", "The body is not UTF-8. Send one JSON document in UTF-8.", { cause });
  }
}

/**
 * Refuses a body of more than `mostBytes`. A declared length is judged by itself: Node cuts a body off there, and
 * looking at the body's stream, as counting must, is the slowest thing that a request can be made to do.
 */
export function limited(mostBytes: number): MiddlewareHandler<AppEnv> {
  const refuse = () => {
    throw new SaysoError("too_large", `The body may have at most ${mostBytes} bytes. Send it in parts.`);
  };
  const counted = bodyLimit({ maxSize: mostBytes, onError: refuse });
  return (c, next) => {
    if (c.req.method === "GET" || c.req.method === "HEAD") return next();
    const length = c.req.header("content-length");
    if (length === undefined || c.req.header("transfer-encoding") !== undefined)
      return counted(c, next).catch(refuseBroken);
    return Number(length) > mostBytes ? refuse() : next();
  };
}

/** A JSON answer of a documented route. */
export function answer<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** A required JSON body of a documented route. */
export function body<T extends z.ZodType>(schema: T) {
  return { body: { required: true, content: { "application/json": { schema } } } };
}

const problemAnswer = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problemSchema } },
});

/** Problem documents that routes share, by status. */
export const refusals = {
  400: problemAnswer("The body is not JSON"),
  401: problemAnswer("No valid API key"),
  403: problemAnswer("The key lacks the scope"),
  404: problemAnswer("No such thing that this key may see"),
  409: problemAnswer("In conflict with what exists"),
  413: problemAnswer("Over a limit"),
  415: problemAnswer("Not application/json"),
  422: problemAnswer("Values that cannot be taken"),
  503: problemAnswer("The database cannot be reached"),
} as const;

/** The refusal of routes that count: too many in a time. */
export const tooManyRequests = { 429: problemAnswer("Too many just now; ask again later") } as const;

export { createRoute, z };
