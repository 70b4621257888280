import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { environmentOf, runBuilt, startBuilt } from "../support/built.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { Shop } from "../support/shop.ts";

vi.setConfig({ testTimeout: 60_000 });

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const block = { identifier: { phone: "+12025550155" }, reason: "manual" };

test("`sayso webhook listen` shows what happens while it runs, beside the service, and ends when it is told to", async () => {
  const shop = await Shop.open(service);
  const listening = startBuilt(
    "cli.js",
    ["webhook", "listen", "--json", "--type", "block.created", "--organization", shop.org.id],
    environmentOf(service.database),
  );
  await vi.waitUntil(() => listening.output().stderr.includes("Listening"), { timeout: 50_000 });
  await shop.proven({ phone: "+12025550123" });
  const { body } = await shop.org.post<{ id: string }>("/v1/blocks", block);
  await vi.waitUntil(() => listening.output().stdout.includes("\n"), { timeout: 50_000 });
  listening.child.kill("SIGINT");
  const { code, stdout } = await listening.ended;
  expect(code).toBe(0);
  expect(
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      webhookId: expect.stringMatching(/^evt_/),
      type: "block.created",
      timestamp: expect.any(String),
      data: { blockId: body.id, reason: "manual", expiresAt: null },
    },
  ]);
  // Nobody listens any more, so nothing is kept for them.
  await shop.org.post("/v1/blocks", block);
  const kept = await shop.sql((sql, id) => sql`select 1 from webhook_delivery where organization_id = ${id}`);
  expect(kept).toHaveLength(1);
});

test("a type that there is not is refused in words", async () => {
  const refused = await runBuilt(
    "cli.js",
    ["webhook", "listen", "--type", "block.made"],
    environmentOf(service.database),
  );
  expect([refused.code, refused.stdout]).toEqual([2, ""]);
  expect(refused.stderr).toContain("block.created");
});
