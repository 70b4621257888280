import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { presets } from "../../../src/features/gate/domain/presets.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { type Checked, created, messages, Shop } from "../../support/shop.ts";
import { instantOf, Platform, secondsAgo } from "../../support/webhook.ts";

let service: TestService;
let shop: Shop;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());
beforeEach(async () => {
  shop = await Shop.open(service);
});

const american = "12025550163";
/** There is no range for fiction in Russia: this is the number that the documentation shows. */
const russian = { phone: "+79161234567" };
const parcel = { purpose: "order_updates", message: messages.parcel };
const hour = 3600;

async function activate(document: object, inForce = "built-in/1"): Promise<string> {
  const { version } = await created<{ version: number }>(shop.org.post("/v1/policies", { document }));
  const answer = await shop.org.post(
    `/v1/policies/${version}/activate`,
    { reason: "For the test." },
    { "if-match": `"${inForce}"` },
  );
  expect(answer.status, answer.text).toBe(200);
  return `policy/${version}`;
}

/** The facts that a check recorded. */
async function factsOf(recipient: object, input: object = {}) {
  const { decisionId } = await shop.check(recipient, input);
  const { body } = await shop.org.get<{
    facts: { recipient: { countries: string[] }; switches: unknown[]; holds: { code: number; at: string }[] };
  }>(`/v1/decisions/${decisionId}`);
  return body.facts;
}

describe("a closed country", () => {
  const closed = { closedDestinations: presets.ru.closedDestinations };

  test("is that of every number on record, whatever the person is asked by", async () => {
    const { subjectId } = await shop.proven({ ...russian, externalId: "customer-7" });
    expect(await shop.codes({ externalId: "customer-7" })).toEqual([]);
    const policy = await activate(closed);

    for (const recipient of [{ externalId: "customer-7" }, { subjectId }, russian, { waId: "79161234567" }]) {
      const { reasons, policyVersion } = await shop.check(recipient);
      expect(reasons.map(({ code }) => code)).toEqual(["destination_restricted"]);
      expect(policyVersion).toBe(policy);
      expect((await factsOf(recipient)).recipient.countries).toEqual(["RU"]);
    }
    expect(await shop.codes({ externalId: "customer-7" }, parcel)).toEqual([]);
    // A number that is named counts with those on record, and they with it.
    await shop.proven({ phone: "+353209100165", externalId: "customer-9" });
    expect(await shop.codes({ externalId: "customer-9" })).toEqual([]);
    expect(await shop.codes({ phone: "+12025550165", externalId: "customer-9" })).toEqual([
      "destination_restricted",
    ]);
    expect(await shop.codes({ phone: "+353209100163", externalId: "customer-7" })).toEqual([
      "destination_restricted",
    ]);
  });

  test("is that of a number of a merged record too", async () => {
    const first = await shop.proven({ phone: "+353209100164" });
    const second = await shop.proven(russian);
    await activate(closed);
    expect(await shop.codes({ subjectId: first.subjectId })).toEqual([]);
    const merged = await shop.org.post(`/v1/subjects/${first.subjectId}/merge`, {
      other: second.subjectId,
      reason: "One person.",
    });
    expect(merged.status).toBe(200);
    expect(await shop.codes({ subjectId: first.subjectId })).toEqual(["destination_restricted"]);
  });

  test("may be that of a person without a number, until it opens again", async () => {
    await shop.proven({ externalId: "customer-8" });
    const recipient = { externalId: "customer-8" };
    expect(await shop.codes(recipient)).toEqual([]);
    expect((await factsOf(recipient)).recipient.countries).toEqual([]);
    const [ru] = closed.closedDestinations;
    const policy = await activate({ closedDestinations: [ru] });
    expect(await shop.codes(recipient)).toEqual(["destination_restricted"]);
    await activate(
      {
        closedDestinations: [ru],
        openedDestinations: [
          {
            country: "RU",
            categories: ["marketing"],
            reason: "A ruling.",
            legalReference: "Case 1",
            until: new Date(Date.now() + hour * 1000).toISOString(),
          },
        ],
      },
      policy,
    );
    expect(await shop.codes(recipient)).toEqual([]);
  });
});

describe("allowed hours", () => {
  test("deny outside of them, and say when they begin", async () => {
    await shop.proven({ waId: american });
    // Four hours, the first of which begins in two hours.
    const start = new Date(Math.ceil(Date.now() / hour / 1000 + 2) * hour * 1000);
    const at = (hours: number) => `${String((start.getUTCHours() + hours) % 24).padStart(2, "0")}:00`;
    await activate({
      allowedHours: [{ categories: ["marketing"], countries: ["US"], from: at(0), to: at(4) }],
      timeZones: { US: "UTC" },
    });
    const { reasons } = await shop.check({ waId: american });
    expect(reasons).toEqual([
      expect.objectContaining({ code: "quiet_hours", retryAt: start.toISOString(), evidence: [] }),
    ]);
    expect(await shop.codes({ waId: american }, parcel)).toEqual([]);
  });

  test("let messages through within them", async () => {
    await shop.proven({ waId: american });
    await activate({
      allowedHours: [{ categories: ["marketing"], countries: ["US"], from: "00:00", to: "24:00" }],
    });
    const { decision, rules } = await shop.check({ waId: american });
    expect(decision).toBe("allow");
    expect(rules).toContainEqual({ rule: "quiet_hours", outcome: "pass" });
  });
});

describe("a hold of the platform", () => {
  test.each([131049, 130472])(
    "told by a status with %s denies marketing for 24 hours, and nothing else",
    async (code) => {
      await shop.proven({ waId: american });
      const platform = new Platform(service.anonymous, shop.sender);
      expect(await shop.codes({ waId: american })).toEqual([]);
      const timestamp = secondsAgo(23 * hour);
      await platform.deliver(platform.statuses(platform.failure(code, american, { timestamp })));

      const { reasons } = await shop.check({ waId: american });
      expect(reasons).toEqual([
        expect.objectContaining({
          code: "platform_hold",
          retryAt: new Date(Date.parse(instantOf(timestamp)) + 24 * hour * 1000).toISOString(),
        }),
      ]);
      expect((await factsOf({ waId: american })).holds).toEqual([{ code, at: expect.any(String) }]);
      expect(await shop.codes({ waId: american }, parcel)).toEqual([]);
      expect((await factsOf({ waId: american }, parcel)).holds).toEqual([]);
    },
  );

  test("of more than 24 hours ago, or of another person, or another error holds nothing back", async () => {
    await shop.proven({ waId: american });
    await shop.proven({ waId: "12025550164" });
    const platform = new Platform(service.anonymous, shop.sender);
    await platform.deliver(
      platform.statuses(
        platform.failure(131049, american, { timestamp: secondsAgo(24 * hour + 1) }),
        platform.failure(131049, "12025550164"),
        platform.failure(131000, american),
      ),
    );
    expect(await shop.codes({ waId: american })).toEqual([]);
    expect(await shop.codes({ waId: "12025550164" })).toEqual(["platform_hold"]);
  });
});

test("a stop in WhatsApp itself may be narrowed to the account that it was said to", async () => {
  await shop.proven({ waId: american });
  const second = await shop.org.sender();
  await created(
    shop.org.post("/v1/templates", {
      wabaId: second.wabaId,
      ...messages.sale.template,
      category: "marketing",
      status: "approved",
    }),
  );
  const id = (await shop.check({ waId: american })).permit?.id;
  expect(
    (await shop.org.post(`/v1/permits/${id}/outcome`, { outcome: "failed", errorCode: 131050 })).status,
  ).toBe(200);
  expect(await shop.codes({ waId: american }, { sender: second.id })).toEqual(["platform_marketing_stopped"]);
  await activate({ platformStopScope: "account" });
  expect(await shop.codes({ waId: american }, { sender: second.id })).toEqual([]);
  expect(await shop.codes({ waId: american })).toEqual(["platform_marketing_stopped"]);
});

test("no more answers to one message of a person go out than the policy has", async () => {
  const person = { waId: american };
  const reply = { purpose: "support", message: messages.freeForm };
  await shop.proven(person);
  await activate({ serviceMessagesPerInbound: 2 });
  await shop.inbound(person, { occurredAt: instantOf(secondsAgo(60)) });
  const redeem = async ({ permit }: Checked) =>
    (await shop.org.post<{ redeemed: boolean }>(`/v1/permits/${permit?.id}/redeem`)).body.redeemed;
  expect(await redeem(await shop.check(person, reply))).toBe(true);
  // A permit counts as soon as it is given; of more than may go out that were given together none is good.
  const together = await Promise.all([shop.check(person, reply), shop.check(person, reply)]);
  const granted = together.filter(({ decision }) => decision === "allow");
  expect(granted.length).toBeGreaterThan(0);
  for (const one of granted) expect(await redeem(one)).toBe(granted.length === 1);
  expect(await shop.codes(person, reply)).toEqual(["service_limit_reached"]);
  // Platform times are whole seconds, and a clock may be ahead: as of now.
  await shop.inbound(person, { occurredAt: instantOf(secondsAgo(-5)) });
  expect(await shop.codes(person, reply)).toEqual([]);
});
