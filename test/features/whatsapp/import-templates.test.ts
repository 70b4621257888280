import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importTemplates } from "../../../src/features/whatsapp/index.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { contentsOf } from "../../support/contents.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { Shop } from "../../support/shop.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

interface Outcome {
  imported: number;
  unchanged: number;
  refused: { position: number; reason: string }[];
}

const wabaId = "102290129340398";
const spring = { wabaId, name: "spring", language: "en", category: "marketing", status: "approved" };
const invoice = { wabaId, name: "invoice", language: "en_US", category: "UTILITY", status: "PAUSED" };

const send = (shop: Shop, entries: unknown, headers?: Record<string, string>) =>
  shop.org.post<Outcome>("/v1/templates/import", entries, headers);

async function recorded(shop: Shop) {
  const { body } = await shop.org.get<{ items: { wabaId: string; name: string }[] }>("/v1/templates");
  return body.items.filter((each) => each.wabaId === wabaId);
}

const recordings = (shop: Shop) =>
  shop.sql(
    (sql, organizationId) => sql`
      select action, count(*)::int as count from audit_entry
      where organization_id = ${organizationId} and action in ('template.recorded', 'templates.imported')
      group by 1 order by 1`,
  );

describe("an import of templates", () => {
  it("records each of them, in our words or the platform's, with an entry on record for each", async () => {
    const shop = await Shop.open(service);
    const before = (await recordings(shop))[0]?.count;
    const answer = await send(shop, [spring, invoice]);
    expect([answer.status, answer.body]).toEqual([200, { imported: 2, unchanged: 0, refused: [] }]);
    expect(await recorded(shop)).toMatchObject([
      spring,
      { ...invoice, category: "utility", status: "paused" },
    ]);
    expect(await recordings(shop)).toEqual([
      { action: "template.recorded", count: before + 2 },
      { action: "templates.imported", count: 1 },
    ]);
  });

  it("done again changes nothing but what differs", async () => {
    const shop = await Shop.open(service);
    await send(shop, [spring, invoice]);
    const before = await recorded(shop);
    expect((await send(shop, [spring, invoice])).body).toEqual({ imported: 0, unchanged: 2, refused: [] });
    expect(await recorded(shop)).toEqual(before);
    const paused = { ...spring, status: "PAUSED" };
    expect((await send(shop, [paused, invoice])).body).toEqual({ imported: 1, unchanged: 1, refused: [] });
    expect(await recorded(shop)).toMatchObject([{ name: "spring", status: "paused" }, { name: "invoice" }]);
  });

  it("refuses by itself what it does not know, and guesses nothing", async () => {
    const shop = await Shop.open(service);
    const { body } = await send(shop, [
      { ...spring, status: "IN_APPEAL" },
      { ...spring, category: "PROMOTION" },
      { ...spring, status: "Approved" },
      { ...spring, name: "" },
      { ...spring, wabaId: "shop" },
      { ...spring, components: [] },
      { ...spring, status: undefined },
      "spring",
      null,
      invoice,
    ]);
    expect([body.imported, body.unchanged]).toEqual([1, 0]);
    expect(body.refused.map(({ position, reason }) => [position, reason.split(":")[0]])).toEqual([
      [0, "/status"],
      [1, "/category"],
      [2, "/status"],
      [3, "/name"],
      [4, "/wabaId"],
      [5, "/components"],
      [6, "/status"],
      [7, "Not a JSON object."],
      [8, "Not a JSON object."],
    ]);
    expect(await recorded(shop)).toMatchObject([{ name: "invoice" }]);
  });

  it("takes the first of two entries that contradict each other", async () => {
    const shop = await Shop.open(service);
    const { body } = await send(shop, [spring, { ...spring, status: "disabled" }, spring]);
    expect([body.imported, body.unchanged, body.refused.map(({ position }) => position)]).toEqual([
      1,
      1,
      [1],
    ]);
    expect(await recorded(shop)).toMatchObject([spring]);
  });

  it("with an Idempotency-Key is answered the same twice, and another list under it is refused", async () => {
    const shop = await Shop.open(service);
    const key = { "idempotency-key": "import-1" };
    const list = [spring, invoice, { ...spring, status: "NEW" }];
    const first = await send(shop, list, key);
    expect(first.body).toMatchObject({ imported: 2, unchanged: 0, refused: [{ position: 2 }] });
    expect((await send(shop, list, key)).text).toBe(first.text);
    expect((await send(shop, [invoice], key)).status).toBe(422);
    expect(await recorded(shop)).toMatchObject([spring, { name: "invoice" }]);
  });

  it("takes as many as it may, however long their names, and none beyond", async () => {
    const shop = await Shop.open(service);
    const many = Array.from({ length: limits.importedTemplates }, (_, n) => ({
      ...spring,
      name: `${n}_`.padEnd(512, "x"),
    }));
    expect((await send(shop, many)).body.imported).toBe(limits.importedTemplates);
    expect((await send(shop, [...many, spring])).status).toBe(422);
    expect((await send(shop, [])).status).toBe(422);
    expect((await send(shop, spring)).status).toBe(422);
  });

  it("needs a key that may configure", async () => {
    const shop = await Shop.open(service);
    const limited = await shop.org.limitedTo("messages");
    expect((await limited.post("/v1/templates/import", [spring])).status).toBe(403);
  });

  it("of Meta's own answer takes the account from whoever asked, and what is more in it lies aside", async () => {
    const shop = await Shop.open(service);
    const entry = { id: "594425479261596", parameter_format: "NAMED", components: [{ type: "BODY" }] };
    const { wabaId: _, ...named } = invoice;
    const outcome = await importTemplates(await shop.org.context(), [{ ...entry, ...named }], {
      metasAccount: wabaId,
    });
    expect(outcome).toEqual({ imported: 1, unchanged: 0, refused: [] });
    expect(await recorded(shop)).toMatchObject([{ wabaId, name: "invoice", status: "paused" }]);
  });

  it("that is only tried says the same and leaves nothing behind", async () => {
    const shop = await Shop.open(service);
    await send(shop, [spring]);
    const ctx = await shop.org.context();
    const before = await contentsOf(service.database);
    const list = [spring, invoice, { ...spring, status: "disabled" }, { ...spring, status: "NEW" }];
    const tried = await importTemplates(ctx, list, { dryRun: true });
    expect(await contentsOf(service.database)).toEqual(before);
    expect(tried).toMatchObject({ imported: 1, unchanged: 1, refused: [{ position: 2 }, { position: 3 }] });
    expect(await importTemplates(ctx, list)).toEqual(tried);
  });
});
