import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatId, parseId } from "../../../src/kernel/ids.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, type Checked, codes, created, messages, Shop } from "../../support/shop.ts";
import { Platform } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const waId = "12025550142";
const person = { waId };

interface Redeemed {
  readonly redeemed: boolean;
  readonly decisionId?: string;
  readonly reasons?: readonly { readonly code: string; readonly message: string }[];
}

async function openShop(): Promise<Shop> {
  const shop = await Shop.open(service);
  await shop.proven(person, {}, { occurredAt: ago(240) });
  return shop;
}

async function permit(shop: Shop, input: object = {}): Promise<string> {
  const answer = await shop.check(person, input);
  expect(codes(answer)).toEqual([]);
  expect(answer.permit?.id).toMatch(/^prm_/);
  return answer.permit?.id ?? "";
}

const redeem = (shop: Shop, id: string) => shop.org.post<Redeemed>(`/v1/permits/${id}/redeem`);
const report = (shop: Shop, id: string, body: object) => shop.org.post(`/v1/permits/${id}/outcome`, body);
const reasonsOf = ({ body }: { body: Redeemed }) => body.reasons?.map(({ code }) => code);

describe("a permit", () => {
  it("comes with an allow, for as long as the policy says, and with nothing else", async () => {
    const shop = await openShop();
    const allowed = await shop.check(person);
    const life = Date.parse(allowed.permit?.expiresAt ?? "") - Date.now();
    expect(life).toBeGreaterThan(0);
    expect(life).toBeLessThanOrEqual(limits.permitLifeSeconds * 1000 + limits.clockSkewSeconds * 1000);
    await shop.activatePolicy({ permitTtlSeconds: 600 });
    const longer = Date.parse((await shop.check(person)).permit?.expiresAt ?? "");
    expect(longer - Date.parse(allowed.permit?.expiresAt ?? "")).toBeGreaterThanOrEqual(540_000);
    expect((await shop.check(person, { dryRun: true })).permit).toBeUndefined();
    expect((await shop.check({ phone: "+12025550144" })).permit).toBeUndefined();
  });

  it("is redeemed once, however many try at the same time", async () => {
    const shop = await openShop();
    const id = await permit(shop);
    const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(shop, id)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.filter(({ body }) => body.redeemed)).toHaveLength(1);
    const refused = answers.filter(({ body }) => !body.redeemed);
    for (const answer of refused) expect(reasonsOf(answer)).toEqual(["permit_used"]);
  });

  it("is worth nothing after its time", async () => {
    const shop = await openShop();
    const id = await permit(shop);
    const late = service.services.newId("dec");
    await shop.sql(
      (sql, organizationId) => sql`
        insert into decision (organization_id, id, at, subject_id, decision, document)
        select organization_id, ${late}, at, subject_id, decision,
          jsonb_set(document::jsonb, '{permitExpiresAt}', to_jsonb(${ago(1)}::text))::json
        from decision where organization_id = ${organizationId} and id = ${parseId("prm", id) ?? ""}`,
    );
    expect(reasonsOf(await redeem(shop, formatId("prm", late)))).toEqual(["permit_expired"]);
    expect((await redeem(shop, id)).body.redeemed).toBe(true);
  });

  it.each<[string, (shop: Shop) => Promise<unknown>, string]>([
    ["an opt-out", (shop) => shop.optOut(person), "recipient_opted_out"],
    [
      "a block",
      (shop) => created(shop.org.post("/v1/blocks", { identifier: person, reason: "complaint" })),
      "recipient_blocked",
    ],
    ["a withdrawal", (shop) => shop.reported(person, { state: "withdrawn" }), "consent_withdrawn"],
  ])("is worth nothing after %s, and that refusal is on record", async (_what, no, code) => {
    const shop = await openShop();
    const id = await permit(shop);
    await no(shop);
    const { body } = await redeem(shop, id);
    expect(body.redeemed).toBe(false);
    expect(body.reasons?.map((reason) => reason.code)).toContain(code);
    const stored = await shop.org.get(`/v1/decisions/${body.decisionId}`);
    expect(stored.body.decision).toBe("deny");
  });

  it("is found by its own organization only, and a deny has none", async () => {
    const shop = await openShop();
    const other = await Shop.open(service);
    const id = await permit(shop);
    expect((await redeem(other, id)).status).toBe(404);
    expect((await report(other, id, { outcome: "sent" })).status).toBe(404);
    const denied = await shop.check({ phone: "+12025550144" });
    expect((await redeem(shop, denied.decisionId.replace("dec_", "prm_"))).status).toBe(404);
    expect((await redeem(shop, "prm_nonsense")).status).toBe(404);
  });
});

describe("an outcome", () => {
  it("may be told again, and become known later, but not turn into its opposite", async () => {
    const shop = await openShop();
    const id = await permit(shop);
    await redeem(shop, id);
    for (const outcome of ["unknown", "sent", "sent"])
      expect((await report(shop, id, { outcome, messageId: `wamid.${id}` })).status).toBe(200);
    // An error that is not believed means nothing either.
    expect((await report(shop, id, { outcome: "failed", errorCode: 131050 })).status).toBe(409);
    expect(await shop.codes(person)).toEqual([]);
  });

  it("is one of sent and failed, also when both are said at the same time", async () => {
    const shop = await openShop();
    for (let round = 0; round < 10; round += 1) {
      const id = await permit(shop);
      const answers = await Promise.all(
        ["sent", "failed", "sent", "failed"].map((outcome) => report(shop, id, { outcome })),
      );
      const said = answers.map(({ status }) => status);
      const isSent = said[0] === 200;
      expect(said).toEqual(isSent ? [200, 409, 200, 409] : [409, 200, 409, 200]);
    }
    const both = await shop.sql(
      (sql, organizationId) => sql`
        select decision_id from permit_outcome where organization_id = ${organizationId} and outcome <> 'unknown'
        group by 1 having count(*) > 1`,
    );
    expect(both).toEqual([]);
  });

  it("with an error code means what it means in a webhook: 131050 stops marketing", async () => {
    const shop = await openShop();
    const id = await permit(shop);
    await redeem(shop, id);
    expect((await report(shop, id, { outcome: "failed", errorCode: 131050 })).status).toBe(200);
    expect(await shop.codes(person)).toContain("platform_marketing_stopped");
  });
});

describe("a frequency cap", () => {
  const capped = (most: number) => ({ caps: [{ categories: ["marketing"], most, hours: 24 }] });

  it("denies when it is full, until the oldest message falls out", async () => {
    const shop = await openShop();
    await shop.activatePolicy(capped(2));
    const first = await permit(shop);
    await redeem(shop, first);
    await redeem(shop, await permit(shop));
    const denied = await shop.check(person);
    expect(codes(denied)).toEqual(["frequency_cap_reached"]);
    const wait = Date.parse(denied.reasons[0]?.retryAt ?? "") - Date.now();
    expect(wait).toBeGreaterThan(23 * 3_600_000);
    expect(wait).toBeLessThanOrEqual(24 * 3_600_000 + limits.clockSkewSeconds * 1000);
    expect(denied.reasons[0]?.evidence).toContain(first.replace("prm_", "dec_"));
  });

  it("gives a place back when a permit runs out or sending failed, and keeps it when nobody knows", async () => {
    const shop = await openShop();
    await shop.activatePolicy(capped(1));
    const expired = await permit(shop);
    expect(await shop.codes(person)).toEqual(["frequency_cap_reached"]);
    await shop.sql(
      (sql, organizationId) => sql`
        update cap_slot set until = now() - interval '1 second' where organization_id = ${organizationId}
          and decision_id = ${parseId("prm", expired) ?? ""}`,
    );
    const failed = await permit(shop);
    await redeem(shop, failed);
    await report(shop, failed, { outcome: "failed", errorCode: 131026 });
    const unknown = await permit(shop);
    await redeem(shop, unknown);
    await report(shop, unknown, { outcome: "unknown" });
    expect(await shop.codes(person)).toEqual(["frequency_cap_reached"]);
  });

  it("counts a retry of the same message once, and leaves the earlier permit without a place", async () => {
    const shop = await openShop();
    await shop.activatePolicy(capped(1));
    const first = await permit(shop, { messageRef: "order-7" });
    const second = await permit(shop, { messageRef: "order-7" });
    expect(await shop.codes(person, { messageRef: "order-8" })).toEqual(["frequency_cap_reached"]);
    expect((await redeem(shop, second)).body.redeemed).toBe(true);
    expect(reasonsOf(await redeem(shop, first))).toEqual(["frequency_cap_reached"]);
  });

  it("leaves other categories alone", async () => {
    const shop = await openShop();
    await shop.proven(person, { purpose: "order_updates" }, { occurredAt: ago(240) });
    await shop.activatePolicy(capped(1));
    await redeem(shop, await permit(shop));
    await permit(shop, { purpose: "order_updates", message: messages.parcel });
    expect(await shop.codes(person)).toEqual(["frequency_cap_reached"]);
  });

  it("counts messages that only the platform's statuses show, and none of them twice", async () => {
    const shop = await openShop();
    const platform = new Platform(service.anonymous, shop.sender);
    await shop.activatePolicy(capped(2));
    const id = await permit(shop);
    await redeem(shop, id);
    await report(shop, id, { outcome: "sent", messageId: "wamid.ours" });
    await platform.deliver(platform.statuses({ ...platform.status("sent", waId), id: "wamid.ours" }));
    expect(await shop.codes(person, { dryRun: true })).toEqual([]);
    await platform.deliver(platform.statuses({ ...platform.status("sent", waId), id: "wamid.unknown" }));
    expect(await shop.codes(person)).toEqual(["frequency_cap_reached"]);
  });

  it("of N lets N permits out of 500 simultaneous checks in two processes, and so each time that both begin together", async () => {
    const shop = await openShop();
    await shop.activatePolicy(capped(3));
    const processes = await Promise.all([service.startProcess(), service.startProcess()]);
    const askTogether = async (recipient: object, checks: number) => {
      const question = { sender: shop.sender.id, recipient, purpose: "promotions", message: messages.sale };
      const answers = await Promise.all(
        Array.from({ length: checks }, (_, n) => {
          const process = processes[n % processes.length];
          if (process === undefined) throw new Error("There is no process.");
          return shop.org.through(process).post<Checked>("/v1/checks", question);
        }),
      );
      const decided = answers.filter(({ status }) => status === 200).map(({ body }) => body);
      expect(decided.length).toBeGreaterThan(checks * 0.8);
      for (const answer of decided)
        if (answer.decision === "deny") expect(codes(answer)).toEqual(["frequency_cap_reached"]);
      const allowed = decided.filter(({ decision }) => decision === "allow");
      expect(allowed).toHaveLength(3);
      const redeemed = await Promise.all(
        allowed.map(({ permit: granted }) => redeem(shop, granted?.id ?? "")),
      );
      expect(redeemed.map(({ body }) => body.redeemed)).toEqual([true, true, true]);
    };
    await askTogether(person, 500);
    // Two get in each other's way in the first moments only.
    for (let round = 0; round < 30; round += 1) {
      const another = { waId: `4477009000${String(round).padStart(2, "0")}` };
      await shop.proven(another);
      await askTogether(another, 12);
    }
  });
});

it("places under a cap are given to one at a time, from however many connections they are asked for", async () => {
  const shop = await openShop();
  const { subjectId } = await shop.proven(person);
  const connections = 8;
  const sql = postgres(service.database.applicationUrl, { max: connections, fetch_types: false });
  try {
    const given: number[] = [];
    for (let round = 0; round < 60; round += 1) {
      const wanted = (n: number) => [
        {
          organizationId: parseId("org", shop.org.id),
          decisionId: service.services.newId("dec"),
          subjectIds: [parseId("sub", subjectId)],
          at: new Date(),
          category: "marketing",
          purpose: `round-${round}`,
          messageRef: `${round}-${n}`,
          until: null,
          caps: [{ purposes: [`round-${round}`], most: 1, hours: 24 }],
        },
      ];
      const answers = await Promise.all(
        Array.from(
          { length: connections },
          (_, n) => sql`select * from reserve_slots(${JSON.stringify(wanted(n))}::text::json)`,
        ),
      );
      given.push(answers.flat().length);
    }
    expect(given).toEqual(given.map(() => 1));
  } finally {
    await sql.end();
  }
});

it("what a person asked for arrives only so often, however often somebody says that they opted out", async () => {
  const shop = await openShop();
  const confirm = async () => {
    const { id } = await shop.optOut(person);
    return shop.codes(person, {
      purpose: "order_updates",
      message: messages.parcel,
      cause: { kind: "opt_out_confirmation", id },
    });
  };
  for (let n = 0; n < limits.causedMessagesPerDay; n += 1) {
    expect(await confirm()).toEqual([]);
  }
  expect(await confirm()).toContain("recipient_opted_out");
});
