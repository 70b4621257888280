import {
  otherLanguage,
  pageAddress,
  pageTemplates,
  shownContact,
  shownMoment,
  shownSize,
  shownText,
} from "../../http/page.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";

/** The page behind a delivery link, where the passcode opens the archive. */
export interface PickupPage {
  readonly language: Language;
  /** The page's own path, `/a/{token}`. Its form posts `passcode` there, and a right one answers with the ZIP. */
  readonly path: string;
  readonly organizationName: string;
  readonly availableUntil: Date;
  /** The time zone that times are shown in (IANA name). */
  readonly timeZone: string;
  readonly archiveBytes?: number | undefined;
  /** What was wrong with the passcode that was posted, and the tries that are left after it. */
  readonly problem?:
    | { readonly kind: "missing" }
    | { readonly kind: "wrong"; readonly triesLeft: number }
    | undefined;
}

/**
 * The passcode form. A problem shows as a summary on top, which takes focus, and as a message at the field (GOV.UK
 * Design System, "Error summary" and "Error message"). The passcode itself is never sent back.
 */
export function renderPickupPage(page: PickupPage): string {
  const { language, problem } = page;
  const message = (key: string, values = {}) => pageTemplates.message(key, language, values);
  const error =
    problem === undefined
      ? null
      : problem.kind === "wrong"
        ? message("pickup.wrong", { left: problem.triesLeft })
        : message("pickup.missing");
  return pageTemplates.render(
    "pickup",
    {
      title: message(problem === undefined ? "pickup.title" : "pickup.titleWithError"),
      action: pageAddress(page.path, language),
      otherLanguage: otherLanguage(language),
      organizationName: shownText(page.organizationName),
      size: page.archiveBytes === undefined ? null : shownSize(page.archiveBytes, language),
      availableUntil: shownMoment(page.availableUntil, language, page.timeZone),
      error,
      problems: error === null ? [] : [{ field: "passcode", message: error }],
    },
    language,
  );
}

/** The page of a delivery link that gives nothing (any more), and why. */
export type PickupClosedPage = {
  readonly language: Language;
  /** Whether a GET of this address shows the same again, so that a language link may lead there. */
  readonly isGet: boolean;
  /** How to reach the organization, as it wrote it. */
  readonly contact?: string | undefined;
} & (
  | { readonly state: "locked"; readonly organizationName: string }
  | {
      readonly state: "expired";
      readonly organizationName: string;
      readonly availableUntil: Date;
      readonly timeZone: string;
    }
  | { readonly state: "unknown" }
);

/** Says why there is no archive here, and how to get one. */
export function renderPickupClosedPage(page: PickupClosedPage): string {
  const { language, state } = page;
  const values =
    page.state === "expired"
      ? { until: shownMoment(page.availableUntil, language, page.timeZone) }
      : { tries: limits.passcodeTries };
  return pageTemplates.render(
    "pickup-closed",
    {
      organizationName: page.state === "unknown" ? null : shownText(page.organizationName),
      otherLanguage: page.isGet ? otherLanguage(language) : null,
      heading: pageTemplates.message(`pickup.${state}.heading`, language),
      means: pageTemplates.message(`pickup.${state}.means`, language, values),
      nextMeans: pageTemplates.message(`pickup.${state}.next`, language),
      contact: shownContact(page.contact),
    },
    language,
  );
}
