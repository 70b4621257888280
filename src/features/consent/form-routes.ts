import type { Context as HonoContext } from "hono";
import type { OrganizationKeys, Services } from "../../context.ts";
import { type App, type AppEnv, limited } from "../../http/app.ts";
import { addressOfOneCaller, clientAddress } from "../../http/client-address.ts";
import { fieldText, readForm } from "../../http/form.ts";
import { pageLanguage } from "../../http/language.ts";
import { pageTemplates } from "../../http/page.ts";
import { pageHeaders } from "../../http/page-security.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { readTypedPhone } from "../../kernel/identifier.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import { confirmByLink, type OpenedConfirmation, openConfirmation } from "./confirm.ts";
import {
  type ConfirmClosedPage,
  type FormProblem,
  renderConfirmClosedPage,
  renderConfirmedPage,
  renderConfirmPage,
  renderFormDonePage,
  renderFormPage,
} from "./form-page.ts";
import { formAsRead, openForm, showForm } from "./show-form.ts";
import { addressField, type OpenedPoint, type SignedUp, signUp } from "./sign-up.ts";

/** What somebody sent with a form. */
interface Sent {
  readonly captureToken: string;
  readonly typed: string;
  readonly country: string;
  readonly boxes: readonly number[];
}

/**
 * The form of a collection point, `/c/{public key}`, and the link by which an e-mail address is confirmed,
 * `/c/confirm/{token}`. GET, HEAD and OPTIONS change nothing. No cookie: what binds a POST to the page that was read is the
 * capture token in it, of one point, version and time. A POST is answered in place and idempotent, for an address of its
 * own would have to carry who signed up.
 */
export function formRoutes(
  app: App,
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
): void {
  const html = (c: HonoContext<AppEnv>, page: string, status: 200 | 404 | 410 | 422 | 429 = 200) =>
    c.body(page, status, pageHeaders);

  const confirmation = (c: HonoContext<AppEnv>) =>
    openConfirmation(services, organizationKeys, c.req.param("token") ?? "", c.var.requestId);
  const closed = (
    c: HonoContext<AppEnv>,
    state: ConfirmClosedPage["state"],
    organization?: { name: string; contact: string | undefined },
  ) =>
    html(
      c,
      renderConfirmClosedPage({
        language: pageLanguage(c),
        isGet: c.req.method === "GET",
        state,
        organizationName: organization?.name,
        contact: organization?.contact,
      }),
      state === "unknown" ? 404 : state === "confirmed" ? 200 : 410,
    );

  const asked = (c: HonoContext<AppEnv>, link: OpenedConfirmation) =>
    renderConfirmPage({
      language: pageLanguage(c),
      path: c.req.path,
      organizationName: link.organization.name,
      purposeNames: link.purposeNames,
      shown: link.yeses.map(({ id }) => formatId("cns", id)),
    });

  app.get("/c/confirm/:token", async (c) => {
    const link = await confirmation(c);
    if ("broken" in link) return closed(c, "unknown", link.broken?.organization);
    if (link.state !== "open") return closed(c, link.state, link.organization);
    return html(c, asked(c, link));
  });

  app.post("/c/confirm/:token", limited(limits.formBytes), async (c) => {
    const link = await confirmation(c);
    if ("broken" in link) return closed(c, "unknown", link.broken?.organization);
    if (link.state !== "open") return closed(c, link.state, link.organization);
    const shown = fieldText(await readForm(c), "shown")?.split(" ") ?? [];
    const confirmed = await confirmByLink(link, shown);
    // It was not what they were shown: they are shown it.
    if (confirmed === undefined) return html(c, asked(c, link), 422);
    return html(
      c,
      renderConfirmedPage({
        language: pageLanguage(c),
        organizationName: link.organization.name,
        ...confirmed,
        confirmedAt: services.now(),
        timeZone: link.organization.timeZone,
      }),
    );
  });

  const opened = (c: HonoContext<AppEnv>) =>
    openForm(services, organizationKeys, c.req.param("key") ?? "", c.var.requestId);
  const form = (
    c: HonoContext<AppEnv>,
    point: OpenedPoint,
    {
      captureToken,
      sent,
      problems = [],
    }: { captureToken?: string; sent?: Sent; problems?: readonly FormProblem[] },
  ) => {
    const { shown, organization } = point;
    const { path, wordings, captureToken: newToken } = showForm(point);
    return renderFormPage({
      language: languageOf(c, point),
      path,
      organizationName: organization.name,
      channels: shown.channels,
      field: addressField(shown),
      captureToken: captureToken ?? newToken(),
      boxes: wordings.map((wording, n) => ({
        wording,
        isTicked: captureToken !== undefined && (sent?.boxes.includes(n + 1) ?? false),
      })),
      wordingLanguage: shown.language,
      privacyNoticeUrl: shown.privacyNoticeUrl,
      typed: sent?.typed ?? "",
      country: sent?.country ?? organization.country ?? "",
      problems,
    });
  };

  app.get("/c/:key", async (c) => html(c, form(c, await opened(c), {})));

  app.post("/c/:key", limited(limits.formBytes), async (c) => {
    const newest = await opened(c);
    const sent = readSent(await readForm(c, { all: true }));
    const point = await formAsRead(newest, sent.captureToken);
    if (point === undefined)
      return html(c, form(c, newest, { sent, problems: [{ at: "form", what: "stale" }] }), 422);
    const field = addressField(point.shown);
    const address =
      field === "email" ? sent.typed.trim() : (readTypedPhone(sent.typed, sent.country || null) ?? "");
    const ipAddress = clientAddress(c);
    try {
      const done = await signUp(point, {
        captureToken: sent.captureToken,
        address,
        boxes: sent.boxes,
        ipAddress,
        caller: ipAddress && addressOfOneCaller(ipAddress),
        userAgent: c.req.header("user-agent")?.slice(0, 1_000),
      });
      return html(c, await doneOf(languageOf(c, point), point, { sent, address, done }));
    } catch (error) {
      const problems = problemsIn(error, field, sent);
      if (problems.length === 0) throw error;
      const isStale = problems.some(({ at }) => at === "form");
      const isBusy = error instanceof SaysoError && error.code === "too_many_requests";
      if (isBusy) c.header("Retry-After", `${error.retryAfterSeconds ?? 60}`);
      // A token that is of no use any more is not sent again: what the screen shows now is read and ticked anew.
      return html(
        c,
        isStale && !isBusy
          ? form(c, newest, { sent, problems })
          : form(c, point, { captureToken: sent.captureToken, sent, problems }),
        isBusy ? 429 : 422,
      );
    }
  });
}

/** The language of the page: what its switch says, else that of the wording, for it is read together with it. */
function languageOf(c: HonoContext<AppEnv>, { shown }: OpenedPoint): Language {
  const [wording] = shown.language.toLowerCase().split(/[-_]/);
  const isOurs = wording === "en" || wording === "ru";
  return c.req.query("lang") === undefined && isOurs ? wording : pageLanguage(c);
}

function readSent(fields: Readonly<Record<string, unknown>>): Sent {
  const all = (name: string) => [fields[name]].flat().filter((value) => typeof value === "string");
  return {
    captureToken: all("token").at(-1) ?? "",
    typed: (all("phone").at(-1) ?? all("email").at(-1) ?? "").slice(0, 400),
    country: all("country").at(-1)?.slice(0, 2) ?? "",
    boxes: all("box").map((value) => (/^\d{1,2}$/.test(value) ? Number(value) : 0)),
  };
}

/** What is wrong with what was sent, in the words of the page; empty for what is no fault of it. */
function problemsIn(error: unknown, field: "phone" | "email", sent: Sent): FormProblem[] {
  if (!(error instanceof SaysoError)) return [];
  if (error.code === "too_many_requests") return [{ at: "form", what: "busy" }];
  return error.errors.flatMap(({ pointer }): FormProblem[] => {
    const box = /^\/provenance\/boxes(?:\/(\d+))?$/.exec(pointer);
    if (box !== null)
      return [
        box[1] === undefined
          ? { at: "boxes", what: "none" }
          : { at: "boxes", what: "needed", box: Number(box[1]) },
      ];
    if (pointer === `/subject/${field}`) return [wrongAddress(field, sent)];
    return pointer.startsWith("/provenance/") ? [{ at: "form", what: "stale" }] : [];
  });
}

function wrongAddress(field: "phone" | "email", { typed, country }: Sent): FormProblem {
  if (typed.trim() === "") return { at: field, what: "missing" };
  const written = typed.normalize("NFKC").trim();
  const needsCountry = field === "phone" && country === "" && /^(?!\+|00)(?:\D*\d){5}/.test(written);
  return needsCountry ? { at: "country" } : { at: field, what: "unreadable" };
}

async function doneOf(
  language: Language,
  point: OpenedPoint,
  { sent, address, done }: { sent: Sent; address: string; done: SignedUp },
): Promise<string> {
  const { shown, organization } = point;
  const { wordings, stopPath } = showForm(point);
  const { reference, mustConfirm, confirmation } = done;
  const words =
    confirmation && pageTemplates.message("signUpDone.words", language, { code: confirmation.code });
  return renderFormDonePage({
    language,
    organizationName: organization.name,
    address: addressField(shown) === "email" ? { email: address } : { phone: address },
    reference,
    agreed: wordings.filter((_wording, n) => sent.boxes.includes(n + 1)),
    wordingLanguage: shown.language,
    mustConfirm,
    confirmation: words === undefined ? undefined : { words, chatUrl: await confirmation?.chatWith(words) },
    stopPath,
  });
}
