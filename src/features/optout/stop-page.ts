import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import {
  otherLanguage,
  pageAddress,
  pageTemplates,
  shownEnd,
  shownMoment,
  shownText,
} from "../../http/page.ts";
import type { Language } from "../../kernel/language.ts";

/** The page where marketing ends with a number alone. */
export interface StopPage {
  readonly language: Language;
  /** The page's own path, `/stop` or `/stop/{org_…}`. Its form posts `phone` there. */
  readonly path: string;
  readonly organizationName: string;
  /** What was posted and is no number. It is shown again, to be mended. */
  readonly wrong?: { readonly typed: string } | undefined;
}

/**
 * The form with one field. A problem shows as a summary on top, which takes focus, and as a message at the field (GOV.UK
 * Design System, "Error summary" and "Error message").
 */
export function renderStopPage({ language, path, organizationName, wrong }: StopPage): string {
  const message = (key: string) => pageTemplates.message(key, language);
  const error =
    wrong === undefined ? null : message(wrong.typed.trim() === "" ? "stop.missing" : "stop.unreadable");
  return pageTemplates.render(
    "stop",
    {
      title: message(wrong === undefined ? "stop.title" : "stop.titleWithError"),
      action: pageAddress(path, language),
      otherLanguage: otherLanguage(language),
      organizationName: shownText(organizationName),
      typed: shownText(wrong?.typed ?? ""),
      error,
      problems: error === null ? [] : [{ field: "phone", message: error }],
    },
    language,
  );
}

/** The answer after the button, the same whether anybody is known by the number or not. */
export interface StopDonePage {
  readonly language: Language;
  readonly organizationName: string;
  /** E.164, as it was read: whoever mistyped it sees so. */
  readonly number: string;
  /** The opt-out's public id, `opt_…`. */
  readonly reference: string;
  readonly recordedAt: Date;
  /** Until when messages with a permit from before may still arrive. */
  readonly handedOverUntil?: Date | undefined;
  /** The time zone that times are shown in (IANA name). */
  readonly timeZone: string;
}

/** What has stopped, what has not, and how to stop that too. It has no language link: a GET could not show it again. */
export function renderStopDonePage(page: StopDonePage): string {
  const { language, timeZone, recordedAt, handedOverUntil } = page;
  return pageTemplates.render(
    "stop-done",
    {
      organizationName: shownText(page.organizationName),
      otherLanguage: null,
      number: parsePhoneNumberFromString(page.number)?.formatInternational() ?? page.number,
      reference: page.reference,
      recordedAt: shownMoment(recordedAt, language, timeZone),
      handedOverUntil:
        handedOverUntil === undefined
          ? null
          : shownEnd(handedOverUntil, { from: recordedAt, language, timeZone, rounding: "up" }),
    },
    language,
  );
}

/** Says that the address does not tell which business is meant, and names the ways without it. */
export function renderStopUnknownPage(language: Language): string {
  return pageTemplates.render(
    "stop-unknown",
    { organizationName: null, otherLanguage: otherLanguage(language) },
    language,
  );
}
