import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { simulatorNumbers } from "../../../src/features/gate/domain/simulator.ts";
import { reasonCodes } from "../../../src/features/gate/domain/verdict.ts";
import { createApiKey, sandboxOf } from "../../../src/features/organization/index.ts";
import { formatId, parseId } from "../../../src/kernel/ids.ts";
import { OrganizationClient, startTestService, type TestService } from "../../support/service.ts";
import { ago, type Checked, codes, created, messages, Shop } from "../../support/shop.ts";
import { Platform } from "../../support/webhook.ts";

let service: TestService;
let live: Shop;
let sandbox: OrganizationClient;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());
beforeEach(async () => {
  live = await Shop.open(service);
  sandbox = await sandboxClient(live.org);
});

/** The sandbox of an organization, through a key of its own. */
async function sandboxClient(of: OrganizationClient): Promise<OrganizationClient> {
  const ctx = await of.context();
  const id = await sandboxOf(ctx);
  const inside = await service.composed.contextFor(id, ctx.actor, "test-request");
  const { key } = await createApiKey(inside, { name: "test", scopes: ["all"] });
  expect(key).toMatch(/^sayso_test_[\w-]{43}$/);
  const transport = async (path: string, init: RequestInit) => service.app.request(path, init);
  return new OrganizationClient(service, transport, formatId("org", id), key);
}

const allCodes = Object.values(reasonCodes).flat();
const numberOf = (wanted: string) =>
  simulatorNumbers.find(({ simulates }) => simulates === wanted)?.phone ?? "";
const simulated = (wanted: string) => ({ phone: numberOf(wanted) });
/** Nothing of it is registered in the sandbox: the number alone makes the answer. */
const question = { sender: "106540352242922", purpose: "promotions", message: messages.sale };

const ask = async (org: OrganizationClient, recipient: object, input: object = {}) => {
  const answer = await org.post<Checked & { sandbox?: true }>("/v1/checks", {
    ...question,
    recipient,
    ...input,
  });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};
const redeem = (org: OrganizationClient, { permit }: Checked) => org.post(`/v1/permits/${permit?.id}/redeem`);

describe("the simulator numbers", () => {
  it("stand for every reason's code and lie in the range that is reserved for fiction, each once", async () => {
    const { body } = await live.org.get<{
      items: { phone: string; simulates: string; rule: string | null }[];
    }>("/v1/simulator-numbers");
    expect(body.items.map(({ simulates }) => simulates).toSorted()).toEqual(
      [...allCodes, "allow", "undecided", "refused_at_redemption"].toSorted(),
    );
    expect(new Set(body.items.map(({ phone }) => phone)).size).toBe(body.items.length);
    for (const { phone, simulates, rule } of body.items) {
      expect(phone).toMatch(/^\+1\d{3}55501\d\d$/);
      const owner = Object.entries(reasonCodes).find(([, own]) =>
        (own as readonly string[]).includes(simulates),
      );
      expect(rule).toBe(owner?.[0] ?? null);
    }
  });

  it("give a deny with their code in a sandbox, in words, on record and repeatable", async () => {
    for (const code of allCodes) {
      const answer = await ask(sandbox, simulated(code));
      expect(answer).toMatchObject({ decision: "deny", sandbox: true });
      expect(codes(answer)).toEqual([code]);
      expect(answer.permit).toBeUndefined();
      const [reason] = answer.reasons;
      expect(reason?.message).toMatch(/\.$/);
      const failed = answer.rules.filter(({ outcome }) => outcome !== "pass");
      expect(failed).toEqual([{ rule: reason?.rule, outcome: "fail" }]);

      const stored = await sandbox.get(`/v1/decisions/${answer.decisionId}`);
      expect(stored.body).toMatchObject({ decision: "deny", sandbox: true, reasons: [{ code }] });
      const replayed = await sandbox.post(`/v1/decisions/${answer.decisionId}/replay`, {});
      expect(replayed.body).toMatchObject({ same: true });
    }
  });

  it("know nothing of what the platform said about a live sender of the same account", async () => {
    await live.sql(
      (sql, organization) => sql`
        update sender set restrictions = ${JSON.stringify({ account: { state: "disabled", until: null, at: ago(60) } })}::text::jsonb
        where organization_id = ${organization}`,
    );
    const { wabaId } = live.sender;
    const made = {
      name: "Test",
      phoneNumberId: "106540352242999",
      displayPhoneNumber: "+12025550171",
      wabaId,
    };
    const answer = await sandbox.post("/v1/senders", { ...made, platform: "whatsapp_cloud" });
    expect(answer.body, answer.text).toMatchObject({ state: "active" });
  });

  it("give an allow whose permit is good, once, and takes an outcome", async () => {
    for (const named of [simulated("allow"), { waId: numberOf("allow").slice(1) }]) {
      const answer = await ask(sandbox, named, { message: messages.freeForm });
      expect(answer).toMatchObject({ decision: "allow", reasons: [], sandbox: true });
      expect(answer.obligations).not.toContain("use_template");
      expect((await redeem(sandbox, answer)).body).toEqual({ redeemed: true });
      expect((await redeem(sandbox, answer)).body).toMatchObject({ redeemed: false });
      const outcome = { outcome: "sent", messageId: `wamid.${answer.decisionId}` };
      expect((await sandbox.post(`/v1/permits/${answer.permit?.id}/outcome`, outcome)).status).toBe(200);
    }
  });

  it("give an allow that is refused when it is redeemed", async () => {
    const answer = await ask(sandbox, simulated("refused_at_redemption"));
    expect(answer.decision).toBe("allow");
    expect((await redeem(sandbox, answer)).body).toMatchObject({
      redeemed: false,
      reasons: [{ code: "recipient_opted_out" }],
    });
  });

  it("give no answer but a 503, in a batch in their line's place", async () => {
    const single = await sandbox.post("/v1/checks", { ...question, recipient: simulated("undecided") });
    expect([single.status, single.headers.get("retry-after")]).toEqual([503, "1"]);
    const lines = ["allow", "undecided", "allow"].map((wanted) =>
      JSON.stringify({ ...question, recipient: simulated(wanted) }),
    );
    const batch = await sandbox.post("/v1/checks/batch", lines.join("\n"), {
      "content-type": "application/x-ndjson",
    });
    const answers = batch.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers).toMatchObject([
      { decision: "allow" },
      { problem: { status: 503 } },
      { decision: "allow" },
    ]);
  });

  it("say when to ask again where waiting helps", async () => {
    const [reason] = (await ask(sandbox, simulated("quiet_hours"))).reasons;
    expect(Date.parse(reason?.retryAt ?? "")).toBeGreaterThan(Date.now());
    expect(reason?.remedy).toContain(reason?.retryAt);
    expect((await ask(sandbox, simulated("recipient_blocked"))).reasons[0]?.retryAt).toBeUndefined();
  });

  it("hold no place under a cap, even when somebody made records of them", async () => {
    const subject = simulated("allow");
    await created(sandbox.post("/v1/opt-outs", { subject, scope: "all", source: "api", occurredAt: ago(0) }));
    const { version } = await created<{ version: number }>(
      sandbox.post("/v1/policies", { document: { caps: [{ most: 1, hours: 24 }] } }),
    );
    await sandbox.post(
      `/v1/policies/${version}/activate`,
      { reason: "To try." },
      { "if-match": '"built-in/1"' },
    );
    for (let time = 0; time < 3; time += 1) {
      const answer = await ask(sandbox, simulated("allow"));
      expect((await redeem(sandbox, answer)).body).toEqual({ redeemed: true });
    }
  });
});

describe("a live organization", () => {
  it("never treats a simulator number specially: neither the allowed one nor the one without an answer", async () => {
    const input = { sender: live.sender.id };
    for (const { simulates } of simulatorNumbers) {
      const answer = await ask(live.org, simulated(simulates), input);
      expect([simulates, codes(answer), answer.sandbox]).toEqual([simulates, ["consent_missing"], undefined]);
    }
    await live.proven(simulated("recipient_opted_out"));
    expect((await ask(live.org, simulated("recipient_opted_out"), input)).decision).toBe("allow");
    await live.optOut(simulated("allow"));
    expect(codes(await ask(live.org, simulated("allow"), input))).toContain("recipient_opted_out");
    const stored = await live.sql(
      (sql, organizationId) => sql<{ sandbox: unknown }[]>`
        select document->'facts'->'sandbox' as sandbox from decision where organization_id = ${organizationId}`,
    );
    expect(stored.length).toBeGreaterThan(allCodes.length);
    expect(new Set(stored.map((row) => row.sandbox))).toEqual(new Set([null]));
  });
});

describe("a sandbox", () => {
  it("is one for each organization, made once however many ask, and its own sandbox", async () => {
    const ctx = await live.org.context();
    const fresh = await (await service.organization()).context();
    const made = await Promise.all(Array.from({ length: 6 }, () => sandboxOf(fresh)));
    expect(new Set(made).size).toBe(1);
    expect(made[0]).not.toBe(fresh.organizationId);
    expect(await sandboxOf(ctx)).toBe(parseId("org", sandbox.id));
    expect(await sandboxOf(await sandbox.context())).toBe(parseId("org", sandbox.id));
    expect((await sandbox.get("/v1/organization")).body).toMatchObject({
      id: sandbox.id,
      sandboxOf: live.org.id,
    });
    expect((await live.org.get("/v1/organization")).body).toMatchObject({ sandboxOf: null });
  });

  it("sees nothing of the live organization, and the live one nothing of it", async () => {
    const person = { phone: "+12025550173", externalId: "customer-73" };
    const { subjectId } = await live.proven(person);
    const { decisionId } = await ask(live.org, person, { sender: live.sender.id });
    expect((await sandbox.post("/v1/subjects/lookup", { subject: person })).status).toBe(404);
    expect((await sandbox.get(`/v1/subjects/${subjectId}`)).status).toBe(404);
    expect((await sandbox.get(`/v1/decisions/${decisionId}`)).status).toBe(404);
    expect((await sandbox.get<{ items: unknown[] }>("/v1/senders")).body.items).toEqual([]);
    expect((await sandbox.get<{ items: unknown[] }>("/v1/consents")).body.items).toEqual([]);

    const identifier = { phone: person.phone };
    await created(sandbox.post("/v1/blocks", { identifier, reason: "manual" }));
    const { decisionId: played } = await ask(sandbox, simulated("allow"));
    expect((await ask(live.org, person, { sender: live.sender.id })).decision).toBe("allow");
    expect((await live.org.get(`/v1/decisions/${played}`)).status).toBe(404);
  });

  it("asks the rules about everybody who is no simulator number", async () => {
    const sender = await sandbox.sender();
    const template = { wabaId: sender.wabaId, ...messages.sale.template };
    await created(sandbox.post("/v1/templates", { ...template, category: "marketing", status: "approved" }));
    const person = { phone: "+12025550174" };
    expect(codes(await ask(sandbox, person, { sender: sender.id }))).toEqual(["consent_missing"]);
    await created(
      sandbox.post("/v1/opt-outs", { subject: person, scope: "all", source: "api", occurredAt: ago(0) }),
    );
    const answer = await ask(sandbox, person, { sender: sender.id });
    expect(answer).toMatchObject({ decision: "deny", sandbox: true });
    expect(codes(answer)).toContain("recipient_opted_out");
  });

  it("takes a live sender's phoneNumberId without taking its webhooks: they go on to the live organization", async () => {
    const { phoneNumberId, wabaId } = live.sender;
    const twin = await sandbox.sender({ phoneNumberId, wabaId });
    const platform = new Platform(service.anonymous, live.sender);
    await live.proven({ waId: "12025550175" });
    await platform.deliver(platform.messages(platform.text("12025550175", "STOP")));
    expect(await live.codes({ waId: "12025550175" })).toContain("recipient_opted_out");
    expect((await sandbox.post("/v1/subjects/lookup", { subject: { waId: "12025550175" } })).status).toBe(
      404,
    );
    expect(twin.id).not.toBe(live.sender.id);
    // And the other way round: the sandbox does not keep a number from its live organization.
    const later = await sandbox.sender();
    expect((await live.org.sender({ phoneNumberId: later.phoneNumberId })).phoneNumberId).toBe(
      later.phoneNumberId,
    );
  });

  it("counts nothing among the decisions that are measured", async () => {
    const counted = async () =>
      (await service.anonymous.get("/metrics")).text
        .split("\n")
        .filter((line) => line.startsWith("sayso_decisions_total"))
        .join("\n");
    const before = await counted();
    for (const wanted of ["allow", "recipient_blocked", "frequency_cap_reached"])
      await ask(sandbox, simulated(wanted));
    await ask(sandbox, { phone: "+12025550176" });
    expect(await counted()).toBe(before);
    await ask(live.org, { phone: "+12025550176" }, { sender: live.sender.id });
    expect(await counted()).not.toBe(before);
  });
});
