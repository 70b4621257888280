import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { contentsOf } from "../../support/contents.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, messages, Shop } from "../../support/shop.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const person = { phone: "+12025550123" };
const parcel = { purpose: "order_updates", message: messages.parcel };

interface Recorded {
  id: string;
  inForce: boolean;
  supersededBy?: string;
  recordedAt: string;
  errors?: { pointer: string }[];
}

function send(shop: Shop, change: object = {}, headers?: Record<string, string>) {
  return shop.org.post<Recorded>(
    "/v1/opt-outs",
    { subject: person, scope: "all", source: "api", occurredAt: ago(0), ...change },
    headers,
  );
}

async function listed(shop: Shop) {
  const list = await shop.org.get<{ items: { subjectId: string; scope: string; purpose: string | null }[] }>(
    "/v1/opt-outs",
  );
  return list.body.items;
}

/** A person with a yes of their own to promotions and one to order updates. */
async function openWithConsent() {
  const shop = await Shop.open(service);
  for (const purpose of ["promotions", "order_updates"]) {
    await shop.proven(person, { purpose }, { occurredAt: ago(120) });
  }
  expect([await shop.codes(person), await shop.codes(person, parcel)]).toEqual([[], []]);
  return shop;
}

describe("an opt-out", () => {
  it("from everything ends everything, from one purpose only that one, whoever reports it", async () => {
    for (const source of ["staff", "api", "link", "keyword", "platform", "import"]) {
      const shop = await openWithConsent();
      const one = await send(shop, { scope: "purpose", purpose: "promotions", source });
      expect(one.status, one.text).toBe(201);
      expect(one.body).toMatchObject({ id: expect.stringMatching(/^opt_/), inForce: true });
      expect(await shop.codes(person)).toEqual(["recipient_opted_out", "consent_withdrawn"]);
      expect(await shop.codes(person, parcel)).toEqual([]);
      expect((await send(shop, { source })).body).toMatchObject({ inForce: true });
      expect(await shop.codes(person, parcel)).toContain("recipient_opted_out");
    }
  });

  it("on one channel ends what goes out on that channel, and without one on all", async () => {
    const shop = await openWithConsent();
    await send(shop, { channel: "sms" });
    expect(await shop.codes(person)).toEqual([]);
    await send(shop, { channel: "whatsapp" });
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  test.each<[string, object, string]>([
    ["the scope of a purpose without one", { scope: "purpose" }, "/purpose"],
    ["a purpose that there is not", { scope: "purpose", purpose: "newsletter" }, "/purpose"],
    ["the scope all with a purpose", { purpose: "promotions" }, "/purpose"],
    ["a scope that there is not", { scope: "some" }, "/scope"],
    ["a source that there is not", { source: "rumour" }, "/source"],
    ["a channel that there is not", { channel: "telex" }, "/channel"],
    ["a time in the future", { occurredAt: ago(-3600) }, "/occurredAt"],
    ["a time that is none", { occurredAt: "yesterday" }, "/occurredAt"],
    ["nobody", { subject: {} }, "/subject"],
    ["a number that cannot be", { subject: { phone: "+1202" } }, "/subject/phone"],
    [
      "an id and a number",
      { subject: { ...person, subjectId: "sub_01kb0q8s5hf6xv3y1m2n4p5q6r" } },
      "/subject",
    ],
  ])("with %s is refused with a pointer, and leaves nothing behind", async (_what, change, pointer) => {
    const shop = await Shop.open(service);
    const before = await contentsOf(service.database);
    const answer = await send(shop, change);
    expect(answer.status).toBe(422);
    expect(answer.body.errors?.map((error) => error.pointer)).toEqual([pointer]);
    expect(await contentsOf(service.database)).toEqual(before);
  });

  it("of an id that nobody has is not found", async () => {
    const shop = await Shop.open(service);
    expect((await send(shop, { subject: { subjectId: "sub_01kb0q8s5hf6xv3y1m2n4p5q6r" } })).status).toBe(404);
  });

  it("that names two people applies to both, and to a name that nobody has yet", async () => {
    const shop = await Shop.open(service);
    const email = { email: "customer@example.com" };
    const unknown = { externalId: "c-77" };
    await shop.proven(person);
    await shop.proven(email);
    const answer = await send(shop, { subject: { ...person, ...email, ...unknown } });
    expect(answer.status, answer.text).toBe(201);
    const subjects = (await listed(shop)).map(({ subjectId }) => subjectId);
    expect(new Set(subjects).size).toBe(2);
    for (const recipient of [person, email, unknown]) {
      expect(await shop.codes(recipient)).toContain("recipient_opted_out");
    }
    // They are two people still.
    expect(await shop.codes({ ...person, ...email })).toContain("recipient_ambiguous");
  });

  it("by a number and a user id that nobody linked holds for both names", async () => {
    const shop = await Shop.open(service);
    const bsuid = { bsuid: "US.1349000000009" };
    await send(shop, { subject: { ...person, ...bsuid } });
    for (const recipient of [person, bsuid]) {
      expect((await shop.reported(recipient)).state).toBe("requested");
      expect(await shop.codes(recipient)).toContain("recipient_opted_out");
    }
  });

  it("of somebody unknown makes them known, so that it is there when they come", async () => {
    const shop = await Shop.open(service);
    await send(shop);
    expect((await shop.org.post("/v1/subjects/lookup", { subject: person })).status).toBe(200);
    expect((await shop.reported({ waId: "12025550123" })).state).toBe("requested");
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  it("that happened before a later yes of the person's own is not in force, and says which yes it was", async () => {
    const shop = await Shop.open(service);
    const yes = await shop.proven(person, {}, { occurredAt: ago(60) });
    const no = { scope: "purpose", purpose: "promotions", channel: "whatsapp", occurredAt: ago(90) };
    expect((await send(shop, no)).body).toMatchObject({ inForce: false, supersededBy: yes.id });
    expect(await shop.codes(person)).toEqual([]);
    // One from everything is: the yes revived its own purpose only.
    expect((await send(shop, { occurredAt: ago(90) })).body).toMatchObject({ inForce: true });
    expect(await shop.codes(person)).toEqual([]);
    expect(await shop.codes(person, parcel)).toContain("recipient_opted_out");
  });

  it("in the same second as the yes is in force", async () => {
    const shop = await Shop.open(service);
    const second = Math.floor(Date.now() / 1000 - 60) * 1000;
    await shop.proven(person, {}, { occurredAt: new Date(second + 900).toISOString() });
    const no = {
      scope: "purpose",
      purpose: "promotions",
      channel: "whatsapp",
      occurredAt: new Date(second + 100).toISOString(),
    };
    expect((await send(shop, no)).body).toMatchObject({ inForce: true });
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    await shop.proven(person, {}, { occurredAt: new Date(second + 1000).toISOString() });
    expect((await send(shop, no)).body).toMatchObject({ inForce: false });
    expect(await shop.codes(person)).toEqual([]);
  });

  it("is in force against a yes that a caller merely reports, one that has expired, and one that another no ended", async () => {
    const earlier = { scope: "purpose", purpose: "promotions", channel: "whatsapp", occurredAt: ago(90) };
    const reported = await Shop.open(service);
    await reported.reported(person, {}, { occurredAt: ago(60) });
    expect((await send(reported, earlier)).body).toMatchObject({ inForce: true });
    expect(await reported.codes(person)).toContain("recipient_opted_out");

    const ended = await Shop.open(service);
    await ended.proven(person, {}, { occurredAt: ago(60) });
    await send(ended, { occurredAt: ago(30) });
    expect((await send(ended, earlier)).body).toMatchObject({ inForce: true });

    const expired = await Shop.open(service);
    await expired.purpose("news", { validityDays: 1 });
    await expired.proven(person, { purpose: "news" }, { version: 2, occurredAt: ago(60) });
    const news = { scope: "purpose", purpose: "news", channel: "whatsapp", occurredAt: ago(90) };
    expect((await send(expired, news)).body).toMatchObject({ inForce: false });
    await expired.sql(
      (sql, organization) => sql`
        update consent_state set proven_expires_at = now() - interval '1 minute' where organization_id = ${organization}`,
    );
    expect((await send(expired, news)).body).toMatchObject({ inForce: true });
  });

  it("told out of order never shortens a newer one", async () => {
    const shop = await Shop.open(service);
    await send(shop, { occurredAt: ago(30) });
    await send(shop, { occurredAt: ago(200) });
    await shop.proven(person, {}, { occurredAt: ago(100) });
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  it("with an Idempotency-Key happens once, all at the same time too", async () => {
    const shop = await Shop.open(service);
    const change = { occurredAt: ago(1) };
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => send(shop, change, { "idempotency-key": "o-1" })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await listed(shop)).toHaveLength(1);
    expect((await send(shop, { ...change, source: "staff" }, { "idempotency-key": "o-1" })).status).toBe(422);
  });

  it("holds for the whole person after a merge, whichever record it was of", async () => {
    const shop = await Shop.open(service);
    const email = { email: "customer@example.com" };
    const one = await shop.proven(person);
    const two = await shop.proven(email);
    await send(shop, { subject: email });
    expect(await shop.codes(person)).toEqual([]);
    await shop.org.post(`/v1/subjects/${one.subjectId}/merge`, { other: two.subjectId, reason: "The same." });
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  it("needs a key that may record it", async () => {
    const shop = await Shop.open(service);
    const limited = await shop.org.limitedTo("checks", "consents", "blocks", "messages", "staff");
    for (const path of ["/v1/opt-outs", "/v1/opt-out-links"]) {
      expect((await limited.post(path, { subject: person })).status).toBe(403);
    }
  });
});
