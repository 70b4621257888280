import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import {
  otherLanguage,
  pageAddress,
  pageTemplates,
  shownContact,
  shownDay,
  shownMoment,
  shownText,
} from "../../http/page.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import type { Standing } from "../datarequest/index.ts";

/** What every page of requests is shown with. */
interface PrivacyPage {
  readonly language: Language;
  readonly organizationName: string;
}

/** The form where a request begins. */
export interface PrivacyFormPage extends PrivacyPage {
  /** The page's own path, `/privacy` or `/privacy/{org_…}`. Its form posts `kind` and `whom` there. */
  readonly path: string;
  readonly contact: string | undefined;
  /** The kinds of request that can be made. */
  readonly kinds: readonly string[];
  /** What was sent, shown again to be mended. */
  readonly kind: string;
  readonly typed: string;
  readonly problems: readonly PrivacyProblem[];
}

/** What is wrong with what was sent. */
export type PrivacyProblem =
  | { readonly at: "kind" }
  | { readonly at: "whom"; readonly what: "missing" | "unreadable" | "tooMany" }
  | { readonly at: "top"; readonly what: "busy" | "over" };

/**
 * What somebody wants, and by what the business knows them. Problems show as a summary on top, which takes focus, and as a
 * message at each field (GOV.UK Design System, "Error summary" and "Error message").
 */
export function renderPrivacyPage(page: PrivacyFormPage): string {
  const { language, problems } = page;
  const message = messages(language);
  const shown = problems.map((problem) => ({
    field: problem.at === "kind" ? `kind-${page.kinds[0] ?? ""}` : problem.at,
    message:
      problem.at === "kind"
        ? message("privacy.kindMissing")
        : message(
            `privacy.${problem.at === "whom" && problem.what !== "tooMany" ? `whom${capital(problem.what)}` : problem.what}`,
            codesAllowed,
          ),
    at: problem.at,
  }));
  const at = (place: string) => shown.find((problem) => problem.at === place)?.message ?? null;
  return pageTemplates.render(
    "privacy",
    {
      title: message(problems.length === 0 ? "privacy.title" : "privacy.titleWithError"),
      action: pageAddress(page.path, language),
      // The other language is another GET, and what was typed would be lost.
      otherLanguage: problems.length === 0 ? otherLanguage(language) : null,
      organizationName: shownText(page.organizationName),
      problems: shown,
      kinds: page.kinds.map((kind) => ({
        id: `kind-${kind}`,
        value: kind,
        name: message(`privacy.kind.${kind}`),
        hint: message(`privacy.kindHint.${kind}`),
        isChosen: kind === page.kind,
      })),
      kindError: at("kind"),
      typed: shownText(page.typed),
      whomError: at("whom"),
      contact: shownContact(page.contact),
    },
    language,
  );
}

/** Where the code is given that went to the address. */
export interface PrivacyCodePage extends PrivacyPage {
  readonly path: string;
  /** Goes along in the form. */
  readonly claim: string;
  readonly kind: string;
  /** As it was read: whoever mistyped it sees so. */
  readonly address: { readonly kind: "phone" | "email"; readonly value: string };
  /** Something that just happened: a new code was sent, or an objection holds already. */
  readonly notice?: "sentAgain" | "stopped" | undefined;
  /** What was typed, shown again to be mended. */
  readonly typed?: string;
  readonly problem?:
    | {
        readonly kind: "missing" | "unreadable" | "wrong" | "none" | "tooMany" | "busy";
        readonly triesLeft?: number | undefined;
      }
    | undefined;
}

/** The same for numbers that are known and numbers that are not. */
export function renderPrivacyCodePage(page: PrivacyCodePage): string {
  const { language, problem } = page;
  const message = messages(language);
  const error = problem === undefined ? null : codeProblem(problem, language);
  return pageTemplates.render(
    "privacy-code",
    {
      title: message(problem === undefined ? "privacyCode.title" : "privacyCode.titleWithError"),
      action: pageAddress(page.path, language),
      startAddress: pageAddress(page.path, language),
      otherLanguage: null,
      organizationName: shownText(page.organizationName),
      notice: page.notice === undefined ? null : message(`privacyCode.${page.notice}`),
      wish: message(`privacy.kind.${page.kind}`),
      address: shownAddress(page.address),
      claim: page.claim,
      typed: shownText(page.typed ?? ""),
      minutes: limits.identityCodeLifeSeconds / 60,
      codes: limits.identityCodes,
      error,
      problems: error === null ? [] : [{ field: "code", message: error }],
    },
    language,
  );
}

function codeProblem(
  { kind, triesLeft }: NonNullable<PrivacyCodePage["problem"]>,
  language: Language,
): string {
  const minutes = limits.identityCodeLifeSeconds / 60;
  const key = kind === "tooMany" || kind === "busy" ? `privacy.${kind}` : `code.${kind}`;
  return pageTemplates.message(key, language, { ...codesAllowed, minutes, left: triesLeft ?? 0 });
}

/** The answer to a right code. */
export interface PrivacyDonePage extends PrivacyPage {
  readonly reference: string;
  /** Undefined once it is known to the request alone. */
  readonly kind: string | undefined;
}

/** Says that the request has been made, and where to see how it goes. It has no language link: a GET could not show it again. */
export function renderPrivacyDonePage({ language, reference, kind, ...page }: PrivacyDonePage): string {
  return pageTemplates.render(
    "privacy-done",
    {
      otherLanguage: null,
      organizationName: shownText(page.organizationName),
      wish: kind === undefined ? null : pageTemplates.message(`privacy.kind.${kind}`, language),
      isObjection: kind === "objection",
      reference,
      statusAddress: pageAddress(`/privacy/${reference}`, language),
    },
    language,
  );
}

/** Where a request stands. Nothing on it is about the person. */
export interface PrivacyStatusPage extends PrivacyPage {
  readonly reference: string;
  readonly timeZone: string;
  readonly contact: string | undefined;
  readonly requestedAt: Date;
  readonly request: Standing | null;
}

/** Requested, ready by, ready until, deleted: what people know from the report of WhatsApp's own. */
export function renderPrivacyStatusPage(page: PrivacyStatusPage): string {
  const { language, timeZone, request } = page;
  const message = messages(language);
  const state = standingOf(request);
  const moment = (at: Date | null) =>
    at === null ? message("privacyStatus.notYet") : shownMoment(at, language, timeZone);
  const isWaited = request?.isByArchive && state !== "refused" && state !== "cancelled";
  const steps =
    request === null
      ? []
      : [
          ["dueBy", shownDay(request.dueAt, language, timeZone)] as const,
          ...(isWaited || request.readyAt !== null ? [["readySince", moment(request.readyAt)] as const] : []),
          ...(request.readyAt === null || request.expiresAt === null
            ? []
            : [["readyUntil", moment(request.expiresAt)] as const]),
          ...(request.deletedAt === null ? [] : [["deleted", moment(request.deletedAt)] as const]),
        ];
  return pageTemplates.render(
    "privacy-status",
    {
      otherLanguage: otherLanguage(language),
      organizationName: shownText(page.organizationName),
      heading: message(`privacyStatus.${state}.heading`),
      means: message(`privacyStatus.${state}.means`),
      steps: [["requested", moment(page.requestedAt)] as const, ...steps].map(([key, value]) => ({
        label: message(`privacyStatus.${key}`),
        value,
      })),
      reference: page.reference,
      contact: shownContact(page.contact),
    },
    language,
  );
}

/** The words for where a request stands; a status without words of its own is being worked on. */
function standingOf(request: Standing | null): string {
  if (request === null) return "taken";
  const { status, isByArchive } = request;
  if (status === "ready" && !isByArchive) return "carriedOut";
  return pageTemplates.hasMessage(`privacyStatus.${status}.heading`) ? status : "working";
}

/** A page that gives nothing, and why. */
export type PrivacyClosedPage = {
  readonly language: Language;
  /** Whether a GET of this address shows the same again, so that a language link may lead there. */
  readonly isGet: boolean;
} & (
  | { readonly state: "business" | "reference" }
  | { readonly state: "unable"; readonly organizationName: string; readonly contact: string | undefined }
);

/** Says why no request can be made or shown here, and what to do instead. */
export function renderPrivacyClosedPage(page: PrivacyClosedPage): string {
  const { language, state } = page;
  const message = messages(language);
  return pageTemplates.render(
    "privacy-closed",
    {
      organizationName: page.state === "unable" ? shownText(page.organizationName) : null,
      otherLanguage: page.isGet ? otherLanguage(language) : null,
      heading: message(`privacyClosed.${state}.heading`),
      means: message(`privacyClosed.${state}.means`),
      nextMeans: message(`privacyClosed.${state}.next`),
      contact: page.state === "unable" ? shownContact(page.contact) : null,
    },
    language,
  );
}

const codesAllowed = { codes: limits.identityCodes, day: limits.identityCodesPerDay };

const messages =
  (language: Language) =>
  (key: string, values: Record<string, string | number> = {}) =>
    pageTemplates.message(key, language, values);

const capital = (word: string) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;

function shownAddress({ kind, value }: PrivacyCodePage["address"]): string {
  return kind === "phone"
    ? (parsePhoneNumberFromString(value)?.formatInternational() ?? value)
    : shownText(value);
}
