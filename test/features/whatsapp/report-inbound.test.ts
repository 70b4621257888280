import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { contentsOf } from "../../support/contents.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, messages, Shop } from "../../support/shop.ts";
import { Platform } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const person = { phone: "+12025550123" };
const reply = { purpose: "support", message: messages.freeForm };

function report(shop: Shop, change: object = {}, headers?: Record<string, string>) {
  return shop.org.post<{
    messageId: string;
    optOut: boolean;
    windowExpiresAt: string;
    errors?: { pointer: string }[];
  }>(
    "/v1/messages/inbound",
    { sender: shop.sender.id, from: person, messageId: "m-1", occurredAt: ago(0), ...change },
    headers,
  );
}

async function optOuts(shop: Shop) {
  return (await shop.org.get<{ items: object[] }>("/v1/opt-outs")).body.items;
}

describe("a message that a caller reports", () => {
  it("opens the window of its sender from its own time, named by id or phoneNumberId", async () => {
    const shop = await Shop.open(service);
    for (const [sender, seconds] of [
      [shop.sender.id, 7200],
      [shop.sender.phoneNumberId, 3600],
    ] as const) {
      const occurredAt = ago(seconds);
      const answer = await report(shop, { sender, occurredAt, messageId: `m-${seconds}` });
      const windowExpiresAt = new Date(Date.parse(occurredAt) + 24 * 3_600_000).toISOString();
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({ messageId: `m-${seconds}`, optOut: false, windowExpiresAt });
      expect((await shop.check(person, reply)).window).toEqual({
        open: true,
        openedAt: occurredAt,
        expiresAt: windowExpiresAt,
      });
    }
    const second = await shop.org.sender();
    expect(await shop.codes(person, { ...reply, sender: second.id })).toContain("window_closed");
  });

  it("that is a keyword opts out before it is answered, and its words are not kept", async () => {
    const shop = await Shop.open(service);
    await shop.proven(person);
    expect(await shop.codes(person)).toEqual([]);
    expect((await report(shop, { text: "  ОтпишиТЕ!  " })).body).toMatchObject({ optOut: true });
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    expect(await optOuts(shop)).toMatchObject([{ source: "keyword", scope: "all" }]);
  });

  it("is a no by the organization's own words too, once its policy in force has them, also by webhook", async () => {
    const shop = await Shop.open(service);
    const other = await Shop.open(service);
    for (const one of [shop, other]) await one.proven(person);
    expect((await report(shop, { text: "Feierabend!", messageId: "m-0" })).body.optOut).toBe(false);
    await shop.activatePolicy({ optOutKeywords: ["feierabend", "adiós"] });
    expect((await report(other, { text: "Feierabend!" })).body.optOut).toBe(false);
    expect((await report(shop, { text: "Ich will Feierabend" })).body.optOut).toBe(false);
    expect(await shop.codes(person)).toEqual([]);
    expect((await report(shop, { text: "FEIERABEND  !", messageId: "m-2" })).body.optOut).toBe(true);
    expect(await shop.codes(person)).toContain("recipient_opted_out");

    const second = { waId: "12025550124" };
    await shop.proven(second);
    const platform = new Platform(service.anonymous, shop.sender);
    await platform.deliver(platform.messages(platform.text(second.waId, "¡Adiós!")));
    expect(await shop.codes(second)).toContain("recipient_opted_out");
  });

  it("told again under its Idempotency-Key is answered as it was taken, whatever has become a no since", async () => {
    const shop = await Shop.open(service);
    await shop.proven(person);
    const [said, key] = [{ text: "Basta", occurredAt: ago(0) }, { "idempotency-key": "basta" }];
    expect((await report(shop, said, key)).body.optOut).toBe(false);
    await shop.activatePolicy({ optOutKeywords: ["basta"] });
    expect((await report(shop, said, key)).body.optOut).toBe(false);
    expect(await shop.codes(person)).toEqual([]);
    const later = { ...said, messageId: "m-later" };
    for (const words of [["basta"], []]) {
      await shop.activatePolicy({ optOutKeywords: words });
      expect((await report(shop, later, { "idempotency-key": "later" })).body.optOut).toBe(true);
      expect(await shop.codes(person)).toContain("recipient_opted_out");
    }
  });

  it("told again changes nothing and answers the same", async () => {
    const shop = await Shop.open(service);
    const occurredAt = ago(5);
    const first = await report(shop, { text: "STOP", occurredAt });
    const before = await contentsOf(service.database);
    const again = await report(shop, { text: "STOP", occurredAt });
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    expect(await contentsOf(service.database)).toEqual(before);
  });

  it("whose id another message had before is still a no when it says so", async () => {
    const shop = await Shop.open(service);
    await shop.proven(person);
    await report(shop, { text: "Hello" });
    expect(await shop.codes(person)).toEqual([]);
    expect((await report(shop, { text: "STOP" })).body).toMatchObject({ optOut: true });
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  it("whose id somebody else's message had before is a no of this person too", async () => {
    const shop = await Shop.open(service);
    const other = { phone: "+12025550124" };
    await shop.proven(other);
    const occurredAt = ago(0);
    await report(shop, { text: "STOP", occurredAt });
    expect((await report(shop, { from: other, text: "STOP", occurredAt })).body).toMatchObject({
      optOut: true,
    });
    expect(await shop.codes(other)).toContain("recipient_opted_out");
  });

  it("with an Idempotency-Key is answered the same twice, and another body under it is refused", async () => {
    const shop = await Shop.open(service);
    const key = { "idempotency-key": "inbound-1" };
    const body = { text: "STOP", occurredAt: ago(5) };
    const first = await report(shop, body, key);
    const again = await report(shop, body, key);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect((await report(shop, { ...body, text: "Hello" }, key)).status).toBe(422);
    expect(await optOuts(shop)).toHaveLength(1);
  });

  it("with names of two people is refused, but its STOP is in force for both, however often it comes", async () => {
    const shop = await Shop.open(service);
    const email = { email: "customer@example.com" };
    await shop.proven(person);
    await shop.proven(email);
    const both = { ...person, ...email };
    const key = { "idempotency-key": "inbound-2" };
    const body = { from: both, text: "STOP", occurredAt: ago(0) };
    expect((await report(shop, { from: both, text: "Hello" })).status).toBe(409);
    expect(await shop.codes(person)).toEqual([]);
    await Promise.all(Array.from({ length: 20 }, () => report(shop, body)));
    for (let time = 0; time < 3; time += 1) {
      const answer = await report(shop, body, key);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({ type: "urn:sayso:problem:conflict" });
    }
    for (const recipient of [person, email]) {
      expect(await shop.codes(recipient)).toContain("recipient_opted_out");
    }
    // One for each of them, and one more each when they say it anew.
    expect(await optOuts(shop)).toHaveLength(2);
    await report(shop, { ...body, occurredAt: ago(-1) });
    expect(await optOuts(shop)).toHaveLength(4);
    expect((await shop.check(person, reply)).window.open).toBe(false);
  });

  test.each<[string, object, string]>([
    ["an unknown sender", { sender: "snd_01kb0q8s5hf6xv3y1m2n4p5q6r" }, "/sender"],
    ["an unknown phoneNumberId", { sender: "999" }, "/sender"],
    ["a time in the future", { occurredAt: ago(-3600) }, "/occurredAt"],
    ["a number that cannot be", { from: { phone: "+1202" } }, "/from/phone"],
    ["nobody", { from: {} }, "/from"],
    ["a field that there is not", { channel: "whatsapp" }, "/channel"],
  ])("with %s is refused with a pointer, and leaves nothing behind", async (_what, change, pointer) => {
    const shop = await Shop.open(service);
    const before = await contentsOf(service.database);
    const answer = await report(shop, { text: "STOP", ...change });
    expect(answer.status).toBe(422);
    expect(answer.body.errors?.map((error) => error.pointer)).toEqual([pointer]);
    expect(await contentsOf(service.database)).toEqual(before);
  });

  it("up to five minutes ahead of our clock is taken", async () => {
    const shop = await Shop.open(service);
    expect((await report(shop, { occurredAt: ago(-290) })).status).toBe(201);
    expect((await shop.check(person, reply)).window.open).toBe(true);
  });

  it("of another organization's sender is refused", async () => {
    const [shop, stranger] = [await Shop.open(service), await Shop.open(service)];
    expect((await report(shop, { sender: stranger.sender.id })).status).toBe(422);
    expect((await report(shop, { sender: stranger.sender.phoneNumberId })).status).toBe(422);
  });
});
