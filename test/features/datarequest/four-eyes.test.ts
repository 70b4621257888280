import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expireArchives } from "../../../src/features/datarequest/index.ts";
import { insertDelivery } from "../../../src/features/datarequest/store.ts";
import {
  approveAndWait,
  deliver,
  look,
  openRequestOf,
  startWorkingService,
  until,
  type WorkingService,
} from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";
import { lifeOfEvents } from "../../support/request-life.ts";
import type { OrganizationClient } from "../../support/service.ts";

let service: WorkingService;
beforeAll(async () => {
  service = await startWorkingService();
});
afterAll(() => service.close());

const second = (client: OrganizationClient, id: string) => client.post(`/v1/data-requests/${id}/approve`, {});

describe("where the organization asks for four eyes", { timeout: 240_000 }, () => {
  async function shopWithFourEyes() {
    const shop = await service.shop();
    expect((await shop.patch("/v1/organization", { fourEyes: true })).body).toMatchObject({ fourEyes: true });
    return { shop, colleague: await shop.limitedTo("data_requests") };
  }

  it("nothing leaves before somebody else has approved the archive", async () => {
    const { shop, colleague } = await shopWithFourEyes();
    const { id } = await openRequestOf(shop);
    const ready = await approveAndWait(shop, id);
    expect(ready).toMatchObject({
      approvals: { needed: 2, given: 1 },
      next: { by: "staff", event: "approved" },
    });
    const early = await shop.post(`/v1/data-requests/${id}/delivery`);
    expect(early).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining("second approval") },
    });
    const own = await second(shop, id);
    expect(own).toMatchObject({ status: 409, body: { detail: expect.stringContaining("somebody else's") } });

    expect(await second(colleague, id)).toMatchObject({
      status: 202,
      body: { status: "ready", approvals: { needed: 2, given: 2 }, archive: { state: "ready" } },
    });
    expect((await look(shop, id)).next).toEqual({ by: "staff", event: "delivery_created" });
    expect((await deliver(shop, id)).path).toMatch(/^\/a\//);
  });

  it("the database itself hands nothing over without the approvals it needs, whatever a process believes", async () => {
    const { shop } = await shopWithFourEyes();
    const { id } = await openRequestOf(shop);
    await approveAndWait(shop, id);
    const ctx = await shop.context();
    const [{ uuid } = { uuid: "" }] = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ uuid: string }[]>`select id as uuid from data_request order by created_at desc limit 1`,
    );
    const made = await insertDelivery(ctx, {
      id: ctx.services.newId("dlv"),
      requestId: uuid,
      from: "ready",
      to: "delivered",
      tokenSha256: Buffer.alloc(32, 1),
      passcodeHash: "none",
    });
    expect(made).toBeUndefined();
    expect((await look(shop, id)).status).toBe("ready");
  });

  it("an archive that is built anew is approved anew", async () => {
    const { shop, colleague } = await shopWithFourEyes();
    const { id } = await openRequestOf(shop);
    await approveAndWait(shop, id);
    await second(colleague, id);
    await administer(
      service.database.ownerUrl,
      (sql) => sql`update archive set expires_at = now() where state = 'ready' and request_id in (
        select id from data_request where status = 'ready')`,
    );
    await expireNow();
    const rebuilt = await untilApprovalsAre(shop, id, 1);
    expect(rebuilt.timeline.at(-1)?.event).toBe("archive_ready");
    expect((await shop.post(`/v1/data-requests/${id}/delivery`)).status).toBe(409);
  });

  it("one of two who approve at the same moment is counted, and the other told", async () => {
    const { shop } = await shopWithFourEyes();
    const { id } = await openRequestOf(shop);
    await approveAndWait(shop, id);
    const others = await Promise.all(Array.from({ length: 6 }, () => shop.limitedTo("data_requests")));
    const answers = await Promise.all(others.map((other) => second(other, id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409, 409, 409]);
    expect((await look(shop, id)).approvals).toEqual({ needed: 2, given: 2 });
  });

  it("a request opened before it was asked for keeps what it was opened with", async () => {
    const shop = await service.shop();
    const { id } = await openRequestOf(shop);
    await shop.patch("/v1/organization", { fourEyes: true });
    await approveAndWait(shop, id);
    expect((await deliver(shop, id)).path).toMatch(/^\/a\//);
  });

  it("what is stored of a request follows from its events", async () => {
    const { shop, colleague } = await shopWithFourEyes();
    const { id } = await openRequestOf(shop);
    await approveAndWait(shop, id);
    await second(colleague, id);
    await deliver(shop, id);
    const { stored, replayed } = await lifeOfEvents(shop, id);
    expect(replayed).toEqual(stored);
    expect(replayed.approvals).toHaveLength(2);
  });
});

async function expireNow(): Promise<void> {
  await expireArchives(service.services, (organizationId) =>
    service.composed.contextFor(organizationId, { kind: "system", id: "expire_archives" }, "test"),
  );
}

async function untilApprovalsAre(shop: OrganizationClient, id: string, given: number) {
  return until(
    () => look(shop, id),
    ({ status, approvals }) => status === "ready" && approvals.given === given,
  );
}
