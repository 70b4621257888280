import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { type Complaints, causesIn } from "../../../src/features/gate/domain/complaints.ts";
import { builtInPolicy, policySchema } from "../../../src/features/gate/domain/policy.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { runTask } from "../../support/jobs.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, codes, messages, Shop } from "../../support/shop.ts";
import { Platform, secondsAgo } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const numberOf = (n: number) => `12125550${100 + n}`;
const stopped = ["complaint_rate_exceeded"];
const aFew = { complaintLimits: { leastSends: 4, mostPerThousand: 250 } };

interface Breaker {
  readonly id: string;
  readonly sender: string;
  readonly causes: string[];
  readonly counted: Complaints & { readonly from: string };
  readonly policyVersion: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
}

/** A shop that may send promotions to so many people. */
async function openShop(people: number, policy?: object) {
  const shop = await Shop.open(service);
  for (let n = 0; n < people; n += 1) await shop.proven({ waId: numberOf(n) }, {}, { occurredAt: ago(240) });
  if (policy !== undefined) await shop.activatePolicy(policy);
  return { shop, platform: new Platform(service.anonymous, shop.sender) };
}

async function send(shop: Shop, n: number, input: object = {}) {
  const answer = await shop.check({ waId: numberOf(n) }, input);
  expect(codes(answer)).toEqual([]);
  const { body } = await shop.org.post<{ redeemed: boolean }>(`/v1/permits/${answer.permit?.id}/redeem`);
  expect(body.redeemed, JSON.stringify(body)).toBe(true);
  return answer.permit?.id ?? "";
}

async function sendToAll(shop: Shop, people: number, input: object = {}) {
  for (let n = 0; n < people; n += 1) await send(shop, n, input);
}

/** What the worker does every minute. */
const weigh = () => runTask(service, "weigh_complaints");
const asked = (shop: Shop, n: number, input: object = {}) => shop.codes({ waId: numberOf(n) }, input);
const breakers = async (shop: Shop) =>
  (await shop.org.get<{ items: Breaker[] }>("/v1/complaint-breakers")).body.items;
const close = (shop: Shop, id: string, reason = "The list was cleaned.") =>
  shop.org.post<{ id: string; closedAt: string }>(`/v1/complaint-breakers/${id}/close`, { reason });
const parcel = { purpose: "order_updates", message: messages.parcel };

describe("the breaker", () => {
  it("opens when too many of those who were sent marketing opt out, and stops the sender's marketing alone", async () => {
    const { shop } = await openShop(7, aFew);
    await sendToAll(shop, 5);
    await shop.optOut({ waId: numberOf(0) });
    await weigh();
    expect(await asked(shop, 5)).toEqual([]);
    await shop.optOut({ waId: numberOf(1) });
    await weigh();
    const [breaker] = await breakers(shop);
    expect(breaker).toEqual({
      id: expect.stringMatching(/^brk_/),
      sender: shop.sender.id,
      causes: ["complaint_rate"],
      counted: {
        from: expect.any(String),
        sends: 5,
        complaints: 2,
        spamErrors: 0,
        numberIsRed: false,
        redTemplates: [],
      },
      policyVersion: "policy/1",
      openedAt: expect.any(String),
      closedAt: null,
    });
    const denied = await shop.check({ waId: numberOf(5) });
    expect(denied.reasons).toMatchObject([
      { code: "complaint_rate_exceeded", rule: "complaints", evidence: [breaker?.id] },
    ]);
    expect(await asked(shop, 5, parcel)).toEqual([]);
    expect(await asked(shop, 5, { sender: await secondSender(shop) })).toEqual([]);
    await weigh();
    expect(await breakers(shop)).toHaveLength(1);
  });

  it("stops a permit that was given before", async () => {
    const { shop, platform } = await openShop(1);
    const { permit } = await shop.check({ waId: numberOf(0) });
    await platform.deliver(platform.statuses(platform.failure(131048, numberOf(0))));
    const { body } = await shop.org.post(`/v1/permits/${permit?.id}/redeem`);
    expect(body).toMatchObject({ redeemed: false, reasons: [{ code: "complaint_rate_exceeded" }] });
  });

  it("counts the platform's stops, a person once, and nobody who was sent nothing", async () => {
    const { shop, platform } = await openShop(7, aFew);
    await sendToAll(shop, 5);
    await platform.deliver(platform.preferences(platform.preference("stop", numberOf(0))));
    await shop.optOut({ waId: numberOf(0) });
    await shop.optOut({ waId: numberOf(0) }, { scope: "purpose", purpose: "promotions" });
    await shop.optOut({ waId: numberOf(5) });
    await shop.optOut({ phone: "+12125550180" });
    await weigh();
    expect(await breakers(shop)).toEqual([]);
    await platform.deliver(platform.preferences(platform.preference("stop", numberOf(1))));
    await weigh();
    expect(await breakers(shop)).toMatchObject([{ counted: { sends: 5, complaints: 2 } }]);
  });

  it("counts neither imported opt-outs, nor those that were undone, nor those from before the message", async () => {
    const { shop } = await openShop(5, { complaintLimits: { leastSends: 1, mostPerThousand: 0 } });
    await shop.optOut({ waId: numberOf(4) });
    await sendToAll(shop, 4);
    await shop.optOut({ waId: numberOf(0) }, { source: "import", occurredAt: ago(24 * 3600) });
    // A STOP of before that came in late, as by the import of messages.
    await shop.inbound({ waId: numberOf(3) }, { text: "STOP", occurredAt: ago(24 * 3600) });
    await shop.optOut({ waId: numberOf(1) });
    await shop.sql(
      (sql, organizationId) => sql`
        insert into opt_out_event (organization_id, id, subject_id, kind, scope, source, occurred_at, undoes, actor_kind)
        select organization_id, gen_random_uuid(), subject_id, 'undone', scope, source, now(), id, 'person'
        from opt_out_event where organization_id = ${organizationId} and source = 'api'`,
    );
    await weigh();
    expect(await breakers(shop)).toEqual([]);
    await shop.optOut({ waId: numberOf(2) });
    await weigh();
    expect(await breakers(shop)).toMatchObject([{ counted: { complaints: 1 } }]);
  });

  it("counts against the sender that had sent the marketing, and only within the policy's hours", async () => {
    const { shop } = await openShop(4, { complaintLimits: { hours: 1, leastSends: 1, mostPerThousand: 0 } });
    await send(shop, 0);
    await shop.sql((sql, organizationId) =>
      sql`alter table permit_redemption disable trigger append_only`.then(
        () => sql`
          update permit_redemption set redeemed_at = redeemed_at - interval '2 hours'
          where organization_id = ${organizationId}`,
      ),
    );
    await shop.sql((sql) => sql`alter table permit_redemption enable trigger append_only`);
    await send(shop, 1, parcel);
    await send(shop, 3);
    const second = await secondSender(shop);
    await send(shop, 2, { sender: second });
    for (const n of [0, 1]) await shop.optOut({ waId: numberOf(n) });
    await weigh();
    expect(await breakers(shop)).toEqual([]);
    await shop.optOut({ waId: numberOf(2) });
    await weigh();
    expect(await breakers(shop)).toMatchObject([{ sender: second }]);
    expect(await asked(shop, 3)).toEqual([]);
    expect(await asked(shop, 3, { sender: second })).toEqual(stopped);
  });

  it("opens with the answer to the webhook that brings a spam error", async () => {
    const { shop, platform } = await openShop(1);
    expect(await asked(shop, 0)).toEqual([]);
    await platform.deliver(platform.statuses(platform.failure(131048, "12125550180")));
    expect(await asked(shop, 0)).toEqual(stopped);
    expect(await breakers(shop)).toMatchObject([
      { causes: ["spam_errors"], counted: { spamErrors: 1, sends: 0 }, policyVersion: "built-in/1" },
    ]);
  });

  it("opens with the answer to the outcome that tells a spam error", async () => {
    const { shop } = await openShop(2);
    const permit = await send(shop, 0);
    const outcome = { outcome: "failed", errorCode: 131048 };
    const report = () =>
      shop.org.post(`/v1/permits/${permit}/outcome`, outcome, { "idempotency-key": "outcome-1" });
    const [first, second] = [await report(), await report()];
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body).toEqual(first.body);
    expect(await asked(shop, 1)).toEqual(stopped);
    expect(await breakers(shop)).toHaveLength(1);
  });

  it("tolerates as many spam errors as the policy says", async () => {
    const { shop, platform } = await openShop(1, { complaintLimits: { mostSpamErrors: 1 } });
    await platform.deliver(platform.statuses(platform.failure(131048, "12125550180")));
    expect(await asked(shop, 0)).toEqual([]);
    await platform.deliver(platform.statuses(platform.failure(131048, "12125550181")));
    expect(await asked(shop, 0)).toEqual(stopped);
  });

  it("opens when the platform flags the number, and not when it flags another one", async () => {
    const { shop, platform } = await openShop(1);
    const number = (event: string, display: string, seconds: number) =>
      platform.deliver(
        platform.account(
          "phone_number_quality_update",
          { display_phone_number: display, event, current_limit: "TIER_NOT_SET" },
          secondsAgo(seconds),
        ),
      );
    await number("FLAGGED", "12025550177", 5);
    expect(await asked(shop, 0)).toEqual([]);
    const { displayPhoneNumber } = (
      await shop.org.get<{ displayPhoneNumber: string }>(`/v1/senders/${shop.sender.id}`)
    ).body;
    await number("FLAGGED", displayPhoneNumber.replaceAll(/\D/g, ""), 4);
    expect(await asked(shop, 0)).toEqual(stopped);
    expect((await shop.org.get(`/v1/senders/${shop.sender.id}`)).body).toMatchObject({ quality: "red" });
    expect(await breakers(shop)).toMatchObject([
      { causes: ["number_quality"], counted: { numberIsRed: true } },
    ]);
    await number("UNFLAGGED", displayPhoneNumber, 3);
    expect((await shop.org.get(`/v1/senders/${shop.sender.id}`)).body).toMatchObject({ quality: "green" });
    expect(await asked(shop, 0)).toEqual(stopped);
  });

  it("opens for a marketing template of red quality where the policy says so", async () => {
    const red = { message_template_name: "sale", message_template_language: "en", new_quality_score: "RED" };
    const tell = (platform: Platform, more: object = {}) =>
      platform.deliver(platform.account("message_template_quality_update", { ...red, ...more }));
    const lenient = await openShop(1);
    await tell(lenient.platform);
    expect(await asked(lenient.shop, 0)).toEqual([]);

    const { shop, platform } = await openShop(1, { complaintLimits: { redTemplate: true } });
    await tell(platform, { message_template_name: "parcel" });
    await tell(platform, { new_quality_score: "YELLOW" });
    expect(await asked(shop, 0)).toEqual([]);
    await platform.deliver(platform.account("message_template_quality_update", red, secondsAgo(-1)));
    expect(await asked(shop, 0)).toEqual(stopped);
    expect(await breakers(shop)).toMatchObject([
      { causes: ["template_quality"], counted: { redTemplates: ["sale"] } },
    ]);
  });

  it("stays open until staff close it, and then only what happened since counts", async () => {
    const { shop, platform } = await openShop(6, { complaintLimits: { leastSends: 1, mostPerThousand: 0 } });
    await sendToAll(shop, 3);
    await shop.optOut({ waId: numberOf(0) });
    await platform.deliver(platform.statuses(platform.failure(131048, "12125550180")));
    const [{ id } = { id: "" }] = await breakers(shop);
    await shop.activatePolicy({});
    await weigh();
    expect(await asked(shop, 3)).toEqual(stopped);
    await shop.activatePolicy({ complaintLimits: { leastSends: 1, mostPerThousand: 0 } });

    const closed = await close(shop, id);
    expect(closed.status, closed.text).toBe(200);
    expect(await asked(shop, 3)).toEqual([]);
    await shop.optOut({ waId: numberOf(1) });
    await weigh();
    expect(await asked(shop, 3)).toEqual([]);

    await send(shop, 3);
    await shop.optOut({ waId: numberOf(3) });
    await weigh();
    expect(await asked(shop, 4)).toEqual(stopped);
    expect(await breakers(shop)).toMatchObject([
      { causes: ["complaint_rate"], counted: { sends: 1, complaints: 1, spamErrors: 0 }, closedAt: null },
      { id, closedAt: closed.body.closedAt },
    ]);
  });

  it("opens once, however many find it due at the same time", async () => {
    const { shop, platform } = await openShop(1);
    await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        platform.deliver(platform.statuses(platform.failure(131048, `121255501${60 + n}`))),
      ),
    );
    expect(await breakers(shop)).toHaveLength(1);
  });

  it("is closed by staff with a reason that stays on record, once", async () => {
    const { shop, platform } = await openShop(1);
    await platform.deliver(platform.statuses(platform.failure(131048, "12125550180")));
    const [{ id } = { id: "" }] = await breakers(shop);
    const machine = await shop.org.limitedTo("checks", "configuration");
    expect((await machine.post(`/v1/complaint-breakers/${id}/close`, { reason: "A." })).status).toBe(403);
    expect((await machine.get("/v1/complaint-breakers")).status).toBe(403);
    expect((await shop.org.post(`/v1/complaint-breakers/${id}/close`, {})).status).toBe(422);
    const neighbour = await Shop.open(service);
    expect((await close(neighbour, id)).status).toBe(404);
    expect(await breakers(neighbour)).toEqual([]);

    expect((await close(shop, id)).status).toBe(200);
    expect((await close(shop, id)).status).toBe(409);
    const events = await shop.sql(
      (sql, organizationId) => sql`
        select kind, reason, actor_kind from complaint_breaker_event where organization_id = ${organizationId} order by at`,
    );
    expect([...events]).toEqual([
      { kind: "opened", reason: null, actor_kind: "platform" },
      { kind: "closed", reason: "The list was cleaned.", actor_kind: "api_key" },
    ]);
    const entries = await shop.sql(
      (sql, organizationId) => sql`
        select action, entity from audit_entry where organization_id = ${organizationId}
          and action like 'complaint_breaker.%' order by id`,
    );
    expect([...entries]).toEqual([
      { action: "complaint_breaker.opened", entity: id },
      { action: "complaint_breaker.closed", entity: id },
    ]);
  });
});

describe("the policy's limits on complaints", () => {
  const quiet: Complaints = {
    sends: 1_000,
    complaints: 0,
    spamErrors: 0,
    numberIsRed: false,
    redTemplates: [],
  };
  const rated = (sends: number, complaints: number, limits: object = {}) =>
    causesIn({ ...quiet, sends, complaints }, policySchema.parse({ complaintLimits: limits }));

  test("have defaults that a quiet sender does not pass", () => {
    expect(builtInPolicy.complaintLimits).toEqual({
      hours: 24,
      leastSends: 200,
      mostPerThousand: 50,
      mostSpamErrors: 0,
      redNumber: true,
      redTemplate: false,
    });
    expect(causesIn(quiet, builtInPolicy)).toEqual([]);
  });

  test("are passed by more than so many for each thousand, of enough messages", () => {
    expect(rated(1_000, 50)).toEqual([]);
    expect(rated(1_000, 51)).toEqual(["complaint_rate"]);
    expect(rated(199, 199)).toEqual([]);
    expect(rated(200, 11)).toEqual(["complaint_rate"]);
    expect(rated(200, 200, { mostPerThousand: 1_000 })).toEqual([]);
  });

  test("each name themselves when they are passed", () => {
    const loud = { sends: 200, complaints: 200, spamErrors: 1, numberIsRed: true, redTemplates: ["sale"] };
    expect(causesIn(loud, policySchema.parse({ complaintLimits: { redTemplate: true } }))).toEqual([
      "complaint_rate",
      "spam_errors",
      "number_quality",
      "template_quality",
    ]);
    expect(causesIn(loud, policySchema.parse({ complaintLimits: { redNumber: false } }))).toEqual([
      "complaint_rate",
      "spam_errors",
    ]);
  });
});

async function secondSender(shop: Shop): Promise<string> {
  const { body } = await shop.org.post<{ id: string }>("/v1/senders", {
    name: "Second line",
    phoneNumberId: String(service.nextNumber()),
    displayPhoneNumber: "+12025550101",
    wabaId: shop.sender.wabaId,
  });
  expect(parseId("snd", body.id)).toBeDefined();
  return body.id;
}
