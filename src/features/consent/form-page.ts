import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import { countries } from "../../http/countries.ts";
import {
  otherLanguage,
  pageAddress,
  pageTemplates,
  shownContact,
  shownMoment,
  shownText,
} from "../../http/page.ts";
import type { Language } from "../../kernel/language.ts";

/** A box as a form shows it. */
export interface FormBox {
  readonly wording: string;
  readonly isTicked: boolean;
}

/** What is wrong with what was sent: where, and what. Boxes are counted from 1. */
export type FormProblem =
  | { readonly at: "phone" | "email"; readonly what: "missing" | "unreadable" }
  | { readonly at: "country" }
  | { readonly at: "boxes"; readonly what: "none" }
  | { readonly at: "boxes"; readonly what: "needed"; readonly box: number }
  | { readonly at: "form"; readonly what: "stale" | "busy" };

/** The form of a collection point. */
export interface FormPage {
  readonly language: Language;
  /** The page's own path, `/c/{key}`. Its form posts there. */
  readonly path: string;
  readonly organizationName: string;
  /** The channels that are asked for, as the API names them. */
  readonly channels: readonly string[];
  /** What people are reached by. */
  readonly field: "phone" | "email";
  readonly captureToken: string;
  readonly boxes: readonly FormBox[];
  /** The language of the wordings (BCP 47). */
  readonly wordingLanguage: string;
  readonly privacyNoticeUrl: string | null;
  /** What was typed, shown again to be mended. */
  readonly typed: string;
  /** The chosen country (ISO 3166-1 alpha-2); empty when none is. */
  readonly country: string;
  readonly problems: readonly FormProblem[];
}

/**
 * The form: each purpose a box of its own, none ticked beforehand, the wording to the letter. Problems show as a summary
 * on top, which takes focus, and as a message at each field (GOV.UK Design System, "Error summary" and "Error message").
 */
export function renderFormPage(page: FormPage): string {
  const { language, problems } = page;
  const messages = problems.map((problem) => describe(problem, language));
  const at = (field: string) => messages.find((message) => message.field === field)?.message ?? null;
  return pageTemplates.render(
    "sign-up",
    {
      title: pageTemplates.message(
        problems.length === 0 ? "signUp.title" : "signUp.titleWithError",
        language,
      ),
      action: pageAddress(page.path, language),
      // The other language is another GET, and what was typed would be lost.
      otherLanguage: problems.length === 0 ? otherLanguage(language) : null,
      problems: messages,
      organizationName: shownText(page.organizationName),
      how: waysOf(page.channels, language),
      captureToken: page.captureToken,
      isEmail: page.field === "email",
      countries: countries[language].map((country) => ({
        ...country,
        isChosen: country.code === page.country,
      })),
      countryError: at("country"),
      typed: shownText(page.typed),
      addressError: at(page.field),
      wordingLanguage: page.wordingLanguage.replaceAll("_", "-"),
      boxes: page.boxes.map(({ wording, isTicked }, n) => ({
        id: `box-${n + 1}`,
        value: n + 1,
        wording: shownLines(wording),
        isTicked,
        error: at(`box-${n + 1}`),
      })),
      several: page.boxes.length > 1,
      noticeUrl: page.privacyNoticeUrl,
    },
    language,
  );
}

function describe(problem: FormProblem, language: Language): { field: string; message: string } {
  const message = (key: string) => pageTemplates.message(`signUp.${key}`, language);
  switch (problem.at) {
    case "country":
      return { field: "country", message: message("countryMissing") };
    case "boxes":
      return problem.what === "none"
        ? { field: "box-1", message: message("boxNone") }
        : { field: `box-${problem.box}`, message: message("boxNeeded") };
    case "form":
      return { field: "sign-up", message: message(problem.what) };
    default:
      return { field: problem.at, message: message(`${problem.at}.${problem.what}`) };
  }
}

/** A wording to the letter, line by line. */
function shownLines(wording: string): string {
  return wording
    .split(/\r\n?|\n/)
    .map(shownText)
    .join("\n");
}

/** The channels as a sentence has them: "on WhatsApp and by SMS". */
function waysOf(channels: readonly string[], language: Language): string {
  const names = channels.map((channel) => pageTemplates.message(`channel.${channel}`, language));
  return new Intl.ListFormat(language, { type: "conjunction" }).format(names);
}

/** The answer to a form that was taken. */
export interface FormDonePage {
  readonly language: Language;
  readonly organizationName: string;
  /** The address as it was read: whoever mistyped it sees so. */
  readonly address: { readonly phone: string } | { readonly email: string };
  /** Public id of the consent. */
  readonly reference: string;
  /** The wordings of the boxes that were ticked. */
  readonly agreed: readonly string[];
  readonly wordingLanguage: string;
  readonly mustConfirm: boolean;
  /** How the owner of the number confirms: with this code, in this chat if there is one. */
  readonly confirmation?: { readonly words: string; readonly chatUrl: string | undefined } | undefined;
  /** The path of the page that ends marketing without a link. */
  readonly stopPath: string;
}

/**
 * What is on record, and how the owner of the number confirms it. It says the same of every number, for anybody can type
 * any. It has no language link: a GET could not show it again.
 */
export function renderFormDonePage(page: FormDonePage): string {
  const { language } = page;
  const phone = "phone" in page.address ? page.address.phone : undefined;
  return pageTemplates.render(
    "sign-up-done",
    {
      organizationName: shownText(page.organizationName),
      otherLanguage: null,
      heading: pageTemplates.message(
        page.mustConfirm ? "signUpDone.confirm" : "signUpDone.heading",
        language,
      ),
      mustConfirm: page.mustConfirm,
      phone: phone === undefined ? null : (parsePhoneNumberFromString(phone)?.formatInternational() ?? phone),
      email: "email" in page.address ? shownText(page.address.email) : null,
      reference: page.reference,
      agreed: page.agreed.map(shownLines),
      wordingLanguage: page.wordingLanguage.replaceAll("_", "-"),
      words: page.confirmation?.words ?? null,
      chatUrl: page.confirmation?.chatUrl ?? null,
      stopAddress: pageAddress(page.stopPath, language),
    },
    language,
  );
}

/** The page behind a confirmation link: nothing is changed by looking. */
export interface ConfirmPage {
  readonly language: Language;
  /** The page's own path, `/c/confirm/{token}`. Its form posts there. */
  readonly path: string;
  readonly organizationName: string;
  readonly purposeNames: readonly string[];
  /** Public ids of the events that these are of: only they are confirmed. */
  readonly shown: readonly string[];
}

/** Asks for the button: mail scanners follow links. */
export function renderConfirmPage(page: ConfirmPage): string {
  return pageTemplates.render(
    "confirm",
    {
      ...shownConfirm(page),
      action: pageAddress(page.path, page.language),
      shown: page.shown.join(" "),
      otherLanguage: otherLanguage(page.language),
    },
    page.language,
  );
}

/** The answer to the button. */
export function renderConfirmedPage(
  page: Omit<ConfirmPage, "path" | "shown"> & {
    readonly reference: string;
    readonly confirmedAt: Date;
    readonly timeZone: string;
  },
): string {
  return pageTemplates.render(
    "confirm-done",
    {
      ...shownConfirm(page),
      otherLanguage: null,
      reference: page.reference,
      confirmedAt: shownMoment(page.confirmedAt, page.language, page.timeZone),
    },
    page.language,
  );
}

function shownConfirm({ organizationName, purposeNames, language }: Omit<ConfirmPage, "path" | "shown">) {
  return {
    organizationName: shownText(organizationName),
    purposes: new Intl.ListFormat(language, { type: "conjunction" }).format(purposeNames.map(shownText)),
  };
}

/** The page of a link that confirms nothing (any more), and why. */
export interface ConfirmClosedPage {
  readonly language: Language;
  readonly isGet: boolean;
  /** unknown: altered, cut, or of nobody here; old; confirmed: used up; overridden: a no came after it. */
  readonly state: "unknown" | "old" | "confirmed" | "overridden";
  /** Present when the link still tells whose it was. */
  readonly organizationName?: string | undefined;
  readonly contact?: string | undefined;
}

/** Says plainly why there is nothing to confirm, and what to do instead. */
export function renderConfirmClosedPage(page: ConfirmClosedPage): string {
  const message = (part: string) => pageTemplates.message(`confirm.${page.state}.${part}`, page.language);
  return pageTemplates.render(
    "confirm-closed",
    {
      organizationName: page.organizationName === undefined ? null : shownText(page.organizationName),
      otherLanguage: page.isGet ? otherLanguage(page.language) : null,
      heading: message("heading"),
      means: message("means"),
      nextMeans: message("next"),
      contact: shownContact(page.contact),
    },
    page.language,
  );
}
