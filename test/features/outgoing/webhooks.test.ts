import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import { retryAfterSeconds } from "../../../src/features/outgoing/domain/backoff.ts";
import { composeOutgoingTasks } from "../../../src/jobs/outgoing-tasks.ts";
import { type BackgroundWorker, startWorker } from "../../../src/jobs/worker.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { administer } from "../../support/database.ts";
import { type Received, Receiver } from "../../support/receiver.ts";
import { startTestService, type TestService, testConfig } from "../../support/service.ts";
import { ago, created, Shop } from "../../support/shop.ts";
import { Platform } from "../../support/webhook.ts";

// A receiver that hangs takes its time.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let service: TestService;
let worker: BackgroundWorker;
let receiver: Receiver;
beforeAll(async () => {
  service = await startTestService({
    config: { targets: { hosts: undefined, privateHosts: ["127.0.0.1"] } },
  });
  worker = await startWorker(service.composed, composeOutgoingTasks(service.composed, testConfig));
});
afterAll(async () => {
  await worker.stop();
  await service.close();
});
beforeEach(async () => {
  receiver = await Receiver.open();
});
afterEach(() => receiver.stop());

interface Endpoint {
  readonly id: string;
  readonly secret: string;
}
interface Delivery {
  readonly eventId: string;
  readonly type: string;
  readonly status: string;
  readonly attempts: number;
  readonly log: { readonly status: number | null; readonly error: string | null }[];
}

const person = { phone: "+12025550123" };
const block = { identifier: { phone: "+12025550155" }, reason: "manual" };

function endpointOf(shop: Shop, url = receiver.url, more: object = {}): Promise<Endpoint> {
  return created<Endpoint>(shop.org.post("/v1/webhook-endpoints", { url, ...more }));
}

async function deliveries(shop: Shop, { id }: Endpoint, query = ""): Promise<Delivery[]> {
  return (await shop.org.get<{ items: Delivery[] }>(`/v1/webhook-endpoints/${id}/deliveries${query}`)).body
    .items;
}

const until = (look: () => unknown) => vi.waitUntil(look, { timeout: 60_000, interval: 50 });

/** Waits until so many deliveries came in. */
async function came(count: number): Promise<readonly Received[]> {
  await until(() => receiver.received.length >= count);
  return receiver.received;
}

/** Makes what waits due now, as if its time had passed, and looks after it as every minute. */
async function letTimePass(endpoint: Endpoint): Promise<void> {
  const id = parseId("whe", endpoint.id) ?? "";
  await administer(service.database.ownerUrl, async (sql) => {
    await sql`update webhook_endpoint set claimed_until = now() where id = ${id}`;
    await sql`update webhook_delivery set due_at = now() where endpoint_id = ${id}`;
  });
  const { list } = composeOutgoingTasks(service.composed, testConfig);
  await list.resume_webhooks?.({}, new AbortController().signal);
}

const headersOf = ({ headers }: Received) => ({
  "webhook-id": String(headers["webhook-id"]),
  "webhook-timestamp": String(headers["webhook-timestamp"]),
  "webhook-signature": String(headers["webhook-signature"]),
});

describe("an endpoint", () => {
  it("is told what happens, signed so that the library believes it, and nobody's number", async () => {
    const shop = await Shop.open(service);
    const endpoint = await endpointOf(shop);
    const consent = await shop.proven(person);
    const [got] = await came(1);
    if (got === undefined) throw new Error("Nothing came.");
    const body = new Webhook(endpoint.secret).verify(got.raw.toString("utf8"), headersOf(got));
    expect(body).toEqual({
      type: "consent.given",
      timestamp: expect.stringMatching(/Z$/),
      data: {
        consentId: consent.id,
        subjectId: consent.subjectId,
        channel: "whatsapp",
        purpose: "promotions",
        state: "given",
        occurredAt: expect.stringMatching(/Z$/),
      },
    });
    expect(got.headers["webhook-id"]).toMatch(/^evt_/);
    expect(got.headers["content-type"]).toBe("application/json");
    expect(got.raw.toString("utf8")).not.toContain("2025550123");
    const other = await endpointOf(shop);
    expect(() => new Webhook(other.secret).verify(got.raw.toString("utf8"), headersOf(got))).toThrow();
    await until(async () => (await deliveries(shop, endpoint))[0]?.status === "delivered");
    expect(await deliveries(shop, endpoint)).toMatchObject([
      { type: "consent.given", attempts: 1, log: [{ status: 204, error: null }] },
    ]);
  });

  it("is told each thing by its name, once", async () => {
    const shop = await Shop.open(service);
    await endpointOf(shop);
    const platform = new Platform(service.anonymous, shop.sender);
    await shop.proven(person);
    await shop.reported(person, { purpose: "support", state: "refused" });
    await shop.reported(person, { purpose: "support" });
    await shop.reported(person, { state: "withdrawn" });
    const perhaps = await shop.org.post<{ optOutSuspicionId: string }>("/v1/messages/inbound", {
      sender: shop.sender.id,
      from: person,
      messageId: "m-1",
      occurredAt: ago(5),
      text: "please stop",
    });
    await shop.org.post(`/v1/opt-out-suspicions/${perhaps.body.optOutSuspicionId}/decide`, {
      decision: "dismiss",
      reason: "It was about the parcel.",
    });
    const stop = platform.messages(platform.text("12025550123", "СТОП!!!"));
    await platform.deliver(stop);
    await platform.deliver(stop);
    const link = await created<{ url: string }>(shop.org.post("/v1/opt-out-links", { subject: person }));
    const form = { "content-type": "application/x-www-form-urlencoded" };
    await service.anonymous.post(new URL(link.url).pathname, "scope=all", form);
    const made = await created<{ id: string }>(shop.org.post("/v1/blocks", block));
    await shop.org.post(`/v1/blocks/${made.id}/lift`, { reason: "A mistake." });
    await came(12);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(receiver.bodies.map(({ type }) => type).toSorted()).toEqual([
      "block.created",
      "block.lifted",
      "consent.given",
      "consent.refused",
      "consent.requested",
      "consent.withdrawn",
      "opt_out.created",
      "opt_out.created",
      "opt_out.dismissed",
      "opt_out.suspected",
      "window.opened",
      "window.opened",
    ]);
    const byKeyword = receiver.bodies.find(({ data }) => data.source === "keyword")?.data;
    expect(byKeyword).toMatchObject({
      scope: "all",
      messageId: stop.entry[0]?.changes[0]?.value && expect.stringContaining("wamid."),
      senderId: shop.sender.id,
      confirmation: {
        language: "ru",
        text: expect.stringContaining("больше мы вам не напишем"),
        cause: { kind: "opt_out_confirmation", id: byKeyword?.optOutId },
      },
    });
    const opened = receiver.bodies.find(({ type }) => type === "window.opened")?.data;
    expect(Date.parse(String(opened?.expiresAt)) - Date.parse(String(opened?.openedAt))).toBe(24 * 3_600_000);
    for (const { raw } of receiver.received) {
      expect(raw.toString("utf8")).not.toContain("2025550");
      expect(raw.toString("utf8")).not.toContain("A mistake");
    }
  });

  it("is told only the types it asked for, only of its organization, and nothing more when disabled", async () => {
    const [shop, stranger] = [await Shop.open(service), await Shop.open(service)];
    const endpoint = await endpointOf(shop, receiver.url, { eventTypes: ["block.created", "block.lifted"] });
    await stranger.org.post("/v1/blocks", block);
    await shop.proven(person);
    const made = await created<{ id: string }>(shop.org.post("/v1/blocks", block));
    await came(1);
    const path = `/v1/webhook-endpoints/${endpoint.id}/disable`;
    expect((await stranger.org.post(path, { reason: "No." })).status).toBe(404);
    expect((await shop.org.post(path, { reason: "Moved." })).status).toBe(200);
    expect((await shop.org.post(path, { reason: "Moved." })).status).toBe(409);
    await shop.org.post(`/v1/blocks/${made.id}/lift`, { reason: "A mistake." });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(receiver.bodies).toMatchObject([{ type: "block.created", data: { blockId: made.id } }]);
    expect(await deliveries(shop, endpoint)).toHaveLength(1);
  });

  it("shows its secret once, the same one to a repeated request", async () => {
    const shop = await Shop.open(service);
    const body = { url: receiver.url };
    const key = { "idempotency-key": "endpoint" };
    const first = await shop.org.post<Endpoint>("/v1/webhook-endpoints", body, key);
    const again = await shop.org.post<Endpoint>("/v1/webhook-endpoints", body, key);
    expect(first.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(again.body).toEqual(first.body);
    const list = await shop.org.get<{ items: object[] }>("/v1/webhook-endpoints");
    expect(list.body.items).toHaveLength(1);
    expect(list.text).not.toContain("whsec_");
    const rows = await shop.sql((sql) => sql`select * from webhook_endpoint`);
    expect(JSON.stringify(rows)).not.toContain(first.body.secret.slice(6));
  });

  test.each([
    ["plain http to anybody", "http://shop.example/hooks"],
    ["a password in it", "https://user:secret@shop.example/hooks"],
    ["a fragment", "https://shop.example/hooks#here"],
    ["something else", "ftp://shop.example"],
    ["no URL", "shop.example"],
    ["a private address", "https://10.0.0.7/hooks"],
    ["this machine in another notation", "https://0x7f000002/hooks"],
    ["this machine in IPv6", "https://[::1]/hooks"],
    ["this machine's IPv4 in IPv6", "https://[::ffff:127.0.0.2]/hooks"],
    ["the cloud's metadata", "https://169.254.169.254/latest"],
  ])("cannot be %s", async (_what, url) => {
    const shop = await Shop.open(service);
    const answer = await shop.org.post<{ errors: { pointer: string }[] }>("/v1/webhook-endpoints", { url });
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([422, "/url"]);
  });

  it("whose name leads to this machine gets no connection at all", async () => {
    const shop = await Shop.open(service);
    let connections = 0;
    receiver.behave = (response) => {
      connections += 1;
      response.end();
    };
    const { port } = new URL(receiver.url);
    const endpoint = await endpointOf(shop, `https://localhost:${port}/hooks`);
    await shop.org.post("/v1/blocks", block);
    await until(async () => ((await deliveries(shop, endpoint))[0]?.log.length ?? 0) > 0);
    expect(await deliveries(shop, endpoint)).toMatchObject([
      { status: "pending", log: [{ status: null, error: "private_address" }] },
    ]);
    expect(connections).toBe(0);
  });
});

describe("a delivery that fails", () => {
  it("comes again under the same webhook-id with the same body, signed anew, until it is taken", async () => {
    const shop = await Shop.open(service);
    const endpoint = await endpointOf(shop);
    receiver.behave = (response) => void response.writeHead(500).end("no");
    await shop.org.post("/v1/blocks", block);
    await came(1);
    await until(async () => (await deliveries(shop, endpoint))[0]?.log.length === 1);
    receiver.behave = (response) => void response.writeHead(200).end("yes");
    await letTimePass(endpoint);
    const [first, second] = await came(2);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.raw).toEqual(first?.raw);
    if (second === undefined) throw new Error("It did not come again.");
    new Webhook(endpoint.secret).verify(second.raw.toString("utf8"), headersOf(second));
    await until(async () => (await deliveries(shop, endpoint))[0]?.status === "delivered");
    expect(await deliveries(shop, endpoint)).toMatchObject([
      { attempts: 2, log: [{ status: 500 }, { status: 200 }] },
    ]);
    await letTimePass(endpoint);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(receiver.received).toHaveLength(2);
  });

  it("is tried for three days with longer and longer pauses, then given up, and can be replayed", async () => {
    const pauses = limits.webhookRetrySeconds;
    expect(pauses.toSorted((a, b) => a - b)).toEqual(pauses);
    const days = pauses.reduce((sum, pause) => sum + pause, 0) / 86_400;
    expect(days).toBeGreaterThan(2.9);
    expect(days).toBeLessThan(3.1);
    expect(retryAfterSeconds(pauses.length + 1)).toBeUndefined();

    const shop = await Shop.open(service);
    const endpoint = await endpointOf(shop);
    receiver.behave = (response) => void response.writeHead(503).end();
    await shop.org.post("/v1/blocks", block);
    for (let attempt = 1; attempt <= pauses.length + 1; attempt += 1) {
      await until(async () => (await deliveries(shop, endpoint))[0]?.log.length === attempt);
      await letTimePass(endpoint);
    }
    expect(await deliveries(shop, endpoint, "?status=failed")).toMatchObject([
      { attempts: pauses.length + 1 },
    ]);
    expect(await deliveries(shop, endpoint, "?status=pending")).toEqual([]);
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);

    receiver.behave = (response) => void response.writeHead(204).end();
    const [{ eventId } = { eventId: "" }] = await deliveries(shop, endpoint);
    const replay = `/v1/webhook-endpoints/${endpoint.id}/deliveries/${eventId}/replay`;
    expect((await shop.org.post(replay)).body).toEqual({ replayed: 1 });
    await until(async () => (await deliveries(shop, endpoint))[0]?.status === "delivered");
    expect(receiver.received.at(-1)?.headers["webhook-id"]).toBe(eventId);
  });

  it("by a redirect is not followed, though it leads to somebody who listens", async () => {
    const shop = await Shop.open(service);
    const elsewhere = await Receiver.open();
    try {
      const endpoint = await endpointOf(shop);
      receiver.behave = (response) => void response.writeHead(307, { location: elsewhere.url }).end();
      await shop.org.post("/v1/blocks", block);
      await until(async () => (await deliveries(shop, endpoint))[0]?.log.length === 1);
      expect(await deliveries(shop, endpoint)).toMatchObject([{ status: "pending", log: [{ status: 307 }] }]);
      expect(elsewhere.received).toEqual([]);
    } finally {
      await elsewhere.stop();
    }
  });

  it("since the receiver disappeared, or broke off, comes when it is back", async () => {
    const shop = await Shop.open(service);
    const endpoint = await endpointOf(shop);
    receiver.behave = (_response, _received, socket) => void socket.destroy();
    await shop.org.post("/v1/blocks", block);
    await until(async () => (await deliveries(shop, endpoint))[0]?.log.length === 1);
    await receiver.stop();
    await letTimePass(endpoint);
    await until(async () => (await deliveries(shop, endpoint))[0]?.log.length === 2);
    receiver.behave = (response) => void response.writeHead(204).end();
    await receiver.start();
    await letTimePass(endpoint);
    await until(async () => (await deliveries(shop, endpoint))[0]?.status === "delivered");
    expect(await deliveries(shop, endpoint)).toMatchObject([
      { log: [{ error: "connection" }, { error: "connection" }, { status: 204 }] },
    ]);
  });

  it("by an endless answer is what its status says", async () => {
    const shop = await Shop.open(service);
    const endpoint = await endpointOf(shop);
    receiver.behave = (response) => {
      response.writeHead(200);
      const more = () => response.destroyed || response.write("x".repeat(16_384), more);
      more();
    };
    await shop.org.post("/v1/blocks", block);
    await until(async () => (await deliveries(shop, endpoint))[0]?.status === "delivered");
  });

  it("with 410 ends the endpoint", async () => {
    const shop = await Shop.open(service);
    const endpoint = await endpointOf(shop);
    receiver.behave = (response) => void response.writeHead(410).end();
    await shop.org.post("/v1/blocks", block);
    const listed = async () =>
      (await shop.org.get<{ items: { disabledReason: string | null }[] }>("/v1/webhook-endpoints")).body
        .items;
    await until(async () => (await listed())[0]?.disabledReason !== null);
    await shop.org.post("/v1/blocks", block);
    expect(await deliveries(shop, endpoint)).toHaveLength(1);
    expect(
      (await shop.org.post(`/v1/webhook-endpoints/${endpoint.id}/replay`, { since: ago(60) })).status,
    ).toBe(409);
  });

  it("for want of an answer holds up nobody else, and is broken off", async () => {
    const [hung, prompt] = [await Shop.open(service), await Shop.open(service)];
    const silent = await Receiver.open();
    try {
      silent.behave = () => {};
      const endpoints = await Promise.all(Array.from({ length: 3 }, () => endpointOf(hung, silent.url)));
      for (let n = 0; n < 8; n += 1) await hung.org.post("/v1/blocks", block);
      await until(() => silent.received.length >= 3);
      await endpointOf(prompt);
      const asked = performance.now();
      await prompt.org.post("/v1/blocks", block);
      await came(1);
      expect(performance.now() - asked).toBeLessThan(limits.webhookTimeoutMs / 2);
      const [endpoint] = endpoints;
      if (endpoint === undefined) throw new Error("There is no endpoint.");
      await until(async () =>
        (await deliveries(hung, endpoint)).some(({ log }) => log[0]?.error === "timeout"),
      );
      // It is left alone for a while, and a further event does not change that.
      const before = silent.received.length;
      await hung.org.post("/v1/blocks", block);
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      expect(silent.received.length - before).toBeLessThanOrEqual(limits.webhookLanes * 2);
    } finally {
      await silent.stop();
    }
  });
});

describe("an event", () => {
  it("is told once, however often its request is repeated, and never when nothing was done", async () => {
    const shop = await Shop.open(service);
    const endpoint = await endpointOf(shop);
    const key = { "idempotency-key": "block" };
    await Promise.all(Array.from({ length: 10 }, () => shop.org.post("/v1/blocks", block, key)));
    expect((await shop.org.post("/v1/blocks", { ...block, reason: "legal" }, key)).status).toBe(422);
    await came(1);
    expect(await deliveries(shop, endpoint)).toHaveLength(1);
  });

  it("of a time can be replayed, each under its own webhook-id", async () => {
    const shop = await Shop.open(service);
    const endpoint = await endpointOf(shop);
    for (let n = 0; n < 3; n += 1) await shop.org.post("/v1/blocks", block);
    await came(3);
    await until(async () => (await deliveries(shop, endpoint, "?status=delivered")).length === 3);
    const replay = (time: object) =>
      shop.org.post<{ replayed: number }>(`/v1/webhook-endpoints/${endpoint.id}/replay`, time);
    expect((await replay({ since: ago(60), until: ago(30) })).body).toEqual({ replayed: 0 });
    expect((await replay({ since: ago(60) })).body).toEqual({ replayed: 3 });
    await came(6);
    const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
    expect(ids.slice(3).toSorted()).toEqual(ids.slice(0, 3).toSorted());
    expect((await replay({ since: "yesterday" })).status).toBe(422);
    const nobody = `/v1/webhook-endpoints/${endpoint.id}/deliveries/evt_01kb0q8s5hf6xv3y1m2n4p5q6r/replay`;
    expect((await shop.org.post(nobody)).status).toBe(404);
  });

  it("waits for a process that was killed while it was told, and comes again under its id", async () => {
    const shop = await Shop.open(service);
    // The process below is the one that must take it up.
    await worker.stop();
    const first = await service.startProcess();
    try {
      const killed = new Promise<void>((resolve) => {
        receiver.behave = () => void first.kill().then(resolve);
      });
      const endpoint = await endpointOf(shop);
      await shop.org.post("/v1/blocks", block);
      await killed;
      expect(receiver.received).toHaveLength(1);
      expect(await deliveries(shop, endpoint)).toMatchObject([{ status: "pending", attempts: 1, log: [] }]);
      receiver.behave = (response) => void response.writeHead(204).end();
      worker = await startWorker(service.composed, composeOutgoingTasks(service.composed, testConfig));
      await letTimePass(endpoint);
      const [one, two] = await came(2);
      expect(two?.headers["webhook-id"]).toBe(one?.headers["webhook-id"]);
      await until(async () => (await deliveries(shop, endpoint))[0]?.status === "delivered");
    } finally {
      await first.kill();
    }
  });
});
