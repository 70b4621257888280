import { samples as files } from "./attachments.ts";
import { untilReady } from "./data-request.ts";
import type { Answer, OrganizationClient } from "./service.ts";
import { ago } from "./shop.ts";

/** One request that a route takes, with what it was answered. */
export interface Sample {
  /** As in the OpenAPI document: `POST /v1/blocks/{id}/lift`. */
  readonly route: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: Answer;
}

/** A mail server that nobody runs: mails to it wait. */
export const someMail = { url: "smtp://127.0.0.1:9", from: "hello@shop.example" };

export const personsNumber = "+12025550142";

/**
 * Asks every route of the API once (of a service with `someMail`), in an order in which each finds what it needs, as one shop would. Several
 * routes with a choice of bodies are asked once a choice. With `archive` it waits until the worker built one.
 */
export async function askEveryRoute(
  shop: OrganizationClient,
  { archive }: { archive: boolean },
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  type Names = Record<string, string>;

  async function ask(route: string, names: Names = {}, body?: unknown, headers: Names = {}): Promise<Names> {
    const [method = "", template = ""] = route.split(" ");
    const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? "");
    const answer = await shop.send<Record<string, string>>(method, path, { body, headers });
    samples.push({ route, method, path, body, headers, answer });
    return answer.body;
  }

  const subject = { phone: personsNumber };
  await ask(
    "PATCH /v1/organization",
    {},
    {
      name: "Tea shop",
      country: "IE",
      timeZone: "Europe/Dublin",
      language: "en",
      dpo: { name: "Data protection desk", contact: "privacy@shop.example" },
      supervisoryAuthority: { name: "Authority", url: "https://authority.example" },
      secondaryRegimes: ["lgpd"],
      notice: { recipients: "Nobody.", retention: "Two years.", source: "You.", automatedDecisions: "None." },
    },
  );
  await ask("GET /v1/organization");
  const { phoneNumberId, wabaId } = await shop.sender();
  const sender = await ask(
    "POST /v1/senders",
    {},
    {
      name: "Second line",
      phoneNumberId: `7${phoneNumberId}`,
      displayPhoneNumber: "+12025550101",
      wabaId,
      platform: "whatsapp_cloud",
    },
  );
  const hooks = { url: "https://shop.example/hooks", eventTypes: ["opt_out.created"], description: "Shop." };
  const endpoint = await ask("POST /v1/webhook-endpoints", {}, hooks);
  const endpointId = { id: endpoint.id ?? "" };
  await ask("GET /v1/webhook-endpoints");
  await ask("GET /v1/senders");
  await ask("GET /v1/senders/{id}", { id: sender.id ?? "" });
  await ask(
    "PATCH /v1/senders/{id}",
    { id: sender.id ?? "" },
    { portfolioId: "2329417887457253", messagingLimit: 2_000 },
  );
  await ask(
    "POST /v1/senders/{id}/lift-restriction",
    { id: sender.id ?? "" },
    { reason: "The account manager says it sends again." },
  );
  await ask(
    "POST /v1/purposes",
    {},
    {
      key: "back_in_stock",
      name: "Back in stock",
      description: "Word that something is back in stock.",
      category: "marketing",
      lawfulBasis: "consent",
      validityDays: 365,
      doubleOptIn: false,
    },
  );
  await ask("GET /v1/purposes");
  const template = { name: "sale", language: "en" };
  await ask("POST /v1/templates", {}, { wabaId, ...template, category: "marketing", status: "approved" });
  await ask("POST /v1/templates/import", {}, [
    { wabaId, name: "parcel", language: "en", category: "UTILITY", status: "APPROVED" },
  ]);
  await ask("GET /v1/templates");

  const wording = {
    channels: ["whatsapp"],
    purposes: ["promotions"],
    language: "en",
    wording: "Yes, Tea shop may send me offers on WhatsApp. I can stop at any time.",
    privacyNoticeUrl: "https://shop.example/privacy",
    defaultChecked: false,
  };
  await ask(
    "POST /v1/collection-points/check-wording",
    {},
    { ...wording, acceptWarnings: ["wording_too_long"] },
  );
  const { wording: text, purposes, ...rest } = wording;
  await ask(
    "POST /v1/collection-points/check-wording",
    {},
    { kind: "paper", ...rest, boxes: [{ wording: text, purposes, required: true }] },
  );
  const point = await ask(
    "POST /v1/collection-points",
    {},
    { key: "checkout", kind: "checkbox", name: "Checkout", ...wording },
  );
  const pointId = { id: point.id ?? "" };
  await ask("GET /v1/collection-points");
  await ask("GET /v1/collection-points/{id}", pointId);
  await ask("PATCH /v1/collection-points/{id}", pointId, {
    name: "Checkout page",
    origins: ["https://shop.example"],
    chat: { sender: sender.id, text: "Hello! Please send me offers." },
  });
  await ask("PATCH /v1/collection-points/{id}", pointId, {
    chat: { sender: sender.id, text: "Hello! Please send me offers from Tea shop." },
    chatGivesConsent: true,
    keywords: ["START"],
  });
  await ask("GET /v1/collection-points/{id}/chat-link", pointId);
  await ask("GET /v1/collection-points/{id}/snippet", pointId);
  await ask("POST /v1/collection-points/{id}/versions", pointId, {
    ...wording,
    wording: "Yes, Tea shop may send me offers and news on WhatsApp. I can stop at any time.",
  });
  await ask("GET /v1/collection-points/{id}/versions", pointId);
  await ask("GET /v1/collection-points/{id}/versions/{version}", { ...pointId, version: "1" });
  const token = await ask("POST /v1/collection-points/{id}/capture-tokens", pointId, {
    version: 2,
    pageUrl: "https://shop.example/checkout",
  });

  const consent = await ask(
    "POST /v1/consents",
    {},
    {
      subject: { ...subject, externalId: "customer-42" },
      channel: "whatsapp",
      purpose: "promotions",
      state: "given",
      provenance: {
        collectionPointId: point.id,
        version: 2,
        captureToken: token.token,
        indication: "ticked",
        pageUrl: "https://shop.example/checkout",
        ipAddress: "192.0.2.7",
        userAgent: "Mozilla/5.0",
        language: "en",
        operator: "till 3",
        occurredAt: ago(0),
        evidence: { basket: "42" },
      },
    },
  );
  const person = { id: consent.subjectId ?? "" };
  const scan = files["application/pdf"].toString("latin1");
  const file = await ask("POST /v1/attachments", {}, scan, { "content-type": "application/pdf" });
  await ask("GET /v1/attachments");
  await ask("GET /v1/attachments/{id}", { id: file.id ?? "" });
  await ask("GET /v1/consents");
  await ask("GET /v1/consents/{id}/receipt", { id: consent.id ?? "" });
  await ask("POST /v1/subjects/lookup", {}, { subject });
  await ask("PATCH /v1/subjects/{id}", person, { timeZone: "America/New_York", savedSenders: [sender.id] });
  await ask("GET /v1/subjects/{id}", person);
  await ask("GET /v1/subjects/{id}/consents", person);
  await ask("GET /v1/subjects/{id}/preferences", person);

  await ask(
    "POST /v1/messages/inbound",
    {},
    {
      sender: sender.id,
      from: subject,
      messageId: `wamid.${phoneNumberId}`,
      occurredAt: ago(0),
      text: "Good morning!",
    },
  );
  const cause = await ask("POST /v1/causes", {}, { kind: "sign_in", recipient: subject });
  const marketing = { kind: "template", category: "marketing", template };
  const check = await ask(
    "POST /v1/checks",
    {},
    {
      sender: sender.id,
      recipient: subject,
      channel: "whatsapp",
      purpose: "promotions",
      message: marketing,
      messageRef: "order-1",
      dryRun: false,
    },
  );
  await ask(
    "POST /v1/checks",
    {},
    {
      sender: `7${phoneNumberId}`,
      recipient: { subjectId: consent.subjectId },
      purpose: "sign_in_codes",
      message: { kind: "free_form", inReplyTo: `wamid.${phoneNumberId}` },
      cause: { kind: "sign_in", id: cause.id },
    },
  );
  await ask(
    "POST /v1/checks/batch",
    {},
    {
      defaults: { sender: sender.id, purpose: "promotions", message: marketing, messageRef: "campaign-1" },
      recipients: [subject, { phone: "+12025550143" }],
    },
  );
  const line = { sender: sender.id, recipient: subject, purpose: "promotions", message: marketing };
  const asLines = { "content-type": "application/x-ndjson" };
  for (const route of ["POST /v1/checks/batch", "POST /v1/checks/preview"])
    await ask(route, {}, `${JSON.stringify(line)}\n`, asLines);
  await ask("GET /v1/simulator-numbers");
  await ask("GET /v1/decisions/{id}", { id: check.decisionId ?? "" });
  await ask(
    "POST /v1/decisions/{id}/replay",
    { id: check.decisionId ?? "" },
    { policyVersion: "built-in/1" },
  );
  await ask("GET /v1/subjects/{id}/decisions", person);
  const permit = { id: (check.decisionId ?? "").replace("dec_", "prm_") };
  await ask("POST /v1/permits/{id}/redeem", permit);
  await ask("POST /v1/permits/{id}/outcome", permit, {
    outcome: "sent",
    messageId: `wamid.${phoneNumberId}`,
  });

  const spam = await ask("POST /v1/checks", {}, line);
  await ask(
    "POST /v1/permits/{id}/outcome",
    { id: (spam.decisionId ?? "").replace("dec_", "prm_") },
    { outcome: "failed", errorCode: 131048 },
  );
  await ask("GET /v1/complaint-breakers");
  const { items } = (await shop.get<{ items: { id: string }[] }>("/v1/complaint-breakers")).body;
  await ask(
    "POST /v1/complaint-breakers/{id}/close",
    { id: items[0]?.id ?? "" },
    { reason: "The template was withdrawn." },
  );

  await ask("GET /v1/policy");
  await ask("GET /v1/policy-schema");
  await ask("GET /v1/policy-presets");
  const policy = await ask(
    "POST /v1/policies",
    {},
    { document: { permitTtlSeconds: 30, timeZones: { US: "America/Chicago" } }, note: "Shorter permits." },
  );
  const version = { version: `${policy.version}` };
  await ask("GET /v1/policies");
  await ask("GET /v1/policies/{version}", version);
  await ask("POST /v1/policies/{version}/backtest", version, { days: 7 });
  await ask(
    "POST /v1/policies/{version}/activate",
    version,
    { reason: "Agreed." },
    { "if-match": '"built-in/1"' },
  );

  await ask(
    "POST /v1/opt-outs",
    {},
    {
      subject: { phone: "+12025550144" },
      scope: "purpose",
      purpose: "promotions",
      channel: "whatsapp",
      source: "staff",
      occurredAt: ago(0),
    },
  );
  await ask("GET /v1/opt-outs");
  await ask("GET /v1/webhook-endpoints/{id}/deliveries", endpointId);
  const log = await shop.get<{ items: { eventId: string }[] }>(
    `/v1/webhook-endpoints/${endpoint.id}/deliveries`,
  );
  await ask("POST /v1/webhook-endpoints/{id}/deliveries/{eventId}/replay", {
    ...endpointId,
    eventId: log.body.items[0]?.eventId ?? "",
  });
  await ask("POST /v1/webhook-endpoints/{id}/replay", endpointId, { since: ago(60), until: ago(0) });
  await ask("POST /v1/webhook-endpoints/{id}/disable", endpointId, { reason: "It moved." });
  const said = { sender: sender.id, from: { phone: "+12025550145" }, occurredAt: ago(0) };
  await ask("POST /v1/messages/inbound", {}, { ...said, messageId: "m-stop", kind: "text", text: "STOP" });
  const perhaps = await ask(
    "POST /v1/messages/inbound",
    {},
    { ...said, messageId: "m-perhaps", text: "please stop" },
  );
  await ask("GET /v1/opt-out-suspicions");
  await ask(
    "POST /v1/opt-out-suspicions/{id}/decide",
    { id: perhaps.optOutSuspicionId ?? "" },
    { decision: "confirm", purpose: "promotions", reason: "They said so." },
  );
  await ask("POST /v1/opt-out-links", {}, { subject, purpose: "promotions" });
  const code = await ask("POST /v1/preference-codes", {}, { subject });
  await ask("POST /v1/preference-codes/{id}/reveal", { id: code.id ?? "" });
  const block = await ask(
    "POST /v1/blocks",
    {},
    {
      identifier: { phone: "+12025550145" },
      reason: "complaint",
      note: "Called on Monday.",
      expiresAt: ago(-3600),
    },
  );
  await ask("GET /v1/blocks");
  for (const scope of [
    { scope: "purpose", purpose: "back_in_stock" },
    { scope: "organization" },
    { scope: "sender", sender: sender.id },
  ]) {
    const pulled = await ask("POST /v1/switches", {}, { ...scope, reason: "Wrong price in the template." });
    await ask("POST /v1/switches/{id}/release", { id: pulled.id ?? "" }, { reason: "Corrected." });
  }
  await ask("GET /v1/switches");
  const hold = await ask(
    "POST /v1/holds",
    {},
    { scope: "person", subject, reason: "A claim in court.", reviewAt: ago(-86_400) },
  );
  const ofAll = await ask(
    "POST /v1/holds",
    {},
    { scope: "organization", reason: "A claim.", reviewAt: ago(-86_400) },
  );
  const holdId = { id: hold.id ?? "" };
  await ask("GET /v1/holds");
  await ask("POST /v1/holds/{id}/review", holdId, { reason: "Not decided.", reviewAt: ago(-172_800) });
  await ask("GET /v1/holds/{id}", holdId);
  for (const { id = "" } of [hold, ofAll])
    await ask("POST /v1/holds/{id}/release", { id }, { reason: "Decided." });
  const watching = {
    sender: sender.id,
    purpose: "promotions",
    reason: "The first weeks.",
    until: ago(-3600),
  };
  const monitor = await ask("POST /v1/monitors", {}, watching);
  await ask("GET /v1/monitors");
  await ask("POST /v1/monitors/{id}/end", { id: monitor.id ?? "" }, { reason: "All is well." });
  await ask("POST /v1/blocks/{id}/lift", { id: block.id ?? "" }, { reason: "A mix-up." });

  await ask(
    "PUT /v1/subjects/{id}/account-data/{section}",
    { ...person, section: "profile" },
    {
      about: "Tea, please.",
      aboutSetAt: "2026-11-01T12:00:00Z",
    },
  );
  await ask("GET /v1/subjects/{id}/account-data/{section}", { ...person, section: "profile" });
  await ask("GET /v1/subjects/{id}/account-data", person);
  await ask(
    "POST /v1/account-sections",
    {},
    {
      section: "loyalty",
      title: "Loyalty card",
      schema: { type: "object", properties: { points: { type: "integer" } } },
    },
  );
  await ask("GET /v1/account-sections");

  await ask("GET /v1/regimes");
  await ask(
    "PUT /v1/holiday-calendars/{country}/{year}",
    { country: "RU", year: "2031" },
    { source: "A decree.", daysOff: ["2031-01-01"], workingDays: ["2031-02-22"] },
  );
  await ask("GET /v1/holiday-calendars");
  const request = await ask(
    "POST /v1/data-requests",
    {},
    {
      subject,
      kind: "access",
      regime: "gdpr",
      receivedAt: ago(0),
      channel: "api",
      language: "en",
    },
  );
  const requestId = { id: request.id ?? "" };
  await ask("GET /v1/data-requests");
  await ask("GET /v1/data-requests/overdue");
  await ask("POST /v1/data-requests/{id}/approve", requestId, {
    identity: { method: "in_person", note: "Showed a card." },
  });
  const letter = await ask("POST /v1/data-requests/{id}/letters", requestId, { kind: "receipt" });
  const letterId = { ...requestId, letterId: letter.id ?? "" };
  await ask("GET /v1/data-requests/{id}/letters", requestId);
  await ask("PATCH /v1/data-requests/{id}/letters/{letterId}", letterId, {
    version: 1,
    subject: "Your request",
  });
  await ask("GET /v1/data-requests/{id}/letters/{letterId}", letterId);
  await ask("POST /v1/data-requests/{id}/letters/{letterId}/mark-sent", letterId, {
    version: 2,
    way: "post",
    sentAt: ago(0),
    note: "By registered mail.",
  });
  const spare = await ask("POST /v1/data-requests/{id}/letters", requestId, {
    kind: "clarification",
    question: "Which shop?",
    language: "ru",
  });
  await ask(
    "POST /v1/data-requests/{id}/letters/{letterId}/discard",
    { ...requestId, letterId: spare.id ?? "" },
    { reason: "They called." },
  );
  const byMail = await ask(
    "POST /v1/data-requests",
    {},
    {
      subject: { email: "reader@example.com" },
      kind: "access",
      regime: "gdpr",
      receivedAt: ago(0),
      channel: "api",
    },
  );
  const mailed = await ask(
    "POST /v1/data-requests/{id}/letters",
    { id: byMail.id ?? "" },
    { kind: "receipt" },
  );
  await ask(
    "POST /v1/data-requests/{id}/letters/{letterId}/send",
    { id: byMail.id ?? "", letterId: mailed.id ?? "" },
    { version: 1, to: "reader@example.com" },
  );
  if (archive) await untilReady(shop, request.id ?? "");
  await ask("GET /v1/data-requests/{id}", requestId);
  await ask("GET /v1/data-requests/{id}/archive", requestId);
  await ask("POST /v1/data-requests/{id}/delivery", requestId);
  await ask("POST /v1/data-requests/{id}/close", requestId, { reason: "The person has it." });

  for (const end of ["refuse", "cancel"]) {
    const { id = "" } = await ask(
      "POST /v1/data-requests",
      {},
      { subject, kind: "portability", regime: "gdpr", receivedAt: ago(0), channel: "api", language: "en" },
    );
    if (end === "refuse") {
      await ask("POST /v1/data-requests/{id}/assign", { id }, { owner: "privacy-desk" });
      await ask("POST /v1/data-requests/{id}/ask-clarification", { id }, { reason: "Which year?" });
      await ask("POST /v1/data-requests/{id}/receive-clarification", { id }, {});
      await ask("POST /v1/data-requests/{id}/extend", { id }, { reason: "Many letters." });
      await ask(
        "POST /v1/data-requests/{id}/refuse",
        { id },
        { ground: "excessive", reason: "Asked daily." },
      );
    } else await ask("POST /v1/data-requests/{id}/cancel", { id }, { reason: "Taken back." });
  }

  const erasure = await ask(
    "POST /v1/data-requests",
    {},
    {
      subject: { phone: "+12025550188" },
      kind: "erasure",
      regime: "gdpr",
      receivedAt: ago(0),
      channel: "api",
      language: "en",
    },
  );
  const erasureId = { id: erasure.id ?? "" };
  await ask("POST /v1/data-requests/{id}/approve", erasureId, { identity: { method: "in_person" } });
  await ask("GET /v1/data-requests/{id}/erasure-preview", erasureId);
  await ask("POST /v1/data-requests/{id}/erase", erasureId);
  await ask("GET /v1/data-requests/{id}/certificate", erasureId);
  await ask("GET /v1/data-requests/{id}/certificate.html", erasureId);

  // At the end: from then on the person has two records.
  const other = await ask(
    "POST /v1/consents",
    {},
    {
      subject: { email: "customer@example.com" },
      purpose: "promotions",
      state: "withdrawn",
      provenance: {
        collectionPointId: point.id,
        version: 1,
        indication: "said",
        occurredAt: ago(0),
        evidence: "By phone.",
      },
    },
  );
  await ask("POST /v1/subjects/{id}/merge", person, {
    other: other.subjectId,
    reason: "Same person at the till.",
  });
  return samples;
}

/** The routes of the OpenAPI document, as `POST /v1/blocks/{id}/lift`. */
export async function documentedRoutes(client: OrganizationClient): Promise<readonly string[]> {
  const { body } = await client.get<{ paths: Record<string, Record<string, unknown>> }>("/openapi.json");
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}
