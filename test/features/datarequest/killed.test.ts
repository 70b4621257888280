import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { verifyArchive } from "../../../src/features/archive/index.ts";
import { expireArchives, resumeBuilds } from "../../../src/features/datarequest/index.ts";
import { composeTasks } from "../../../src/jobs/tasks.ts";
import { startWorker } from "../../../src/jobs/worker.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { environmentOf, startListening } from "../../support/built.ts";
import { look, openRequestOf, shopIn, until, untilReady } from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";
import { startTestService, type TestService } from "../../support/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
}, 60_000);
afterAll(() => service.close());

it("a request whose service is killed as its build begins, and again as its archive is fetched, ends by itself", {
  timeout: 300_000,
}, async () => {
  const shop = await shopIn(service);
  const { id, subjectId } = await openRequestOf(shop);
  await shop.post("/v1/account-sections", { section: "notes", title: "Notes", schema: { type: "object" } });
  const text = randomBytes(1_200_000).toString("base64");
  await shop.put(`/v1/subjects/${subjectId}/account-data/notes`, { text });
  await shop.post(`/v1/data-requests/${id}/approve`, { identity: { method: "in_person" } });
  const archiveId = parseId("arc", (await look(shop, id)).archive.id) ?? "";

  const building = await startListening(environmentOf(service.database));
  await until(
    () => look(shop, id),
    ({ timeline }) => timeline.some(({ event }) => event === "build_started"),
  );
  building.child.kill("SIGKILL");
  await building.ended;
  const worker = await startWorker(service.composed, composeTasks(service.composed));
  await administer(
    service.database.ownerUrl,
    (sql) => sql`update archive set lease_until = now() - interval '1 second'
      where id = ${archiveId} and state = 'building'`,
  );
  await resumeBuilds(service.services);
  await untilReady(shop, id);
  await worker.stop();

  const delivery = await shop.post<{ url: string; passcode: string }>(`/v1/data-requests/${id}/delivery`);
  const { pathname } = new URL(delivery.body.url);
  const posted = { method: "POST", body: new URLSearchParams({ passcode: delivery.body.passcode }) };
  const delivering = await startListening(environmentOf(service.database));
  const cut = await fetch(new URL(pathname, delivering.url), posted);
  expect(cut.status).toBe(200);
  const reader = cut.body?.getReader();
  await reader?.read();
  delivering.child.kill("SIGKILL");
  await delivering.ended;
  await reader?.cancel().catch(() => {});
  expect((await look(shop, id)).status).toBe("delivered");

  // The same link and passcode give the whole of it.
  const again = await service.app.request(pathname, posted);
  expect(again.status).toBe(200);
  expect(await verifyArchive(Buffer.from(await again.arrayBuffer()))).toMatchObject({ intact: true });
  await administer(
    service.database.ownerUrl,
    (sql) => sql`update archive set expires_at = now() where id = ${archiveId}`,
  );
  await expireArchives(service.services, (organizationId) =>
    service.composed.contextFor(organizationId, { kind: "system" }, "test"),
  );
  expect(await look(shop, id)).toMatchObject({ status: "closed", next: null });
});
