import type { Context as HonoContext } from "hono";
import type { OrganizationKeys, Services } from "../../context.ts";
import { type App, type AppEnv, limited } from "../../http/app.ts";
import { addressOfOneCaller, clientAddress } from "../../http/client-address.ts";
import { fieldText, readForm } from "../../http/form.ts";
import { pageLanguage } from "../../http/language.ts";
import { pageHeaders } from "../../http/page-security.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import {
  isAble,
  kindsOf,
  makeClaim,
  type OpenedOrganization,
  openClaim,
  openNamedPage,
  proveClaim,
  readAddress,
  sendAgain,
  takeClaimTurn,
} from "./claim.ts";
import {
  type PrivacyCodePage,
  type PrivacyProblem,
  renderPrivacyClosedPage,
  renderPrivacyCodePage,
  renderPrivacyDonePage,
  renderPrivacyPage,
  renderPrivacyStatusPage,
} from "./page.ts";
import { isReference, referenceOf } from "./reference.ts";
import { showStatus } from "./show-status.ts";

type PageContext = HonoContext<AppEnv>;
type Opened = OpenedOrganization;
type Status = 200 | 404 | 409 | 422 | 429;

/**
 * The public pages of requests about one's data: `/privacy` (of the only organization) and `/privacy/{org_…}` take a
 * request, `/privacy/{reference}` says where it stands. GET, HEAD and OPTIONS change nothing. Without scripts and cookies:
 * a sealed token goes along in the form. The answer is the same for numbers that are known and numbers that are not.
 */
export function privacyRoutes(
  app: App,
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
): void {
  const html = (c: PageContext, page: string, status: Status = 200) => c.body(page, status, pageHeaders);
  const closed = (c: PageContext, state: "business" | "reference") =>
    html(
      c,
      renderPrivacyClosedPage({ language: pageLanguage(c), isGet: c.req.method === "GET", state }),
      404,
    );
  const form = (
    c: PageContext,
    { organization }: Opened,
    {
      kind = "",
      typed = "",
      problems = [],
    }: { kind?: string; typed?: string; problems?: readonly PrivacyProblem[] } = {},
    status: Status = 200,
  ) =>
    html(
      c,
      renderPrivacyPage({
        language: pageLanguage(c),
        path: c.req.path,
        organizationName: organization.name,
        contact: organization.contact,
        kinds: kindsOf(),
        kind,
        typed,
        problems,
      }),
      status,
    );
  const codePage = (
    c: PageContext,
    { organization }: Opened,
    page: Pick<PrivacyCodePage, "claim" | "kind" | "address" | "notice" | "typed" | "problem">,
    status: Status = 200,
  ) =>
    html(
      c,
      renderPrivacyCodePage({
        language: pageLanguage(c),
        path: c.req.path,
        organizationName: organization.name,
        ...page,
      }),
      status,
    );

  const show = async (c: PageContext) => {
    const named = c.req.param("place");
    if (named !== undefined && isReference(named)) return standing(c, named);
    const opened = await openNamedPage(services, organizationKeys, named, c.var.requestId);
    if (opened === undefined)
      return closed(c, named?.startsWith("org_") === false ? "reference" : "business");
    return (await isAble(opened)) ? form(c, opened) : unable(c, opened);
  };
  const standing = async (c: PageContext, reference: string) => {
    const language = pageLanguage(c);
    const found = await showStatus(services, organizationKeys, {
      reference,
      requestId: c.var.requestId,
    });
    if (found === undefined) return closed(c, "reference");
    const { name: organizationName, contact, timeZone } = found.organization;
    return html(
      c,
      renderPrivacyStatusPage({ ...found, language, organizationName, contact, timeZone, reference }),
    );
  };
  const unable = (c: PageContext, { organization }: Opened) =>
    html(
      c,
      renderPrivacyClosedPage({
        language: pageLanguage(c),
        isGet: c.req.method === "GET",
        state: "unable",
        organizationName: organization.name,
        contact: organization.contact,
      }),
      409,
    );

  const take = async (c: PageContext) => {
    const opened = await openNamedPage(services, organizationKeys, c.req.param("place"), c.var.requestId);
    if (opened === undefined) return closed(c, "business");
    if (!(await isAble(opened))) return unable(c, opened);
    const fields = await readForm(c);
    const token = fieldText(fields, "claim");
    const address = clientAddress(c);
    const isBusy =
      address !== undefined &&
      (await isRefused(c, () => takeClaimTurn(services, addressOfOneCaller(address))));
    if (token === undefined) return begin(c, opened, fields, isBusy);
    return goOn(c, opened, fields, token, isBusy);
  };
  const begin = async (
    c: PageContext,
    opened: Opened,
    fields: Readonly<Record<string, unknown>>,
    isBusy: boolean,
  ) => {
    const typed = fieldText(fields, "whom") ?? "";
    const kind = kindsOf().find((known) => known === fieldText(fields, "kind"));
    const address = readAddress(opened, typed);
    const sent = { kind: kind ?? "", typed };
    if (isBusy) return form(c, opened, { ...sent, problems: [{ at: "top", what: "busy" }] }, 429);
    if (kind === undefined || address === undefined) {
      const problems: PrivacyProblem[] = [
        ...(kind === undefined ? [{ at: "kind" } as const] : []),
        ...(address === undefined
          ? [{ at: "whom", what: typed.trim() === "" ? "missing" : "unreadable" } as const]
          : []),
      ];
      return form(c, opened, { ...sent, problems }, 422);
    }
    const wish = { kind, address, language: pageLanguage(c) };
    let claim: Awaited<ReturnType<typeof makeClaim>>;
    const isTooMuch = await isRefused(c, async () => {
      claim = await makeClaim(opened, wish);
    });
    if (isTooMuch) return form(c, opened, { ...sent, problems: [{ at: "top", what: "busy" }] }, 429);
    if (claim === undefined)
      return form(c, opened, { ...sent, problems: [{ at: "whom", what: "tooMany" }] }, 429);
    return codePage(c, opened, {
      claim: claim.token,
      kind,
      address,
      notice: kind === "objection" ? "stopped" : undefined,
    });
  };
  const goOn = async (
    c: PageContext,
    opened: Opened,
    fields: Readonly<Record<string, unknown>>,
    token: string,
    isBusy: boolean,
  ) => {
    const found = await openClaim(opened, token);
    const language = pageLanguage(c);
    const { name: organizationName } = opened.organization;
    if (found?.isProven) {
      // Sent once more: it is the same request.
      const reference = referenceOf(opened.ctx, found.id);
      return html(
        c,
        renderPrivacyDonePage({ language, organizationName, reference, kind: found.claim?.wish.kind }),
      );
    }
    if (found?.claim === undefined) return form(c, opened, { problems: [{ at: "top", what: "over" }] }, 422);
    const { wish } = found.claim;
    const shown = { claim: token, kind: wish.kind, address: wish.address };
    const typed = fieldText(fields, "code") ?? "";
    if (isBusy) return codePage(c, opened, { ...shown, typed, problem: { kind: "busy" } }, 429);
    if (fieldText(fields, "again") !== undefined) {
      let isSent = false;
      const isTooMuch = await isRefused(c, async () => {
        isSent = await sendAgain(opened, found.id, wish);
      });
      if (isSent) return codePage(c, opened, { ...shown, notice: "sentAgain" });
      return codePage(c, opened, { ...shown, problem: { kind: isTooMuch ? "busy" : "tooMany" } }, 429);
    }
    const proof = await proveClaim(opened.ctx, found.id, typed);
    if (proof.outcome === "proven") {
      const reference = referenceOf(opened.ctx, found.id);
      return html(c, renderPrivacyDonePage({ language, organizationName, reference, kind: wish.kind }));
    }
    const triesLeft = proof.outcome === "wrong" ? proof.triesLeft : undefined;
    return codePage(c, opened, { ...shown, typed, problem: { kind: proof.outcome, triesLeft } }, 422);
  };

  for (const path of ["/privacy", "/privacy/:place"]) {
    app.get(path, show);
    app.post(path, limited(limits.formBytes), take);
  }
}

/** Whether something was refused since it came too often; the answer then says when to try again. */
async function isRefused(c: PageContext, run: () => Promise<void>): Promise<boolean> {
  try {
    await run();
    return false;
  } catch (error) {
    if (!(error instanceof SaysoError && error.code === "too_many_requests")) throw error;
    if (error.retryAfterSeconds !== undefined) c.header("Retry-After", `${error.retryAfterSeconds}`);
    return true;
  }
}
