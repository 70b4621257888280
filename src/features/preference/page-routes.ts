import type { Context as HonoContext } from "hono";
import type { OrganizationKeys, Services } from "../../context.ts";
import { type App, type AppEnv, limited } from "../../http/app.ts";
import { addressOfOneCaller, clientAddress } from "../../http/client-address.ts";
import { fieldText, readForm } from "../../http/form.ts";
import { pageLanguage } from "../../http/language.ts";
import { renderLinkProblemPage } from "../../http/link-problem-page.ts";
import { pageHeaders } from "../../http/page-security.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import { choose, type OpenedLink, openLink, stop, undoChoice } from "./choose.ts";
import { readChoice } from "./domain/choice.ts";
import {
  type Notice,
  renderChoicesPage,
  renderCodePage,
  renderPreferenceDonePage,
  renderPreferencesPage,
  renderPreferenceUndonePage,
} from "./page.ts";
import { askForCode, openSession, prove, type Session, takeCodeTurn } from "./prove.ts";
import { agreeAgain, type MayCome, showChoices, stoppablePurposes } from "./show-choices.ts";

type PageContext = HonoContext<AppEnv>;
type Fields = Readonly<Record<string, unknown>>;

/**
 * The pages where people choose how they are written to, behind their opt-out link. GET, HEAD and OPTIONS change nothing.
 * The bearer of the link can only take away: links get forwarded. What gives, and what tells about the person, needs a code
 * that went to the number; whoever gave it goes on with a token in each form, for there are no cookies.
 */
export function preferencePageRoutes(
  app: App,
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  mayCome: MayCome,
): void {
  const html = (c: PageContext, page: string, status: 200 | 403 | 404 | 409 | 422 | 429 = 200) =>
    c.body(page, status, pageHeaders);
  const shown = (c: PageContext, link: OpenedLink) => ({
    language: pageLanguage(c),
    path: `/o/${c.req.param("token") ?? ""}`,
    organizationName: link.organization.name,
    maskedNumber: link.maskedNumber,
    timeZone: link.organization.timeZone,
  });

  /** A route of a link that opens; one that does not says so and names the ways without one. */
  const behindLink =
    (answer: (c: PageContext, link: OpenedLink) => Promise<Response>) => async (c: PageContext) => {
      const token = c.req.param("token") ?? "";
      const link = await openLink(services, organizationKeys, token, c.var.requestId);
      return "broken" in link
        ? html(c, renderLinkProblemPage(pageLanguage(c), link.broken?.organization), 404)
        : answer(c, link);
    };
  const preferences = async (c: PageContext, link: OpenedLink, isWrong: boolean) =>
    html(
      c,
      renderPreferencesPage({ ...shown(c, link), purposes: await stoppablePurposes(link.ctx), isWrong }),
      isWrong ? 422 : 200,
    );
  const choices = async (
    c: PageContext,
    link: OpenedLink,
    session: Session,
    notice?: Notice,
    status: 200 | 422 = 200,
  ) =>
    html(
      c,
      renderChoicesPage({
        ...shown(c, link),
        session,
        notice,
        ...(await showChoices(link, pageLanguage(c), mayCome)),
      }),
      status,
    );

  app.get(
    "/o/:token/preferences",
    behindLink((c, link) => preferences(c, link, false)),
  );
  app.post(
    "/o/:token/preferences",
    limited(limits.formBytes),
    behindLink(async (c, link) => {
      const choice = readChoice(await readForm(c), limits.pauseDays);
      if (choice === undefined) return preferences(c, link, true);
      const done = await choose(link, choice, { isProven: false });
      return html(
        c,
        renderPreferenceDonePage({ ...shown(c, link), choice, done }),
        done.outcome === "stricter" ? 409 : 200,
      );
    }),
  );
  app.post(
    "/o/:token/preferences/undo",
    limited(limits.formBytes),
    behindLink(async (c, link) => {
      const outcome = await undoChoice(link, fieldText(await readForm(c), "nonce") ?? "");
      return html(
        c,
        renderPreferenceUndonePage({ ...shown(c, link), outcome, contact: link.organization.contact }),
      );
    }),
  );

  app.get(
    "/o/:token/preferences/code",
    behindLink(async (c, link) => html(c, renderCodePage({ ...shown(c, link), state: "ask" }))),
  );
  app.post(
    "/o/:token/preferences/code",
    limited(limits.formBytes),
    behindLink(async (c, link) => {
      const address = clientAddress(c);
      if (address !== undefined) await takeCodeTurn(link, addressOfOneCaller(address));
      const code = fieldText(await readForm(c), "code");
      if (code === undefined) {
        const isOnItsWay = await askForCode(link, pageLanguage(c));
        const state = isOnItsWay ? "sent" : "too_many";
        return html(c, renderCodePage({ ...shown(c, link), state }), isOnItsWay ? 200 : 429);
      }
      const proof = await prove(link, code);
      if (proof.outcome === "proven") return choices(c, link, proof.session);
      const problem = {
        kind: proof.outcome,
        ...(proof.outcome === "wrong" ? { triesLeft: proof.triesLeft } : {}),
      } as const;
      return html(c, renderCodePage({ ...shown(c, link), state: "ask", problem }), 422);
    }),
  );

  app.post(
    "/o/:token/preferences/mine",
    limited(limits.formBytes),
    behindLink(async (c, link) => {
      const fields = await readForm(c);
      const session = await openSession(link, fieldText(fields, "session") ?? "");
      if (session === undefined)
        return html(c, renderCodePage({ ...shown(c, link), state: "ask", problem: { kind: "over" } }), 403);
      const { notice, isWrong } = await act(c, link, fields);
      return choices(c, link, session, notice, isWrong ? 422 : 200);
    }),
  );
}

/** Does what the button of a proven person's page says. */
async function act(
  c: PageContext,
  link: OpenedLink,
  fields: Fields,
): Promise<{ notice: Notice | undefined; isWrong?: boolean }> {
  const [stopped, agree] = [fieldText(fields, "stop"), fieldText(fields, "agree")];
  if (stopped !== undefined) {
    const name = await stop(link, stopped === "*" ? "all" : "purpose", stopped);
    return { notice: name === undefined ? { kind: "stopped_all" } : { kind: "stopped", name } };
  }
  if (agree !== undefined) {
    if (fields.yes !== "yes") return { notice: { kind: "not_ticked", purpose: agree }, isWrong: true };
    try {
      const { state } = await agreeAgain(link, {
        purpose: agree,
        captureToken: fieldText(fields, "token") ?? "",
        ipAddress: clientAddress(c),
        userAgent: c.req.header("user-agent"),
      });
      return { notice: { kind: state === "given" ? "agreed" : "agreed_pending" } };
    } catch (error) {
      if (!(error instanceof SaysoError) || error.code !== "invalid") throw error;
      return { notice: { kind: "stale", purpose: agree }, isWrong: true };
    }
  }
  const choice = readChoice(fields, limits.pauseDays);
  if (choice === undefined) return { notice: undefined };
  await choose(link, choice, { isProven: true });
  return { notice: { kind: "saved" } };
}
