import {
  renderConfirmClosedPage,
  renderConfirmedPage,
  renderConfirmPage,
  renderFormDonePage,
  renderFormPage,
} from "../../src/features/consent/form-page.ts";
import { renderPickupClosedPage, renderPickupPage } from "../../src/features/datarequest/pickup-page.ts";
import {
  renderOptOutDonePage,
  renderOptOutNotUndonePage,
  renderOptOutPage,
  renderOptOutUndonePage,
} from "../../src/features/optout/page.ts";
import {
  renderStopDonePage,
  renderStopPage,
  renderStopUnknownPage,
} from "../../src/features/optout/stop-page.ts";
import {
  type ChoicesPage,
  renderChoicesPage,
  renderCodePage,
  renderPreferenceDonePage,
  renderPreferencesPage,
  renderPreferenceUndonePage,
} from "../../src/features/preference/page.ts";
import {
  renderPrivacyClosedPage,
  renderPrivacyCodePage,
  renderPrivacyDonePage,
  renderPrivacyPage,
  renderPrivacyStatusPage,
} from "../../src/features/privacy/page.ts";
import { renderLinkProblemPage } from "../../src/http/link-problem-page.ts";
import { renderProblemPage } from "../../src/http/problem-page.ts";
import type { Language } from "../../src/kernel/language.ts";

/** What an organization chose to write about itself and its purposes. */
export interface PageWords {
  readonly organizationName: string;
  readonly purposeName: string;
  readonly contact: string;
  /** What the boxes of a form say: the first about personal data, the second about advertising. */
  readonly wordings: readonly [string, string];
  /** What a collection point asks. */
  readonly wording: string;
  /** What somebody typed into a field. */
  readonly typed: string;
}

const plainWords: Readonly<Record<Language, PageWords>> = {
  en: {
    organizationName: "Harbour Bookshop",
    purposeName: "Offers and new arrivals",
    contact: "hello@bookshop.example",
    wordings: [
      "Harbour Bookshop may keep and use my number to write to me on WhatsApp about my orders. I can withdraw this at any time.",
      "Yes, Harbour Bookshop may send me offers and news of new arrivals on WhatsApp, up to four a month. I can stop at any time by replying STOP.",
    ],
    wording: "Yes, Harbour Bookshop may send me offers on WhatsApp. I can stop at any time by writing STOP.",
    typed: "0151 2345",
  },
  ru: {
    organizationName: "Книжная лавка «Причал»",
    purposeName: "Скидки и новинки",
    contact: "hello@bookshop.example",
    wordings: [
      "Даю Книжной лавке «Причал» согласие на обработку моего номера телефона, чтобы мне писали в WhatsApp о моих заказах. Согласие можно отозвать в любой момент.",
      "Да, пусть Книжная лавка «Причал» присылает мне в WhatsApp скидки и новинки, не чаще четырёх раз в месяц. Отказаться можно в любой момент, ответив СТОП.",
    ],
    wording:
      "Да, «Причал» может присылать мне предложения в WhatsApp. Отказаться можно в любой момент словом СТОП.",
    typed: "8 (912) 345",
  },
};

/** Markup, formulas, bidi controls, a stack of combining marks, and 200 characters without a place to break. */
export const hostileWords: PageWords = {
  organizationName: `<script>alert(1)</script>"'\`=&\u202egnp.exe\u202c\u2066${"W".repeat(150)}`,
  purposeName: `</bdi><img src=x onerror=alert(1)>=HYPERLINK("x")e${"\u0301".repeat(60)}${"Щ".repeat(90)}`,
  wordings: [
    `<b>Yes</b>\u202e ${"Щ".repeat(120)}\n=HYPERLINK("x")`,
    `${"W".repeat(200)} <img src=x onerror=alert(1)>`,
  ],
  typed: `"><script>alert(1)</script>\u202e+7${"9".repeat(200)}`,
  wording: `<b>Yes</b> \u202e=1+1 ${"Ж".repeat(120)}`,
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
  const privacy = {
    language,
    path: "/privacy",
    organizationName,
    contact,
    kinds: ["access", "portability", "erasure", "restriction", "objection"],
    kind: "",
    typed: "",
    problems: [],
  } as const;
  const privacyCode = {
    language,
    path: "/privacy",
    organizationName,
    claim: "c".repeat(160),
    kind: "access",
    address: { kind: "phone", value: "+79161234567" },
  } as const;
  const standing = {
    language,
    organizationName,
    contact,
    timeZone,
    reference: "7k3mq9txbw5c2r8d4n6p0hjvae",
    requestedAt: recordedAt,
  } as const;
  const working = {
    status: "in_progress",
    isByArchive: true,
    dueAt: new Date("2026-12-22T20:59:59Z"),
    readyAt: null,
    expiresAt: null,
    deletedAt: null,
  } as const;
  const handed = {
    ...working,
    status: "delivered",
    readyAt: new Date("2026-11-24T08:00:00Z"),
    expiresAt: new Date("2026-12-08T08:00:00Z"),
  } as const;
  const form = {
    language,
    path: "/c/pub_4x0q8s5hf6xv3y1m2n4p5q6r7s",
    organizationName,
    channels: ["whatsapp"],
    field: "phone",
    captureToken: `cap1.${"a".repeat(240)}.${"b".repeat(43)}`,
    boxes: words.wordings.map((wording) => ({ wording, isTicked: false })),
    wordingLanguage: language,
    privacyNoticeUrl: "https://bookshop.example/privacy",
    typed: "",
    country: language === "ru" ? "RU" : "GB",
    problems: [],
  } as const;
  const formDone = {
    language,
    organizationName,
    address: { phone: "+79161234567" },
    reference: "cns_01kap8w3vtee2t0m4wa8cn7v6k",
    agreed: words.wordings,
    wordingLanguage: language,
    mustConfirm: false,
    confirmation: {
      words: language === "ru" ? "Подтверждаю: 7K3M-Q9TX" : "I confirm: 7K3M-Q9TX",
      chatUrl: "https://wa.me/12025550100?text=7K3M-Q9TX",
    },
    stopPath: "/stop/org_01kap8w3vtee2t0m4wa8cn7v6k",
  } as const;
  const byMail = {
    ...formDone,
    address: { email: "reader@mail.example" },
    confirmation: undefined,
  } as const;
  const confirm = {
    language,
    path: `/c/confirm/${"A".repeat(150)}`,
    shown: [],
    organizationName,
    purposeNames: [purposeName],
  };
  const confirmClosed = { language, organizationName, contact, isGet: true };
  const link = { ...subject, timeZone };
  const purposes = Array.from({ length: 12 }, (_, n) => ({
    key: n === 0 ? "promotions" : `purpose_${n}`,
    name: n < 2 ? purposeName : `${plainWords[language].purposeName} ${n}`,
  }));
  const wish = { id: "prf_01kap8w3vtee2t0m4wa8cn7v6k", at: recordedAt };
  const holds = {
    pause: { ...wish, until: new Date("2026-12-22T17:41:30Z") },
    frequency: { ...wish, most: 1, hours: 720, name: "month" },
    language: { ...wish, word: "kk" },
    channel: null,
  } as const;
  const chosen = {
    outcome: "chosen",
    reference: wish.id,
    recordedAt,
    holds,
    undo: done.undo,
  } as const;
  const mine: ChoicesPage = {
    ...link,
    session: { token: "k3Qm0vV1cZfJ8yq2b7dXtA".repeat(12), until: new Date("2026-11-22T17:56:30Z") },
    preferences: holds,
    choices: purposes.map((purpose, n) => ({
      ...purpose,
      mayCome: n % 3 === 1,
      yes:
        n % 3 === 2
          ? null
          : {
              at: recordedAt,
              indication: "ticked",
              pointKind: "checkbox",
              wording: words.wording,
              wordingLanguage: language,
            },
      again: n % 3 === 0 ? { wording: words.wording, language, captureToken: "cap1.x.y".repeat(30) } : null,
    })),
    history: ["consent_given", "opted_out_purpose", "pause_chosen", "frequency_chosen", "unheard_of"].map(
      (what) => ({
        at: recordedAt,
        what,
        purposeName,
        until: holds.pause.until,
        word: what === "frequency_chosen" ? "1/168" : null,
      }),
    ),
  };
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
    "opt-out-link": renderLinkProblemPage(language),
    "opt-out-link-contact": renderLinkProblemPage(language, {
      id: "org_01kap8w3vtee2t0m4wa8cn7v6k",
      name: organizationName,
      contact,
    }),
    preferences: renderPreferencesPage({ ...link, purposes, isWrong: false }),
    "preferences-wrong": renderPreferencesPage({ ...link, purposes, isWrong: true }),
    "preference-paused": renderPreferenceDonePage({
      ...link,
      choice: { aspect: "pause", days: 30 },
      done: chosen,
    }),
    "preference-weekly": renderPreferenceDonePage({
      ...link,
      choice: { aspect: "frequency", frequency: "week" },
      done: chosen,
    }),
    "preference-language": renderPreferenceDonePage({
      ...link,
      choice: { aspect: "language", language: "kk" },
      done: { ...chosen, undo: undefined },
    }),
    "preference-stricter": renderPreferenceDonePage({
      ...link,
      choice: { aspect: "frequency", frequency: "week" },
      done: { outcome: "stricter", holds },
    }),
    "preference-undone": renderPreferenceUndonePage({ ...link, outcome: "undone" }),
    "preference-too-late": renderPreferenceUndonePage({ ...link, outcome: "too_late", contact }),
    "preference-code": renderCodePage({ ...link, state: "ask" }),
    "preference-code-sent": renderCodePage({ ...link, state: "sent" }),
    "preference-code-wrong": renderCodePage({
      ...link,
      state: "ask",
      problem: { kind: "wrong", triesLeft: 3 },
    }),
    "preference-code-too-many": renderCodePage({ ...link, state: "too_many" }),
    "preferences-mine": renderChoicesPage(mine),
    "preferences-mine-saved": renderChoicesPage({ ...mine, notice: { kind: "stopped", name: purposeName } }),
    "preferences-mine-not-ticked": renderChoicesPage({
      ...mine,
      notice: { kind: "not_ticked", purpose: "promotions" },
    }),
    stop: renderStopPage(stop),
    "stop-wrong": renderStopPage({ ...stop, wrong: { typed: words.typed } }),
    "stop-missing": renderStopPage({ ...stop, wrong: { typed: "" } }),
    "stop-done": renderStopDonePage({ ...done, number: "+79161234567" }),
    "stop-unknown": renderStopUnknownPage(language),
    privacy: renderPrivacyPage(privacy),
    "privacy-wrong": renderPrivacyPage({
      ...privacy,
      typed: words.typed,
      problems: [{ at: "kind" }, { at: "whom", what: "unreadable" }],
    }),
    "privacy-too-many": renderPrivacyPage({
      ...privacy,
      kind: "erasure",
      typed: "+79161234567",
      problems: [{ at: "whom", what: "tooMany" }],
    }),
    "privacy-over": renderPrivacyPage({ ...privacy, problems: [{ at: "top", what: "over" }] }),
    "privacy-code": renderPrivacyCodePage(privacyCode),
    "privacy-code-email": renderPrivacyCodePage({
      ...privacyCode,
      kind: "objection",
      notice: "stopped",
      address: { kind: "email", value: `${words.typed.replaceAll(" ", "")}@mail.example` },
    }),
    "privacy-code-wrong": renderPrivacyCodePage({
      ...privacyCode,
      typed: "042 517",
      problem: { kind: "wrong", triesLeft: 3 },
    }),
    "privacy-done": renderPrivacyDonePage({
      language,
      organizationName,
      reference: standing.reference,
      kind: "objection",
    }),
    "privacy-taken": renderPrivacyStatusPage({ ...standing, request: null }),
    "privacy-working": renderPrivacyStatusPage({ ...standing, request: working }),
    "privacy-delivered": renderPrivacyStatusPage({ ...standing, request: handed }),
    "privacy-expired": renderPrivacyStatusPage({
      ...standing,
      request: { ...handed, status: "expired", deletedAt: new Date("2026-12-08T08:00:00Z") },
    }),
    "privacy-carried-out": renderPrivacyStatusPage({
      ...standing,
      request: { ...working, status: "ready", isByArchive: false },
    }),
    "privacy-refused": renderPrivacyStatusPage({ ...standing, request: { ...working, status: "refused" } }),
    "privacy-unable": renderPrivacyClosedPage({
      language,
      isGet: true,
      state: "unable",
      organizationName,
      contact,
    }),
    "privacy-business": renderPrivacyClosedPage({ language, isGet: true, state: "business" }),
    "privacy-reference": renderPrivacyClosedPage({ language, isGet: true, state: "reference" }),
    "sign-up": renderFormPage(form),
    "sign-up-one-box": renderFormPage({ ...form, boxes: form.boxes.slice(1), privacyNoticeUrl: null }),
    "sign-up-wrong": renderFormPage({
      ...form,
      typed: words.typed,
      country: "",
      boxes: form.boxes.map((box, n) => ({ ...box, isTicked: n === 1 })),
      problems: [
        { at: "country" },
        { at: "phone", what: "unreadable" },
        { at: "boxes", what: "needed", box: 1 },
      ],
    }),
    "sign-up-stale": renderFormPage({
      ...form,
      typed: "+79161234567",
      problems: [{ at: "form", what: "stale" }],
    }),
    "sign-up-email": renderFormPage({
      ...form,
      channels: ["email"],
      field: "email",
      typed: words.typed,
      problems: [{ at: "email", what: "unreadable" }],
    }),
    "sign-up-done": renderFormDonePage(formDone),
    "sign-up-done-confirm": renderFormDonePage({
      ...formDone,
      mustConfirm: true,
      confirmation: { ...formDone.confirmation, chatUrl: undefined },
    }),
    "sign-up-done-email": renderFormDonePage({ ...byMail, mustConfirm: true }),
    confirm: renderConfirmPage(confirm),
    "confirm-done": renderConfirmedPage({
      ...confirm,
      reference: formDone.reference,
      confirmedAt: recordedAt,
      timeZone,
    }),
    "confirm-unknown": renderConfirmClosedPage({ language, isGet: true, state: "unknown" }),
    "confirm-old": renderConfirmClosedPage({ ...confirmClosed, state: "old" }),
    "confirm-confirmed": renderConfirmClosedPage({ ...confirmClosed, state: "confirmed" }),
    "confirm-overridden": renderConfirmClosedPage({ ...confirmClosed, state: "overridden" }),
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
