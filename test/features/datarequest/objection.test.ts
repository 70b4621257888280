import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { look, openRequestOf, requestBody, shopIn } from "../../support/data-request.ts";
import { lifeOfEvents } from "../../support/request-life.ts";
import { startTestService, type TestService } from "../../support/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

interface Checked {
  readonly decision: string;
  readonly reasons: readonly { readonly code: string; readonly evidence: readonly string[] }[];
}

describe("an objection to marketing", () => {
  it("ends it the moment it is received, for every check, without anybody proving who they are", async () => {
    const shop = await shopIn(service);
    const sender = await shop.sender();
    const { id, status } = await openRequestOf(shop, { kind: "objection" });
    expect(status).toBe("ready");
    const checked = await shop.post<Checked>("/v1/checks", {
      sender: sender.id,
      recipient: { phone: "+12025550123" },
      channel: "whatsapp",
      purpose: "promotions",
      message: { kind: "template", category: "marketing", template: { name: "sale", language: "en" } },
    });
    expect(checked.body.decision).toBe("deny");
    const no = checked.body.reasons.find(({ code }) => code === "recipient_opted_out");
    const seen = await look(shop, id);
    expect(seen).toMatchObject({ next: { by: "staff", event: "closed" }, archive: null });
    expect(seen.timeline.map(({ event, status: stood }) => [event, stood])).toEqual([
      ["opened", "received"],
      ["carried_out", "ready"],
    ]);
    expect(no?.evidence).toContain(seen.timeline[1]?.details.optOutId);
    const { stored, replayed } = await lifeOfEvents(shop, id);
    expect(replayed).toEqual(stored);
  });

  it("is taken again from whoever says it again, and joins the open one", async () => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop, { kind: "objection" });
    const again = await shop.post("/v1/data-requests", requestBody({ kind: "objection" }));
    expect(again).toMatchObject({ status: 200, body: { id, joined: true } });
    const noes = await shop.get<{ items: { scope: string; source: string }[] }>("/v1/opt-outs");
    expect(noes.body.items.map(({ scope, source }) => [scope, source])).toEqual([
      ["marketing", "data_request"],
      ["marketing", "data_request"],
    ]);
  });

  it("cannot be refused or approved, and is closed with how the person was told", async () => {
    const shop = await shopIn(service);
    const { id } = await openRequestOf(shop, { kind: "objection" });
    const step = (name: string, body: object) => shop.post(`/v1/data-requests/${id}/${name}`, body);
    expect((await step("refuse", { ground: "excessive", reason: "Too often" })).status).toBe(409);
    expect((await step("approve", { identity: { method: "in_person" } })).status).toBe(409);
    expect((await step("close", { reason: "Confirmed by letter" })).body).toMatchObject({ status: "closed" });
  });

  it("leaves no request without its no, and no no without its request, however many come at once", async () => {
    const shop = await shopIn(service);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => shop.post("/v1/data-requests", requestBody({ kind: "objection" }))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const noes = await shop.get<{ items: object[] }>("/v1/opt-outs");
    expect(noes.body.items).toHaveLength(10);
  });
});
