import type { Context as HonoContext } from "hono";
import type { OrganizationKeys, Services } from "../../context.ts";
import { type App, type AppEnv, limited } from "../../http/app.ts";
import { addressOfOneCaller, clientAddress } from "../../http/client-address.ts";
import { readForm } from "../../http/form.ts";
import { pageLanguage } from "../../http/language.ts";
import { pageHeaders } from "../../http/page-security.ts";
import { limits } from "../../kernel/limits.ts";
import { type HandingOver, handedOverUntil, openNamedPage } from "./acting-person.ts";
import { readTypedNumber, stopMarketing, takeStopTurn } from "./stop-marketing.ts";
import { renderStopDonePage, renderStopPage, renderStopUnknownPage } from "./stop-page.ts";

/**
 * The page where marketing ends with a number alone. GET, HEAD and OPTIONS change nothing; the POST needs no cookie and
 * answers the same for numbers that are known and numbers that are not. One address, and one number, has so many turns.
 */
export function stopRoutes(
  app: App,
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  handingOver: HandingOver,
): void {
  const opened = (c: HonoContext<AppEnv>) =>
    openNamedPage(services, organizationKeys, c.req.param("organization"), c.var.requestId);
  const html = (c: HonoContext<AppEnv>, page: string, status: 200 | 404 | 422 = 200) =>
    c.body(page, status, pageHeaders);
  const form = (c: HonoContext<AppEnv>, organizationName: string, wrong?: { typed: string }) =>
    renderStopPage({ language: pageLanguage(c), path: c.req.path, organizationName, wrong });

  for (const path of ["/stop", "/stop/:organization"]) {
    app.get(path, async (c) => {
      const page = await opened(c);
      return page === undefined
        ? html(c, renderStopUnknownPage(pageLanguage(c)), 404)
        : html(c, form(c, page.organization.name));
    });

    app.post(path, limited(limits.formBytes), async (c) => {
      const address = clientAddress(c);
      if (address !== undefined) await takeStopTurn(services, addressOfOneCaller(address));
      const page = await opened(c);
      if (page === undefined) return html(c, renderStopUnknownPage(pageLanguage(c)), 404);
      const { phone } = await readForm(c);
      const typed = typeof phone === "string" ? phone : "";
      const number = readTypedNumber(page, typed);
      if (number === undefined) return html(c, form(c, page.organization.name, { typed }), 422);
      const done = await stopMarketing(page, number);
      return html(
        c,
        renderStopDonePage({
          language: pageLanguage(c),
          organizationName: page.organization.name,
          number: number.number,
          ...done,
          handedOverUntil: await handedOverUntil(page.ctx, done.recordedAt, handingOver),
          timeZone: page.organization.timeZone,
        }),
      );
    });
  }
}
