import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startTestService, type TestService } from "../../support/service.ts";
import { created, messages, Shop } from "../../support/shop.ts";

let service: TestService;
let replica: TestService;
let shop: Shop;

beforeAll(async () => {
  service = await startTestService();
  replica = await startTestService({ database: service.database });
});
afterAll(async () => {
  await replica.close();
  await service.close();
});
beforeEach(async () => {
  shop = await Shop.open(service);
  await shop.proven(person);
});

const person = { phone: "+12025550162" };
const parcel = { purpose: "order_updates", message: messages.parcel };

interface Pulled {
  readonly id: string;
  readonly scope: string;
  readonly sender: string | null;
  readonly purpose: string | null;
  readonly reason: string;
  readonly pulledAt: string;
  readonly releasedAt: string | null;
}

const pull = (scope: object, on = shop.org) =>
  created<Pulled>(on.post("/v1/switches", { reason: "Wrong price in the template.", ...scope }));
const release = (id: string, on = shop.org) =>
  on.post<{ id: string; releasedAt: string }>(`/v1/switches/${id}/release`, { reason: "Corrected." });

describe("a switch", () => {
  test("that is pulled denies from its answer on, on every replica, and its release allows again", async () => {
    expect(await shop.codes(person)).toEqual([]);
    const elsewhere = shop.org.through({ transport: async (path, init) => replica.app.request(path, init) });
    const { id } = await pull({ scope: "organization" }, elsewhere);
    const denied = await shop.check(person);
    expect(denied.decision).toBe("deny");
    expect(denied.reasons).toEqual([
      expect.objectContaining({ code: "sending_paused", rule: "switch", evidence: [id] }),
    ]);
    expect(await shop.codes(person, parcel)).toEqual(["sending_paused"]);

    expect((await release(id, elsewhere)).status).toBe(200);
    expect(await shop.codes(person)).toEqual([]);
    expect(await shop.codes(person, parcel)).toEqual([]);
  });

  test("stops a permit that was given before", async () => {
    const { permit } = (await shop.check(person)) as { permit?: { id: string } };
    const { id } = await pull({ scope: "purpose", purpose: "promotions" });
    const answer = await shop.org.post(`/v1/permits/${permit?.id}/redeem`);
    expect(answer.body).toMatchObject({
      redeemed: false,
      reasons: [{ code: "sending_paused", evidence: [id] }],
    });
  });

  test("of a sender or a purpose leaves the others alone", async () => {
    const { id: second, phoneNumberId } = await shop.org.sender();
    const elsewhere = { ...parcel, sender: second };
    const { id } = await pull({ scope: "sender", sender: shop.sender.phoneNumberId });
    expect(await shop.codes(person)).toEqual(["sending_paused"]);
    expect(await shop.codes(person, parcel)).toEqual(["sending_paused"]);
    expect(await shop.codes(person, elsewhere)).not.toContain("sending_paused");
    await release(id);

    await pull({ scope: "purpose", purpose: "promotions" });
    expect(await shop.codes(person)).toEqual(["sending_paused"]);
    expect(await shop.codes(person, { sender: phoneNumberId })).toContain("sending_paused");
    expect(await shop.codes(person, parcel)).toEqual([]);
  });

  test("holds until every one in scope is released", async () => {
    const first = await pull({ scope: "purpose", purpose: "promotions" });
    const second = await pull({ scope: "organization" });
    const { reasons } = await shop.check(person);
    expect(reasons.flatMap(({ evidence }) => evidence).toSorted()).toEqual([first.id, second.id].toSorted());
    await release(first.id);
    expect(await shop.codes(person)).toEqual(["sending_paused"]);
    await release(second.id);
    expect(await shop.codes(person)).toEqual([]);
  });

  test("is another organization's business in no way", async () => {
    const neighbour = await Shop.open(service);
    await neighbour.proven(person);
    const { id } = await pull({ scope: "organization" });
    expect(await neighbour.codes(person)).toEqual([]);
    expect((await release(id, neighbour.org)).status).toBe(404);
    expect((await neighbour.org.get<{ items: Pulled[] }>("/v1/switches")).body.items).toEqual([]);
    expect(await shop.codes(person)).toEqual(["sending_paused"]);
  });

  test("is pulled and released with a reason that stays on record, once", async () => {
    const { id, ...pulled } = await pull({ scope: "sender", sender: shop.sender.id });
    expect(id).toMatch(/^swi_/);
    expect(pulled).toEqual({
      scope: "sender",
      sender: shop.sender.id,
      purpose: null,
      reason: "Wrong price in the template.",
      pulledAt: expect.stringMatching(/Z$/),
      releasedAt: null,
    });
    const { releasedAt } = (await release(id)).body;
    expect((await release(id)).status).toBe(409);
    expect((await shop.org.get<{ items: Pulled[] }>("/v1/switches")).body.items).toEqual([
      { id, ...pulled, releasedAt },
    ]);
    const events = await shop.sql(
      (sql, organizationId) => sql`
        select kind, reason from sending_switch_event where organization_id = ${organizationId} order by at`,
    );
    expect([...events]).toEqual([
      { kind: "pulled", reason: "Wrong price in the template." },
      { kind: "released", reason: "Corrected." },
    ]);
    const entries = await shop.sql(
      (sql, organizationId) => sql`
        select action, entity from audit_entry where organization_id = ${organizationId} and action like 'switch.%'
        order by action`,
    );
    expect([...entries]).toEqual([
      { action: "switch.pulled", entity: id },
      { action: "switch.released", entity: id },
    ]);
  });

  test("is pulled once under one Idempotency-Key", async () => {
    const send = () =>
      shop.org.post<Pulled>(
        "/v1/switches",
        { scope: "organization", reason: "Twice." },
        { "idempotency-key": "pull-1" },
      );
    const [first, second] = [await send(), await send()];
    expect(second.status).toBe(201);
    expect(second.body).toEqual(first.body);
    await release(first.body.id);
    expect(await shop.codes(person)).toEqual([]);
  });

  test.each([
    [{ scope: "sender", sender: "snd_01h455vb4pex5vsknk084sn02q" }, "/sender"],
    [{ scope: "purpose", purpose: "unheard_of" }, "/purpose"],
    [{ scope: "everything" }, "/scope"],
    [{ scope: "sender" }, "/sender"],
    [{ scope: "organization", sender: "1" }, "/sender"],
  ])("that would pause nothing is refused: %j", async (scope, pointer) => {
    const answer = await shop.org.post<{ errors: { pointer: string }[] }>("/v1/switches", {
      reason: "A slip.",
      ...scope,
    });
    expect(answer.status, answer.text).toBe(422);
    expect(answer.body.errors.map((error) => error.pointer)).toEqual([pointer]);
  });

  test("is staff's alone", async () => {
    const sending = await shop.org.limitedTo("checks", "configuration");
    expect((await sending.post("/v1/switches", { scope: "organization", reason: "A." })).status).toBe(403);
    expect((await sending.get("/v1/switches")).status).toBe(403);
  });
});
