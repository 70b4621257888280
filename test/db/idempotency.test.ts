import { afterAll, beforeAll, expect, test } from "vitest";
import { administer } from "../support/database.ts";
import { FormVisit } from "../support/form.ts";
import {
  type OrganizationClient,
  type ServiceProcess,
  startTestService,
  type TestService,
} from "../support/service.ts";

let service: TestService;
let other: ServiceProcess;

beforeAll(async () => {
  service = await startTestService();
  other = await service.startProcess();
});
afterAll(() => service.close());

const purpose = (key: string, name = "Back in stock") => ({
  key,
  name,
  description: "Word that something is back in stock.",
  category: "marketing",
  lawfulBasis: "consent",
});

const sender = (phoneNumberId: string) => ({
  name: "Shop",
  phoneNumberId,
  displayPhoneNumber: "+12025550100",
  wabaId: "102290129340398",
});

async function auditEntries(shop: OrganizationClient, action: string): Promise<number> {
  const ctx = await shop.context();
  const [row] = await administer(
    service.database.ownerUrl,
    (sql) => sql<{ count: number }[]>`
      select count(*)::int from audit_entry where organization_id = ${ctx.organizationId} and action = ${action}`,
  );
  return row?.count ?? 0;
}

test("fifty simultaneous requests with one key in two processes create once and all get the first answer", async () => {
  const shop = await service.organization();
  const there = shop.through(other);
  const phoneNumberId = `20000${service.nextNumber()}`;
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, call) =>
      (call % 2 === 0 ? shop : there).post("/v1/senders", sender(phoneNumberId), {
        "idempotency-key": "one",
      }),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect((await shop.get("/v1/senders")).body.items).toHaveLength(1);
  expect(await auditEntries(shop, "sender.registered")).toBe(1);
});

test("fifty simultaneous requests with one key and different bodies create once; the others are told that the key was reused", async () => {
  const shop = await service.organization();
  const there = shop.through(other);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, call) =>
      (call % 2 === 0 ? shop : there).post("/v1/senders", sender(`30000${service.nextNumber()}`), {
        "idempotency-key": "one",
      }),
    ),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  const refused = answers.filter(({ status }) => status !== 201);
  expect(new Set(refused.map(({ status, body }) => `${status} ${body.type}`))).toEqual(
    new Set(["422 urn:sayso:problem:idempotency_key_reused"]),
  );
  expect((await shop.get("/v1/senders")).body.items).toHaveLength(1);
});

test("the same key and body later give the first answer again, with another body or route they are refused", async () => {
  const shop = await service.organization();
  const key = { "idempotency-key": "stock" };
  const first = await shop.post("/v1/purposes", purpose("back_in_stock"), key);
  expect(first.status).toBe(201);
  const again = await shop.post("/v1/purposes", purpose("back_in_stock"), key);
  expect([again.status, again.text]).toEqual([201, first.text]);
  for (const refused of [
    await shop.post("/v1/purposes", purpose("back_in_stock", "Another name"), key),
    await shop.post("/v1/senders", sender("400001"), key),
  ]) {
    expect([refused.status, refused.body.type]).toEqual([422, "urn:sayso:problem:idempotency_key_reused"]);
  }
});

test("keys of another organization are other keys", async () => {
  const [first, second] = [await service.organization(), await service.organization()];
  const key = { "idempotency-key": "stock" };
  expect((await first.post("/v1/purposes", purpose("back_in_stock"), key)).status).toBe(201);
  const answer = await second.post("/v1/purposes", purpose("other_key"), key);
  expect([answer.status, answer.body.key]).toEqual([201, "other_key"]);
});

test("a refused request leaves its key free", async () => {
  const shop = await service.organization();
  const key = { "idempotency-key": "stock" };
  const refused = await shop.post(
    "/v1/purposes",
    { ...purpose("back_in_stock"), lawfulBasis: "contract" },
    key,
  );
  expect(refused.status).toBe(422);
  expect((await shop.post("/v1/purposes", purpose("back_in_stock"), key)).status).toBe(201);
});

test("the second of two creations without a key is a conflict, not a second creation", async () => {
  const shop = await service.organization();
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => shop.post("/v1/purposes", purpose("back_in_stock"))),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
});

test("a key longer than the limit is refused", async () => {
  const shop = await service.organization();
  const answer = await shop.post("/v1/purposes", purpose("x"), { "idempotency-key": "k".repeat(201) });
  expect([answer.status, answer.body.type]).toEqual([422, "urn:sayso:problem:invalid"]);
});

test("keys that Sayso makes itself are none that a caller can send", async () => {
  const visit = await FormVisit.open(service);
  expect((await visit.send({ phone: "+12025550143", boxes: [1] })).status).toBe(200);
  const rows = await visit.shop.sql(
    (sql, organization) => sql<{ key: string }[]>`
      select key from idempotency_record where organization_id = ${organization} and route not like 'POST %'`,
  );
  expect(rows.length).toBeGreaterThan(1);
  for (const { key } of rows) {
    const answer = await visit.shop.org.post("/v1/purposes", purpose("taken"), { "idempotency-key": key });
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining("control characters")]);
    const bare = await visit.shop.org.post("/v1/purposes", purpose(`p-${service.nextNumber()}`), {
      "idempotency-key": key.replace(/^\p{Cc}/u, ""),
    });
    expect(bare.status).toBe(201);
  }
});
