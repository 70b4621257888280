import JSZip from "jszip";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
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

const section = z.object({
  rows: z.array(z.object({ messageId: z.string(), status: z.string().nullable(), at: z.string() })),
});

let service: WorkingService;
beforeAll(async () => {
  service = await startWorkingService();
});
afterAll(() => service.close());

describe("the archive of an account with 100,000 messages", () => {
  it("is built whole and in order, without the messages ever being in memory together", {
    timeout: 180_000,
  }, async () => {
    const shop = await service.shop();
    const request = await openRequestOf(shop);
    const sender = await shop.sender();
    await administer(
      service.database.ownerUrl,
      (sql) => sql`
        with heard as (
          insert into inbound_message (organization_id, message_id, at, sender_id, subject_id, kind, opens_window)
          select ${parseId("org", shop.id) ?? ""}, 'wamid.in.' || n, timestamptz '2026-01-01' + n / 7 * interval '1 minute',
            ${parseId("snd", sender.id) ?? ""}, ${parseId("sub", request.subjectId) ?? ""}, 'text', true
          from generate_series(1, ${messages / 2}::int) n)
        insert into message_status (organization_id, message_id, at, sender_id, subject_id, status)
        select ${parseId("org", shop.id) ?? ""}, 'wamid.out.' || n / 2, timestamptz '2026-01-01' + n / 7 * interval '1 minute',
          ${parseId("snd", sender.id) ?? ""}, ${parseId("sub", request.subjectId) ?? ""},
          case n % 2 when 0 then 'sent' else 'read' end
        from generate_series(1, ${messages / 2}::int) n`,
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
    // Several of one instant, on both sides of a page's end too: each is told once.
    const file = await (await JSZip.loadAsync(bytes)).file("sections/messages.json")?.async("string");
    const { rows } = section.parse(JSON.parse(file ?? ""));
    expect(new Set(rows.map(({ messageId, status }) => `${messageId} ${status}`)).size).toBe(messages);
    expect(rows.map(({ at }) => at)).toEqual(rows.map(({ at }) => at).sort());
    // Held together as objects they would take several times this.
    expect(grownMb).toBeLessThan(200);
  });
});
