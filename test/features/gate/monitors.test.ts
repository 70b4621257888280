import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseId } from "../../../src/kernel/ids.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, type Checked, codes, created, messages, Shop } from "../../support/shop.ts";

let service: TestService;
let shop: Shop;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());
beforeEach(async () => {
  shop = await Shop.open(service);
});

const stranger = { phone: "+12025550171" };
const day = 24 * 3600;
const parcel = { purpose: "order_updates", message: messages.parcel };

interface Monitor {
  readonly id: string;
  readonly sender: string;
  readonly purpose: string;
  readonly reason: string;
  readonly startedAt: string;
  readonly until: string;
  readonly endedAt: string | null;
}

const started = (input: object = {}) => ({
  sender: shop.sender.id,
  purpose: "promotions",
  reason: "The first weeks.",
  until: ago(-30 * day),
  ...input,
});
const start = (input: object = {}) => created<Monitor>(shop.org.post("/v1/monitors", started(input)));
const end = (id: string) => shop.org.post(`/v1/monitors/${id}/end`, { reason: "All is well." });
const watched = (answer: Checked) =>
  answer.reasons.filter(({ enforced }) => enforced === false).map(({ code }) => code);

describe("monitor mode", () => {
  it("lets out what it only watches, says so, and records it; its end denies from its answer on", async () => {
    expect(await shop.codes(stranger)).toEqual(["consent_missing"]);
    const { id } = await start();
    const answer = await shop.check(stranger);
    expect(answer.decision).toBe("allow");
    expect(watched(answer)).toEqual(["consent_missing"]);
    expect(codes(answer)).toEqual(["consent_missing"]);
    expect(answer.rules).toContainEqual({ rule: "consent", outcome: "fail" });
    const stored = await shop.org.get<Checked & { facts: { monitor: unknown } }>(
      `/v1/decisions/${answer.decisionId}`,
      { "accept-language": "ru" },
    );
    expect(stored.body).toMatchObject({ decision: "allow", reasons: [{ enforced: false }] });
    expect(stored.body.reasons[0]?.message).toContain("Режим наблюдения: правило только проверялось");
    expect(stored.body.facts.monitor).toEqual({ id, until: expect.any(String) });

    const replayed = await shop.org.post(`/v1/decisions/${answer.decisionId}/replay`, {});
    expect(replayed.body).toMatchObject({ same: true, replayed: { decision: "allow" } });

    expect((await end(id)).status).toBe(200);
    const after = await shop.check(stranger);
    expect(after.decision).toBe("deny");
    expect(watched(after)).toEqual([]);
  });

  it("is of its sender and its purpose alone", async () => {
    const second = await shop.org.sender({ wabaId: shop.sender.wabaId });
    await start({ sender: shop.sender.phoneNumberId });
    expect((await shop.check(stranger)).decision).toBe("allow");
    expect((await shop.check(stranger, parcel)).decision).toBe("deny");
    expect((await shop.check(stranger, { sender: second.id })).decision).toBe("deny");
    const neighbour = await Shop.open(service);
    expect((await neighbour.check(stranger)).decision).toBe("deny");
  });

  it.each<[string, (of: Shop) => Promise<unknown>, string]>([
    ["an opt-out", (of) => of.optOut(stranger), "recipient_opted_out"],
    ["a withdrawal", (of) => of.reported(stranger, { state: "withdrawn" }), "consent_withdrawn"],
    ["a refusal", (of) => of.reported(stranger, { state: "refused" }), "consent_refused"],
    [
      "a block",
      (of) => created(of.org.post("/v1/blocks", { identifier: stranger, reason: "complaint" })),
      "recipient_blocked",
    ],
    [
      "a switch",
      (of) => created(of.org.post("/v1/switches", { scope: "organization", reason: "A slip." })),
      "sending_paused",
    ],
  ])("never lets anything out after %s, nor is a permit of before good", async (_what, no, code) => {
    await start();
    const { permit } = await shop.check(stranger);
    await no(shop);
    const denied = await shop.check(stranger);
    expect(denied.decision).toBe("deny");
    expect(denied.reasons).toContainEqual(expect.objectContaining({ code }));
    expect(watched(denied)).not.toContain(code);
    const redeemed = await shop.org.post(`/v1/permits/${permit?.id}/redeem`);
    expect(redeemed.body).toMatchObject({ redeemed: false });
  });

  it("redeems what it let out, as long as it lasts", async () => {
    const { id } = await start();
    const permits = [await shop.check(stranger), await shop.check(stranger)].map(({ permit }) => permit?.id);
    expect((await shop.org.post(`/v1/permits/${permits[0]}/redeem`)).body).toEqual({ redeemed: true });
    await end(id);
    expect((await shop.org.post(`/v1/permits/${permits[1]}/redeem`)).body).toMatchObject({
      redeemed: false,
      reasons: [{ code: "consent_missing" }],
    });
  });

  it("takes a place under a cap also for what it lets out over a full one", async () => {
    await shop.proven(stranger);
    await shop.activatePolicy({ caps: [{ most: 2, hours: 24 }] });
    const { id } = await start();
    for (const full of [false, false, true, true]) {
      const answer = await shop.check(stranger);
      expect(answer.decision).toBe("allow");
      expect(watched(answer)).toEqual(full ? ["frequency_cap_reached"] : []);
      expect((await shop.org.post(`/v1/permits/${answer.permit?.id}/redeem`)).body.redeemed).toBe(true);
    }
    const slots = await shop.sql(
      (sql, organizationId) => sql`select from cap_slot where organization_id = ${organizationId}`,
    );
    expect(slots.length).toBe(4);
    await end(id);
    expect(await shop.codes(stranger)).toEqual(["frequency_cap_reached"]);
  });

  it("says of as many as a cap has places that it was kept, however many ask at the same time", async () => {
    await shop.proven(stranger);
    await shop.activatePolicy({ caps: [{ most: 2, hours: 24 }] });
    await start();
    const answers = await Promise.all(Array.from({ length: 8 }, () => shop.check(stranger)));
    expect(answers.map(({ decision }) => decision)).toEqual(answers.map(() => "allow"));
    expect(answers.filter((answer) => watched(answer).length === 0)).toHaveLength(2);
  });

  it("lets out to a stranger under a cap too, who has no record to hold a place", async () => {
    await shop.activatePolicy({ caps: [{ most: 1, hours: 24 }] });
    await start();
    const answer = await shop.check({ phone: "+12025550172" });
    expect(watched(answer)).toEqual(["consent_missing"]);
    expect((await shop.org.post(`/v1/permits/${answer.permit?.id}/redeem`)).body.redeemed).toBe(true);
  });

  it("is over by itself at its end, and goes on record", async () => {
    const { id, ...monitor } = await start({ until: ago(-20) });
    expect(monitor).toEqual({
      sender: shop.sender.id,
      purpose: "promotions",
      reason: "The first weeks.",
      startedAt: expect.stringMatching(/Z$/),
      until: expect.stringMatching(/Z$/),
      endedAt: null,
    });
    await agedBy(30);
    expect((await shop.check(stranger)).decision).toBe("deny");
    expect((await end(id)).status).toBe(409);
    const listed = await shop.org.get<{ items: Monitor[] }>("/v1/monitors");
    expect(listed.body.items).toMatchObject([{ id, endedAt: expect.any(String) }]);
    await start();
    expect((await shop.check(stranger)).decision).toBe("allow");
  });

  it("is started and ended with a reason that stays on record", async () => {
    const { id } = await start();
    await end(id);
    const events = await shop.sql(
      (sql, organizationId) => sql`
        select kind, reason, actor_kind as actor from monitor_event where organization_id = ${organizationId} order by at`,
    );
    expect([...events]).toEqual([
      { kind: "started", reason: "The first weeks.", actor: "api_key" },
      { kind: "ended", reason: "All is well.", actor: "api_key" },
    ]);
    const entries = await shop.sql(
      (sql, organizationId) => sql`
        select action, entity from audit_entry where organization_id = ${organizationId} and action like 'monitor.%'
        order by action`,
    );
    expect([...entries]).toEqual([
      { action: "monitor.ended", entity: id },
      { action: "monitor.started", entity: id },
    ]);
    expect((await end(id)).status).toBe(409);
  });

  it("is one at a time, also when two are started at the same moment", async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => shop.org.post("/v1/monitors", started())),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  it("lasts at most 60 days from the first time it began, however often it is started", async () => {
    const refused = async (input: object) => {
      const answer = await shop.org.post<{ errors?: { pointer: string }[] }>("/v1/monitors", started(input));
      return [answer.status, answer.body.errors?.map(({ pointer }) => pointer)];
    };
    expect(await refused({ until: ago(-60 * day - 60) })).toEqual([422, ["/until"]]);
    expect(await refused({ until: ago(1) })).toEqual([422, ["/until"]]);
    expect(await refused({ until: "soon" })).toEqual([422, ["/until"]]);
    expect(await refused({ sender: "snd_01h455vb4pex5vsknk084sn02q" })).toEqual([422, ["/sender"]]);
    expect(await refused({ purpose: "unheard_of" })).toEqual([422, ["/purpose"]]);
    expect(await refused({ reason: "" })).toEqual([422, ["/reason"]]);

    const { id } = await start({ until: ago(-60 * day + 60) });
    await end(id);
    await agedBy(40 * day);
    expect(await refused({ until: ago(-30 * day) })).toEqual([422, ["/until"]]);
    await start({ until: ago(-19 * day) });
    // Another purpose has its own weeks.
    await start({ purpose: "order_updates", until: ago(-50 * day) });
  });

  it("is staff's alone, and no other organization's", async () => {
    const sending = await shop.org.limitedTo("checks", "configuration");
    expect((await sending.post("/v1/monitors", started())).status).toBe(403);
    expect((await sending.get("/v1/monitors")).status).toBe(403);
    const { id } = await start();
    const neighbour = await Shop.open(service);
    const elsewhere = await neighbour.org.post(`/v1/monitors/${id}/end`, { reason: "Not mine." });
    expect(elsewhere.status).toBe(404);
    expect((await neighbour.org.get<{ items: unknown[] }>("/v1/monitors")).body.items).toEqual([]);
    expect((await shop.check(stranger)).decision).toBe("allow");
  });
});

/** Makes every monitor mode of the shop so many seconds older. */
async function agedBy(seconds: number): Promise<void> {
  const id = parseId("org", shop.org.id) ?? "";
  await shop.sql(
    (sql) => sql`
      update monitor set started_at = started_at - ${seconds}::int * interval '1 second',
        until = until - ${seconds}::int * interval '1 second'
      where organization_id = ${id}`,
  );
}
