import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifyArchive } from "../../../src/features/archive/index.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import {
  openRequestOf,
  startWorkingService,
  untilReady,
  type WorkingService,
} from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";

const messages = 100_000;

let service: WorkingService;
beforeAll(async () => {
  service = await startWorkingService();
});
afterAll(() => service.close());

describe("the archive of an account with 100,000 messages", () => {
  it("is built whole, without the messages ever being in memory together", { timeout: 180_000 }, async () => {
    const shop = await service.shop();
    const request = await openRequestOf(shop);
    const sender = await shop.sender();
    await administer(
      service.database.ownerUrl,
      (sql) => sql`
        insert into inbound_message (organization_id, message_id, at, sender_id, subject_id, kind, opens_window)
        select ${parseId("org", shop.id) ?? null}, 'wamid.' || n, timestamptz '2026-01-01' + n * interval '1 minute',
          ${parseId("snd", sender.id) ?? null}, ${parseId("sub", request.subjectId) ?? null}, 'text', true
        from generate_series(1, ${messages}::int) n`,
    );
    const before = process.memoryUsage.rss();
    let most = before;
    const sampling = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
    }, 50);
    const started = performance.now();
    await shop.post(`/v1/data-requests/${request.id}/approve`, { identity: { method: "in_person" } });
    const { archive } = await untilReady(shop, request.id);
    const seconds = (performance.now() - started) / 1000;
    clearInterval(sampling);
    const grownMb = Math.round((most - before) / 1024 ** 2);
    console.log(
      `100,000 messages: ${archive.bytes} bytes in ${seconds.toFixed(1)} s, ${grownMb} MB more resident (of ${Math.round(most / 1024 ** 2)} MB with the test runner)`,
    );

    const { bytes } = await shop.get(`/v1/data-requests/${request.id}/archive`);
    const checked = await verifyArchive(bytes);
    expect(checked.problems).toEqual([]);
    expect(checked.manifest?.sections).toContainEqual({
      name: "messages",
      state: "complete",
      count: messages,
    });
    // Held together as objects they would take several times this.
    expect(grownMb).toBeLessThan(200);
  });
});
