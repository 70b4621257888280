import type { Context as HonoContext, MiddlewareHandler } from "hono";
import type { App, AppEnv } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { SaysoError } from "../../kernel/errors.ts";
import type { OpendsrSigner } from "./opendsr-certificate.ts";
import {
  cancelOpendsr,
  extensionIdentities,
  getOpendsrRequest,
  opendsrIdentities,
  opendsrKinds,
  takeOpendsrRequest,
} from "./opendsr-requests.ts";

/**
 * OpenDSR 2.0 for controllers whose systems speak it. It has a specification of its own and is no part of our OpenAPI
 * document; every answer is signed, and errors have its form. `/opendsr/v2` is the same: the specification wants the
 * version in addresses.
 *
 * @param before what a request has to pass: the caller's key and the body's limits
 */
export function opendsrRoutes(
  app: App,
  signer: OpendsrSigner | undefined,
  { publicUrl, before }: { publicUrl: string; before: readonly MiddlewareHandler<AppEnv>[] },
): void {
  app.use("/opendsr/*", signed(signer));
  for (const base of ["/opendsr", "/opendsr/v2"]) {
    for (const path of [`${base}/requests`, `${base}/requests/:id`])
      app.use(path, ...before, requires("data_requests"));

    app.get(`${base}/discovery`, (c) => c.json(discovery(present(signer), publicUrl)));
    app.get(`${base}/certificate.pem`, (c) =>
      c.body(present(signer).certificate, 200, { "content-type": "application/x-pem-file" }),
    );
    app.post(`${base}/requests`, async (c) =>
      c.json(await takeOpendsrRequest(c.var.context, await c.req.text(), present(signer).domain), 201),
    );
    app.get(`${base}/requests/:id`, async (c) =>
      c.json(await getOpendsrRequest(c.var.context, c.req.param("id") ?? "")),
    );
    app.delete(`${base}/requests/:id`, async (c) =>
      c.json(await cancelOpendsr(c.var.context, c.req.param("id") ?? ""), 202),
    );
  }
}

function present(signer: OpendsrSigner | undefined): OpendsrSigner {
  if (signer !== undefined) return signer;
  throw new SaysoError(
    "unavailable",
    "OpenDSR is not set up here: it needs OPENDSR_CERTIFICATE_FILE and OPENDSR_KEY_FILE.",
  );
}

function discovery({ domain }: OpendsrSigner, publicUrl: string) {
  const raw = (types: object) =>
    Object.keys(types).map((identity_type) => ({ identity_type, identity_format: "raw" }));
  return {
    api_version: "2.0",
    supported_identities: raw(opendsrIdentities),
    supported_subject_request_types: opendsrKinds,
    processor_certificate: `${publicUrl}/opendsr/certificate.pem`,
    extensions: { [domain]: { supported_identities: raw(extensionIdentities) } },
  };
}

/** Signs what is answered, and puts problems into the specification's form (section 7.6), with 400 where it wants that. */
function signed(signer: OpendsrSigner | undefined): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next();
    const type = c.res.headers.get("content-type") ?? "";
    if (signer === undefined || !type.includes("json")) return;
    const text = await c.res.text();
    const isProblem = type.startsWith("application/problem+json");
    const status = isProblem && [409, 422].includes(c.res.status) ? 400 : c.res.status;
    const body = isProblem ? JSON.stringify({ error: errorOf(JSON.parse(text), status) }) : text;
    answerWith(c, body, status, {
      "x-opendsr-processor-domain": signer.domain,
      "x-opendsr-signature": signer.sign(body),
    });
  };
}

function answerWith(
  c: HonoContext<AppEnv>,
  body: string,
  status: number,
  headers: Readonly<Record<string, string>>,
): void {
  const { headers: before } = c.res;
  c.res = undefined;
  c.res = new Response(body, { status });
  for (const [name, value] of before) c.res.headers.set(name, value);
  c.res.headers.set("content-type", "application/json; charset=UTF-8");
  c.res.headers.set("cache-control", "no-store");
  c.res.headers.delete("content-length");
  for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
}

interface Problem {
  readonly type: string;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

function errorOf({ type, detail, errors = [] }: Problem, code: number) {
  const reason = type.split(":").at(-1) ?? "";
  return {
    code,
    message: detail,
    errors:
      errors.length > 0
        ? errors.map(({ pointer, message }) => ({ domain: pointer, reason, message }))
        : [{ domain: "Request", reason, message: detail }],
  };
}
