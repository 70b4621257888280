import JSZip from "jszip";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { collectReport, verifyArchive } from "../../../src/features/archive/index.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { limits } from "../../../src/kernel/limits.ts";
import {
  openRequestOf,
  startWorkingService,
  untilReady,
  type WorkingService,
} from "../../support/data-request.ts";
import { administer } from "../../support/database.ts";
import { rawPublicKey } from "./sample-report.ts";

const messages = 100_000;

const section = z.object({
  rows: z.array(z.object({ messageId: z.string(), status: z.string().nullable(), at: z.string() })),
});
const listed = z.object({
  files: z.array(z.object({ month: z.string(), count: z.number(), path: z.string() })),
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
    // By month in the shop's zone; several messages of one instant, on both sides of a file's end too: each is told once.
    const zip = await JSZip.loadAsync(bytes);
    const read = async (path: string) => JSON.parse((await zip.file(path)?.async("string")) ?? "");
    const { files } = listed.parse(await read("sections/messages.json"));
    expect(listed.parse((await read("report.json")).sections.messages).files).toEqual(files);
    const told: z.infer<typeof section>["rows"] = [];
    for (const { path, month, count } of files) {
      const { rows } = section.parse(await read(path));
      expect(rows.length).toBe(count);
      expect(count).toBeLessThanOrEqual(limits.stretchRows);
      expect(new Set(rows.map(({ at }) => at.slice(0, 7)))).toEqual(new Set([month]));
      expect(zip.file(path.replace(/json$/, "html"))).not.toBeNull();
      told.push(...rows);
    }
    expect(files.map(({ path }) => path)).toContain("sections/messages/2026-01-2.json");
    expect(new Set(told.map(({ messageId, status }) => `${messageId} ${status}`)).size).toBe(messages);
    expect(told.map(({ at }) => at)).toEqual(told.map(({ at }) => at).sort());
    // Held together as objects they would take several times this.
    expect(grownMb).toBeLessThan(200);
  });

  it("fails, and so is built again, when a record of an earlier time comes in while it is read", {
    timeout: 60_000,
  }, async () => {
    const shop = await service.shop();
    const request = await openRequestOf(shop);
    const sender = await shop.sender();
    const count = limits.stretchRows + 1;
    const receive = (from: number, to: number) =>
      administer(
        service.database.ownerUrl,
        (sql) => sql`
          insert into inbound_message (organization_id, message_id, at, received_at, sender_id, subject_id, kind, opens_window)
          select ${parseId("org", shop.id) ?? ""}, 'wamid.in.' || n, timestamptz '2026-01-01' + n * interval '1 minute',
            now() - interval '1 hour', ${parseId("snd", sender.id) ?? ""}, ${parseId("sub", request.subjectId) ?? ""},
            'text', true
          from generate_series(${from}::int, ${to}::int) n`,
      );
    await receive(1, count);
    const ctx = await service.composed.contextFor(parseId("org", shop.id) ?? "", { kind: "system" }, "test");
    const report = await collectReport(
      ctx,
      {
        id: request.id,
        subjectId: request.subjectId,
        kind: "access",
        regime: "gdpr",
        language: "en",
        receivedAt: new Date(),
      },
      rawPublicKey,
    );
    const section = report.sections.find(({ name }) => name === "messages");
    if (section?.state !== "rows") throw new Error("Messages are rows.");
    const readAll = async () => {
      let rows = 0;
      for (const stretch of section.stretches ?? []) {
        for await (const page of stretch.rows()) rows += page.length;
      }
      return rows;
    };
    expect(await readAll()).toBe(count);
    await receive(count + 1, count + 1);
    await expect(readAll()).rejects.toThrow("Records came in while the report was read.");
  });
});
