import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerOnce, write } from "../../src/db/write.ts";
import { SaysoError } from "../../src/kernel/errors.ts";
import { samples } from "../support/attachments.ts";
import {
  approveAndWait,
  openRequestOf,
  startWorkingService,
  type WorkingService,
} from "../support/data-request.ts";
import { administer } from "../support/database.ts";
import { someMail } from "../support/every-route.ts";
import type { OrganizationClient } from "../support/service.ts";
import { ago, askedFor, created, wordings } from "../support/shop.ts";

let service: WorkingService;
beforeAll(async () => {
  service = await startWorkingService({ config: { mail: someMail } });
});
afterAll(() => service.close());

const person = { phone: "+12025550142" };

/** What a request needs to be there: made before it, once for each request. */
interface Ground {
  readonly shop: OrganizationClient;
  /** A number that no other request of the test has, six digits. */
  readonly unique: string;
}

interface Request {
  readonly path: string;
  readonly body?: unknown;
  /** The same route with the same key and something else in the body. */
  readonly other: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A wording of the shop that the requests are of. */
const named = (wording: string) => wording.replace("Shop", "Harbour Tea");

async function makePoint({ shop, unique }: Ground): Promise<string> {
  const point = {
    key: `point${unique}`,
    kind: "form",
    name: "Form",
    ...askedFor,
    wording: named(wordings.en),
  };
  return (await created<{ id: string }>(shop.post("/v1/collection-points", point))).id;
}

async function makeEndpoint({ shop, unique }: Ground): Promise<string> {
  const endpoint = { url: `https://${unique}.shop.example/hooks` };
  return (await created<{ id: string }>(shop.post("/v1/webhook-endpoints", endpoint))).id;
}

async function readyRequest({ shop, unique }: Ground): Promise<string> {
  const { id } = await openRequestOf(shop, { subject: { externalId: unique } });
  await approveAndWait(shop, id);
  return id;
}

/** Every POST that creates something, with a request that succeeds. */
const creating: Record<string, (ground: Ground) => Request | Promise<Request>> = {
  "/v1/senders": ({ unique }) => {
    const sender = { name: "Shop", phoneNumberId: unique, displayPhoneNumber: "+12025550100", wabaId: "1" };
    return { path: "/v1/senders", body: sender, other: { ...sender, phoneNumberId: `9${unique}` } };
  },
  "/v1/purposes": ({ unique }) => {
    const purpose = {
      key: `purpose${unique}`,
      name: "Purpose",
      description: "Why.",
      category: "utility",
      lawfulBasis: "contract",
    };
    return { path: "/v1/purposes", body: purpose, other: { ...purpose, key: `other${unique}` } };
  },
  "/v1/policies": () => ({
    path: "/v1/policies",
    body: { document: { permitTtlSeconds: 30 } },
    other: { document: { permitTtlSeconds: 31 } },
  }),
  "/v1/switches": () => ({
    path: "/v1/switches",
    body: { scope: "organization", reason: "A wrong price." },
    other: { scope: "organization", reason: "Another." },
  }),
  "/v1/holds": () => ({
    path: "/v1/holds",
    body: { scope: "organization", reason: "A claim.", reviewAt: "2999-01-01T00:00:00Z" },
    other: { scope: "organization", reason: "Another.", reviewAt: "2999-01-01T00:00:00Z" },
  }),
  "/v1/monitors": async ({ shop }) => {
    const until = ago(-3600);
    const monitor = {
      sender: (await shop.sender()).id,
      purpose: "promotions",
      reason: "First weeks.",
      until,
    };
    return { path: "/v1/monitors", body: monitor, other: { ...monitor, reason: "Another." } };
  },
  "/v1/collection-points": ({ unique }) => {
    const point = {
      key: `point${unique}`,
      kind: "form",
      name: "Form",
      ...askedFor,
      wording: named(wordings.en),
    };
    return { path: "/v1/collection-points", body: point, other: { ...point, key: `other${unique}` } };
  },
  "/v1/collection-points/{id}/versions": async (ground) => ({
    path: `/v1/collection-points/${await makePoint(ground)}/versions`,
    body: { wording: named(wordings.second) },
    other: { wording: named(wordings.third) },
  }),
  "/v1/collection-points/{id}/capture-tokens": async (ground) => ({
    path: `/v1/collection-points/${await makePoint(ground)}/capture-tokens`,
    body: {},
    other: { version: 1 },
  }),
  "/v1/attachments": () => ({
    path: "/v1/attachments",
    body: samples["image/png"],
    headers: { "content-type": "image/png" },
    other: Buffer.concat([samples["image/png"], Buffer.from([0xff])]),
  }),
  "/v1/data-requests/{id}/letters": async ({ shop, unique }) => {
    const { id } = await openRequestOf(shop, { subject: { externalId: unique } });
    return {
      path: `/v1/data-requests/${id}/letters`,
      body: { kind: "receipt" },
      other: { kind: "receipt", language: "ru" },
    };
  },
  "/v1/data-requests/{id}/letters/{letterId}/send": async ({ shop, unique }) => {
    const { id } = await openRequestOf(shop, { subject: { email: `a${unique}@shop.example` } });
    const letters = `/v1/data-requests/${id}/letters`;
    const letter = await created<{ id: string }>(shop.post(letters, { kind: "receipt" }));
    return {
      path: `${letters}/${letter.id}/send`,
      body: { version: 1 },
      other: { version: 1, to: `a${unique}@shop.example` },
    };
  },
  "/v1/consents": async (ground) => {
    const provenance = {
      collectionPointId: await makePoint(ground),
      version: 1,
      indication: "ticked",
      occurredAt: ago(0),
    };
    const subject = { externalId: `new-${ground.unique}` };
    const consent = { subject, purpose: "promotions", state: "given", provenance };
    return { path: "/v1/consents", body: consent, other: { ...consent, state: "refused" } };
  },
  "/v1/webhook-endpoints": () => ({
    path: "/v1/webhook-endpoints",
    body: { url: "https://shop.example/hooks" },
    other: { url: "https://shop.example/others" },
  }),
  "/v1/webhook-endpoints/{id}/replay": async (ground) => ({
    path: `/v1/webhook-endpoints/${await makeEndpoint(ground)}/replay`,
    body: { since: ago(60) },
    other: { since: ago(61) },
  }),
  "/v1/webhook-endpoints/{id}/deliveries/{eventId}/replay": async (ground) => {
    const endpoint = await makeEndpoint(ground);
    await ground.shop.post("/v1/blocks", { identifier: person, reason: "manual" });
    const { items } = (
      await ground.shop.get<{ items: { eventId: string }[] }>(`/v1/webhook-endpoints/${endpoint}/deliveries`)
    ).body;
    const path = `/v1/webhook-endpoints/${endpoint}/deliveries/${items[0]?.eventId}/replay`;
    return { path, body: {}, other: { again: true } };
  },
  "/v1/opt-outs": ({ unique }) => {
    const optOut = {
      subject: { externalId: `new-${unique}` },
      scope: "all",
      source: "api",
      occurredAt: ago(0),
    };
    return { path: "/v1/opt-outs", body: optOut, other: { ...optOut, source: "staff" } };
  },
  "/v1/opt-out-links": ({ unique }) => {
    const link = { subject: { externalId: `new-${unique}` } };
    return { path: "/v1/opt-out-links", body: link, other: { ...link, purpose: "promotions" } };
  },
  "/v1/preference-codes": ({ unique }) => ({
    path: "/v1/preference-codes",
    body: { subject: { externalId: `new-${unique}` } },
    other: { subject: { externalId: `other-${unique}` } },
  }),
  "/v1/blocks": ({ unique }) => {
    const block = { identifier: { externalId: unique }, reason: "manual", note: "Why." };
    return { path: "/v1/blocks", body: block, other: { ...block, reason: "legal" } };
  },
  "/v1/causes": ({ unique }) => {
    const cause = { kind: "sign_in", recipient: { externalId: unique } };
    return { path: "/v1/causes", body: cause, other: { ...cause, recipient: person } };
  },
  "/v1/templates": ({ unique }) => {
    const template = { wabaId: "1", name: unique, language: "en", category: "utility", status: "approved" };
    return { path: "/v1/templates", body: template, other: { ...template, status: "paused" } };
  },
  "/v1/messages/inbound": async ({ shop, unique }) => {
    const message = {
      sender: (await shop.sender()).id,
      from: { externalId: `new-${unique}` },
      messageId: `wamid.${unique}`,
      occurredAt: ago(0),
      text: "STOP",
    };
    return { path: "/v1/messages/inbound", body: message, other: { ...message, text: "Hello" } };
  },
  "/v1/account-sections": ({ unique }) => {
    const section = { section: `section_${unique}`, title: "Section", schema: { type: "object" } };
    return { path: "/v1/account-sections", body: section, other: { ...section, title: "Other" } };
  },
  "/v1/data-requests": ({ unique }) => {
    const request = {
      subject: { externalId: `new-${unique}` },
      kind: "access",
      regime: "gdpr",
      receivedAt: ago(0),
      channel: "api",
      language: "en",
    };
    return { path: "/v1/data-requests", body: request, other: { ...request, language: "ru" } };
  },
  "/v1/data-requests/{id}/approve": async ({ shop, unique }) => {
    const { id } = await openRequestOf(shop, { subject: { externalId: unique } });
    return {
      path: `/v1/data-requests/${id}/approve`,
      body: { identity: { method: "in_person", note: "Came by." } },
      other: { identity: { method: "in_person", note: "Called." } },
    };
  },
  "/v1/data-requests/{id}/delivery": async (ground) => ({
    path: `/v1/data-requests/${await readyRequest(ground)}/delivery`,
    other: {},
  }),
};

const send = (
  shop: OrganizationClient,
  { path, body, headers }: Pick<Request, "path" | "body" | "headers">,
  key: string,
) => shop.post(path, body, { ...headers, "idempotency-key": key });

/** How many rows every table has; the background worker's own tables and what only it writes left out. */
async function rowCounts(): Promise<Record<string, number>> {
  return administer(service.database.ownerUrl, async (sql) => {
    const tables = await sql<{ name: string }[]>`
      select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
        and not relispartition and relname not like 'archive%' order by 1`;
    const counts = await Promise.all(
      tables.map(({ name }) =>
        name === "audit_entry"
          ? sql<{ count: number }[]>`select count(*)::int from audit_entry where actor_kind <> 'system'`
          : name === "request_event"
            ? sql<{ count: number }[]>`select count(*)::int from request_event where actor_kind <> 'system'`
            : sql<{ count: number }[]>`select count(*)::int from ${sql(name)}`,
      ),
    );
    return Object.fromEntries(tables.map(({ name }, index) => [name, counts[index]?.[0]?.count ?? 0]));
  });
}

function difference(before: Record<string, number>, after: Record<string, number>) {
  const changed = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(changed.filter(([, count]) => count !== 0));
}

it("every documented POST that creates something is among those that are tried here", async () => {
  const { body } = await service.anonymous.get<{
    paths: Record<string, { post?: { responses: Record<string, unknown> } }>;
  }>("/openapi.json");
  const documented = Object.entries(body.paths).flatMap(([path, { post }]) =>
    post !== undefined && ("201" in post.responses || "202" in post.responses) ? [path] : [],
  );
  expect(documented.length).toBeGreaterThan(14);
  expect(Object.keys(creating).sort()).toEqual(documented.sort());
});

describe.each(Object.entries(creating))("POST %s", (_route, prepare) => {
  it("answers the same request with the first answer, and refuses the key for another", async () => {
    const shop = await service.shop();
    const request = await prepare({ shop, unique: service.nextNumber() });
    const first = await send(shop, request, "first");
    expect([201, 202], first.text).toContain(first.status);
    const before = await rowCounts();
    for (let time = 0; time < 3; time += 1) {
      const again = await send(shop, request, "first");
      expect([again.status, again.text]).toEqual([first.status, first.text]);
    }
    const refused = await send(shop, { ...request, body: request.other }, "first");
    expect(refused.status, refused.text).toBe(422);
    expect(refused.body.type).toBe("urn:sayso:problem:idempotency_key_reused");
    const elsewhere = await send(
      shop,
      { path: "/v1/blocks", body: { identifier: person, reason: "other" } },
      "first",
    );
    expect(elsewhere.body.type).toBe("urn:sayso:problem:idempotency_key_reused");
    expect(difference(before, await rowCounts())).toEqual({});
  });

  it("creates once for twenty requests at the same time", async () => {
    const shop = await service.shop();
    const alone = await prepare({ shop, unique: service.nextNumber() });
    const together = await prepare({ shop, unique: service.nextNumber() });
    const before = await rowCounts();
    await send(shop, alone, "alone");
    const between = await rowCounts();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(shop, together, "together")));
    const after = await rowCounts();
    expect([201, 202], answers[0]?.text).toContain(answers[0]?.status);
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(difference(between, after)).toEqual(difference(before, between));
  });
});

it("a key is its organization's own, and needs 1 to 200 characters", async () => {
  const [first, second] = [await service.organization(), await service.organization()];
  const block = { path: "/v1/blocks", body: { identifier: person, reason: "manual" } };
  const answers = [await send(first, block, "same"), await send(second, block, "same")];
  expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  expect(answers[0]?.body.id).not.toBe(answers[1]?.body.id);
  expect((await send(first, block, "k".repeat(200))).status).toBe(201);
  expect((await send(first, block, "k".repeat(201))).status).toBe(422);
});

it("a request that failed leaves its key free", async () => {
  const shop = await service.organization();
  const bad = { path: "/v1/purposes", body: { key: "Nope" } };
  expect((await send(shop, bad, "k")).status).toBe(422);
  const good = { path: "/v1/blocks", body: { identifier: person, reason: "manual" } };
  expect((await send(shop, good, "k")).status).toBe(201);
});

it("a sign-in that was the last one allowed is answered again, also to those that ask at the same time", async () => {
  const shop = await service.organization();
  const cause = { path: "/v1/causes", body: { kind: "sign_in", recipient: person } };
  for (let n = 1; n < 10; n += 1) expect((await send(shop, cause, `cause ${n}`)).status).toBe(201);
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(shop, cause, "the last")));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0]?.status).toBe(201);
  expect((await send(shop, cause, "one more")).status).toBe(429);
});

it("a block that is lifted twice with one key is lifted once, and both are told so", async () => {
  const shop = await service.organization();
  const { id } = await created<{ id: string }>(
    shop.post("/v1/blocks", { identifier: person, reason: "manual" }),
  );
  const lift = { path: `/v1/blocks/${id}/lift`, body: { reason: "a mistake" } };
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(shop, lift, "lift")));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0]?.status).toBe(200);
  expect((await send(shop, lift, "again")).status).toBe(409);
});

it("a request that finds its own first one just done gets that one's answer, not a conflict", async () => {
  const shop = await service.organization();
  const idempotency = { key: "k", route: "POST /v1/nothing", bodyHash: Buffer.from("hash") };
  const ctx = { ...(await shop.context()), idempotency };
  const done = () =>
    write<{ answer: number }>(ctx, (sql) => ({
      parts: [],
      result: sql`select 42 as answer`,
      audit: { action: "organization.updated", entity: "test" },
    }));
  const conflict = new SaysoError("conflict", "It is done already.");
  await expect(answerOnce(ctx, () => Promise.reject(conflict))).rejects.toBe(conflict);
  const late = answerOnce(ctx, async () => {
    await done();
    throw conflict;
  });
  expect(await late).toEqual({ answer: 42 });
  expect(await answerOnce(ctx, () => Promise.reject(conflict))).toEqual({ answer: 42 });
});
