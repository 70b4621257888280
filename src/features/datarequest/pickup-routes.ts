import type { Context as HonoContext } from "hono";
import type { OrganizationKeys, Services } from "../../context.ts";
import { type App, type AppEnv, limited, readBody } from "../../http/app.ts";
import { pageLanguage } from "../../http/language.ts";
import { pageHeaders } from "../../http/page-security.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { type OpenedPickup, openPickup, pickUp } from "./pick-up.ts";
import { type PickupPage, renderPickupClosedPage, renderPickupPage } from "./pickup-page.ts";
import { zipHeaders } from "./zip-headers.ts";

/**
 * The pages behind a delivery link. GET shows the form and changes nothing; POST takes the passcode and answers a right
 * one with the ZIP. The address holds the link's secret, so it is in no log, and no answer is kept or passed on.
 */
export function pickupRoutes(
  app: App,
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
): void {
  const tokenOf = (c: HonoContext<AppEnv>) => c.req.param("token") ?? "";
  const opened = (c: HonoContext<AppEnv>) =>
    openPickup(services, organizationKeys, tokenOf(c), c.var.requestId);
  const html = (c: HonoContext<AppEnv>, page: string, status: 200 | 403 | 404 | 410 | 422) =>
    c.body(page, status, pageHeaders);

  const closed = (
    c: HonoContext<AppEnv>,
    link: OpenedPickup | undefined,
    state: "unknown" | "locked" | "expired",
  ) => {
    const page = { language: pageLanguage(c), isGet: c.req.method === "GET" };
    if (link === undefined || state === "unknown") {
      return html(c, renderPickupClosedPage({ ...page, state: "unknown" }), 404);
    }
    const { name: organizationName, contact, timeZone } = link.organization;
    return state === "locked"
      ? html(c, renderPickupClosedPage({ ...page, contact, organizationName, state }), 403)
      : html(
          c,
          renderPickupClosedPage({
            ...page,
            contact,
            organizationName,
            state,
            availableUntil: link.pickup.expiresAt,
            timeZone,
          }),
          410,
        );
  };
  const form = (c: HonoContext<AppEnv>, link: OpenedPickup, problem?: PickupPage["problem"]) =>
    renderPickupPage({
      language: pageLanguage(c),
      path: `/a/${tokenOf(c)}`,
      organizationName: link.organization.name,
      availableUntil: link.pickup.expiresAt,
      timeZone: link.organization.timeZone,
      archiveBytes: link.pickup.bytes ?? undefined,
      problem,
    });

  app.get("/a/:token", async (c) => {
    const link = await opened(c);
    if (link === undefined) return closed(c, link, "unknown");
    return link.state === "open" ? html(c, form(c, link), 200) : closed(c, link, link.state);
  });

  app.post("/a/:token", limited(limits.formBytes), async (c) => {
    const link = await opened(c);
    if (link === undefined) return closed(c, link, "unknown");
    if (link.state !== "open") return closed(c, link, link.state);
    await readBody(c);
    const { passcode } = await c.req.parseBody();
    if (typeof passcode !== "string" || passcode.trim() === "") {
      return html(c, form(c, link, { kind: "missing" }), 422);
    }
    const outcome = await pickUp(link, passcode);
    switch (outcome.kind) {
      case "archive":
        return c.body(
          outcome.archive.stream,
          200,
          zipHeaders(formatId("req", link.pickup.requestId), outcome.archive.bytes),
        );
      case "wrong":
        return html(c, form(c, link, outcome), 403);
      default:
        return closed(c, link, outcome.kind);
    }
  });
}
