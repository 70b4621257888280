import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashIdentifier } from "../../../src/features/subject/index.ts";
import { readIdentifiers } from "../../../src/kernel/identifier.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { runTask } from "../../support/jobs.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, type Checked, codes, messages, Shop } from "../../support/shop.ts";
import { Platform, secondsAgo } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

/** A hundred numbers of each area code are kept for fiction. */
const areas = [212, 213, 305, 312, 404, 415, 512, 617, 702, 713];
const numberOf = (n: number) => `1${areas[Math.floor(n / 100)]}5550${100 + (n % 100)}`;
const reached = ["sender_limit_reached"];

/** A shop that may send promotions to so many people, under a limit of its account. */
async function openShop(people: number, limit?: number | "unlimited") {
  const shop = await Shop.open(service);
  for (let n = 0; n < people; n += 1) await shop.proven({ waId: numberOf(n) }, {}, { occurredAt: ago(240) });
  if (limit !== undefined) await limitTo(shop, limit);
  return shop;
}

/** Makes more people like the first one, with numbers of their own: a thousand by the API would take their time. */
async function multiply(shop: Shop, people: number) {
  const ctx = await service.composed.contextFor(
    parseId("org", shop.org.id) ?? "",
    { kind: "system" },
    "crowd",
  );
  const made = Array.from({ length: people - 1 }, (_, n) => {
    const [identifier] = readIdentifiers({ waId: numberOf(n + 1) }).identifiers;
    if (identifier === undefined) throw new Error("Not a number.");
    return { id: service.services.newId("sub"), hash: `\\x${hashIdentifier(ctx, identifier)}` };
  });
  for (const table of ["subject", "identifier", "consent_state"]) {
    await shop.sql(
      (sql, organizationId) => sql`
        insert into ${sql(table)}
        select (jsonb_populate_record(t, jsonb_build_object('id', n.id, 'root_id', n.id, 'subject_id', n.id, 'hash', n.hash))).*
        from ${sql(table)} t, jsonb_to_recordset(${JSON.stringify(made)}::text::jsonb) n(id uuid, hash text)
        where t.organization_id = ${organizationId}`,
    );
  }
}

async function limitTo(shop: Shop, messagingLimit: number | "unlimited", id = shop.sender.id) {
  const answer = await shop.org.patch(`/v1/senders/${id}`, { messagingLimit });
  expect(answer.status, answer.text).toBe(200);
}

const ask = (shop: Shop, n: number, input: object = {}) => shop.check({ waId: numberOf(n) }, input);
const askedCodes = async (shop: Shop, n: number, input: object = {}) => codes(await ask(shop, n, input));

async function redeem(shop: Shop, { permit }: Checked) {
  const { body } = await shop.org.post<{ redeemed: boolean; reasons?: { code: string }[] }>(
    `/v1/permits/${permit?.id}/redeem`,
  );
  return body.redeemed ? [] : (body.reasons?.map(({ code }) => code) ?? body);
}

const send = async (shop: Shop, n: number, input: object = {}) => redeem(shop, await ask(shop, n, input));

/** So many hours pass for the people who were counted, and for the permits that they hold. */
async function later(shop: Shop, hours: number) {
  await shop.sql(
    (sql, organizationId) => sql`
      update reached_person set last_at = last_at - ${hours} * interval '1 hour', until = until - ${hours} * interval '1 hour'
      where organization_id = ${organizationId}`,
  );
  await runTask(service, "refresh_reach");
}

const peopleCounted = (shop: Shop) =>
  shop.sql(
    (sql, organizationId) => sql`
      select c.people, (select count(*)::int from reached_person p
        where p.organization_id = c.organization_id and p.counter = c.counter) as rows
      from reach_count c where organization_id = ${organizationId}`,
  );

describe("the platform's limit", () => {
  it("lets so many people through and no more, and says when there is room again", async () => {
    const shop = await openShop(3, 2);
    expect(await send(shop, 0)).toEqual([]);
    expect(await send(shop, 1)).toEqual([]);
    const denied = await ask(shop, 2);
    expect(denied.reasons).toEqual([
      expect.objectContaining({ ...denied.reasons[0], code: "sender_limit_reached", rule: "sender_limit" }),
    ]);
    expect(denied.reasons[0]?.evidence).toEqual([shop.sender.wabaId]);
    const roomIn = Date.parse(denied.reasons[0]?.retryAt ?? "") - Date.now();
    expect(roomIn / 3_600_000).toBeCloseTo(24, 1);
  });

  it("counts a person once, and lets who counts already be written to again", async () => {
    const shop = await openShop(2, 1);
    expect(await send(shop, 0)).toEqual([]);
    expect(await send(shop, 0)).toEqual([]);
    expect(await askedCodes(shop, 0)).toEqual([]);
    expect(await askedCodes(shop, 1)).toEqual(reached);
  });

  it("counts a permit from when it is given, and no more when it ran out", async () => {
    const shop = await openShop(2, 1);
    expect(await askedCodes(shop, 0)).toEqual([]);
    expect(await askedCodes(shop, 1)).toEqual(reached);
    await later(shop, 1);
    expect(await askedCodes(shop, 1)).toEqual([]);
  });

  it("keeps a person who got a message for 24 hours, whatever permits were not used", async () => {
    const shop = await openShop(2, 1);
    expect(await send(shop, 0)).toEqual([]);
    await ask(shop, 0);
    await later(shop, 23.9);
    expect(await askedCodes(shop, 1)).toEqual(reached);
    await later(shop, 0.2);
    expect(await askedCodes(shop, 1)).toEqual([]);
  });

  it("starts a person's 24 hours anew with each message", async () => {
    const shop = await openShop(2, 1);
    expect(await send(shop, 0)).toEqual([]);
    await later(shop, 20);
    expect(await send(shop, 0)).toEqual([]);
    await later(shop, 20);
    expect(await askedCodes(shop, 1)).toEqual(reached);
  });

  it("gives the place of a message that failed back, unless the person got another one", async () => {
    const shop = await openShop(3, 1);
    const platform = new Platform(service.anonymous, shop.sender);
    const outcome = async ({ permit }: Checked, body: object) => {
      const answer = await shop.org.post(`/v1/permits/${permit?.id}/outcome`, body);
      expect(answer.status, answer.text).toBe(200);
    };
    const sent = async (n: number) => {
      const allowed = await ask(shop, n);
      expect(await redeem(shop, allowed)).toEqual([]);
      return allowed;
    };
    await outcome(await sent(0), { outcome: "failed", errorCode: 131026 });
    expect([...(await peopleCounted(shop))]).toEqual([{ people: 0, rows: 0 }]);

    const [first, second] = [await sent(1), await sent(1)];
    await outcome(first, { outcome: "failed", errorCode: 131026 });
    expect(await askedCodes(shop, 2)).toEqual(reached);
    await outcome(second, { outcome: "sent", messageId: "wamid.second" });
    await later(shop, 25);

    await outcome(await sent(2), { outcome: "sent", messageId: "wamid.third" });
    const failure = platform.failure(131026, numberOf(2), { id: "wamid.third" });
    await platform.deliver(platform.statuses(failure, failure));
    expect([...(await peopleCounted(shop))]).toEqual([{ people: 0, rows: 0 }]);
    expect(await askedCodes(shop, 0)).toEqual([]);
  });

  it("leaves dry runs uncounted", async () => {
    const shop = await openShop(2, 1);
    expect(await askedCodes(shop, 0, { dryRun: true })).toEqual([]);
    expect(await askedCodes(shop, 1)).toEqual([]);
  });

  it("neither counts nor stops what goes out in an open window, templates included", async () => {
    const shop = await openShop(3, 1);
    await shop.inbound({ waId: numberOf(0) });
    expect(await send(shop, 0)).toEqual([]);
    expect(await send(shop, 1)).toEqual([]);
    expect(await askedCodes(shop, 2)).toEqual(reached);
    const reply = { purpose: "support", message: messages.freeForm };
    expect(await send(shop, 0, reply)).toEqual([]);
    expect(await send(shop, 0)).toEqual([]);
  });

  it("counts sign-in codes, of strangers too, and stops none", async () => {
    const shop = await openShop(2, 1);
    const codeFor = async (recipient: object) => {
      const { body } = await shop.org.post<{ id: string }>("/v1/causes", { kind: "sign_in", recipient });
      const cause = { kind: "sign_in", id: body.id };
      return shop.check(recipient, { purpose: "sign_in_codes", message: messages.code, cause });
    };
    expect(await redeem(shop, await codeFor({ phone: "+12025550199" }))).toEqual([]);
    expect([...(await peopleCounted(shop))]).toEqual([{ people: 1, rows: 1 }]);
    expect(await askedCodes(shop, 0)).toEqual(reached);
    expect(codes(await codeFor({ waId: numberOf(1) }))).toEqual([]);
    expect([...(await peopleCounted(shop))]).toEqual([{ people: 2, rows: 2 }]);
  });

  it("holds for a permit that was given before the limit was lowered", async () => {
    const shop = await openShop(2, "unlimited");
    const [first, second] = [await ask(shop, 0), await ask(shop, 1)];
    await limitTo(shop, 1);
    expect(await redeem(shop, first)).toEqual([]);
    expect(await redeem(shop, second)).toEqual(reached);
  });

  it("is shared by all senders of an account, and of a portfolio when staff say which", async () => {
    const shop = await openShop(3, 1);
    const register = (wabaId: string, more: object = {}) =>
      shop.org.post<{ id: string; messagingLimit: unknown }>("/v1/senders", {
        name: "Another line",
        phoneNumberId: String(service.nextNumber()),
        displayPhoneNumber: "+12025550101",
        wabaId,
        ...more,
      });
    const sibling = (await register(shop.sender.wabaId)).body;
    expect(sibling.messagingLimit).toBe(1);
    const otherAccount = `9${shop.sender.wabaId}`;
    const other = (await register(otherAccount)).body;
    expect(other.messagingLimit).toBeNull();
    const { sale } = messages;
    await shop.org.post("/v1/templates", {
      wabaId: otherAccount,
      ...sale.template,
      category: "marketing",
      status: "approved",
    });

    expect(await send(shop, 0)).toEqual([]);
    expect(await askedCodes(shop, 1, { sender: sibling.id })).toEqual(reached);
    expect(await askedCodes(shop, 1, { sender: other.id })).toEqual([]);

    for (const id of [shop.sender.id, other.id]) {
      const answer = await shop.org.patch(`/v1/senders/${id}`, { portfolioId: "2329417887457253" });
      expect(answer.body, answer.text).toMatchObject({ portfolioId: "2329417887457253", messagingLimit: 1 });
    }
    // Whom one of them wrote to counts for all of them, from before too.
    expect(await askedCodes(shop, 1, { sender: sibling.id })).toEqual(reached);
    expect(await askedCodes(shop, 1, { sender: other.id })).toEqual(reached);
    expect(await askedCodes(shop, 0, { sender: other.id })).toEqual([]);
    const joined = (await register(`8${shop.sender.wabaId}`, { portfolioId: "2329417887457253" })).body;
    expect(joined).toMatchObject({ portfolioId: "2329417887457253", messagingLimit: 1 });
  });

  it("is another organization's business in no way", async () => {
    const shop = await openShop(1, 1);
    const neighbour = await openShop(1);
    expect(await send(shop, 0)).toEqual([]);
    expect((await neighbour.org.patch(`/v1/senders/${shop.sender.id}`, { messagingLimit: 5 })).status).toBe(
      404,
    );
    expect(await askedCodes(neighbour, 0)).toEqual([]);
  });

  it("is set by staff alone, and refuses what is no limit", async () => {
    const shop = await openShop(0);
    const path = `/v1/senders/${shop.sender.id}`;
    const machine = await shop.org.limitedTo("configuration");
    expect((await machine.patch(path, { messagingLimit: 5 })).status).toBe(403);
    for (const change of [
      {},
      { messagingLimit: 0 },
      { messagingLimit: "many" },
      { portfolioId: "x" },
      { people: 1 },
    ]) {
      expect((await shop.org.patch(path, change)).status, JSON.stringify(change)).toBe(422);
    }
    await limitTo(shop, 2_000);
    expect((await shop.org.get(path)).body).toMatchObject({
      messagingLimit: 2_000,
      portfolioId: null,
      quality: null,
    });
    await limitTo(shop, "unlimited");
    expect((await shop.org.get(path)).body).toMatchObject({ messagingLimit: "unlimited" });
  });

  it("lets exactly so many of a thousand people through who are all asked about at once", async () => {
    const shop = await openShop(1, 250);
    await multiply(shop, 1_000);
    const replica = await startTestService({ database: service.database });
    try {
      const elsewhere = shop.org.through({
        transport: async (path, init) => replica.app.request(path, init),
      });
      const answers = await Promise.all(
        Array.from({ length: 1_000 }, (_, n) =>
          (n % 2 === 0 ? shop.org : elsewhere).post<Checked>("/v1/checks", {
            sender: shop.sender.id,
            recipient: { waId: numberOf(n) },
            channel: "whatsapp",
            purpose: "promotions",
            message: messages.sale,
          }),
        ),
      );
      const allowed = answers.filter(({ body }) => body.decision === "allow");
      const denied = answers.filter(({ body }) => body.decision === "deny");
      expect(allowed.length + denied.length).toBe(1_000);
      expect(allowed).toHaveLength(250);
      for (const { body } of denied) expect(codes(body)).toEqual(reached);
      expect([...(await peopleCounted(shop))]).toEqual([{ people: 250, rows: 250 }]);
    } finally {
      await replica.close();
    }
  });
});

describe("what the platform tells of a limit", () => {
  const capability = (limit: unknown) => ({
    max_daily_conversations_per_business: limit,
    max_phone_numbers_per_business: 2,
  });
  const told = async (shop: Shop) =>
    (await shop.org.get<{ messagingLimit: unknown }>(`/v1/senders/${shop.sender.id}`)).body.messagingLimit;

  it("counts from then on, by its latest word", async () => {
    const shop = await openShop(2);
    const platform = new Platform(service.anonymous, shop.sender);
    const business = (value: unknown, seconds = 0) =>
      platform.deliver(platform.account("business_capability_update", value, secondsAgo(seconds)));
    await business(capability(1));
    expect(await send(shop, 0)).toEqual([]);
    expect(await askedCodes(shop, 1)).toEqual(reached);
    await business(capability(2_000), 30);
    expect(await told(shop)).toBe(1);
    await business(capability(-1), -1);
    expect(await told(shop)).toBe("unlimited");
    expect(await askedCodes(shop, 1)).toEqual([]);
  });

  it("comes with the quality of a number as well", async () => {
    const shop = await openShop(0);
    const platform = new Platform(service.anonymous, shop.sender);
    const number = { display_phone_number: "12025550100", event: "UPGRADE" };
    await platform.deliver(
      platform.account(
        "phone_number_quality_update",
        { ...number, current_limit: "TIER_10K" },
        secondsAgo(9),
      ),
    );
    expect(await told(shop)).toBe(10_000);
    await platform.deliver(
      platform.account(
        "phone_number_quality_update",
        { ...number, current_limit: "TIER_NOT_SET" },
        secondsAgo(8),
      ),
    );
    expect(await told(shop)).toBe(10_000);
    await platform.deliver(
      platform.account(
        "phone_number_quality_update",
        { ...number, current_limit: "TIER_10K", max_daily_conversations_per_business: "TIER_UNLIMITED" },
        secondsAgo(7),
      ),
    );
    expect(await told(shop)).toBe("unlimited");
  });

  it("counts people whom only its statuses show, outside an open window", async () => {
    const shop = await openShop(4, 2);
    const platform = new Platform(service.anonymous, shop.sender);
    await shop.inbound({ waId: numberOf(0) }, { occurredAt: ago(10) });
    await platform.deliver(
      platform.statuses(
        platform.status("sent", numberOf(0)),
        platform.status("sent", numberOf(1)),
        platform.status("sent", numberOf(1)),
        platform.status("sent", numberOf(2), { timestamp: secondsAgo(25 * 3600) }),
        platform.status("failed", numberOf(2)),
        platform.status("sent", "12025550188"),
      ),
    );
    expect([...(await peopleCounted(shop))]).toEqual([{ people: 1, rows: 1 }]);
    const allowed = await ask(shop, 2);
    expect(await redeem(shop, allowed)).toEqual([]);
    await platform.deliver(platform.statuses(platform.status("sent", numberOf(2))));
    expect([...(await peopleCounted(shop))]).toEqual([{ people: 2, rows: 2 }]);
    expect(await askedCodes(shop, 3)).toEqual(reached);
    expect(await askedCodes(shop, 1)).toEqual([]);
  });
});

describe("the policy's own ceiling", () => {
  it("holds for each sender by itself, beside the platform's limit", async () => {
    const shop = await openShop(4, 250);
    await shop.activatePolicy({ senderCeilings: [{ people: 1 }] });
    const { id: second } = await secondSender(shop);
    expect(await send(shop, 0)).toEqual([]);
    const denied = await ask(shop, 1);
    expect(codes(denied)).toEqual(reached);
    expect(denied.reasons[0]?.evidence).toEqual([shop.sender.id]);
    expect(await send(shop, 1, { sender: second })).toEqual([]);
    expect(await askedCodes(shop, 2, { sender: second })).toEqual(reached);
    await shop.activatePolicy({ senderCeilings: [{ sender: second, people: 1 }] });
    expect(await send(shop, 2)).toEqual([]);
    expect(await askedCodes(shop, 3, { sender: second })).toEqual(reached);
    await shop.activatePolicy({});
    expect(await askedCodes(shop, 3, { sender: second })).toEqual([]);
  });

  it("is exact for people who are asked about at once", async () => {
    const shop = await openShop(30);
    await shop.activatePolicy({ senderCeilings: [{ people: 7 }] });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => ask(shop, n)));
    expect(answers.filter(({ decision }) => decision === "allow")).toHaveLength(7);
    const redeemed = await Promise.all(
      answers.filter(({ permit }) => permit !== undefined).map((answer) => redeem(shop, answer)),
    );
    expect(redeemed).toEqual(Array.from({ length: 7 }, () => []));
  });

  it("is backtested with the people that there would have been, and replayed with none", async () => {
    const shop = await openShop(3);
    const [first] = [await ask(shop, 0), await ask(shop, 0), await ask(shop, 1), await ask(shop, 2)];
    const document = { senderCeilings: [{ people: 2 }] };
    const { version } = (await shop.org.post<{ version: number }>("/v1/policies", { document })).body;
    expect((await shop.org.post(`/v1/policies/${version}/backtest`, { days: 1 })).body).toMatchObject({
      decisions: 4,
      unchanged: 3,
      allowsToDenies: { count: 1, byReason: { sender_limit_reached: 1 } },
    });
    const path = `/v1/decisions/${first?.decisionId}/replay`;
    expect((await shop.org.post(path, { policyVersion: `policy/${version}` })).body).toMatchObject({
      replayed: { decision: "deny", missingFact: "/senderUse/sender" },
    });
    expect((await shop.org.post(path, {})).body).toMatchObject({ same: true });
  });

  it.each([
    [{ people: 0 }, "/document/senderCeilings/0/people"],
    [{ sender: "1", people: 5 }, "/document/senderCeilings/0/sender"],
    [{ sender: "snd_01h455vb4pex5vsknk084sn02q", people: 5 }, "/document/senderCeilings/0/sender"],
    [{ people: 5, hours: 1 }, "/document/senderCeilings/0/hours"],
  ])("that says nothing sensible is refused: %j", async (ceiling, pointer) => {
    const shop = await Shop.open(service);
    const answer = await shop.org.post<{ errors: { pointer: string }[] }>("/v1/policies", {
      document: { senderCeilings: [ceiling] },
    });
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error) => error.pointer)).toEqual([pointer]);
  });

  async function secondSender(shop: Shop) {
    const { body } = await shop.org.post<{ id: string }>("/v1/senders", {
      name: "Second line",
      phoneNumberId: String(service.nextNumber()),
      displayPhoneNumber: "+12025550101",
      wabaId: shop.sender.wabaId,
    });
    expect(parseId("snd", body.id)).toBeDefined();
    return body;
  }
});
