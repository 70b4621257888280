import type { Context as HonoContext } from "hono";
import type { OrganizationKeys, Services } from "../../context.ts";
import { type App, type AppEnv, limited } from "../../http/app.ts";
import { fieldText, readForm } from "../../http/form.ts";
import { pageLanguage } from "../../http/language.ts";
import { renderLinkProblemPage } from "../../http/link-problem-page.ts";
import { pageHeaders } from "../../http/page-security.ts";
import { limits } from "../../kernel/limits.ts";
import { type HandingOver, handedOverUntil, type OpenedOrganization } from "./acting-person.ts";
import { type OpenedLink, openOptOutLink, optOutByLink, undoOptOut } from "./opt-out-link.ts";
import {
  renderOptOutDonePage,
  renderOptOutNotUndonePage,
  renderOptOutPage,
  renderOptOutUndonePage,
} from "./page.ts";

/**
 * The pages behind an opt-out link. GET, HEAD and OPTIONS change nothing, ever, because scanners and previews follow
 * links; POST takes the no. Its form fields are `scope=purpose|all` from the page, and `purpose` for another one than the
 * link's, or `List-Unsubscribe=One-Click` (RFC 8058: no cookie, no redirect). A POST that says neither is still a no, to
 * what the link is about.
 */
export function optOutPageRoutes(
  app: App,
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  handingOver: HandingOver,
): void {
  const opened = (c: HonoContext<AppEnv>) =>
    openOptOutLink(services, organizationKeys, c.req.param("token") ?? "", c.var.requestId);
  const html = (c: HonoContext<AppEnv>, page: string, status: 200 | 404 | 429 = 200) =>
    c.body(page, status, pageHeaders);
  const linkProblem = (c: HonoContext<AppEnv>, of: OpenedOrganization | undefined) =>
    html(c, renderLinkProblemPage(pageLanguage(c), of?.organization), 404);
  const shown = (c: HonoContext<AppEnv>, link: OpenedLink) => ({
    language: pageLanguage(c),
    path: `/o/${c.req.param("token") ?? ""}`,
    organizationName: link.organization.name,
    purposeName: link.purpose?.name,
    maskedNumber: link.maskedNumber,
  });

  app.get("/o/:token", async (c) => {
    const link = await opened(c);
    return "broken" in link ? linkProblem(c, link.broken) : html(c, renderOptOutPage(shown(c, link)));
  });

  app.post("/o/:token", limited(limits.formBytes), async (c) => {
    const link = await opened(c);
    if ("broken" in link) return linkProblem(c, link.broken);
    const fields = await readForm(c);
    const scope = fields.scope === "all" ? "all" : "purpose";
    const done = await optOutByLink(link, scope, fieldText(fields, "purpose"));
    return html(
      c,
      renderOptOutDonePage({
        ...shown(c, link),
        purposeName: done.purposeName,
        reference: done.reference,
        recordedAt: done.recordedAt,
        handedOverUntil: await handedOverUntil(link.ctx, done.recordedAt, handingOver),
        undo: done.undo,
        timeZone: link.organization.timeZone,
      }),
    );
  });

  app.post("/o/:token/undo", limited(limits.formBytes), async (c) => {
    const link = await opened(c);
    if ("broken" in link) return linkProblem(c, link.broken);
    const { nonce } = await readForm(c);
    const outcome = await undoOptOut(link, typeof nonce === "string" ? nonce : "");
    const { language, path, organizationName } = shown(c, link);
    return html(
      c,
      outcome === "undone"
        ? renderOptOutUndonePage({ language, path, organizationName })
        : renderOptOutNotUndonePage({
            language,
            organizationName,
            reason: outcome === "changed" ? "superseded" : outcome === "too_often" ? outcome : "too_late",
            contact: link.organization.contact,
          }),
      outcome === "too_often" ? 429 : 200,
    );
  });
}
