import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { type Answer, startTestService, type TestService } from "../../support/service.ts";
import { type Checked, messages, Shop } from "../../support/shop.ts";
import { openUnreliableDatabase, type UnreliableDatabase } from "../../support/unreliable-database.ts";

let database: TestDatabase;
let way: UnreliableDatabase;
let service: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  way = await openUnreliableDatabase(database.applicationUrl);
  service = await startTestService({ database, config: { databaseUrl: way.url } });
});
afterAll(async () => {
  await service.close();
  await way.close();
  await database.drop();
});

const person = { phone: "+12025550142" };

function ask(shop: Shop): Promise<Answer<Checked & { requestId: string }>> {
  return shop.org.post("/v1/checks", {
    sender: shop.sender.id,
    recipient: person,
    purpose: "promotions",
    message: messages.sale,
  });
}

function expectUnavailable(answer: Answer<object>) {
  expect(answer.status, answer.text).toBe(503);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.headers.get("retry-after")).toBe("1");
  expect(answer.body).toMatchObject({
    type: expect.stringMatching(/^urn:sayso:problem:(unavailable|outcome_unknown)$/),
    requestId: expect.stringMatching(/.{36}/),
  });
  expect(answer.text).not.toMatch(/allow|ECONN|postgres|127\.0\.0\.1|CONNECTION/i);
}

/** Asks until the answer is a 200; how often it was not is of no matter. */
async function untilAnswered(shop: Shop): Promise<Answer<Checked>> {
  for (;;) {
    const answer = await ask(shop);
    if (answer.status === 200) return answer;
    expectUnavailable(answer);
  }
}

it("a lost database answers 503 to every check and never allow, and checks come back by themselves", async () => {
  const shop = await Shop.open(service);
  await shop.proven(person);
  expect((await ask(shop)).body.decision).toBe("allow");

  await way.lose();
  for (const answer of await Promise.all(Array.from({ length: 30 }, () => ask(shop))))
    expectUnavailable(answer);
  const batch = await shop.org.post("/v1/checks/batch", {
    defaults: { sender: shop.sender.id, purpose: "promotions", message: messages.sale },
    recipients: [person, { phone: "12" }, null],
  });
  expectUnavailable(batch);
  const dry = await shop.org.post("/v1/checks", {
    sender: shop.sender.id,
    recipient: person,
    purpose: "promotions",
    message: messages.sale,
    dryRun: true,
  });
  expectUnavailable(dry);

  await way.find();
  expect((await untilAnswered(shop)).body.decision).toBe("allow");
});

it("a batch of lines goes on while the database is lost, each line with its own 503, and after it with answers", async () => {
  const shop = await Shop.open(service);
  await shop.proven(person);
  const lines = new TransformStream<Uint8Array, Uint8Array>();
  const writer = lines.writable.getWriter();
  const headers = {
    "content-type": "application/x-ndjson",
    authorization: `Bearer ${shop.org.key}`,
  };
  const response = await service.app.request("/v1/checks/batch", {
    method: "POST",
    headers,
    body: lines.readable,
    duplex: "half",
  });
  let received = "";
  const reading = (async () => {
    const text = new TextDecoder();
    for await (const piece of response.body ?? []) received += text.decode(piece, { stream: true });
  })();
  const answers = () =>
    received
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Partial<Checked> & { messageRef: string; problem?: unknown });
  let sent = 0;
  const send = async (count: number) => {
    const line = (messageRef: string) =>
      `${JSON.stringify({ sender: shop.sender.id, recipient: person, purpose: "promotions", message: messages.sale, messageRef })}\n`;
    const text = Array.from({ length: count }, (_, index) => line(`m${sent + index}`)).join("");
    sent += count;
    await writer.write(new TextEncoder().encode(text));
    await expect.poll(() => answers().length, { timeout: 20_000 }).toBe(sent);
    return answers().slice(-count);
  };

  expect((await send(3)).map(({ decision }) => decision)).toEqual(["allow", "allow", "allow"]);
  await way.lose();
  for (const answer of await send(300)) {
    expect(answer).toMatchObject({
      line: expect.any(Number),
      problem: {
        type: expect.stringMatching(/^urn:sayso:problem:(unavailable|outcome_unknown)$/),
        status: 503,
        requestId: response.headers.get("x-request-id"),
      },
    });
    expect(answer).not.toHaveProperty("decision");
  }
  const warnings = service.log.filter((line) => line.includes('"msg":"failed"')).length;
  await send(300);
  expect(service.log.filter((line) => line.includes('"msg":"failed"')).length).toBeLessThanOrEqual(
    warnings + 1,
  );
  await way.find();
  let last = await send(1);
  while (last[0]?.problem !== undefined) last = await send(1);
  expect(last[0]?.decision).toBe("allow");
  await writer.close();
  await reading;
  expect(answers().map(({ messageRef }) => messageRef)).toEqual(
    Array.from({ length: sent }, (_, index) => `m${index}`),
  );
});

it("a preview in whose midst the database is lost answers 503 and no counts", async () => {
  const shop = await Shop.open(service);
  const line = JSON.stringify({
    sender: shop.sender.id,
    recipient: person,
    purpose: "promotions",
    message: messages.sale,
  });
  const body = new ReadableStream<Uint8Array>(
    {
      // Asked for when the caller is known.
      async pull(controller) {
        await way.lose();
        controller.enqueue(new TextEncoder().encode(line));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const response = await service.app.request("/v1/checks/preview", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", authorization: `Bearer ${shop.org.key}` },
    body,
    duplex: "half",
  });
  await way.find();
  expect([response.status, await response.json()]).toEqual([
    503,
    expect.not.objectContaining({ recipients: expect.anything() }),
  ]);
});

it("an allow that was answered while the database came and went is on record", async () => {
  const shop = await Shop.open(service);
  await shop.proven(person);
  const allowed: string[] = [];
  let refused = 0;
  for (let round = 0; round < 6; round += 1) {
    let first: () => void = () => {};
    const answered = new Promise<void>((resolve) => {
      first = resolve;
    });
    const askers = Array.from({ length: 20 }, async () => {
      for (let time = 0; time < 4; time += 1) {
        const answer = await ask(shop);
        if (answer.status === 200) allowed.push(answer.body.decisionId);
        else {
          refused += 1;
          expectUnavailable(answer);
        }
        first();
      }
    });
    // In the midst of them.
    await answered;
    await way.lose();
    await Promise.all(askers);
    await way.find();
    await untilAnswered(shop);
  }
  expect(allowed.length).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
  for (const id of allowed) {
    const kept = await shop.org.get<Checked>(`/v1/decisions/${id}`);
    expect(kept.body.decision).toBe("allow");
  }
});
