import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { composeTasks } from "../../../src/jobs/tasks.ts";
import { startWorker } from "../../../src/jobs/worker.ts";
import { startTestService, type TestService } from "../../support/service.ts";

let service: TestService;
let worker: Awaited<ReturnType<typeof startWorker>>;
beforeAll(async () => {
  service = await startTestService();
  worker = await startWorker(service.composed, composeTasks(service.composed));
});
afterAll(async () => {
  await worker.stop();
  await service.close();
});

it("goes from request to archive", async () => {
  const shop = await service.organization();
  await shop.patch("/v1/organization", { country: "IE", timeZone: "Europe/Dublin" });
  const opened = await shop.post("/v1/data-requests", {
    subject: { phone: "+12025550123" },
    kind: "access",
    regime: "gdpr",
    receivedAt: new Date().toISOString(),
    channel: "staff",
    language: "en",
  });
  console.log(opened.status, opened.text);
  const id = String(opened.body.id);
  const put = await shop.put(`/v1/subjects/${String(opened.body.subjectId)}/account-data/settings`, { readReceipts: true });
  console.log(put.status, put.text);
  const approved = await shop.post(`/v1/data-requests/${id}/approve`, { identity: { method: "in_person", note: "x" } });
  console.log(approved.status, approved.text);
  for (;;) {
    const got = await shop.get<{ status: string; timeline: unknown }>(`/v1/data-requests/${id}`);
    if (got.body.status === "ready") break;
    console.log(JSON.stringify(got.body.timeline));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const delivery = await shop.post(`/v1/data-requests/${id}/delivery`);
  console.log(delivery.status, delivery.text);
  const path = new URL(String(delivery.body.url)).pathname;
  const page = await service.anonymous.get(path);
  console.log(page.status, page.headers.get("content-type"));
  const got = await service.anonymous.post(path, `passcode=${String(delivery.body.passcode)}`, {
    "content-type": "application/x-www-form-urlencoded",
  });
  console.log(got.status, got.headers.get("content-disposition"), got.bytes.length);
  writeFileSync("/tmp/t.zip", got.bytes);
  const after = await shop.get(`/v1/data-requests/${id}`);
  console.log(after.text);
  expect(got.status).toBe(200);
});
