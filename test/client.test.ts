import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createGuard, type Guard, GuardError, SendFailed } from "../src/client.ts";
import { parseId } from "../src/kernel/ids.ts";
import { type ServiceProcess, startTestService, type TestService } from "./support/service.ts";
import { ago, messages, Shop } from "./support/shop.ts";

let service: TestService;
let running: ServiceProcess;
let shop: Shop;
const person = { waId: "12025550142" };

beforeAll(async () => {
  service = await startTestService();
  running = await service.startProcess();
});
afterAll(() => service.close());
beforeEach(async () => {
  shop = await Shop.open(service);
  await shop.proven(person, {}, { occurredAt: ago(240) });
});

const message = () => ({
  sender: shop.sender.id,
  recipient: person,
  purpose: "promotions",
  message: messages.sale,
});

const guardOf = (url: string, timeoutMs = 10_000): Guard =>
  createGuard({ url, apiKey: shop.org.key ?? "", timeoutMs });

/** Sends and counts how often. */
function sending(result: { messageId?: string } | Error = { messageId: "wamid.1" }) {
  const permits: string[] = [];
  const send = async (permit: { id: string }) => {
    permits.push(permit.id);
    if (result instanceof Error) throw result;
    return result;
  };
  return { permits, send };
}

const outcomes = () =>
  shop.sql(
    (sql, organizationId) => sql<{ outcome: string; messageId: string | null; decisionId: string }[]>`
      select outcome, message_id as "messageId", decision_id as "decisionId" from permit_outcome
      where organization_id = ${organizationId} order by at`,
  );

interface Way {
  readonly status?: number;
  readonly body?: string;
  /** Gives no answer at all. */
  readonly hangs?: boolean;
}

/** A way to the service on which something may go wrong: `meddle` answers instead of the service, or lets through. */
async function meddling(meddle: (path: string, count: number) => Way | undefined | Promise<Way | undefined>) {
  let count = 0;
  const server: Server = createServer(async (request, response) => {
    const path = request.url ?? "";
    count += 1;
    const way = await meddle(path, count);
    if (way?.hangs) return;
    if (way !== undefined) {
      response.writeHead(way.status ?? 200, { "content-type": "application/json" }).end(way.body ?? "");
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const answer = await fetch(`${running.url}${path}`, {
      method: request.method ?? "GET",
      headers: {
        authorization: request.headers.authorization ?? "",
        ...(body.length > 0 ? { "content-type": "application/json" } : {}),
      },
      ...(body.length > 0 ? { body } : {}),
    });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No address.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked: () => count,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const soon = (ms: number) => new Date(Date.now() + ms);

describe("a guard", () => {
  it("sends what is allowed, once, with a permit that is used up, and reports it", async () => {
    const { permits, send } = sending();
    const result = await guardOf(running.url).send(message(), send);
    expect(result).toMatchObject({ decision: "allow", sent: { messageId: "wamid.1" }, reported: true });
    expect(permits).toHaveLength(1);
    expect(await outcomes()).toMatchObject([
      { outcome: "sent", messageId: "wamid.1", decisionId: parseId("prm", permits[0] ?? "") },
    ]);
    const again = await shop.org.post<{ redeemed: boolean }>(`/v1/permits/${permits[0]}/redeem`);
    expect(again.body.redeemed).toBe(false);
  });

  it("does not send what is denied, and says why", async () => {
    await shop.optOut(person);
    const { permits, send } = sending();
    const result = await guardOf(running.url).send(message(), send);
    expect(result).toMatchObject({ decision: "deny" });
    expect(result.decision === "deny" && result.reasons.map(({ code }) => code)).toContain(
      "recipient_opted_out",
    );
    expect(permits).toEqual([]);
  });

  it("does not send when the person says no between the check and the redemption", async () => {
    const way = await meddling(async (path) => {
      if (path.endsWith("/redeem")) await shop.optOut(person);
      return undefined;
    });
    const { permits, send } = sending();
    const result = await guardOf(way.url).send(message(), send);
    expect(result.decision === "deny" && result.reasons.map(({ code }) => code)).toContain(
      "recipient_opted_out",
    );
    expect(permits).toEqual([]);
    way.close();
  });

  const check = (path: string) => path === "/v1/checks";
  const allow = JSON.stringify({ decision: "allow", decisionId: "dec_1", reasons: [] });
  it.each<[string, (path: string) => Way | undefined]>([
    ["nothing", () => ({ hangs: true })],
    ["503", () => ({ status: 503, body: "{}" })],
    ["429", () => ({ status: 429, body: "{}" })],
    ["a page", () => ({ body: "<html>Welcome</html>" })],
    ["another word", () => ({ body: JSON.stringify({ decision: "allowed", reasons: [] }) })],
    ["an allow without a permit", () => ({ body: allow })],
    ["a list", () => ({ body: "[]" })],
    ["an allow with a status of its own", () => ({ status: 203, body: allow })],
    ["nothing to the redemption", (path) => (check(path) ? undefined : { hangs: true })],
    ["503 to the redemption", (path) => (check(path) ? undefined : { status: 503, body: "{}" })],
    ["a word for true", (path) => (check(path) ? undefined : { body: '{"redeemed":"true"}' })],
  ])("is undecided and sends nothing when the answer is %s", async (_what, meddle) => {
    const way = await meddling(meddle);
    const { permits, send } = sending();
    const result = await guardOf(way.url, 1_000).send(message(), send);
    expect(result).toMatchObject({ decision: "undecided" });
    expect(permits).toEqual([]);
    way.close();
  });

  it("is undecided when nobody listens, and asks again until the message's deadline", async () => {
    const way = await meddling(() => ({ status: 503, body: "{}" }));
    const result = await guardOf(way.url).send({ ...message(), deadline: soon(1_000) }, sending().send);
    expect(result).toMatchObject({ decision: "undecided" });
    expect(way.asked()).toBeGreaterThan(1);
    way.close();
    expect(await guardOf(way.url).send(message(), sending().send)).toMatchObject({ decision: "undecided" });
  });

  it("sends once when the service comes back in time, and the message has one messageRef throughout", async () => {
    const way = await meddling((path, count) =>
      count <= 2 || (count === 4 && !check(path)) ? { status: 503, body: "{}" } : undefined,
    );
    const { permits, send } = sending();
    const result = await guardOf(way.url).send({ ...message(), deadline: soon(30_000) }, send);
    expect(result).toMatchObject({ decision: "allow" });
    expect(permits).toHaveLength(1);
    const refs = await shop.sql(
      (sql, organizationId) => sql<{ ref: string }[]>`
        select message_ref as ref from decision where organization_id = ${organizationId}`,
    );
    expect(refs.length).toBe(2);
    expect(new Set(refs.map(({ ref }) => ref)).size).toBe(1);
    way.close();
  });

  it("reports as unknown what failed in a way that nobody can tell, and throws it on", async () => {
    const { send } = sending(new Error("The connection broke."));
    await expect(guardOf(running.url).send(message(), send)).rejects.toThrow("The connection broke.");
    expect(await outcomes()).toMatchObject([{ outcome: "unknown" }]);
  });

  it("reports what the platform refused with its code, which then counts: 131050 stops marketing", async () => {
    const { send } = sending(new SendFailed("The person stopped marketing.", 131050));
    await expect(guardOf(running.url).send(message(), send)).rejects.toThrow(SendFailed);
    expect(await outcomes()).toMatchObject([{ outcome: "failed" }]);
    expect(await shop.codes(person)).toContain("platform_marketing_stopped");
  });

  it("throws when the question itself is wrong, for asking again would not help", async () => {
    const { permits, send } = sending();
    const wrong = createGuard({ url: running.url, apiKey: "nonsense" });
    await expect(wrong.send(message(), send)).rejects.toThrow(GuardError);
    await expect(guardOf(running.url).send({ ...message(), purpose: "" }, send)).rejects.toMatchObject({
      status: 422,
    });
    expect(permits).toEqual([]);
  });
});
