import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { notifySource, tellSources } from "../../../src/features/accountdata/index.ts";
import { composeOutgoingTasks } from "../../../src/jobs/outgoing-tasks.ts";
import { type BackgroundWorker, startWorker } from "../../../src/jobs/worker.ts";
import { administer } from "../../support/database.ts";
import { Receiver } from "../../support/receiver.ts";
import { startTestService, type TestService, testConfig } from "../../support/service.ts";
import { created, Shop } from "../../support/shop.ts";
import { withSources } from "../../support/sources.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let service: TestService;
let worker: BackgroundWorker;
let receiver: Receiver;
beforeAll(async () => {
  service = await startTestService({
    config: { targets: { hosts: undefined, privateHosts: ["127.0.0.1"] } },
  });
  worker = await startWorker(service.composed, composeOutgoingTasks(service.composed, testConfig));
  receiver = await Receiver.open();
});
afterAll(async () => {
  await worker.stop();
  await service.close();
  await receiver.stop();
});

const person = { phone: "+12025550123", externalId: "customer-42" };

describe("whoever listens", () => {
  it("is told by ids alone that a person's data was rectified, erased or restricted", async () => {
    const shop = await Shop.open(service);
    await created(shop.org.post("/v1/webhook-endpoints", { url: receiver.url, eventTypes: told }));
    const { subjectId } = await shop.proven(person);
    const requestId = "req_01h455vb4pex5vsknk084sn02q";
    const ctx = await shop.org.context();
    await tellSources(ctx, subjectId, { right: "rectification", requestId, sections: ["account"] });
    await tellSources(ctx, subjectId, { right: "restriction", requestId: null });
    await tellSources(ctx, subjectId, { right: "erasure", requestId });
    await vi.waitUntil(() => receiver.received.length >= 3, { timeout: 30_000, interval: 25 });
    const bodies = receiver.bodies.toSorted((a, b) => (a.type < b.type ? -1 : 1));
    expect(bodies.map(({ type, data }) => [type, data])).toEqual([
      ["data.erased", { subjectId, requestId, sections: [] }],
      ["data.rectified", { subjectId, requestId, sections: ["account"] }],
      ["data.restricted", { subjectId, requestId: null, sections: [] }],
    ]);
    for (const { raw } of receiver.received) expect(raw.toString()).not.toMatch(/2025550123|customer-42/);
    const audited = await administer(
      service.database.ownerUrl,
      (sql) => sql`select 1 from audit_entry where action = 'sources.told' and entity = ${subjectId}`,
    );
    expect(audited).toHaveLength(3);
  });

  it("is told nothing about a person that there is not", async () => {
    const shop = await Shop.open(service);
    await expect(
      tellSources(await shop.org.context(), "sub_01h455vb4pex5vsknk084sn02q", {
        right: "erasure",
        requestId: null,
      }),
    ).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("a source that wants to know", () => {
  it("is told whom it is about, sealed on the way, and again when it did not take it", async () => {
    // No worker runs here.
    const service = await startTestService();
    const shop = await Shop.open(service);
    const { subjectId } = await shop.proven(person);
    const source = await Receiver.open();
    const sections = { account: {} };
    const written = {
      hosts: ["127.0.0.1"],
      sources: [{ name: "web", kind: "http", url: source.url, notify: { url: source.url }, sections }],
    };
    const ctx = withSources(await shop.org.context(), written);
    await tellSources(ctx, subjectId, { right: "erasure", requestId: null });
    const [job] = await administer(
      service.database.ownerUrl,
      (sql) => sql<{ payload: Parameters<typeof notifySource>[1] }[]>`
        select j.payload from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
        where t.identifier = 'notify_source'`,
    );
    if (job === undefined) throw new Error("No job was queued.");
    expect(JSON.stringify(job)).not.toMatch(/2025550123|customer-42/);
    const { signal } = new AbortController();
    source.behave = (response) => void response.writeHead(503).end();
    await expect(notifySource(ctx, job.payload, signal)).rejects.toMatchObject({ code: "unavailable" });
    source.behave = (response) => void response.writeHead(204).end();
    await notifySource(ctx, job.payload, signal);
    const [first, again] = source.received;
    expect(JSON.parse(again?.raw.toString() ?? "")).toMatchObject({
      type: "data.erased",
      subjectId,
      person: { phone: ["+12025550123"], externalId: ["customer-42"] },
    });
    expect(again?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    await source.stop();
    await service.close();
  });
});

const told = ["data.rectified", "data.erased", "data.restricted"];
