import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { askEveryRoute, type Sample } from "../support/every-route.ts";
import { type OrganizationClient, startTestService, type TestService } from "../support/service.ts";
import { openUnreliableDatabase, type UnreliableDatabase } from "../support/unreliable-database.ts";

let real: TestDatabase;
let way: UnreliableDatabase;
let service: TestService;
let shop: OrganizationClient;
let samples: readonly Sample[];

beforeAll(async () => {
  real = await createTestDatabase();
  way = await openUnreliableDatabase(real.applicationUrl);
  service = await startTestService({ database: { ...real, applicationUrl: way.url } });
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

test("pages for people say so too, and a webhook is not acknowledged", async () => {
  await way.lose();
  for (const path of ["/o/a-token-that-may-be-real", "/a/a-token-that-may-be-real"]) {
    expect([path, [404, 503].includes((await service.anonymous.get(path)).status)]).toEqual([path, true]);
  }
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
