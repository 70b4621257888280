import {
  otherLanguage,
  pageAddress,
  pageTemplates,
  shownContact,
  shownEnd,
  shownMoment,
  shownText,
} from "../../http/page.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";

/** The page behind an opt-out link: who writes, what about, and the buttons. */
export interface OptOutPage {
  readonly language: Language;
  /** The page's own path, `/o/{token}`. Its forms post there. */
  readonly path: string;
  readonly organizationName: string;
  /** The purpose that the link names. Without one the link is about everything. */
  readonly purposeName?: string | undefined;
  /** The person's number with all but its end hidden (`maskIdentifier`), when they have one. */
  readonly maskedNumber?: string | undefined;
}

/** The page that a GET of the link shows. It changes nothing; its forms post `scope=purpose` or `scope=all`. */
export function renderOptOutPage(page: OptOutPage): string {
  return pageTemplates.render(
    "opt-out",
    { ...shownSubject(page), otherLanguage: otherLanguage(page.language) },
    page.language,
  );
}

/** The answer after the button: what was stopped, and how it goes on. */
export interface OptOutDonePage extends OptOutPage {
  /** The purpose that was stopped. Without one everything was, and nothing more is offered. */
  readonly purposeName?: string | undefined;
  /** The opt-out's public id, `opt_…`. */
  readonly reference: string;
  readonly recordedAt: Date;
  /** Until when messages with a permit from before may still arrive; left out when there are none. */
  readonly handedOverUntil?: Date | undefined;
  /** The one-time nonce and its end; left out when this opt-out cannot be undone (any more). */
  readonly undo?: { readonly nonce: string; readonly until: Date } | undefined;
  /** The time zone that times are shown in (IANA name): the person's when known, else the organization's. */
  readonly timeZone: string;
}

/**
 * The page that answers the button. Undo posts `nonce` to `{path}/undo`, the other choice `scope=all` to `path`.
 * It has no language link: a GET could not show it again, and the undo would be lost.
 */
export function renderOptOutDonePage(page: OptOutDonePage): string {
  const { language, timeZone, recordedAt, handedOverUntil, undo } = page;
  const span = { from: recordedAt, language, timeZone };
  return pageTemplates.render(
    "opt-out-done",
    {
      ...shownSubject(page),
      otherLanguage: null,
      reference: page.reference,
      recordedAt: shownMoment(recordedAt, language, timeZone),
      handedOverUntil:
        handedOverUntil === undefined ? null : shownEnd(handedOverUntil, { ...span, rounding: "up" }),
      undo:
        undo === undefined
          ? null
          : {
              action: pageAddress(`${page.path}/undo`, language),
              nonce: undo.nonce,
              until: shownEnd(undo.until, { ...span, rounding: "down" }),
            },
    },
    language,
  );
}

/** The page after an undo that worked. */
export function renderOptOutUndonePage(
  page: Pick<OptOutPage, "language" | "path" | "organizationName">,
): string {
  return pageTemplates.render(
    "opt-out-undone",
    {
      organizationName: shownText(page.organizationName),
      otherLanguage: null,
      action: pageAddress(page.path, page.language),
    },
    page.language,
  );
}

/** The page after an undo that did not work, and why. */
export interface OptOutNotUndonePage {
  readonly language: Language;
  readonly organizationName: string;
  /**
   * Ten minutes over or nonce used up or wrong; a newer choice about the same was recorded meanwhile; or it went to and fro
   * for too long.
   */
  readonly reason: "too_late" | "superseded" | "too_often";
  /** How to reach the organization, as it wrote it. */
  readonly contact?: string | undefined;
}

/** Says that the no stands, and how to get messages again. */
export function renderOptOutNotUndonePage(page: OptOutNotUndonePage): string {
  return pageTemplates.render(
    "opt-out-not-undone",
    {
      organizationName: shownText(page.organizationName),
      otherLanguage: null,
      superseded: page.reason === "superseded",
      tooOften: page.reason === "too_often",
      undoMinutes: limits.optOutUndoSeconds / 60,
      contact: shownContact(page.contact),
    },
    page.language,
  );
}

function shownSubject(page: OptOutPage) {
  return {
    action: pageAddress(page.path, page.language),
    organizationName: shownText(page.organizationName),
    purposeName: page.purposeName === undefined ? null : shownText(page.purposeName),
    preferencesAddress: pageAddress(`${page.path}/preferences`, page.language),
    maskedNumber: page.maskedNumber === undefined ? null : shownText(page.maskedNumber),
  };
}
