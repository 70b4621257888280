import { createHash, createPrivateKey, sign as signBytes } from "node:crypto";
import type { SectionDocuments } from "../../../src/features/accountdata/index.ts";
import type { ReportModel, Section, Stretch } from "../../../src/features/archive/domain/report-model.ts";
import type { OwnRows } from "../../../src/features/archive/domain/sections.ts";
import { detachPhoto, signingKeyId } from "../../../src/features/archive/index.ts";
import type { Language } from "../../../src/kernel/language.ts";

/** A fixed key pair: the same model must give the same bytes, signature included. */
const seed = Buffer.alloc(32, 7);
const pkcs8Ed25519 = Buffer.from("302e020100300506032b657004220420", "hex");
const privateKey = createPrivateKey({
  key: Buffer.concat([pkcs8Ed25519, seed]),
  format: "der",
  type: "pkcs8",
});
const jwk = privateKey.export({ format: "jwk" });
export const rawPublicKey = Buffer.from(jwk.x ?? "", "base64url");

export function sign(bytes: Uint8Array): Buffer {
  return signBytes(null, bytes, privateKey);
}

/** A 1 × 1 pixel. */
const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const wordings: Readonly<Record<Language, string>> = {
  en: "Yes, Harbour Tea may send me offers on WhatsApp.\nI can stop at any time by answering STOP.",
  ru: "Да, «Гавань чая» может присылать мне предложения в WhatsApp.\nЯ могу отказаться в любой момент, ответив СТОП.",
};

function profile(): SectionDocuments["profile"] {
  return {
    photo: { mediaType: "image/png", base64: pixel },
    photoSetAt: "2025-03-02T09:15:00Z",
    about: "At sea until Sunday ⚓",
    aboutSetAt: "2025-07-14T18:03:22+02:00",
  };
}

function wording(language: Language) {
  const text = wordings[language];
  return { text, language, sha256: createHash("sha256").update(text).digest("hex") };
}

function consents(language: Language): OwnRows["consents"][] {
  const given: OwnRows["consents"] = {
    eventId: "cns_01kb3m9x1te1w8n0q2v5z7y4aa",
    channel: "whatsapp",
    purpose: { key: "promotions", name: language === "ru" ? "Акции и предложения" : "Offers and promotions" },
    state: "given",
    reportedState: null,
    proof: "demonstrated",
    occurredAt: "2026-02-03T10:11:12.000Z",
    recordedAt: "2026-02-03T10:11:12.480Z",
    expiresAt: "2028-02-03T10:11:12.000Z",
    collectionPoint: {
      id: "cpt_01kb3m9x1te1w8n0q2v5z7y4bb",
      key: "newsletter",
      kind: "form",
      name: language === "ru" ? "Форма на сайте" : "Form on the site",
      version: 2,
      privacyNoticeUrl: "https://shop.example/privacy",
    },
    wording: wording(language),
    indication: "ticked",
    pageUrl: "https://shop.example/join?from=footer",
    ipAddress: "203.0.113.7",
    userAgent: "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36",
    language,
    operator: null,
    evidence: null,
  };
  const withdrawn: OwnRows["consents"] = {
    ...given,
    eventId: "cns_01kb3m9x1te1w8n0q2v5z7y4cc",
    state: "withdrawn",
    proof: "reported",
    occurredAt: "2026-06-21T20:00:05.000Z",
    recordedAt: "2026-06-22T07:30:00.000Z",
    expiresAt: null,
    collectionPoint: null,
    wording: null,
    indication: "said",
    pageUrl: null,
    ipAddress: null,
    userAgent: null,
    operator: "Shop counter 4",
  };
  return [given, withdrawn];
}

const decisions: OwnRows["decisions"][] = [
  {
    decisionId: "dec_01kb3m9x1te1w8n0q2v5z7y4dd",
    at: "2026-05-01T08:00:00.120Z",
    decision: "allow",
    sender: "+1 202-555-0100",
    channel: "whatsapp",
    purpose: "promotions",
    messageKind: "template",
    category: "marketing",
    template: "spring_offer (en)",
    messageRef: "campaign-17/42",
    redeemedAt: null,
    outcome: null,
    messageId: null,
    reasons: [],
    policyVersion: "1",
  },
  {
    decisionId: "dec_01kb3m9x1te1w8n0q2v5z7y4ee",
    at: "2026-07-01T08:00:00.120Z",
    decision: "deny",
    sender: "+1 202-555-0100",
    channel: "whatsapp",
    purpose: "promotions",
    messageKind: "template",
    category: "marketing",
    template: "summer_offer (en)",
    messageRef: null,
    redeemedAt: null,
    outcome: null,
    messageId: null,
    reasons: [
      { code: "consent_withdrawn", message: "The person withdrew this consent." },
      { code: "recipient_opted_out", message: "The person opted out of everything." },
    ],
    policyVersion: "1",
  },
];

const optOuts: OwnRows["opt_outs"][] = [
  {
    id: "opt_01kb3m9x1te1w8n0q2v5z7y4ff",
    kind: "opt_out",
    event: "opted_out",
    scope: "all",
    purpose: null,
    channel: null,
    source: "keyword",
    reason: null,
    occurredAt: "2026-06-21T20:00:05Z",
    recordedAt: "2026-06-21T20:00:06Z",
    expiresAt: null,
  },
];

const requests: OwnRows["requests"][] = [
  {
    requestId: "req_01kb3m9x1te1w8n0q2v5z7y4gg",
    kind: "access",
    regime: "gdpr",
    channel: "web",
    status: "in_progress",
    receivedAt: "2026-11-02T12:00:00Z",
    dueAt: "2026-12-02T22:59:59Z",
    history: [
      { at: "2026-11-02T12:00:00Z", event: "opened", status: "received", note: null },
      {
        at: "2026-11-03T09:30:00Z",
        event: "identity_noted",
        status: "in_progress",
        note: "Met in person.",
      },
    ],
    letters: [
      {
        sentAt: "2026-11-02T12:10:00Z",
        kind: "receipt",
        way: "email",
        language: "en",
        subject: "We received your request",
        text: "Hello,\n\nWe answer by 2 December 2026 at the latest.\n\nHarbour Tea",
      },
    ],
  },
];

const disclosures: OwnRows["disclosures"][] = [
  {
    kind: "viewed",
    at: "2026-11-03T09:31:00Z",
    recipient: null,
    reason: "Answering a data request",
    categories: ["consents", "messages"],
  },
  {
    kind: "shared",
    at: "2026-05-01T08:00:01Z",
    recipient: "WhatsApp",
    reason: "Delivering messages",
    categories: ["account"],
  },
];

/** Message rows without end, the same each time: one every seven minutes, every other one from the person. */
function messageRow(index: number): OwnRows["messages"] {
  const at = new Date(Date.UTC(2024, 0, 1) + index * 420_000).toISOString();
  const messageId = `wamid.HBgLMTIwMjU1NTAxMjMVAgARGBI${String(index).padStart(12, "0")}AA==`;
  const shared = { messageId, at, receivedAt: at, sender: "+1 202-555-0100", text: null };
  return index % 2 === 0
    ? { ...shared, direction: "in", kind: "text", opensWindow: true, status: null, errorCode: null }
    : { ...shared, direction: "out", kind: null, opensWindow: null, status: "delivered", errorCode: null };
}

export function messages(count: number): Section {
  return {
    name: "messages",
    state: "rows",
    count,
    async *rows() {
      // Pages of odd lengths: nothing may rest on where one ends.
      for (let from = 0; from < count; from += 37) {
        yield Array.from({ length: Math.min(37, count - from) }, (_, index) => messageRow(from + index));
      }
    },
  };
}

/** A report whose messages are split: two months, the second in two stretches. */
export function splitReport(language: Language = "en"): ReportModel {
  const stretch = (month: string, number: number, from: number, count: number): Stretch => ({
    month,
    number,
    count,
    async *rows() {
      yield Array.from({ length: count }, (_, index) => messageRow(from + index));
    },
  });
  const section = messages(1_103);
  if (section.state !== "rows") throw new Error("Messages are rows.");
  const stretches = [
    stretch("2026-02", 1, 0, 3),
    stretch("2026-03", 1, 3, 600),
    stretch("2026-03", 2, 603, 500),
  ];
  return { ...emptyReport(language), sections: [{ ...section, stretches }] };
}

export function rowsSection(name: string, rows: readonly object[]): Section {
  return {
    name,
    state: "rows",
    count: rows.length,
    async *rows() {
      yield rows.map((row) => ({ ...row }));
    },
  };
}

function document(name: string, value: object): Section {
  return { name, state: "document", document: { ...value } };
}

const numbers = (count: number) =>
  Array.from({ length: count }, (_, index) => `+4477009${String(index).padStart(5, "0")}`);

/** A report with something in every section; `messageCount` of 0 leaves the messages empty. */
export function fullReport(language: Language = "en", messageCount = 3): ReportModel {
  const isRussian = language === "ru";
  const detached = detachPhoto(profile(), 1);
  return {
    requestId: "req_01kb3m9x1te1w8n0q2v5z7y4gg",
    kind: "access",
    regime: "gdpr",
    language,
    timeZone: isRussian ? "Europe/Moscow" : "Europe/Dublin",
    receivedAt: "2026-11-02T12:00:00Z",
    madeAt: "2026-11-22T17:21:43Z",
    madeByVersion: "0.1.0",
    organization: { name: isRussian ? "Гавань чая" : "Harbour Tea", country: isRussian ? "RU" : "IE" },
    dpo: {
      name: isRussian ? "Отдел защиты данных" : "Data protection desk",
      contact: "privacy@shop.example",
    },
    supervisoryAuthority: {
      name: isRussian ? "Надзорный орган" : "Data protection authority",
      url: "https://authority.example/complaints",
    },
    person: {
      subjectId: "sub_01kb3m9x1te1w8n0q2v5z7y4hh",
      identifiers: [
        { kind: "phone", value: "+1 (202) 555-0123" },
        { kind: "email", value: "customer@mail.example" },
      ],
    },
    notice: {
      purposes: [
        {
          key: "promotions",
          name: isRussian ? "Акции и предложения" : "Offers and promotions",
          description: isRussian
            ? "Новинки и скидки, не чаще раза в неделю."
            : "New teas and discounts, at most once a week.",
          category: "marketing",
          lawfulBasis: "consent",
        },
        {
          key: "order_updates",
          name: isRussian ? "О заказах" : "Order updates",
          description: isRussian
            ? "Где ваш заказ и когда он придёт."
            : "Where your order is and when it arrives.",
          category: "utility",
          lawfulBasis: "contract",
        },
      ],
      recipients: [
        {
          name: "WhatsApp",
          reason: isRussian ? "Доставка сообщений" : "Delivers the messages",
          country: "US",
          safeguards: isRussian ? "Стандартные договорные условия" : "Standard contractual clauses",
        },
        {
          name: isRussian ? "Служба доставки" : "Parcel service",
          reason: isRussian ? "Доставка заказов" : "Delivers the orders",
          country: null,
          safeguards: null,
        },
      ],
      retention: [
        {
          data: isRussian ? "Подтверждения согласий" : "Proof of consent",
          period: { value: 3, unit: "years" },
          starts: isRussian ? "Последнее использование" : "Last use",
          reason: isRussian ? "Доказать, что согласие было" : "To show that there was a consent",
        },
        {
          data: isRussian ? "Тексты вебхуков" : "Raw platform notifications",
          period: { value: 8, unit: "days" },
          starts: isRussian ? "Получение" : "Arrival",
          reason: isRussian ? "Повторная обработка после сбоя" : "To process them again after a failure",
        },
      ],
      origins: [
        {
          name: "WhatsApp",
          description: isRussian
            ? "уведомления о ваших сообщениях и о доставке"
            : "notices about your messages and about delivery",
        },
      ],
      automatedDecisions: null,
    },
    sources: [
      { name: "Sayso", state: "read" },
      { name: "Shop accounts", state: "read" },
    ],
    sections: [
      document("account", {
        identifiers: [{ kind: "phone", value: "+12025550123" }],
        name: "Customer 1",
        platform: "Android",
        registeredAt: "2023-04-05T06:07:08Z",
        status: "active",
      } satisfies SectionDocuments["account"]),
      document("profile", detached.document),
      document("devices", {
        devices: [
          {
            id: "device-1",
            manufacturer: "Example",
            model: "Phone 9",
            systemVersion: "14",
            appVersion: "2.26.44",
            buildNumber: "AB1.240101.001",
            lastActiveAt: "2026-11-21T21:00:00Z",
            sessions: [{ kind: "web", name: "Firefox", lastActiveAt: "2026-11-20T10:00:00Z" }],
          },
        ],
      } satisfies SectionDocuments["devices"]),
      document("connection", {
        onlineSince: "2026-11-21T20:58:00Z",
        offlineSince: null,
        inactiveSince: null,
        previousIp: "198.51.100.4",
        currentIp: "2001:db8::7",
      } satisfies SectionDocuments["connection"]),
      document("contacts", { numbers: numbers(24) } satisfies SectionDocuments["contacts"]),
      document("groups", {
        current: ["Tea tasting", "Neighbours"],
        past: ["Moving day"],
      } satisfies SectionDocuments["groups"]),
      document("blocked", { numbers: ["+447700900999"] } satisfies SectionDocuments["blocked"]),
      document("settings", {
        lastSeenPrivacy: "contacts",
        photoPrivacy: "everyone",
        aboutPrivacy: "nobody",
        statusPrivacy: "contacts_except",
        readReceipts: true,
        language,
      } satisfies SectionDocuments["settings"]),
      document("terms", {
        documents: [
          { document: "Terms of sale", version: "2025-01", accepted: true, at: "2025-01-10T10:00:00Z" },
          { document: "Cookie notice", version: "7", accepted: false, at: "2025-01-10T10:00:05Z" },
        ],
        dataSharingOptOut: { optedOut: true, at: "2025-02-01T00:00:00Z", honoured: true },
      } satisfies SectionDocuments["terms"]),
      rowsSection("consents", consents(language)),
      rowsSection("opt_outs", optOuts),
      messages(messageCount),
      rowsSection("decisions", decisions),
      rowsSection("requests", requests),
      rowsSection("disclosures", disclosures),
      {
        name: "loyalty",
        state: "document",
        custom: {
          title: isRussian ? "Карта постоянного покупателя" : "Loyalty card",
          schema: {
            $schema: "https://json-schema.org/draft/2020-12/schema",
            type: "object",
            properties: {
              cardNumber: { type: "string", title: isRussian ? "Номер карты" : "Card number" },
              points: { type: "integer" },
            },
            required: ["cardNumber"],
            additionalProperties: false,
          },
        },
        document: { cardNumber: "0042", points: 1280 },
      },
    ],
    attachments: detached.attachments,
    signingKey: { id: signingKeyId(rawPublicKey), url: "https://sayso.example/.well-known/sayso-keys.json" },
  };
}

/** Two sections could not be read. */
export function partialReport(language: Language = "en"): ReportModel {
  const full = fullReport(language);
  const missing =
    language === "ru" ? "Все устройства и группы с 2024 года." : "All devices and groups since 2024.";
  return {
    ...full,
    sources: [
      { name: "Sayso", state: "read" },
      { name: "Shop accounts", state: "failed", missing },
    ],
    sections: full.sections.map(
      (section): Section =>
        section.name === "devices" || section.name === "groups"
          ? { name: section.name, state: "failed", source: "Shop accounts", missing }
          : section,
    ),
  };
}

/** Nothing is stored in any section, and the organization recorded next to nothing about itself. */
export function emptyReport(language: Language = "en"): ReportModel {
  const full = fullReport(language);
  return {
    ...full,
    organization: { ...full.organization, country: null },
    dpo: null,
    supervisoryAuthority: null,
    notice: { purposes: [], recipients: [], retention: [], origins: [], automatedDecisions: null },
    sections: full.sections.map(
      ({ name, custom }): Section => ({ name, state: "empty", ...(custom && { custom }) }),
    ),
    attachments: [],
  };
}
