import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareStates } from "../../../src/features/state/index.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, created, Shop } from "../../support/shop.ts";
import { Platform, secondsAgo } from "../../support/webhook.ts";

let service: TestService;
let owner: postgres.Sql;
beforeAll(async () => {
  service = await startTestService();
  owner = postgres(service.database.ownerUrl, { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  await owner.end();
  await service.close();
});

const compared = (shop: Shop) => compareStates(service.services, parseId("org", shop.org.id) ?? "");

const form = { "content-type": "application/x-www-form-urlencoded" };

/** The same "random" numbers every time. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * sides);
  };
}

/** Lets a handful of people, their shop and the platform do whatever they do, in any order, late and twice. */
async function history(seed: number, steps: number): Promise<Shop> {
  const shop = await Shop.open(service);
  const platform = new Platform(service.anonymous, shop.sender);
  const roll = dice(seed);
  const pick = <T>(...items: readonly T[]): T => items[roll(items.length)] as T;
  const waId = () => `1202555010${roll(6)}`;
  const userId = () => `US.134900000000${roll(6)}`;
  const someone = () => pick<object>({ phone: `+${waId()}` }, { phone: `+${waId()}` }, { bsuid: userId() });
  const when = () => roll(600);
  const purpose = () => pick("promotions", "order_updates");
  const blocks: string[] = [];
  let said: string[] = [];
  const told: unknown[] = [];

  const deeds: (() => Promise<unknown>)[] = [
    () => shop.sendConsent({ subject: someone(), purpose: purpose() }, { occurredAt: ago(when()) }),
    async () =>
      shop.sendConsent(
        { subject: someone(), purpose: purpose() },
        { captureToken: await shop.captureToken(), occurredAt: ago(roll(100)) },
      ),
    () =>
      shop.sendConsent(
        { subject: someone(), purpose: purpose() },
        { occurredAt: ago(when()), evidence: { messageId: pick(...said, "wamid.none") } },
      ),
    () =>
      shop.sendConsent(
        {
          subject: someone(),
          purpose: purpose(),
          channel: pick("whatsapp", "sms"),
          state: pick("withdrawn", "refused"),
        },
        { occurredAt: ago(when()) },
      ),
    () =>
      shop.org.post("/v1/opt-outs", {
        subject: someone(),
        source: "api",
        occurredAt: ago(when()),
        ...pick<object>(
          { scope: "all" },
          { scope: "purpose", purpose: purpose() },
          { scope: "all", channel: "whatsapp" },
        ),
      }),
    () =>
      shop.org.post("/v1/opt-outs", {
        subject: { phone: `+${waId()}`, bsuid: userId() },
        scope: "all",
        source: "api",
        occurredAt: ago(when()),
      }),
    async () => {
      const { url } = await created<{ url: string }>(
        shop.org.post("/v1/opt-out-links", { subject: { phone: `+${waId()}` } }),
      );
      const path = new URL(url).pathname;
      const page = await service.anonymous.post(path, "scope=all", form);
      const nonce = /name="nonce" value="([^"]+)"/.exec(page.text)?.[1];
      if (nonce !== undefined && roll(2) === 0) {
        await service.anonymous.post(`${path}/undo`, new URLSearchParams({ nonce }).toString(), form);
      }
    },
    async () => {
      const subject = { phone: `+${waId()}` };
      const { url } = await created<{ url: string }>(shop.org.post("/v1/opt-out-links", { subject }));
      const path = `${new URL(url).pathname}/preferences`;
      const chosen = pick("pause=on", "frequency=week", "frequency=month", "language=de", "channel=sms");
      const page = await service.anonymous.post(path, chosen, form);
      const nonce = /name="nonce" value="([^"]+)"/.exec(page.text)?.[1];
      if (nonce !== undefined && roll(3) === 0)
        await service.anonymous.post(`${path}/undo`, new URLSearchParams({ nonce }).toString(), form);
      if (roll(3) > 0) return;
      const code = await shop.org.post<{ code: string }>("/v1/preference-codes", { subject });
      const proven = await service.anonymous.post(`${path}/code`, `code=${code.body.code}`, form);
      const session = /name="session" value="([^"]+)"/.exec(proven.text)?.[1] ?? "";
      const given = pick({ pause: "off" }, { frequency: "any" }, { frequency: "week" });
      await service.anonymous.post(
        `${path}/mine`,
        new URLSearchParams({ session, ...(given as Record<string, string>) }).toString(),
        form,
      );
    },
    async () => {
      const { id } = await created<{ id: string }>(
        shop.org.post("/v1/blocks", { identifier: someone(), reason: pick("manual", "complaint") }),
      );
      blocks.push(id);
    },
    async () =>
      blocks.length > 0 && shop.org.post(`/v1/blocks/${pick(...blocks)}/lift`, { reason: "Settled." }),
    () =>
      shop.org.post("/v1/messages/inbound", {
        sender: shop.sender.id,
        from: someone(),
        messageId: `wamid.told.${roll(20)}`,
        occurredAt: ago(when()),
        text: pick("Hello", "STOP"),
      }),
    async () => {
      const from = waId();
      const message = platform.text(from, pick("Hello", "Hello", "stop"), {
        timestamp: secondsAgo(when()),
        ...pick<object>({}, { from_user_id: userId() }),
      });
      said = [...said, String(message.id)].slice(-5);
      told.push(await platform.deliver(platform.messages(message)));
    },
    async () => {
      const code = pick(131047, 131047, 131050, 131049);
      told.push(
        await platform.deliver(
          platform.statuses(platform.failure(code, waId(), { timestamp: secondsAgo(when()) })),
        ),
      );
    },
    async () => {
      const timestamp = Number(secondsAgo(when()));
      told.push(
        await platform.deliver(
          platform.preferences(platform.preference(pick("stop", "resume"), waId(), { timestamp })),
        ),
      );
    },
    async () => {
      const message = platform.message(waId(), {
        type: "system",
        system: { type: "user_changed_number", wa_id: waId() },
        timestamp: secondsAgo(when()),
      });
      told.push(await platform.deliver(platform.messages(message)));
    },
    async () => told.length > 0 && platform.deliver(pick(...told)),
  ];
  for (let step = 0; step < steps; step += 1) await pick(...deeds)();
  return shop;
}

describe("states that are worked out again from their events", () => {
  it.each([1, 2, 3, 4])("are what is stored, after whatever history (%i)", async (seed) => {
    const shop = await history(seed, 150);
    const { differences, differenceCount, compared: counts } = await compared(shop);
    expect(differences).toEqual([]);
    expect(differenceCount).toBe(0);
    for (const [state, count] of Object.entries(counts)) expect([state, count > 0]).toEqual([state, true]);
  });

  it("are what is stored while more of it is being written", async () => {
    const shop = await Shop.open(service);
    let isDone = false;
    const writing = (async () => {
      for (let n = 0; n < 40; n += 1) {
        const subject = { phone: `+1202555010${n % 7}` };
        await Promise.all([
          shop.optOut(subject),
          shop.inbound(subject),
          shop.reported(subject),
          shop.sendConsent({ subject, state: "withdrawn" }),
        ]);
      }
      isDone = true;
    })();
    while (!isDone) expect((await compared(shop)).differences).toEqual([]);
    await writing;
    expect((await compared(shop)).differenceCount).toBe(0);
  });

  it("are compared in pieces however many there are, each once", async () => {
    const shop = await Shop.open(service);
    await owner`
      with made as (
        insert into subject (organization_id, id, root_id, evidence_key)
        select ${parseId("org", shop.org.id) ?? ""}::uuid, id, id, '' from (
          select gen_random_uuid() as id from generate_series(1, 4500)) x returning organization_id, id)
      insert into consent_state (organization_id, subject_id, channel, purpose)
      select organization_id, id, 'whatsapp', 'promotions' from made`;
    const { compared: counts, differenceCount, differences } = await compared(shop);
    expect([counts.consent_state, differenceCount, differences.length]).toEqual([4500, 4500, 1000]);
  });
});

describe("a state that somebody changed by hand is named, and nothing else", () => {
  const waId = "12025550142";
  const phone = `+${waId}`;

  async function settled() {
    const shop = await Shop.open(service);
    const platform = new Platform(service.anonymous, shop.sender);
    const { subjectId } = await shop.proven({ phone }, {}, { occurredAt: ago(50) });
    await shop.sendConsent({ subject: { phone }, purpose: "order_updates", state: "refused" });
    await shop.optOut({ phone }, { scope: "purpose", purpose: "promotions" });
    await shop.inbound({ phone }, { occurredAt: ago(100) });
    await platform.deliver(platform.statuses(platform.failure(131047, waId), platform.failure(131050, waId)));
    const block = await created<{ id: string }>(
      shop.org.post("/v1/blocks", { identifier: { phone }, reason: "manual" }),
    );
    const { url } = await created<{ url: string }>(
      shop.org.post("/v1/opt-out-links", { subject: { phone } }),
    );
    for (const chosen of ["frequency=week", "frequency=month"])
      await service.anonymous.post(`${new URL(url).pathname}/preferences`, chosen, form);
    expect((await compared(shop)).differences).toEqual([]);
    return { shop, subjectId, blockId: block.id };
  }

  const org = (shop: Shop) => parseId("org", shop.org.id) ?? "";

  it.each<
    [
      what: string,
      change: (shop: Shop) => PromiseLike<unknown>,
      found: (s: Awaited<ReturnType<typeof settled>>) => object,
    ]
  >([
    [
      "a yes made newer",
      (shop) =>
        owner`update consent_state set given_at = now(), proven_at = now() where organization_id = ${org(shop)} and purpose = 'promotions'`,
      ({ subjectId }) => ({
        state: "consent_state",
        of: { subjectId, channel: "whatsapp", purpose: "promotions" },
      }),
    ],
    [
      "a yes that never ends",
      (shop) =>
        owner`update consent_state set given_expires_at = '2099-01-01' where organization_id = ${org(shop)} and purpose = 'promotions'`,
      ({ subjectId }) => ({
        state: "consent_state",
        of: { subjectId, channel: "whatsapp", purpose: "promotions" },
      }),
    ],
    [
      "a refusal turned into nothing",
      (shop) =>
        owner`update consent_state set no_kind = null, no_at = null, no_event_id = null where organization_id = ${org(shop)} and purpose = 'order_updates'`,
      ({ subjectId }) => ({
        state: "consent_state",
        of: { subjectId, channel: "whatsapp", purpose: "order_updates" },
        stored: expect.objectContaining({ no_at: null }),
        rebuilt: expect.objectContaining({ no_at: expect.any(String) }),
      }),
    ],
    [
      "a consent state that is gone",
      (shop) =>
        owner`delete from consent_state where organization_id = ${org(shop)} and purpose = 'promotions'`,
      ({ subjectId }) => ({
        state: "consent_state",
        of: { subjectId, channel: "whatsapp", purpose: "promotions" },
        stored: null,
      }),
    ],
    [
      "a no that is gone",
      (shop) => owner`delete from standing_no where organization_id = ${org(shop)} and kind = 'opted_out'`,
      () => ({
        state: "standing_no",
        of: {
          identifierHash: expect.stringMatching(/^[0-9a-f]{64}$/),
          channel: "*",
          purpose: "promotions",
          kind: "opted_out",
        },
        stored: null,
        rebuilt: { at: expect.any(String) },
      }),
    ],
    [
      "a no made older than it was said",
      (shop) =>
        owner`update standing_no set at = at - interval '1 day' where organization_id = ${org(shop)} and kind = 'opted_out'`,
      () => ({
        state: "standing_no",
        of: expect.objectContaining({ kind: "opted_out", purpose: "promotions" }),
      }),
    ],
    [
      "a no that nobody said",
      (shop) => owner`
        insert into standing_no (organization_id, identifier_hash, channel, purpose, kind, at, event_id)
        select organization_id, identifier_hash, '*', '*', 'opted_out', at, event_id from standing_no
        where organization_id = ${org(shop)} and kind = 'opted_out'`,
      () => ({
        state: "standing_no",
        of: expect.objectContaining({ purpose: "*", kind: "opted_out" }),
        rebuilt: null,
      }),
    ],
    [
      "a window kept open",
      (shop) => owner`update service_window set opened_at = now() where organization_id = ${org(shop)}`,
      ({ shop, subjectId }) => ({ state: "service_window", of: { subjectId, senderId: shop.sender.id } }),
    ],
    [
      "a window that was closed and is no more",
      (shop) => owner`update service_window set closed_at = null where organization_id = ${org(shop)}`,
      ({ shop, subjectId }) => ({ state: "service_window", of: { subjectId, senderId: shop.sender.id } }),
    ],
    [
      "a window closed at a time that nobody told",
      (shop) =>
        owner`update service_window set closed_at = closed_at + interval '1 hour' where organization_id = ${org(shop)}`,
      ({ shop, subjectId }) => ({ state: "service_window", of: { subjectId, senderId: shop.sender.id } }),
    ],
    [
      "a window that is gone",
      (shop) => owner`delete from service_window where organization_id = ${org(shop)}`,
      ({ shop, subjectId }) => ({
        state: "service_window",
        of: { subjectId, senderId: shop.sender.id },
        stored: null,
      }),
    ],
    [
      "a block lifted by nobody",
      (shop) => owner`update block set lifted_at = now() where organization_id = ${org(shop)}`,
      ({ blockId }) => ({
        state: "block",
        of: { blockId },
        stored: expect.objectContaining({ lifted_at: expect.any(String) }),
        rebuilt: expect.objectContaining({ lifted_at: null }),
      }),
    ],
    [
      "a block that is gone",
      (shop) => owner`delete from block where organization_id = ${org(shop)}`,
      ({ blockId }) => ({ state: "block", of: { blockId }, stored: null }),
    ],
    [
      "a wish for fewer messages that is gone",
      (shop) => owner`delete from preference where organization_id = ${org(shop)}`,
      ({ subjectId }) => ({ state: "preference", of: { subjectId, aspect: "frequency" }, stored: null }),
    ],
    [
      "a wish for fewer messages that lets more through",
      (shop) => owner`update preference set most = 9 where organization_id = ${org(shop)}`,
      ({ subjectId }) => ({
        state: "preference",
        of: { subjectId, aspect: "frequency" },
        stored: expect.objectContaining({ most: 9 }),
        rebuilt: expect.objectContaining({ most: 1, hours: 720 }),
      }),
    ],
    [
      "a pause that nobody chose",
      (shop) => owner`
        insert into preference (organization_id, subject_id, aspect, event_id, until, at)
        select organization_id, subject_id, 'pause', event_id, now() + interval '1 day', at from preference
        where organization_id = ${org(shop)}`,
      ({ subjectId }) => ({ state: "preference", of: { subjectId, aspect: "pause" }, rebuilt: null }),
    ],
    [
      "a platform stop turned into a resume",
      (shop) => owner`update platform_preference set value = 'resume' where organization_id = ${org(shop)}`,
      ({ shop }) => ({
        state: "platform_preference",
        of: { identifierHash: expect.any(String), wabaId: shop.sender.wabaId },
        stored: { at: expect.any(String), value: "resume" },
        rebuilt: { at: expect.any(String), value: "stop" },
      }),
    ],
    [
      "a platform stop that is gone",
      (shop) => owner`delete from platform_preference where organization_id = ${org(shop)}`,
      () => ({ state: "platform_preference", stored: null }),
    ],
    [
      "a platform stop that was never said",
      (shop) =>
        owner`update platform_preference set at = at + interval '1 day' where organization_id = ${org(shop)}`,
      () => ({ state: "platform_preference", rebuilt: null }),
    ],
  ])("%s", async (_what, change, found) => {
    const [s, other] = [await settled(), await settled()];
    await change(s.shop);
    const { differences, differenceCount } = await compared(s.shop);
    expect(differences).toEqual([expect.objectContaining(found(s))]);
    expect(differenceCount).toBe(1);
    expect((await compared(other.shop)).differenceCount).toBe(0);
    // Looking changes nothing.
    expect((await compared(s.shop)).differences).toEqual(differences);
  });

  it("but windows whose messages retention may have removed are no difference", async () => {
    const shop = await Shop.open(service);
    await shop.inbound({ phone }, { occurredAt: ago(200 * 86_400) });
    await shop.activatePolicy({ retention: { inboundMonths: 2 } });
    await owner`
      delete from inbound_message where organization_id = ${org(shop)}`;
    expect((await compared(shop)).differences).toEqual([]);
  });
});
