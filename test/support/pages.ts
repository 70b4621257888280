import { renderPickupClosedPage, renderPickupPage } from "../../src/features/datarequest/pickup-page.ts";
import {
  renderOptOutDonePage,
  renderOptOutLinkProblemPage,
  renderOptOutNotUndonePage,
  renderOptOutPage,
  renderOptOutUndonePage,
} from "../../src/features/optout/page.ts";
import {
  renderStopDonePage,
  renderStopPage,
  renderStopUnknownPage,
} from "../../src/features/optout/stop-page.ts";
import { renderProblemPage } from "../../src/http/problem-page.ts";
import type { Language } from "../../src/kernel/language.ts";

/** What an organization chose to write about itself and its purposes. */
export interface PageWords {
  readonly organizationName: string;
  readonly purposeName: string;
  readonly contact: string;
  /** What somebody typed into a field. */
  readonly typed: string;
}

const plainWords: Readonly<Record<Language, PageWords>> = {
  en: {
    organizationName: "Harbour Bookshop",
    purposeName: "Offers and new arrivals",
    contact: "hello@bookshop.example",
    typed: "0151 2345",
  },
  ru: {
    organizationName: "Книжная лавка «Причал»",
    purposeName: "Скидки и новинки",
    contact: "hello@bookshop.example",
    typed: "8 (912) 345",
  },
};

/** Markup, formulas, bidi controls, a stack of combining marks, and 200 characters without a place to break. */
export const hostileWords: PageWords = {
  organizationName: `<script>alert(1)</script>"'\`=&\u202egnp.exe\u202c\u2066${"W".repeat(150)}`,
  purposeName: `</bdi><img src=x onerror=alert(1)>=HYPERLINK("x")e${"\u0301".repeat(60)}${"Щ".repeat(90)}`,
  typed: `"><script>alert(1)</script>\u202e+7${"9".repeat(200)}`,
  contact: `javascript:alert(1)//"><b>${"\u202e"}moc${"x".repeat(150)}`,
};

const recordedAt = new Date("2026-11-22T17:41:30Z");
const timeZone = "Europe/Moscow";
const reference = "opt_01kap8w3vtee2t0m4wa8cn7v6k";
const path = "/o/k3Qm0vV1cZfJ8yq2b7dXtA";

/** Every page that people meet, by name. */
export function allPages(
  language: Language,
  words: PageWords = plainWords[language],
): Readonly<Record<string, string>> {
  const { organizationName, purposeName, contact } = words;
  const subject = { language, path, organizationName, maskedNumber: "…67" };
  const done = {
    ...subject,
    reference,
    recordedAt,
    handedOverUntil: new Date("2026-11-22T17:42:30Z"),
    undo: { nonce: "8sJ2nT0qLw", until: new Date("2026-11-22T17:51:30Z") },
    timeZone,
  };
  const stop = { language, path: "/stop", organizationName };
  const pickup = {
    language,
    path: "/a/Zt4m0vV1cZfJ8yq2b7dXtA",
    organizationName,
    availableUntil: new Date("2026-12-06T17:41:30Z"),
    timeZone,
    archiveBytes: 2_412_345,
  };
  return {
    "opt-out": renderOptOutPage({ ...subject, purposeName }),
    "opt-out-all": renderOptOutPage(subject),
    "opt-out-done": renderOptOutDonePage({ ...done, purposeName }),
    "opt-out-done-all": renderOptOutDonePage(done),
    "opt-out-undone": renderOptOutUndonePage(subject),
    "opt-out-too-late": renderOptOutNotUndonePage({ ...subject, reason: "too_late", contact }),
    "opt-out-superseded": renderOptOutNotUndonePage({ ...subject, reason: "superseded" }),
    "opt-out-link": renderOptOutLinkProblemPage({ language, stopPath: "/stop" }),
    "opt-out-link-contact": renderOptOutLinkProblemPage({
      language,
      stopPath: "/stop/org_01kap8w3vtee2t0m4wa8cn7v6k",
      organizationName,
      contact,
    }),
    stop: renderStopPage(stop),
    "stop-wrong": renderStopPage({ ...stop, wrong: { typed: words.typed } }),
    "stop-missing": renderStopPage({ ...stop, wrong: { typed: "" } }),
    "stop-done": renderStopDonePage({ ...done, number: "+79161234567" }),
    "stop-unknown": renderStopUnknownPage(language),
    "problem-not-found": renderProblemPage({ language, code: "not_found", isGet: true }),
    "problem-unavailable": renderProblemPage({
      language,
      code: "unavailable",
      requestId: "0f0c2c0e-6c4f-4d6a-9a55-0f5b5a3f7d11",
      isGet: false,
    }),
    pickup: renderPickupPage(pickup),
    "pickup-wrong": renderPickupPage({ ...pickup, problem: { kind: "wrong", triesLeft: 3 } }),
    "pickup-missing": renderPickupPage({ ...pickup, problem: { kind: "missing" } }),
    "pickup-locked": renderPickupClosedPage({
      language,
      organizationName,
      state: "locked",
      contact,
      isGet: false,
    }),
    "pickup-expired": renderPickupClosedPage({
      language,
      organizationName,
      state: "expired",
      contact,
      isGet: true,
      availableUntil: recordedAt,
      timeZone,
    }),
    "pickup-unknown": renderPickupClosedPage({ language, state: "unknown", isGet: true }),
  };
}
