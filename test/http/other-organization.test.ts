import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { samples } from "../support/attachments.ts";
import {
  approveAndWait,
  openRequestOf,
  startWorkingService,
  type WorkingService,
} from "../support/data-request.ts";
import { someMail } from "../support/every-route.ts";
import type { Answer, OrganizationClient } from "../support/service.ts";
import { ago, askedFor, created, messages, Shop } from "../support/shop.ts";
import { Platform } from "../support/webhook.ts";

/** What an organization has and a request can name. */
interface Things {
  readonly sender: string;
  readonly phoneNumberId: string;
  readonly purpose: string;
  readonly template: string;
  readonly section: string;
  readonly point: string;
  readonly captureToken: string;
  readonly file: string;
  readonly subject: string;
  readonly secondSubject: string;
  readonly decision: string;
  readonly permit: string;
  readonly block: string;
  readonly switch: string;
  readonly hold: string;
  readonly openErasure: string;
  readonly doneErasure: string;
  readonly monitor: string;
  readonly breaker: string;
  /** Versions are numbers that each organization counts for itself: theirs has one that mine has not. */
  readonly policy: string;
  readonly signIn: string;
  readonly optOut: string;
  readonly suspicion: string;
  readonly code: string;
  readonly endpoint: string;
  readonly event: string;
  readonly requested: string;
  readonly message: string;
  readonly openRequest: string;
  readonly takenBack: string;
  readonly objection: string;
  /** Drafts about it, of one kind each: a question, one to show who asks, a receipt. */
  readonly letter: string;
  readonly secondLetter: string;
  readonly thirdLetter: string;
  readonly readyRequest: string;
}
type Thing = keyof Things;

interface Outfit {
  readonly shop: Shop;
  readonly things: Things;
  /** Words that nobody else may read. */
  readonly secrets: readonly string[];
}

let service: WorkingService;
let mine: Outfit;
let theirs: Outfit;

beforeAll(async () => {
  service = await startWorkingService({ config: { mail: someMail } });
  [mine, theirs] = await Promise.all([outfit("+12025550151", 1), outfit("+12025550152", 2)]);
}, 180_000);
afterAll(() => service.close());

/** An organization with one of everything, each with a secret word in it. */
async function outfit(phone: string, policies: number): Promise<Outfit> {
  const shop = await Shop.open(service);
  const { org } = shop;
  const unique = service.nextNumber();
  const secret = `secret-of-${unique}`;
  const post = <Body>(path: string, body?: object) => created<Body>(org.post(path, body));
  await org.patch("/v1/organization", {
    name: secret,
    country: "IE",
    timeZone: "Europe/Dublin",
    dpo: { name: secret, contact: "privacy@shop.example" },
    supervisoryAuthority: { name: secret, url: "https://authority.example" },
  });
  const purpose = `purpose_${unique}`;
  await shop.purpose(purpose, { name: secret, description: secret });
  const template = `template_${unique}`;
  await post("/v1/templates", {
    wabaId: shop.sender.wabaId,
    name: template,
    language: "en",
    category: "marketing",
    status: "approved",
  });
  const section = `section_${unique}`;
  await post("/v1/account-sections", { section, title: secret, schema: { type: "object" } });

  await org.patch(`/v1/collection-points/${shop.point}`, {
    chat: { sender: shop.sender.id, text: `Hello, ${secret}!` },
  });
  const file = await created<{ id: string }>(
    org.post("/v1/attachments", samples["image/png"], { "content-type": "image/png" }),
  );
  const person = { phone };
  const provenance = { version: 2, operator: secret };
  const { subjectId } = await shop.proven(person, { purpose }, { ...provenance, occurredAt: ago(120) });
  await shop.reported({ externalId: secret }, { purpose: "support" });
  const second = await shop.reported({ externalId: `${secret}-2` }, { purpose: "support" });
  await org.put(`/v1/subjects/${subjectId}/account-data/${section}`, { about: secret });
  const message = `wamid.${unique}`;
  await shop.inbound(person, { messageId: message });
  const decision = await shop.check(person, { purpose });
  const block = await post<{ id: string }>("/v1/blocks", {
    identifier: { externalId: "blocked" },
    reason: "manual",
    note: secret,
  });
  const paused = { scope: "purpose", purpose: "support", reason: secret };
  const pulled = await post<{ id: string }>("/v1/switches", paused);
  const kept = { scope: "person", subject: person, reason: secret, reviewAt: ago(-3600) };
  const hold = await post<{ id: string }>("/v1/holds", kept);
  const watching = { sender: shop.sender.id, purpose: "support", reason: secret, until: ago(-3600) };
  const monitor = await post<{ id: string }>("/v1/monitors", watching);
  const unwelcome = new Platform(service.anonymous, await shop.org.sender());
  await unwelcome.deliver(unwelcome.statuses(unwelcome.failure(131048, "12025550181")));
  const [breaker] = (await shop.org.get<{ items: { id: string }[] }>("/v1/complaint-breakers")).body.items;
  for (let version = 1; version <= policies; version += 1)
    await post("/v1/policies", { document: {}, note: secret });
  const stranger = { externalId: "stranger" };
  const signIn = await post<{ id: string }>("/v1/causes", { kind: "sign_in", recipient: stranger });
  const optOut = await shop.optOut(stranger);
  const perhaps = await shop.org.post<{ optOutSuspicionId: string }>("/v1/messages/inbound", {
    sender: shop.sender.id,
    from: { externalId: "perhaps" },
    messageId: `wamid.perhaps.${unique}`,
    occurredAt: ago(0),
    text: "please stop",
  });
  const code = await post<{ id: string }>("/v1/preference-codes", { subject: stranger });
  const endpoint = await post<{ id: string }>("/v1/webhook-endpoints", {
    url: `https://${unique}.shop.example/hooks`,
    eventTypes: ["consent.requested"],
    description: secret,
  });
  const requested = await shop.reported(stranger);
  const told = await org.get<{ items: { eventId: string }[] }>(
    `/v1/webhook-endpoints/${endpoint.id}/deliveries`,
  );
  const open = await openRequestOf(org, { subject: { externalId: "asks", email: `${secret}@shop.example` } });
  const [letter, secondLetter, thirdLetter] = await Promise.all(
    [{ kind: "clarification", question: secret }, { kind: "identity_needed" }, { kind: "receipt" }].map(
      (body) => post<{ id: string }>(`/v1/data-requests/${open.id}/letters`, body),
    ),
  );
  const takenBack = await openRequestOf(org, { subject: { externalId: "thinks again" } });
  const objection = await openRequestOf(org, { subject: { externalId: "objects" }, kind: "objection" });
  const ready = await openRequestOf(org, { subject: person });
  const erasures: string[] = [];
  for (const externalId of ["leaves", "left"]) {
    const { id } = await openRequestOf(org, { subject: { externalId }, kind: "erasure" });
    await org.post(`/v1/data-requests/${id}/approve`, { identity: { method: "in_person" } });
    erasures.push(id);
  }
  await org.post(`/v1/data-requests/${erasures[1]}/erase`);
  await approveAndWait(org, ready.id);
  return {
    shop,
    secrets: [secret, phone.slice(2)],
    things: {
      sender: shop.sender.id,
      phoneNumberId: shop.sender.phoneNumberId,
      purpose,
      template,
      section,
      point: shop.point,
      captureToken: await shop.captureToken(2),
      file: file.id,
      subject: subjectId,
      secondSubject: second.subjectId,
      decision: decision.decisionId,
      permit: decision.permit?.id ?? "",
      block: block.id,
      switch: pulled.id,
      hold: hold.id,
      openErasure: erasures[0] ?? "",
      doneErasure: erasures[1] ?? "",
      monitor: monitor.id,
      breaker: breaker?.id ?? "",
      policy: `policies/${policies}`,
      signIn: signIn.id,
      optOut: optOut.id,
      suspicion: perhaps.body.optOutSuspicionId,
      code: code.id,
      endpoint: endpoint.id,
      event: told.body.items[0]?.eventId ?? "",
      requested: requested.id,
      message,
      openRequest: open.id,
      takenBack: takenBack.id,
      objection: objection.id,
      letter: letter?.id ?? "",
      secondLetter: secondLetter?.id ?? "",
      thirdLetter: thirdLetter?.id ?? "",
      readyRequest: ready.id,
    },
  };
}

interface Request {
  readonly path: string;
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Case {
  /** The things that the request names. Each is tried as another organization's, all others its own. */
  readonly names: readonly Thing[];
  readonly request: (things: Things) => Request;
}

const get = (path: (things: Things) => string, ...names: Thing[]): Case => ({
  names,
  request: (things) => ({ path: path(things) }),
});
/** Names nothing that an organization has. */
const plain: Case[] = [];

const consentOf = (t: Things, provenance: object = {}) => ({
  subject: { subjectId: t.subject },
  purpose: t.purpose,
  state: "given",
  provenance: {
    collectionPointId: t.point,
    version: 2,
    captureToken: t.captureToken,
    indication: "ticked",
    occurredAt: ago(0),
    ...provenance,
  },
});

const checkOf = (t: Things, sender: string) => ({
  sender,
  recipient: { subjectId: t.subject },
  purpose: t.purpose,
  message: { kind: "template", category: "marketing", template: { name: t.template, language: "en" } },
});

/** A check that only its cause can make an allow. */
const causedCheck = (name: "signIn" | "optOut" | "requested"): Case => ({
  names: [name],
  request: (t) => ({
    path: "/v1/checks",
    body: {
      sender: t.sender,
      recipient: { externalId: "stranger" },
      ...(name === "signIn"
        ? { purpose: "sign_in_codes", message: messages.code }
        : { purpose: "order_updates", message: messages.parcel }),
      cause: {
        kind: { signIn: "sign_in", optOut: "opt_out_confirmation", requested: "double_opt_in" }[name],
        id: t[name],
      },
    },
  }),
});

/** Every documented route with what can be named in a request to it. */
const routes: Readonly<Record<string, readonly Case[]>> = {
  "GET /v1/organization": plain,
  "PATCH /v1/organization": plain,
  "GET /v1/senders": plain,
  "POST /v1/senders": plain,
  "GET /v1/senders/{id}": [
    get((t) => `/v1/senders/${t.sender}`, "sender"),
    get((t) => `/v1/senders/${t.phoneNumberId}`, "phoneNumberId"),
  ],
  "PATCH /v1/senders/{id}": (["sender", "phoneNumberId"] as const).map((name) => ({
    names: [name],
    request: (t) => ({ path: `/v1/senders/${t[name]}`, body: { messagingLimit: 2_000 } }),
  })),
  "POST /v1/senders/{id}/lift-restriction": (["sender", "phoneNumberId"] as const).map((name) => ({
    names: [name],
    request: (t) => ({ path: `/v1/senders/${t[name]}/lift-restriction`, body: { reason: "a mistake" } }),
  })),
  "GET /v1/purposes": plain,
  "POST /v1/purposes": plain,
  "GET /v1/templates": plain,
  "POST /v1/templates": plain,
  "POST /v1/templates/import": plain,
  "GET /v1/collection-points": plain,
  "POST /v1/collection-points": [
    {
      names: ["purpose", "sender"],
      request: (t) => ({
        path: "/v1/collection-points",
        body: {
          key: "another",
          kind: "form",
          name: "Another",
          ...askedFor,
          purposes: [t.purpose],
          chat: { sender: t.sender, text: "Hello!" },
        },
      }),
    },
  ],
  "POST /v1/collection-points/check-wording": [
    {
      names: ["purpose"],
      request: (t) => ({
        path: "/v1/collection-points/check-wording",
        body: { ...askedFor, purposes: [t.purpose] },
      }),
    },
  ],
  "PATCH /v1/collection-points/{id}": [
    {
      names: ["point", "sender"],
      request: (t) => ({
        path: `/v1/collection-points/${t.point}`,
        body: { chat: { sender: t.sender, text: "Hello!" } },
      }),
    },
  ],
  "GET /v1/collection-points/{id}": [get((t) => `/v1/collection-points/${t.point}`, "point")],
  "GET /v1/collection-points/{id}/chat-link": [
    get((t) => `/v1/collection-points/${t.point}/chat-link`, "point"),
  ],
  "GET /v1/collection-points/{id}/snippet": [get((t) => `/v1/collection-points/${t.point}/snippet`, "point")],
  "GET /v1/collection-points/{id}/versions": [
    get((t) => `/v1/collection-points/${t.point}/versions`, "point"),
  ],
  "GET /v1/collection-points/{id}/versions/{version}": [
    get((t) => `/v1/collection-points/${t.point}/versions/2`, "point"),
  ],
  "POST /v1/collection-points/{id}/versions": [
    {
      names: ["point", "purpose"],
      request: (t) => ({
        path: `/v1/collection-points/${t.point}/versions`,
        body: { ...askedFor, purposes: [t.purpose] },
      }),
    },
  ],
  "POST /v1/collection-points/{id}/capture-tokens": [
    {
      names: ["point"],
      request: (t) => ({ path: `/v1/collection-points/${t.point}/capture-tokens`, body: { version: 2 } }),
    },
  ],
  "GET /v1/consents": plain,
  "GET /v1/consents/{id}/receipt": [get((t) => `/v1/consents/${t.requested}/receipt`, "requested")],
  "POST /v1/consents": [
    {
      names: ["subject", "purpose", "point", "captureToken"],
      request: (t) => ({ path: "/v1/consents", body: consentOf(t) }),
    },
    {
      names: ["file"],
      request: (t) => ({ path: "/v1/consents", body: consentOf(t, { attachments: [t.file] }) }),
    },
  ],
  "GET /v1/attachments": plain,
  "POST /v1/attachments": plain,
  "GET /v1/attachments/{id}": [get((t) => `/v1/attachments/${t.file}`, "file")],
  "GET /v1/opt-outs": plain,
  "GET /v1/opt-out-suspicions": plain,
  "POST /v1/opt-out-suspicions/{id}/decide": [
    {
      names: ["suspicion", "purpose"],
      request: (t) => ({
        path: `/v1/opt-out-suspicions/${t.suspicion}/decide`,
        body: { decision: "confirm", purpose: t.purpose },
      }),
    },
  ],
  "POST /v1/opt-out-links": [
    {
      names: ["subject", "purpose"],
      request: (t) => ({
        path: "/v1/opt-out-links",
        body: { subject: { subjectId: t.subject }, purpose: t.purpose },
      }),
    },
  ],
  "POST /v1/preference-codes": [
    {
      names: ["subject"],
      request: (t) => ({ path: "/v1/preference-codes", body: { subject: { subjectId: t.subject } } }),
    },
  ],
  "POST /v1/preference-codes/{id}/reveal": [
    { names: ["code"], request: (t) => ({ path: `/v1/preference-codes/${t.code}/reveal`, body: {} }) },
  ],
  "POST /v1/checks": [
    {
      names: ["sender", "subject", "purpose", "template"],
      request: (t) => ({ path: "/v1/checks", body: checkOf(t, t.sender) }),
    },
    {
      names: ["phoneNumberId"],
      request: (t) => ({ path: "/v1/checks", body: checkOf(t, t.phoneNumberId) }),
    },
    causedCheck("signIn"),
    causedCheck("optOut"),
    causedCheck("requested"),
    {
      names: ["openRequest"],
      request: (t) => ({
        path: "/v1/checks",
        body: {
          sender: t.sender,
          recipient: { externalId: "asks" },
          purpose: "order_updates",
          message: messages.parcel,
          cause: { kind: "data_request", id: t.openRequest },
        },
      }),
    },
  ],
  "POST /v1/checks/batch": [
    {
      names: ["sender", "subject", "purpose", "template"],
      request: (t) => {
        const { recipient, ...defaults } = checkOf(t, t.sender);
        return { path: "/v1/checks/batch", body: { defaults, recipients: [recipient] } };
      },
    },
  ],
  "POST /v1/checks/preview": [
    {
      names: ["sender", "subject", "purpose", "template"],
      request: (t) => {
        const { recipient, ...defaults } = checkOf(t, t.sender);
        return { path: "/v1/checks/preview", body: { defaults, recipients: [recipient] } };
      },
    },
    {
      names: ["sender", "subject", "purpose", "template"],
      request: (t) => ({
        path: "/v1/checks/preview",
        body: `${JSON.stringify(checkOf(t, t.sender))}\n`,
        headers: { "content-type": "application/x-ndjson" },
      }),
    },
  ],
  "GET /v1/decisions/{id}": [get((t) => `/v1/decisions/${t.decision}`, "decision")],
  "POST /v1/decisions/{id}/replay": [
    {
      names: ["decision"],
      request: (t) => ({ path: `/v1/decisions/${t.decision}/replay`, body: {} }),
    },
  ],
  "POST /v1/permits/{id}/redeem": [
    { names: ["permit"], request: (t) => ({ path: `/v1/permits/${t.permit}/redeem` }) },
  ],
  "POST /v1/permits/{id}/outcome": [
    {
      names: ["permit"],
      request: (t) => ({ path: `/v1/permits/${t.permit}/outcome`, body: { outcome: "unknown" } }),
    },
  ],
  "GET /v1/policy": plain,
  "GET /v1/policy-schema": plain,
  "GET /v1/policy-presets": plain,
  "GET /v1/policies": plain,
  "GET /v1/policies/{version}": [get((t) => `/v1/${t.policy}`, "policy")],
  "POST /v1/policies/{version}/backtest": [
    { names: ["policy"], request: (t) => ({ path: `/v1/${t.policy}/backtest`, body: { days: 1 } }) },
  ],
  "POST /v1/policies/{version}/activate": [
    {
      names: ["policy"],
      request: (t) => ({
        path: `/v1/${t.policy}/activate`,
        body: { reason: "agreed" },
        headers: { "if-match": '"built-in/1"' },
      }),
    },
  ],
  "POST /v1/causes": [
    {
      names: ["subject"],
      request: (t) => ({
        path: "/v1/causes",
        body: { kind: "sign_in", recipient: { subjectId: t.subject } },
      }),
    },
  ],
  "POST /v1/messages/inbound": [
    {
      names: ["sender", "subject"],
      request: (t) => ({
        path: "/v1/messages/inbound",
        body: {
          sender: t.sender,
          from: { subjectId: t.subject },
          messageId: "wamid.other-organization",
          occurredAt: ago(0),
        },
      }),
    },
  ],
  "GET /v1/regimes": plain,
  "GET /v1/holiday-calendars": plain,
  // A country and a year are nobody's: that a year loaded by one is counted by there alone has a test of its own.
  "PUT /v1/holiday-calendars/{country}/{year}": plain,
  "GET /v1/blocks": plain,
  "POST /v1/blocks": plain,
  "GET /v1/account-sections": plain,
  "POST /v1/account-sections": plain,
  "PUT /v1/subjects/{id}/account-data/{section}": [
    {
      names: ["subject", "section"],
      request: (t) => ({
        path: `/v1/subjects/${t.subject}/account-data/${t.section}`,
        body: { about: "new" },
      }),
    },
  ],
  "GET /v1/subjects/{id}/account-data/{section}": [
    get((t) => `/v1/subjects/${t.subject}/account-data/${t.section}`, "subject", "section"),
  ],
  "GET /v1/subjects/{id}/account-data": [get((t) => `/v1/subjects/${t.subject}/account-data`, "subject")],
  "GET /v1/subjects/{id}": [get((t) => `/v1/subjects/${t.subject}`, "subject")],
  "PATCH /v1/subjects/{id}": [
    {
      names: ["subject", "sender"],
      request: (t) => ({
        path: `/v1/subjects/${t.subject}`,
        body: { timeZone: "Europe/Dublin", savedSenders: [t.sender] },
      }),
    },
  ],
  "GET /v1/subjects/{id}/preferences": [get((t) => `/v1/subjects/${t.subject}/preferences`, "subject")],
  "GET /v1/subjects/{id}/consents": [get((t) => `/v1/subjects/${t.subject}/consents`, "subject")],
  "GET /v1/subjects/{id}/decisions": [get((t) => `/v1/subjects/${t.subject}/decisions`, "subject")],
  "POST /v1/subjects/lookup": [
    {
      names: ["subject"],
      request: (t) => ({ path: "/v1/subjects/lookup", body: { subject: { subjectId: t.subject } } }),
    },
  ],
  "GET /v1/data-requests": plain,
  "GET /v1/data-requests/overdue": plain,
  "GET /v1/data-requests/{id}": [get((t) => `/v1/data-requests/${t.readyRequest}`, "readyRequest")],
  "GET /v1/data-requests/{id}/archive": [
    get((t) => `/v1/data-requests/${t.readyRequest}/archive`, "readyRequest"),
  ],
  "POST /v1/data-requests": [
    {
      names: ["subject"],
      request: (t) => ({
        path: "/v1/data-requests",
        body: {
          subject: { subjectId: t.subject },
          kind: "access",
          regime: "gdpr",
          receivedAt: ago(0),
          channel: "api",
        },
      }),
    },
  ],
  "GET /v1/data-requests/{id}/letters": [
    get((t) => `/v1/data-requests/${t.openRequest}/letters`, "openRequest"),
  ],
  "GET /v1/data-requests/{id}/letters/{letterId}": [
    get((t) => `/v1/data-requests/${t.openRequest}/letters/${t.letter}`, "openRequest", "letter"),
  ],
  "PATCH /v1/data-requests/{id}/letters/{letterId}": [
    {
      names: ["openRequest", "letter"],
      request: (t) => ({
        path: `/v1/data-requests/${t.openRequest}/letters/${t.letter}`,
        body: { version: 1, subject: "Your request" },
      }),
    },
  ],
  "POST /v1/data-requests/{id}/letters/{letterId}/send": [
    {
      names: ["openRequest", "letter"],
      request: (t) => ({
        path: `/v1/data-requests/${t.openRequest}/letters/${t.letter}/send`,
        body: { version: 2 },
      }),
    },
  ],
  "POST /v1/data-requests/{id}/letters/{letterId}/mark-sent": [
    {
      names: ["openRequest", "secondLetter"],
      request: (t) => ({
        path: `/v1/data-requests/${t.openRequest}/letters/${t.secondLetter}/mark-sent`,
        body: { version: 1, way: "post", sentAt: ago(0) },
      }),
    },
  ],
  "POST /v1/data-requests/{id}/letters/{letterId}/discard": [
    {
      names: ["openRequest", "thirdLetter"],
      request: (t) => ({
        path: `/v1/data-requests/${t.openRequest}/letters/${t.thirdLetter}/discard`,
        body: { reason: "They called." },
      }),
    },
  ],
  "POST /v1/data-requests/{id}/letters": [
    {
      names: ["openRequest"],
      request: (t) => ({ path: `/v1/data-requests/${t.openRequest}/letters`, body: { kind: "receipt" } }),
    },
  ],
  // What takes away from the things of its own comes last.
  "POST /v1/data-requests/{id}/delivery": [
    {
      names: ["readyRequest"],
      request: (t) => ({ path: `/v1/data-requests/${t.readyRequest}/delivery` }),
    },
  ],
  "POST /v1/data-requests/{id}/approve": [
    {
      names: ["openRequest"],
      request: (t) => ({
        path: `/v1/data-requests/${t.openRequest}/approve`,
        body: { identity: { method: "in_person", note: "Came by." } },
      }),
    },
  ],
  "POST /v1/data-requests/{id}/assign": [
    {
      names: ["openRequest"],
      request: (t) => ({ path: `/v1/data-requests/${t.openRequest}/assign`, body: { owner: "stranger" } }),
    },
  ],
  "POST /v1/data-requests/{id}/ask-clarification": [
    {
      names: ["openRequest"],
      request: (t) => ({
        path: `/v1/data-requests/${t.openRequest}/ask-clarification`,
        body: { reason: "Which year?" },
      }),
    },
  ],
  "POST /v1/data-requests/{id}/receive-clarification": [
    {
      names: ["openRequest"],
      request: (t) => ({ path: `/v1/data-requests/${t.openRequest}/receive-clarification`, body: {} }),
    },
  ],
  "POST /v1/data-requests/{id}/extend": [
    {
      names: ["openRequest"],
      request: (t) => ({
        path: `/v1/data-requests/${t.openRequest}/extend`,
        body: { reason: "Many letters." },
      }),
    },
  ],
  "POST /v1/data-requests/{id}/refuse": [
    {
      names: ["openRequest"],
      request: (t) => ({
        path: `/v1/data-requests/${t.openRequest}/refuse`,
        body: { ground: "other", reason: "No." },
      }),
    },
  ],
  "POST /v1/data-requests/{id}/cancel": [
    {
      names: ["takenBack"],
      request: (t) => ({ path: `/v1/data-requests/${t.takenBack}/cancel`, body: { reason: "No." } }),
    },
  ],
  "POST /v1/data-requests/{id}/close": [
    {
      names: ["objection"],
      request: (t) => ({ path: `/v1/data-requests/${t.objection}/close`, body: { reason: "No." } }),
    },
  ],
  "POST /v1/blocks/{id}/lift": [
    {
      names: ["block"],
      request: (t) => ({ path: `/v1/blocks/${t.block}/lift`, body: { reason: "a mistake" } }),
    },
  ],
  "POST /v1/opt-outs": [
    {
      names: ["subject", "purpose"],
      request: (t) => ({
        path: "/v1/opt-outs",
        body: {
          subject: { subjectId: t.subject },
          scope: "purpose",
          purpose: t.purpose,
          source: "api",
          occurredAt: ago(0),
        },
      }),
    },
  ],
  "POST /v1/subjects/{id}/merge": [
    {
      names: ["subject", "secondSubject"],
      request: (t) => ({
        path: `/v1/subjects/${t.subject}/merge`,
        body: { other: t.secondSubject, reason: "one person" },
      }),
    },
  ],
  "GET /v1/simulator-numbers": plain,
  "GET /v1/monitors": plain,
  "POST /v1/monitors": [
    {
      names: ["sender", "purpose"],
      request: (t) => ({
        path: "/v1/monitors",
        body: { sender: t.sender, purpose: t.purpose, reason: "first weeks", until: ago(-3600) },
      }),
    },
  ],
  "POST /v1/monitors/{id}/end": [
    {
      names: ["monitor"],
      request: (t) => ({ path: `/v1/monitors/${t.monitor}/end`, body: { reason: "all is well" } }),
    },
  ],
  "GET /v1/webhook-endpoints": plain,
  "POST /v1/webhook-endpoints": plain,
  "GET /v1/webhook-endpoints/{id}/deliveries": [
    get((t) => `/v1/webhook-endpoints/${t.endpoint}/deliveries`, "endpoint"),
  ],
  "POST /v1/webhook-endpoints/{id}/deliveries/{eventId}/replay": [
    {
      names: ["endpoint", "event"],
      request: (t) => ({ path: `/v1/webhook-endpoints/${t.endpoint}/deliveries/${t.event}/replay` }),
    },
  ],
  "POST /v1/webhook-endpoints/{id}/replay": [
    {
      names: ["endpoint"],
      request: (t) => ({ path: `/v1/webhook-endpoints/${t.endpoint}/replay`, body: { since: ago(60) } }),
    },
  ],
  "POST /v1/webhook-endpoints/{id}/disable": [
    {
      names: ["endpoint"],
      request: (t) => ({ path: `/v1/webhook-endpoints/${t.endpoint}/disable`, body: { reason: "moved" } }),
    },
  ],
  "GET /v1/complaint-breakers": plain,
  "POST /v1/complaint-breakers/{id}/close": [
    {
      names: ["breaker"],
      request: (t) => ({ path: `/v1/complaint-breakers/${t.breaker}/close`, body: { reason: "mended" } }),
    },
  ],
  "GET /v1/data-requests/{id}/erasure-preview": [
    get((t) => `/v1/data-requests/${t.openErasure}/erasure-preview`, "openErasure"),
  ],
  "GET /v1/data-requests/{id}/certificate": [
    get((t) => `/v1/data-requests/${t.doneErasure}/certificate`, "doneErasure"),
  ],
  "GET /v1/data-requests/{id}/certificate.html": [
    get((t) => `/v1/data-requests/${t.doneErasure}/certificate.html`, "doneErasure"),
  ],
  "POST /v1/data-requests/{id}/erase": [
    {
      names: ["openErasure"],
      request: (t) => ({ path: `/v1/data-requests/${t.openErasure}/erase` }),
    },
  ],
  "GET /v1/holds": plain,
  "GET /v1/holds/{id}": [get((t) => `/v1/holds/${t.hold}`, "hold")],
  "POST /v1/holds": [
    {
      names: ["subject"],
      request: (t) => ({
        path: "/v1/holds",
        body: { scope: "person", subject: { subjectId: t.subject }, reason: "a claim", reviewAt: ago(-60) },
      }),
    },
  ],
  "POST /v1/holds/{id}/review": [
    {
      names: ["hold"],
      request: (t) => ({
        path: `/v1/holds/${t.hold}/review`,
        body: { reason: "not decided", reviewAt: ago(-60) },
      }),
    },
  ],
  "POST /v1/holds/{id}/release": [
    {
      names: ["hold"],
      request: (t) => ({ path: `/v1/holds/${t.hold}/release`, body: { reason: "decided" } }),
    },
  ],
  "GET /v1/switches": plain,
  "POST /v1/switches/{id}/release": [
    {
      names: ["switch"],
      request: (t) => ({ path: `/v1/switches/${t.switch}/release`, body: { reason: "corrected" } }),
    },
  ],
  // At the end: from then on there are as many policies as theirs,
  "POST /v1/policies": [
    {
      names: ["sender"],
      request: (t) => ({
        path: "/v1/policies",
        body: { document: { senderCeilings: [{ sender: t.sender, people: 5 }] } },
      }),
    },
  ],
  // and the sender and the purpose are paused.
  "POST /v1/switches": [
    {
      names: ["sender"],
      request: (t) => ({
        path: "/v1/switches",
        body: { scope: "sender", sender: t.sender, reason: "a mistake" },
      }),
    },
    {
      names: ["purpose"],
      request: (t) => ({
        path: "/v1/switches",
        body: { scope: "purpose", purpose: t.purpose, reason: "a mistake" },
      }),
    },
  ],
};

const methodOf = (route: string) => route.slice(0, route.indexOf(" "));
const pathOf = (route: string) => route.slice(route.indexOf(" ") + 1);

/** What a body can name by the name of its field; null: nothing that an organization has. */
const namedBy: Readonly<Record<string, readonly Thing[] | null>> = {
  sender: ["sender"],
  subjectId: ["subject"],
  purpose: ["purpose"],
  purposes: ["purpose"],
  collectionPointId: ["point"],
  captureToken: ["captureToken"],
  attachments: ["file"],
  other: ["secondSubject"],
  cause: ["signIn"],
  template: ["template"],
  externalId: null,
  waId: null,
  phoneNumberId: null,
  wabaId: null,
  messageId: null,
  portfolioId: null,
};
const looksLikeAName =
  /Ids?$|Token$|^(sender|purposes?|other|cause|template|subject|recipient|section|point|block|request)$/;

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}
interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

async function readDocument(): Promise<Document> {
  return (await service.anonymous.get<Document & Record<string, unknown>>("/openapi.json")).body;
}

/** The names of all fields that a schema has, however deep. */
function fieldsIn(schema: Schema, document: Document): string[] {
  const { $ref, properties = {}, items, anyOf = [], oneOf = [], allOf = [] } = schema;
  const referred = $ref === undefined ? undefined : document.components.schemas[$ref.split("/").at(-1) ?? ""];
  return [
    ...Object.keys(properties),
    ...[...Object.values(properties), items, referred, ...anyOf, ...oneOf, ...allOf].flatMap((inner) =>
      inner === undefined ? [] : fieldsIn(inner, document),
    ),
  ];
}

describe("the table of routes", () => {
  it("has every documented route, and no other", async () => {
    const { paths } = await readDocument();
    const documented = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.length).toBeGreaterThan(40);
    expect(Object.keys(routes).sort()).toEqual(documented.sort());
  });

  it("names something wherever an address has a place for it", () => {
    for (const [route, cases] of Object.entries(routes)) {
      const places = pathOf(route).match(/\{(?!(?:version|country|year)\})\w+\}/g) ?? [];
      if (places.length === 0) continue;
      expect(cases.length, route).toBeGreaterThan(0);
      for (const { names, request } of cases) {
        const inAddress = names.filter((name) => request({ ...mine.things, [name]: "#" }).path.includes("#"));
        expect(inAddress.length, route).toBe(places.length);
      }
    }
  });

  it("names something wherever a body has a place for it", async () => {
    const document = await readDocument();
    for (const [route, cases] of Object.entries(routes)) {
      const operation = document.paths[pathOf(route)]?.[methodOf(route).toLowerCase()];
      const schema = operation?.requestBody?.content["application/json"]?.schema;
      if (schema === undefined) continue;
      const names = cases.flatMap((each) => each.names);
      for (const field of new Set(fieldsIn(schema, document))) {
        const things = namedBy[field];
        if (things === undefined) {
          const isInside = ["subject", "recipient", "section"].includes(field);
          expect([route, field, looksLikeAName.test(field) && !isInside]).toEqual([route, field, false]);
          continue;
        }
        const isExempt =
          things === null ||
          // The batch and its preview ask as the single check does, and a template is recorded under a name, not named.
          (["POST /v1/checks/batch", "POST /v1/checks/preview"].includes(route) && field === "cause") ||
          // A policy may speak of purposes that are still to come.
          (route === "POST /v1/policies" && field === "purposes");
        if (!isExempt)
          expect([route, field, things.some((thing) => names.includes(thing))]).toEqual([route, field, true]);
      }
    }
  });
});

type Judged = { decision?: string; results?: { decision?: string }[]; denied?: number };

const send = (org: OrganizationClient, route: string, { path, body, headers = {} }: Request) =>
  org.send<Judged>(methodOf(route), path, { body, headers });

/** Whether a request was let through: done, or the message allowed. */
function isLetThrough({ status, body }: Answer<Judged>): boolean {
  const decisions = [body.decision, ...(body.results ?? []).map(({ decision }) => decision)];
  return status < 300 && !decisions.includes("deny") && !body.denied;
}

/** Everything that an organization can read of itself. */
async function allThatIsSeenBy({ shop, things }: Outfit): Promise<string[]> {
  const reads = Object.entries(routes).filter(([route]) => methodOf(route) === "GET");
  const seen = reads.flatMap(([route, cases]) =>
    cases.length === 0 ? [pathOf(route)] : cases.map(({ request }) => request(things).path),
  );
  // Neither what is no text, nor what is as of now.
  const shown = seen.filter((path) => !/\/(archive|erasure-preview)$/.test(path));
  return Promise.all(shown.map(async (path) => `${path} ${(await shop.org.get(path)).text}`));
}

describe("another organization's things", () => {
  it("are there for nobody else: each place of each route is tried, and then with the own thing in it", async () => {
    const before = await allThatIsSeenBy(theirs);
    let tried = 0;
    for (const [route, cases] of Object.entries(routes)) {
      for (const { names, request } of cases) {
        for (const name of names) {
          tried += 1;
          const foreign = { ...mine.things, [name]: theirs.things[name] };
          const answer = await send(mine.shop.org, route, request(foreign));
          const what = `${route} with another's ${name}: ${answer.status} ${answer.text.slice(0, 300)}`;
          const isCheck = route.startsWith("POST /v1/checks");
          expect(isCheck ? [200] : [404, 422], what).toContain(answer.status);
          expect(isLetThrough(answer), what).toBe(false);
          for (const secret of theirs.secrets) expect(answer.text, what).not.toContain(secret);
        }
        const own = await send(mine.shop.org, route, request(mine.things));
        expect(isLetThrough(own), `${route} ${own.status} ${own.text.slice(0, 300)}`).toBe(true);
      }
    }
    expect(tried).toBeGreaterThan(45);
    expect(await allThatIsSeenBy(theirs)).toEqual(before);
  });

  it("are in no list of mine", async () => {
    const lists = Object.keys(routes).filter(
      (route) => methodOf(route) === "GET" && !pathOf(route).includes("{"),
    );
    expect(lists.length).toBeGreaterThan(8);
    for (const route of lists) {
      const seen = (await mine.shop.org.get(`${pathOf(route)}`)).text;
      for (const secret of [...theirs.secrets, ...Object.values(theirs.things)])
        expect([route, seen.includes(secret)]).toEqual([route, false]);
    }
    // The same with the place where theirs begin.
    const { block, requested, optOut, sender, point } = theirs.things;
    for (const [path, cursor] of [
      ["blocks", block],
      ["switches", theirs.things.switch],
      ["holds", theirs.things.hold],
      ["monitors", theirs.things.monitor],
      ["complaint-breakers", theirs.things.breaker],
      ["consents", requested],
      ["opt-outs", optOut],
      ["senders", sender],
      ["collection-points", point],
      ["attachments", theirs.things.file],
      ["webhook-endpoints", theirs.things.endpoint],
      ["opt-out-suspicions", theirs.things.suspicion],
    ]) {
      const page = await mine.shop.org.get(`/v1/${path}?cursor=${cursor}`);
      expect(page.status, page.text).toBe(200);
      for (const secret of [...theirs.secrets, ...Object.values(theirs.things)])
        expect([path, page.text.includes(secret)]).toEqual([path, false]);
    }
  });

  it("prove nothing here: neither their message nor their person's number", async () => {
    const { shop } = mine;
    const [, number = ""] = theirs.secrets;
    const person = { phone: `+1${number}` };
    expect((await shop.org.post("/v1/subjects/lookup", { subject: person })).status).toBe(404);
    await shop.optOut(person, { occurredAt: ago(60) });
    const quoted = await shop.reported(person, {}, { evidence: { messageId: theirs.things.message } });
    expect(quoted.state).toBe("requested");
    // And a no here is no no there.
    expect(await theirs.shop.codes(person, { purpose: theirs.things.purpose })).toEqual([]);
  });

  it("cannot be opened by a link of mine, nor undone", async () => {
    const link = await created<{ url: string }>(
      theirs.shop.org.post("/v1/opt-out-links", { subject: { subjectId: theirs.things.subject } }),
    );
    const own = await created<{ url: string }>(
      mine.shop.org.post("/v1/opt-out-links", { subject: { subjectId: mine.things.subject } }),
    );
    const bytes = (url: string) => Buffer.from(new URL(url).pathname.slice("/o/".length), "base64url");
    const organizationBytes = 16;
    const mixed = Buffer.concat([
      bytes(own.url).subarray(0, organizationBytes),
      bytes(link.url).subarray(organizationBytes),
    ]);
    const page = await service.anonymous.get(`/o/${mixed.toString("base64url")}`);
    expect(page.status).toBe(404);
    for (const secret of theirs.secrets) expect(page.text).not.toContain(secret);
  });
});
