import type { Context as HonoContext } from "hono";
import type { OrganizationKeys, Services } from "../../context.ts";
import { type App, type AppEnv, limited, readJsonText, z } from "../../http/app.ts";
import { addressOfOneCaller, clientAddress } from "../../http/client-address.ts";
import { pageTemplates } from "../../http/page.ts";
import { validate } from "../../http/problem.ts";
import { httpUrl, text } from "../../http/schemas.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import { parseStrictJson } from "../../kernel/strict-json.ts";
import { type OpenedPoint, openForSite, showOnSite, signUp } from "./sign-up.ts";

const view = z.strictObject({ pageUrl: httpUrl });
/** As `POST /v1/consents` has it, so that what is refused is pointed at in the same place. */
const signUpInput = z.strictObject({
  subject: z.strictObject({ phone: text(40) }),
  provenance: z.strictObject({
    captureToken: text(4_000),
    /** Which boxes were ticked, counted from 1; the only one may be left out. */
    boxes: z.array(z.number().int().min(1).max(limits.pointBoxes)).max(limits.pointBoxes).optional(),
  }),
});

/** A request of a listed site, its body read. */
interface Asked<Input> {
  readonly c: HonoContext<AppEnv>;
  readonly opened: OpenedPoint;
  readonly origin: string;
  readonly input: Input;
}

/**
 * What the widget and the checkbox ask from pages of other sites, under `/w/{public key}`. Only sites that the
 * collection point lists get an answer that their pages can read; all others get 403 and no CORS header. No cookie is
 * set or read, so a listed site can do nothing in a visitor's name.
 */
export function siteRoutes(
  app: App,
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
): void {
  const take = <T extends z.ZodType>(
    action: string,
    schema: T,
    run: (asked: Asked<z.output<T>>) => object | Promise<object>,
  ): void => {
    app.on(["OPTIONS", "POST"], `/w/:key/${action}`, limited(limits.formBytes), async (c) => {
      c.header("Vary", "Origin");
      const origin = c.req.header("origin") ?? "";
      const opened = await openForSite(services, organizationKeys, {
        publicKey: c.req.param("key") ?? "",
        origin,
        requestId: c.var.requestId,
      });
      // The list of sites comes with the point, so these are set here and not by a middleware that knows it beforehand.
      c.header("Access-Control-Allow-Origin", origin);
      if (c.req.method === "OPTIONS") {
        c.header("Access-Control-Allow-Methods", "POST");
        c.header("Access-Control-Allow-Headers", "content-type");
        c.header("Access-Control-Max-Age", `${limits.preflightSeconds}`);
        return c.body(null, 204);
      }
      const input = validate(schema, parseStrictJson(await readJsonText(c)), "");
      if (input instanceof SaysoError) throw input;
      return c.json(await run({ c, opened, origin, input }), 201);
    });
  };

  take("captures", view, ({ opened, origin, input }) => showOnSite(opened, origin, input));
  take("consents", signUpInput, async ({ c, opened, input }) => {
    const ipAddress = clientAddress(c);
    const { reference, mustConfirm, confirmation } = await signUp(opened, {
      address: input.subject.phone,
      captureToken: input.provenance.captureToken,
      boxes: input.provenance.boxes,
      ipAddress,
      caller: ipAddress && addressOfOneCaller(ipAddress),
      userAgent: c.req.header("user-agent")?.slice(0, 1_000),
    });
    const language = opened.shown.language.toLowerCase().startsWith("ru") ? "ru" : "en";
    const words = pageTemplates.message("signUpDone.words", language, { code: confirmation?.code ?? "" });
    const chatUrl = (await confirmation?.chatWith(words)) ?? null;
    return { reference, confirmation: { needed: mustConfirm, words, chatUrl } };
  });
}
