import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, messages, Shop } from "../../support/shop.ts";
import { Platform } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const person = { phone: "+12025550123" };
const waId = "12025550123";
const parcel = { purpose: "order_updates", message: messages.parcel };
const near = "Хватит писать!";

interface Reported {
  readonly optOut: boolean;
  readonly confirmation?: { language: string; text: string; cause: { kind: string; id: string } };
  readonly optOutSuspicionId?: string;
  readonly errors?: { pointer: string }[];
}

interface Suspicion {
  readonly id: string;
  readonly cause: string;
  readonly messageId: string;
  readonly decision: string | null;
}

function report(shop: Shop, change: object = {}, headers?: Record<string, string>) {
  return shop.org.post<Reported>(
    "/v1/messages/inbound",
    { sender: shop.sender.id, from: person, messageId: "m-1", occurredAt: ago(0), ...change },
    headers,
  );
}

async function suspicions(shop: Shop, query = ""): Promise<Suspicion[]> {
  return (await shop.org.get<{ items: Suspicion[] }>(`/v1/opt-out-suspicions${query}`)).body.items;
}

function decide(shop: Shop, id: string, body: object, headers?: Record<string, string>) {
  return shop.org.post<{ decision: string; optOutId: string | null; errors?: { pointer: string }[] }>(
    `/v1/opt-out-suspicions/${id}/decide`,
    body,
    headers,
  );
}

/** A shop whose person agreed to promotions. */
async function agreedShop(): Promise<Shop> {
  const shop = await Shop.open(service);
  await shop.proven(person);
  expect(await shop.codes(person)).toEqual([]);
  return shop;
}

describe("a message that may be a no", () => {
  it("pauses the person's marketing, whoever asks by whatever name, and nothing else", async () => {
    const shop = await agreedShop();
    const answer = await report(shop, { text: near });
    expect(answer.body).toMatchObject({ optOut: false, optOutSuspicionId: expect.stringMatching(/^sus_/) });
    expect(answer.body).not.toHaveProperty("confirmation");
    for (const recipient of [person, { waId }]) {
      const { reasons } = await shop.check(recipient);
      expect(reasons).toMatchObject([
        { code: "opt_out_suspected", rule: "opt_out", evidence: [answer.body.optOutSuspicionId] },
      ]);
    }
    expect(await shop.codes(person, parcel)).toEqual([]);
    expect(await shop.codes(person, { purpose: "support", message: messages.freeForm })).toEqual([]);
    expect(await suspicions(shop)).toMatchObject([{ cause: "near_match", messageId: "m-1", decision: null }]);
  });

  it("stops a permit that was given before it", async () => {
    const shop = await agreedShop();
    const { permit } = await shop.check(person);
    await report(shop, { text: near });
    const redeemed = await shop.org.post<{ redeemed: boolean; reasons: { code: string }[] }>(
      `/v1/permits/${permit?.id}/redeem`,
    );
    expect(redeemed.body).toMatchObject({ redeemed: false, reasons: [{ code: "opt_out_suspected" }] });
  });

  it("is told by the platform's webhook as well, by text or by button, before it is answered", async () => {
    const shop = await agreedShop();
    const platform = new Platform(service.anonymous, shop.sender);
    const body = platform.messages(
      platform.text(waId, "please stop"),
      platform.message(waId, { type: "button", button: { text: "Stop promotions", payload: "x" } }),
    );
    await platform.deliver(body);
    expect(await shop.codes(person)).toEqual(["opt_out_suspected"]);
    expect(await suspicions(shop)).toHaveLength(2);
    await platform.deliver(body);
    expect(await suspicions(shop)).toHaveLength(2);
  });

  it("is a voice note that follows marketing, and none without any or after a day", async () => {
    const shop = await agreedShop();
    const stranger = { phone: "+12025550177" };
    await shop.proven(stranger);
    await shop.check(stranger, { ...parcel });
    // Marketing was allowed to the person alone, a moment ago.
    const hour = 3600;
    const old = await report(shop, { kind: "audio", messageId: "v-0", occurredAt: ago(hour) });
    const later = await report(shop, { kind: "audio", messageId: "v-2", occurredAt: ago(-1) });
    const other = await report(shop, {
      from: stranger,
      kind: "audio",
      messageId: "v-3",
      occurredAt: ago(-1),
    });
    expect(old.body).not.toHaveProperty("optOutSuspicionId");
    expect(other.body).not.toHaveProperty("optOutSuspicionId");
    expect(later.body.optOutSuspicionId).toMatch(/^sus_/);
    expect(await shop.codes(person)).toEqual(["opt_out_suspected"]);
    expect(await shop.codes(stranger)).toEqual([]);
    expect(await suspicions(shop)).toMatchObject([{ cause: "voice_note", messageId: "v-2" }]);
  });

  it("as a voice note by webhook, too", async () => {
    const shop = await agreedShop();
    const platform = new Platform(service.anonymous, shop.sender);
    const timestamp = String(Math.floor(Date.now() / 1000) + 1);
    await platform.deliver(
      platform.messages(
        platform.message(waId, { type: "audio", audio: { id: "1", voice: true }, timestamp }),
      ),
    );
    expect(await shop.codes(person)).toEqual(["opt_out_suspected"]);
  });

  it("told again is the same one, under an Idempotency-Key or without", async () => {
    const shop = await agreedShop();
    const said = { text: near, occurredAt: ago(0) };
    const key = { "idempotency-key": "near" };
    const first = await report(shop, said, key);
    for (const headers of [key, undefined])
      expect((await report(shop, said, headers)).body).toEqual(first.body);
    expect(await suspicions(shop)).toHaveLength(1);
  });

  it("is not lost behind a message id that was used before, by the same person or another", async () => {
    const shop = await agreedShop();
    const other = { phone: "+12025550124" };
    await shop.proven(other);
    await report(shop, { text: "Hello" });
    expect(await shop.codes(person)).toEqual([]);
    await report(shop, { text: near });
    expect(await shop.codes(person)).toEqual(["opt_out_suspected"]);
    await report(shop, { from: other, text: near });
    expect(await shop.codes(other)).toEqual(["opt_out_suspected"]);
  });

  it("that names two people is refused, and pauses both until one decision", async () => {
    const shop = await agreedShop();
    const email = { email: "customer@example.com" };
    await shop.proven(email);
    for (let time = 0; time < 2; time += 1)
      expect((await report(shop, { from: { ...person, ...email }, text: near })).status).toBe(409);
    for (const one of [person, email]) expect(await shop.codes(one)).toEqual(["opt_out_suspected"]);
    const [suspicion, ...more] = await suspicions(shop);
    expect(more).toEqual([]);
    expect((await decide(shop, suspicion?.id ?? "", { decision: "confirm" })).status).toBe(200);
    for (const one of [person, email])
      expect(await shop.codes(one)).toEqual(["recipient_opted_out", "consent_withdrawn"]);
  });

  it("goes along with both when the number changes, and so does the no it turns out to be", async () => {
    const shop = await agreedShop();
    const platform = new Platform(service.anonymous, shop.sender);
    const moved = { phone: "+12025550198" };
    await platform.deliver(platform.messages(platform.text(waId, near)));
    await platform.deliver(
      platform.messages(
        platform.message(waId, {
          type: "system",
          system: { type: "user_changed_number", wa_id: "12025550198", body: "changed" },
        }),
      ),
    );
    await shop.proven(moved, {}, { occurredAt: ago(-2) });
    expect(await shop.codes(moved)).toContain("opt_out_suspected");
    expect(await shop.codes(person)).toContain("opt_out_suspected");
    const [suspicion] = await suspicions(shop);
    await decide(shop, suspicion?.id ?? "", { decision: "confirm" });
    for (const one of [moved, person]) expect(await shop.codes(one)).not.toContain("opt_out_suspected");
    const noes = await shop.sql(
      (sql, organizationId) => sql<{ hash: Buffer }[]>`
        select identifier_hash as hash from standing_no where organization_id = ${organizationId} and kind = 'opted_out'`,
    );
    expect(noes).toHaveLength(2);
  });
});

describe("what staff decide", () => {
  it("confirmed is an opt-out as of the message, so that a yes given since goes on", async () => {
    const shop = await agreedShop();
    const occurredAt = ago(0);
    const { body } = await report(shop, { text: near, occurredAt });
    const answer = await decide(shop, body.optOutSuspicionId ?? "", { decision: "confirm" });
    expect(answer.body).toMatchObject({ decision: "confirmed", optOutId: expect.stringMatching(/^opt_/) });
    expect(await shop.codes(person)).toEqual(["recipient_opted_out", "consent_withdrawn"]);
    const { items } = (await shop.org.get<{ items: object[] }>("/v1/opt-outs")).body;
    expect(items).toMatchObject([{ id: answer.body.optOutId, occurredAt, source: "staff", scope: "all" }]);

    const other = await Shop.open(service);
    await other.proven(person, {}, { occurredAt: ago(60) });
    const said = await report(other, { text: near, occurredAt: ago(30) });
    await other.proven(person);
    await decide(other, said.body.optOutSuspicionId ?? "", { decision: "confirm", reason: "They meant it." });
    expect(await other.codes(person)).toEqual([]);
    expect(await other.codes(person, parcel)).toEqual(["recipient_opted_out"]);
  });

  it("confirmed for one purpose leaves the others", async () => {
    const shop = await agreedShop();
    await shop.proven(person, { purpose: "support" });
    const { body } = await report(shop, { text: near });
    const id = body.optOutSuspicionId ?? "";
    const wrong = await decide(shop, id, { decision: "confirm", purpose: "nothing" });
    expect([wrong.status, wrong.body.errors?.[0]?.pointer]).toEqual([422, "/purpose"]);
    expect(await shop.codes(person)).toEqual(["opt_out_suspected"]);
    await decide(shop, id, { decision: "confirm", purpose: "promotions" });
    expect(await shop.codes(person)).toEqual(["recipient_opted_out", "consent_withdrawn"]);
    expect(await shop.codes(person, parcel)).toEqual([]);
  });

  it("dismissed needs a reason, is on record, and marketing goes on when nothing else waits", async () => {
    const shop = await agreedShop();
    const first = (await report(shop, { text: near })).body.optOutSuspicionId ?? "";
    const second = (await report(shop, { text: near, messageId: "m-2" })).body.optOutSuspicionId ?? "";
    expect((await decide(shop, first, { decision: "dismiss" })).status).toBe(422);
    await decide(shop, first, { decision: "dismiss", reason: "It was about the parcel." });
    expect(await shop.codes(person)).toEqual(["opt_out_suspected"]);
    expect(await suspicions(shop)).toMatchObject([{ id: second }]);
    await decide(shop, second, { decision: "dismiss", reason: "The same." });
    expect(await shop.codes(person)).toEqual([]);
    expect(await suspicions(shop)).toEqual([]);
    expect(await suspicions(shop, "?open=false")).toMatchObject([
      { id: first, decision: "dismissed", reason: "It was about the parcel." },
      { id: second, decision: "dismissed" },
    ]);
  });

  it("stands: the first of simultaneous decisions, and no later one", async () => {
    const shop = await agreedShop();
    const id = (await report(shop, { text: near })).body.optOutSuspicionId ?? "";
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        decide(shop, id, n % 2 === 0 ? { decision: "confirm" } : { decision: "dismiss", reason: "No." }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(11).fill(409)]);
    const isOptOut = answers.find(({ status }) => status === 200)?.body.decision === "confirmed";
    const { items } = (await shop.org.get<{ items: object[] }>("/v1/opt-outs")).body;
    expect(items).toHaveLength(isOptOut ? 1 : 0);
    const key = { "idempotency-key": "decision" };
    const other = (await report(shop, { text: near, messageId: "m-2" })).body.optOutSuspicionId ?? "";
    const once = await decide(shop, other, { decision: "confirm" }, key);
    expect(once.status).toBe(200);
    expect((await decide(shop, other, { decision: "confirm" }, key)).body).toEqual(once.body);
  });

  it("is for staff, about what is there, in the own organization", async () => {
    const [shop, stranger] = [await agreedShop(), await Shop.open(service)];
    const id = (await report(shop, { text: near })).body.optOutSuspicionId ?? "";
    const dismissal = { decision: "dismiss", reason: "No." };
    expect((await decide(stranger, id, dismissal)).status).toBe(404);
    expect((await decide(shop, "sus_nonsense", dismissal)).status).toBe(404);
    const limited = await shop.org.limitedTo("opt_outs", "messages");
    expect((await limited.post(`/v1/opt-out-suspicions/${id}/decide`, dismissal)).status).toBe(403);
    expect(await shop.codes(person)).toEqual(["opt_out_suspected"]);
  });
});

describe("a no by keyword is answered with words to confirm it", () => {
  test.each([
    ["СТОП!!!", {}, "ru", "Чай: готово"],
    ["退订", {}, "zh", "Чай：已为您退订"],
    ["Stop", { language: "ru" }, "ru", "Чай: готово"],
    ["Stop", { language: "en" }, "en", "Чай: done"],
    ["Baja", { language: "ru" }, "es", "Чай: hecho"],
  ])("%s for a business of %j in %s", async (text, organization, language, beginning) => {
    const shop = await agreedShop();
    await shop.org.patch("/v1/organization", { name: "Чай", ...organization });
    const { confirmation } = (await report(shop, { text })).body;
    expect(confirmation).toMatchObject({ language, cause: { kind: "opt_out_confirmation" } });
    expect(confirmation?.text.startsWith(beginning)).toBe(true);
  });

  it("and with the cause that lets one message say so, once", async () => {
    const shop = await agreedShop();
    const { confirmation } = (await report(shop, { text: "STOP" })).body;
    const question = { ...parcel, cause: confirmation?.cause };
    expect(await shop.codes(person, question)).toEqual([]);
    expect(await shop.codes(person, question)).toContain("recipient_opted_out");
  });
});
