import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { askEveryRoute, type Sample, someMail } from "../support/every-route.ts";
import {
  type OrganizationClient,
  startTestService,
  type TestService,
  testConfig,
} from "../support/service.ts";
import { openUnreliableDatabase, type UnreliableDatabase } from "../support/unreliable-database.ts";

let real: TestDatabase;
let way: UnreliableDatabase;
let service: TestService;
let shop: OrganizationClient;
let samples: readonly Sample[];

beforeAll(async () => {
  real = await createTestDatabase();
  way = await openUnreliableDatabase(real.applicationUrl);
  service = await startTestService({
    database: { ...real, applicationUrl: way.url },
    config: { mail: someMail },
  });
  shop = await service.organization();
  samples = await askEveryRoute(shop, { archive: false });
}, 60_000);
beforeEach(() => way.find().catch(() => {}));
afterAll(async () => {
  await service.close();
  await way.close();
  await real.drop();
});

test("while the database is lost every route answers 503 and says so, and no check allows", async () => {
  await way.lose();
  for (const { route, method, path, body } of samples) {
    const answer = await shop.send(method, path, { body });
    expect([route, answer.status, answer.body.type, answer.headers.get("retry-after")]).toEqual([
      route,
      503,
      expect.stringMatching(/^urn:sayso:problem:(unavailable|outcome_unknown)$/),
      "1",
    ]);
    expect(answer.text).not.toMatch(/ECONN|127\.0\.0\.1|postgres|"decision"/i);
  }
  expect((await service.anonymous.get("/healthz")).status).toBe(200);
  expect((await service.anonymous.get("/readyz")).status).toBe(503);
});

test("a person's opt-out page says that nothing was done", async () => {
  const link = samples.find(({ route }) => route === "POST /v1/opt-out-links")?.answer.body.url;
  const { pathname } = new URL(String(link));
  const form = { "content-type": "application/x-www-form-urlencoded" };
  expect((await service.anonymous.get(pathname)).status).toBe(200);
  await way.lose();
  for (const answer of [
    await service.anonymous.get(pathname),
    await service.anonymous.post(pathname, "scope=all", form),
    await service.anonymous.post(pathname, "List-Unsubscribe=One-Click", form),
  ]) {
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      503,
      expect.stringMatching(/^text\/html/),
    ]);
  }
});

test("a webhook is not acknowledged, so that the platform sends it again", async () => {
  const body = JSON.stringify({ object: "whatsapp_business_account", entry: [{ id: "1", changes: [] }] });
  const signature = createHmac("sha256", testConfig.whatsappAppSecrets[0] ?? "")
    .update(body)
    .digest("hex");
  const signed = { "x-hub-signature-256": `sha256=${signature}` };
  expect((await service.anonymous.post("/webhooks/whatsapp", body, signed)).status).toBe(200);
  await way.lose();
  expect((await service.anonymous.post("/webhooks/whatsapp", body, signed)).status).toBe(503);
});

test("once the database is back the service answers by itself, without a restart", async () => {
  await way.lose();
  expect((await shop.get("/v1/senders")).status).toBe(503);
  await way.find();
  const answers = await Promise.all(Array.from({ length: 30 }, () => shop.get("/v1/senders")));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect((await service.anonymous.get("/readyz")).status).toBe(200);
});

test("a connection that is cut in the middle of a write leaves its outcome unknown, and the same key settles it", async () => {
  const purpose = {
    key: "back_in_stock_2",
    name: "Back in stock",
    description: "Word that something is back in stock.",
    category: "marketing",
    lawfulBasis: "consent",
  };
  const key = { "idempotency-key": "cut" };
  for (let round = 0; round < 5; round += 1) {
    const write = shop.post(
      "/v1/purposes",
      { ...purpose, key: `stock_${round}` },
      { "idempotency-key": `cut-${round}` },
    );
    await new Promise((resolve) => setImmediate(resolve));
    await way.lose();
    const answer = await write;
    expect([201, 503]).toContain(answer.status);
    await way.find();
    const again = await shop.post(
      "/v1/purposes",
      { ...purpose, key: `stock_${round}` },
      { "idempotency-key": `cut-${round}` },
    );
    expect([again.status, again.body.key]).toEqual([201, `stock_${round}`]);
    if (answer.status === 201) expect(again.text).toBe(answer.text);
  }
  expect((await shop.post("/v1/purposes", purpose, key)).status).toBe(201);
});

test("connections lost under load leave no request without an answer", async () => {
  const answers: Promise<number>[] = [];
  for (let round = 0; round < 10; round += 1) {
    for (let call = 0; call < 20; call += 1)
      answers.push(shop.get("/v1/purposes").then(({ status }) => status));
    await new Promise((resolve) => setImmediate(resolve));
    if (round % 3 === 1) {
      await way.lose();
      await way.find();
    }
  }
  const statuses = await Promise.all(answers);
  expect(new Set(statuses.filter((status) => status !== 200 && status !== 503))).toEqual(new Set());
  expect((await shop.get("/v1/purposes")).status).toBe(200);
});
