import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type CampaignResult,
  createGuard,
  type Guard,
  GuardError,
  type GuardedMessage,
  SendFailed,
} from "../src/client.ts";
import { limits } from "../src/kernel/limits.ts";
import { type ServiceProcess, startTestService, type TestService } from "./support/service.ts";
import { ago, messages, Shop } from "./support/shop.ts";

let service: TestService;
let running: ServiceProcess;
let shop: Shop;
beforeAll(async () => {
  service = await startTestService();
  running = await service.startProcess();
});
afterAll(() => service.close());
beforeEach(async () => {
  shop = await Shop.open(service);
});

/** People who all said yes: one record with many external ids would be one person, so each has a record. */
async function everybody(number: number) {
  const people = Array.from({ length: number }, (_, index) => ({ externalId: `customer-${index}` }));
  for (const person of people) await shop.proven(person, {}, { occurredAt: ago(240) });
  return people;
}

interface Offer extends GuardedMessage {
  /** What the shop keeps with its message; Sayso is not told. */
  readonly text: string;
}

const offer = (recipient: object, index: number, more: Partial<Offer> = {}): Offer => ({
  sender: shop.sender.id,
  recipient,
  purpose: "promotions",
  message: messages.sale,
  messageRef: `offer-${index}`,
  text: `Offer ${index}`,
  ...more,
});

const guardOf = (url: string = running.url, timeoutMs = 10_000): Guard =>
  createGuard({ url, apiKey: shop.org.key ?? "", timeoutMs });

const soon = (ms: number) => new Date(Date.now() + ms);

async function all<Result>(results: AsyncIterable<Result>): Promise<Result[]> {
  const found: Result[] = [];
  for await (const result of results) found.push(result);
  return found;
}

/** Sends and remembers what, in order. */
function sending(more: (message: Offer) => unknown = () => {}) {
  const sent: string[] = [];
  const send = async (_permit: { id: string }, message: Offer) => {
    sent.push(message.text);
    await more(message);
    return { messageId: `wamid.${message.messageRef}` };
  };
  return { sent, send };
}

const decisionsOf = (results: readonly CampaignResult<Offer, unknown>[]) =>
  results.map(({ decision }) => decision);

/** Allows on record, how many of them were redeemed, and their references. */
const recorded = async () => {
  const [row] = await shop.sql(
    (sql, organizationId) => sql<{ asked: number; redeemed: number; sent: number; refs: number }[]>`
      select count(*)::int as asked, count(distinct d.message_ref)::int as refs,
        count(r.decision_id)::int as redeemed, count(o.decision_id) filter (where o.outcome = 'sent')::int as sent
      from decision d
      left join permit_redemption r on r.organization_id = d.organization_id and r.decision_id = d.id
      left join permit_outcome o on o.organization_id = d.organization_id and o.decision_id = d.id
      where d.organization_id = ${organizationId} and d.decision = 'allow'`,
  );
  return row ?? { asked: 0, redeemed: 0, sent: 0, refs: 0 };
};

/** A way to the service on which `meddle` may answer in its stead. */
async function meddling(
  meddle: (path: string, body: string, response: ServerResponse) => boolean | Promise<boolean>,
) {
  const server = createServer(async (request: IncomingMessage, response) => {
    const path = request.url ?? "";
    const body = await text(request);
    if (await meddle(path, body, response)) return;
    try {
      const { authorization = "", "content-type": type } = request.headers;
      const answer = await fetch(`${running.url}${path}`, {
        method: "POST",
        headers: { authorization, ...(type === undefined ? {} : { "content-type": type }) },
        ...(body === "" ? {} : { body }),
      });
      response.writeHead(answer.status).end(await answer.text());
    } catch {
      response.destroy();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No address.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("a campaign", () => {
  it("sends what is allowed, once each, with results in the order of its messages, and reports it", async () => {
    const people = await everybody(7);
    const offers = [...people, { externalId: "stranger" }, { phone: "1" }].map((who, index) =>
      offer(who, index),
    );
    // The first of a chunk takes the longest.
    const { sent, send } = sending(({ text: what }) =>
      what === "Offer 0" ? new Promise((resolve) => setTimeout(resolve, 300)) : undefined,
    );
    const results = await all(guardOf().sendAll(offers, send, { chunk: 4 }));
    expect(results.map(({ message }) => message)).toEqual(offers);
    expect(decisionsOf(results)).toEqual([...Array(7).fill("allow"), "deny", "deny"]);
    expect(results[0]).toMatchObject({ sent: { messageId: "wamid.offer-0" }, reported: true });
    expect(results[7]).toMatchObject({ reasons: [expect.objectContaining({ code: "consent_missing" })] });
    expect([...sent].sort()).toEqual(offers.slice(0, 7).map((each) => each.text));
    expect(await recorded()).toEqual({ asked: 7, refs: 7, redeemed: 7, sent: 7 });
  });

  it("never has more permits than a chunk, and asks for the next ones when those are used up", async () => {
    const people = await everybody(10);
    const outstanding: number[] = [];
    let asked = 0;
    const way = await meddling(async (path) => {
      if (path === "/v1/checks/batch") asked += 1;
      return false;
    });
    const { send } = sending(async () => {
      const { asked: permits, sent } = await recorded();
      outstanding.push(permits - sent);
    });
    const lazily = (async function* () {
      for (const [index, who] of people.entries()) yield offer(who, index);
    })();
    const results = guardOf(way.url).sendAll(lazily, send, { chunk: 3 });
    expect(await recorded()).toMatchObject({ asked: 0 });
    // Nobody takes results meanwhile: nothing further is asked for.
    await results.next();
    await expect.poll(async () => (await recorded()).sent).toBe(3);
    expect((await recorded()).asked).toBe(3);
    expect(decisionsOf(await all(results))).toEqual(Array(9).fill("allow"));
    expect([asked, Math.max(...outstanding)]).toEqual([4, 3]);
    way.close();
  });

  it("obeys a no that comes between the chunks, and one between a permit and its redemption", async () => {
    const people = await everybody(6);
    const way = await meddling(async (path, body) => {
      // In the first chunk when its permits are there, in the second before they are asked for.
      if (path.endsWith("/redeem") && !body) await noOf(1);
      return false;
    });
    const saidNo = new Set<number>();
    async function noOf(index: number) {
      if (saidNo.has(index)) return;
      saidNo.add(index);
      await shop.optOut(people[index] ?? {});
    }
    const offers = people.map((who, index) => offer(who, index));
    const { sent, send } = sending();
    const results: CampaignResult<Offer, unknown>[] = [];
    // One at a time, so that the no is acknowledged before the second of them is redeemed.
    for await (const result of guardOf(way.url).sendAll(offers, send, { chunk: 3, perSecond: 2 })) {
      results.push(result);
      if (results.length === 3) await noOf(4);
    }
    expect(decisionsOf(results)).toEqual(["allow", "deny", "allow", "allow", "deny", "allow"]);
    for (const denied of [results[1], results[4]])
      expect(denied).toMatchObject({ reasons: [{ code: "recipient_opted_out" }, expect.anything()] });
    expect(sent).toEqual(["Offer 0", "Offer 2", "Offer 3", "Offer 5"]);
    way.close();
  });

  it("goes on after the service was killed and started again in its midst, and sends nothing twice", async () => {
    const people = await everybody(12);
    const offers = people.map((who, index) => offer(who, index, { deadline: soon(90_000) }));
    let redeemed = 0;
    let restarted: Promise<void> | undefined;
    const way = await meddling(async (path) => {
      redeemed += path.endsWith("/redeem") ? 1 : 0;
      if (redeemed === 3 && restarted === undefined) {
        const killed = running.kill();
        restarted = killed.then(async () => {
          running = await service.startProcess();
        });
        await killed;
      }
      return false;
    });
    const { sent, send } = sending();
    const results = await all(guardOf(way.url, 3_000).sendAll(offers, send, { chunk: 4, perSecond: 20 }));
    await restarted;
    expect(decisionsOf(results)).toEqual(Array(12).fill("allow"));
    expect([...sent].sort()).toEqual(offers.map((each) => each.text).sort());
    // Asked again under the same reference.
    const { asked, refs } = await recorded();
    expect(asked).toBeGreaterThan(12);
    expect(refs).toBe(12);
    way.close();
  });

  it("is undecided and sends nothing when nobody can say, until each message's own deadline", async () => {
    const [person = {}] = await everybody(1);
    let asked = 0;
    const way = await meddling((_path, _body, response) => {
      asked += 1;
      response.writeHead(503).end("{}");
      return true;
    });
    const { sent, send } = sending();
    const offers = [offer(person, 0), offer(person, 1, { deadline: soon(1_000) }), offer(person, 2)];
    const results = await all(guardOf(way.url).sendAll(offers, send));
    expect(decisionsOf(results)).toEqual(["undecided", "undecided", "undecided"]);
    // The chunk once, and the one message again by itself.
    expect(asked).toBeGreaterThanOrEqual(2);
    expect(sent).toEqual([]);
    way.close();
  });

  const allow = { decision: "allow", decisionId: "dec_1", reasons: [], permit: { id: "prm_1" } };
  it.each<[string, string]>([
    ["too few lines", ""],
    ["a line that is no JSON", "<html>"],
    ["an allow of another message", JSON.stringify({ ...allow, messageRef: "offer-1" })],
    ["an allow without a permit", JSON.stringify({ ...allow, messageRef: "offer-0", permit: undefined })],
    ["another word", JSON.stringify({ ...allow, messageRef: "offer-0", decision: "allowed" })],
    ["a problem of the service", JSON.stringify({ line: 1, problem: { status: 503 } })],
  ])("is undecided and sends nothing when the answer is %s", async (_what, line) => {
    const way = await meddling((path, _body, response) => {
      response.writeHead(200).end(path.endsWith("/redeem") ? '{"redeemed":true}' : `${line}\n`);
      return true;
    });
    const { sent, send } = sending();
    const results = await all(guardOf(way.url).sendAll([offer({ phone: "+12025550142" }, 0)], send));
    expect([decisionsOf(results), sent]).toEqual([["undecided"], []]);
    way.close();
  });

  it("is undecided about a message that is no question, without harm to the others", async () => {
    const [person = {}] = await everybody(1);
    const offers = [offer({ phone: "" }, 0, { deadline: soon(60_000) }), offer(person, 1)];
    const results = await all(guardOf().sendAll(offers, sending().send));
    expect(decisionsOf(results)).toEqual(["undecided", "allow"]);
    expect(results[0]).toMatchObject({ cause: expect.any(GuardError) });
    const nobody = createGuard({ url: running.url, apiKey: "nonsense" });
    await expect(all(nobody.sendAll(offers, sending().send))).rejects.toThrow(GuardError);
    for (const wrong of [{ perSecond: 0 }, { perSecond: Number.NaN }, { chunk: 0 }])
      await expect(all(guardOf().sendAll(offers, sending().send, wrong))).rejects.toThrow(RangeError);
  });

  it("goes on when sending one message failed, and reports how", async () => {
    const people = await everybody(3);
    const offers = people.map((who, index) => offer(who, index));
    const { send } = sending(({ text: what }) => {
      if (what === "Offer 0") throw new SendFailed("Stopped.", 131050);
      if (what === "Offer 1") throw new Error("The connection broke.");
    });
    const results = await all(guardOf().sendAll(offers, send));
    expect(results).toMatchObject([
      { decision: "allow", error: expect.any(SendFailed), reported: true },
      {
        decision: "allow",
        error: expect.objectContaining({ message: "The connection broke." }),
        reported: true,
      },
      { decision: "allow", sent: { messageId: "wamid.offer-2" } },
    ]);
    expect(await shop.codes(people[0] ?? {})).toContain("platform_marketing_stopped");
  });

  it("asks again when a permit ran out before its turn", async () => {
    await shop.activatePolicy({ permitTtlSeconds: 1 });
    const people = await everybody(3);
    const offers = people.map((who, index) => offer(who, index));
    const { sent, send } = sending();
    const results = await all(guardOf().sendAll(offers, send, { perSecond: 0.6 }));
    expect(decisionsOf(results)).toEqual(["allow", "allow", "allow"]);
    expect(sent).toEqual(["Offer 0", "Offer 1", "Offer 2"]);
    const { asked, refs } = await recorded();
    expect(asked).toBeGreaterThan(3);
    expect(refs).toBe(3);
  });

  it("goes no faster than it is told, and does not send what is past its deadline by then", async () => {
    const people = await everybody(5);
    const offers = people.map((who, index) => offer(who, index, index === 4 ? { deadline: soon(600) } : {}));
    const times: number[] = [];
    const { send } = sending(() => void times.push(performance.now()));
    const started = performance.now();
    const results = await all(guardOf().sendAll(offers, send, { perSecond: 4 }));
    expect(decisionsOf(results)).toEqual(["allow", "allow", "allow", "allow", "undecided"]);
    expect(times[3] ?? 0).toBeGreaterThan(started + 700);
  });

  it("stops when it is told to: what is under way gets its outcome, and nothing further goes out", async () => {
    const people = await everybody(8);
    let taken = 0;
    let isClosed = false;
    async function* waiting() {
      try {
        for (const [index, who] of people.entries()) {
          taken += 1;
          yield offer(who, index);
        }
      } finally {
        isClosed = true;
      }
    }
    const stop = new AbortController();
    const { sent, send } = sending(async ({ text: what }) => {
      if (what !== "Offer 1") return;
      stop.abort(new Error("The shop is closed."));
      await new Promise((resolve) => setTimeout(resolve, 200));
    });
    const options = { chunk: 4, perSecond: 2, signal: stop.signal };
    const results = await all(guardOf().sendAll(waiting(), send, options));
    expect(decisionsOf(results)).toEqual(["allow", "allow", "undecided", "undecided"]);
    expect(results[1]).toMatchObject({ sent: expect.anything(), reported: true });
    expect(results[3]).toMatchObject({ cause: expect.objectContaining({ message: "The shop is closed." }) });
    expect([sent, taken, isClosed]).toEqual([["Offer 0", "Offer 1"], 4, true]);
    expect(await recorded()).toMatchObject({ asked: 4, redeemed: 2, sent: 2 });
    // Before it begins as well.
    expect(await all(guardOf().sendAll(waiting(), send, options))).toEqual([]);
  });

  it("stops while it waits for a message that does not come, and when nobody takes results any more", async () => {
    const people = await everybody(4);
    const never = new Promise<Offer>(() => {});
    async function* source() {
      yield offer(people[0] ?? {}, 0);
      yield await never;
    }
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 200);
    const results = await all(guardOf().sendAll(source(), sending().send, { signal: stop.signal }));
    expect(decisionsOf(results)).toEqual(["undecided"]);
    expect(await recorded()).toMatchObject({ asked: 0 });

    const { sent, send } = sending();
    const offers = people.map((who, index) => offer(who, index));
    for await (const { decision } of guardOf().sendAll(offers, send, { perSecond: 2 })) {
      expect(decision).toBe("allow");
      break;
    }
    expect(sent).toEqual(["Offer 0"]);
    expect(await recorded()).toMatchObject({ redeemed: 1, sent: 1 });
  });
});

it("redeems nothing more for a campaign that was stopped while a message was asked for again", async () => {
  const stop = new AbortController();
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    if (request.url === "/v1/checks/batch") response.writeHead(503).end();
    else {
      stop.abort(new Error("The shop is closed."));
      const allow = {
        decision: "allow",
        decisionId: "dec_1",
        permit: { id: "prm_1" },
        reasons: [],
        redeemed: true,
      };
      setTimeout(() => response.end(JSON.stringify(allow)), 50);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    const guard = createGuard({ url: `http://127.0.0.1:${port}`, apiKey: "any" });
    const deadline = new Date(Date.now() + 60_000);
    const { sent, send } = sending();
    const results = await all(
      guard.sendAll([{ ...offer({ phone: "+12025550123" }, 0), deadline }], send, { signal: stop.signal }),
    );
    expect([decisionsOf(results), sent, asked]).toEqual([
      ["undecided"],
      [],
      ["/v1/checks/batch", "/v1/checks"],
    ]);
  } finally {
    server.close();
  }
});

describe("a campaign's preview", () => {
  it("counts whom it would reach and why not the rest, however many, and records nothing", async () => {
    const [person = {}] = await everybody(1);
    const many = limits.batchRecipients + 700;
    async function* offers() {
      for (let index = 0; index < many; index += 1)
        yield offer(index % 2 === 0 ? person : { externalId: "stranger" }, index);
      yield offer({ phone: "" }, many);
    }
    const counted = await guardOf().preview(offers());
    expect(counted).toMatchObject({
      recipients: many + 1,
      allowed: many / 2,
      denied: many / 2,
      unreadable: 1,
      templateOnly: many / 2,
      byWorstReason: { consent_missing: many / 2 },
      byReason: { consent_missing: many / 2 },
      problems: [{ line: many + 1, problem: { status: 422 } }],
    });
    expect(await recorded()).toMatchObject({ asked: 0 });
    expect(await guardOf().preview([])).toMatchObject({ recipients: 0, byReason: {}, problems: [] });
  });

  it("gives no counts of a part: throws when it is not answered, refused or stopped", async () => {
    let asked = 0;
    const way = await meddling((_path, _body, response) => {
      asked += 1;
      if (asked === 1) return false;
      response.writeHead(503).end("{}");
      return true;
    });
    const offers = Array.from({ length: 1_500 }, (_, index) => offer({ phone: "+12025550142" }, index));
    await expect(guardOf(way.url).preview(offers)).rejects.toThrow("Sayso answered 503");
    way.close();
    const nobody = createGuard({ url: running.url, apiKey: "nonsense" });
    await expect(nobody.preview(offers)).rejects.toThrow(GuardError);
    await expect(guardOf().preview(offers, { signal: AbortSignal.abort() })).rejects.toThrow();
  });
});
