import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { administer } from "../../support/database.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";

let service: TestService;
let shop: OrganizationClient;
let stranger: OrganizationClient;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

async function begin(): Promise<void> {
  shop = await service.organization();
  stranger = await service.organization({ name: "Stranger" });
}

/** The audit entries of an organization, oldest first. */
async function audit(organization: OrganizationClient) {
  const ctx = await organization.context();
  return administer(
    service.database.ownerUrl,
    (sql) => sql<{ action: string; actorKind: string; actorId: string; entity: string; details: unknown }[]>`
      select action, actor_kind as "actorKind", actor_id as "actorId", entity, details from audit_entry
      where organization_id = ${ctx.organizationId} order by at, id`,
  );
}

type Page = { items: Record<string, unknown>[]; nextCursor: string | null };

/** All items of a list, read page by page, and how many pages there were. */
async function readAll(path: string, limit: number) {
  const items: Record<string, unknown>[] = [];
  let pages = 0;
  for (let cursor: string | null = ""; cursor !== null; pages += 1) {
    const answer: { body: Page } = await shop.get<Page>(
      `${path}?limit=${limit}${cursor === "" ? "" : `&cursor=${cursor}`}`,
    );
    items.push(...answer.body.items);
    cursor = answer.body.nextCursor;
  }
  return { items, pages };
}

describe("the organization", () => {
  test("has its name and nothing else at first", async () => {
    await begin();
    expect((await shop.get("/v1/organization")).body).toEqual({
      id: shop.id,
      name: "Shop",
      sandboxOf: null,
      country: null,
      timeZone: null,
      language: "en",
      dpo: null,
      supervisoryAuthority: null,
      notice: null,
      fourEyes: false,
      secondaryRegimes: [],
      backupDays: null,
      stopUrl: `https://consent.shop.example/stop/${shop.id}`,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
  });

  test("takes what is given and leaves the rest, each change in the audit by field names only", async () => {
    await begin();
    const first = await shop.patch("/v1/organization", {
      country: "DE",
      timeZone: "Europe/Berlin",
      dpo: { name: "Office", contact: "dpo@shop.example" },
      supervisoryAuthority: { name: "Authority", url: "https://authority.example" },
      notice: { retention: "Two years." },
    });
    expect([first.status, first.body.name, first.body.country]).toEqual([200, "Shop", "DE"]);
    const second = await shop.patch("/v1/organization", { name: "New shop", language: "ru" });
    expect(second.body).toEqual({ ...first.body, name: "New shop", language: "ru" });
    expect((await shop.get("/v1/organization")).body).toEqual(second.body);
    const entries = (await audit(shop)).filter(({ action }) => action === "organization.updated");
    expect(entries.map(({ entity, details }) => [entity, details])).toEqual([
      [shop.id, { fields: ["country", "timeZone", "dpo", "supervisoryAuthority", "notice"] }],
      [shop.id, { fields: ["name", "language"] }],
    ]);
    expect(JSON.stringify(entries)).not.toContain("dpo@shop.example");
  });

  test("is nobody else's", async () => {
    await begin();
    await shop.patch("/v1/organization", { name: "Changed" });
    expect((await stranger.get("/v1/organization")).body.name).toBe("Stranger");
  });

  test.each([
    [{ timeZone: "Europe/Atlantis" }, "/timeZone"],
    [{ country: "Germany" }, "/country"],
    [{ country: "de" }, "/country"],
    [{ language: "de" }, "/language"],
    [{ name: "" }, "/name"],
    [{ name: "x".repeat(201) }, "/name"],
    [{ name: null }, "/name"],
    [{ dpo: { name: "Office" } }, "/dpo/contact"],
    [{ dpo: "Office" }, "/dpo"],
    [{ supervisoryAuthority: { name: "A", url: "javascript:alert(1)" } }, "/supervisoryAuthority/url"],
    [{ notice: { other: "x" } }, "/notice/other"],
    [{ id: "org_1" }, "/id"],
  ])("refuses %j", async (change, pointer) => {
    await begin();
    const answer = await shop.patch<{ errors: { pointer: string }[] }>("/v1/organization", change);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error) => error.pointer)).toEqual([pointer]);
    expect((await shop.get("/v1/organization")).body).toMatchObject({ name: "Shop", country: null });
  });
});

describe("senders", () => {
  const input = (phoneNumberId: string) => ({
    name: "Shop",
    phoneNumberId,
    displayPhoneNumber: "+12025550100",
    wabaId: "102290129340398",
  });

  test("a sender is registered, found by its id and by its phoneNumberId, and listed", async () => {
    await begin();
    const phoneNumberId = `5000${service.nextNumber()}`;
    const made = await shop.post<{ id: string }>("/v1/senders", input(phoneNumberId));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      ...input(phoneNumberId),
      id: expect.stringMatching(/^snd_/),
      platform: "whatsapp_cloud",
      state: "active",
    });
    for (const name of [made.body.id, phoneNumberId]) {
      const found = await shop.get(`/v1/senders/${name}`);
      expect([found.status, found.body]).toEqual([200, made.body]);
    }
    expect((await shop.get<Page>("/v1/senders")).body).toEqual({ items: [made.body], nextCursor: null });
    expect((await audit(shop)).at(-1)).toMatchObject({
      action: "sender.registered",
      entity: made.body.id,
      actorKind: "api_key",
      actorId: expect.stringMatching(/^key_/),
    });
  });

  test("registering queues the replay of what came for the number before, in the same statement", async () => {
    await begin();
    const { phoneNumberId, wabaId } = await shop.sender();
    const jobs = await administer(
      service.database.ownerUrl,
      (sql) => sql`
        select j.task_identifier, p.payload from graphile_worker.jobs j
        join graphile_worker._private_jobs p on p.id = j.id where j.key = ${`replay:${phoneNumberId}`}`,
    );
    expect([...jobs]).toEqual([
      { task_identifier: "replay_unclaimed_updates", payload: { phoneNumberId, wabaId } },
    ]);
  });

  test("a phoneNumberId that is registered already is a conflict, whoever registered it, and leaves nothing", async () => {
    await begin();
    const { phoneNumberId } = await shop.sender();
    for (const organization of [shop, stranger]) {
      const answer = await organization.post("/v1/senders", input(phoneNumberId));
      expect([answer.status, answer.body.type]).toEqual([409, "urn:sayso:problem:conflict"]);
    }
    expect((await stranger.get<Page>("/v1/senders")).body.items).toEqual([]);
    expect((await audit(stranger)).map(({ action }) => action)).not.toContain("sender.registered");
  });

  test("another organization's sender is not there", async () => {
    await begin();
    const { id, phoneNumberId } = await shop.sender();
    const unknown = await stranger.get("/v1/senders/snd_01kb0q8s5hf6xv3y1m2n4p5q6r");
    for (const name of [id, phoneNumberId]) {
      const answer = await stranger.get(`/v1/senders/${name}`);
      expect(answer.status).toBe(404);
      expect({ ...answer.body, requestId: "" }).toEqual({ ...unknown.body, requestId: "" });
    }
    expect((await stranger.get<Page>("/v1/senders")).body.items).toEqual([]);
  });

  test.each([
    "snd_x",
    "sub_01kb0q8s5hf6xv3y1m2n4p5q6r",
    "0",
    "%F0%9F%98%80",
    "..",
    "' or 1=1 --",
    "x".repeat(2000),
  ])("there is no sender named %s", async (name) => {
    await begin();
    expect((await shop.get(`/v1/senders/${name}`)).status).toBe(404);
  });

  test("a list is read page by page, each sender once, in one order", async () => {
    await begin();
    const made: string[] = [];
    for (let n = 0; n < 7; n += 1) made.push((await shop.sender()).id);
    await stranger.sender();
    const { items, pages } = await readAll("/v1/senders", 3);
    expect(items.map(({ id }) => id)).toEqual([...made].sort());
    expect(pages).toBe(3);
    expect((await readAll("/v1/senders", 200)).pages).toBe(1);
  });

  test.each([
    "limit=0",
    "limit=201",
    "limit=x",
    "limit=1.5",
    "cursor=nothing",
    "cursor=sub_01kb0q8s5hf6xv3y1m2n4p5q6r",
  ])("a list with %s is refused", async (query) => {
    await begin();
    const answer = await shop.get<{ errors: { pointer: string }[] }>(`/v1/senders?${query}`);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ pointer }) => pointer)).toEqual([`/${query.split("=")[0]}`]);
  });

  test.each([
    [{ displayPhoneNumber: "12025550100" }, "/displayPhoneNumber"],
    [{ displayPhoneNumber: "+1" }, "/displayPhoneNumber"],
    [{ phoneNumberId: "12a" }, "/phoneNumberId"],
    [{ phoneNumberId: 123 }, "/phoneNumberId"],
    [{ wabaId: "" }, "/wabaId"],
    [{ platform: "telegram" }, "/platform"],
    [{ name: undefined }, "/name"],
    [{ state: "active" }, "/state"],
  ])("a sender with %j is refused", async (change, pointer) => {
    await begin();
    const answer = await shop.post<{ errors: { pointer: string }[] }>("/v1/senders", {
      ...input("600001"),
      ...change,
    });
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error) => error.pointer)).toEqual([pointer]);
  });
});

describe("purposes", () => {
  const input = {
    key: "back_in_stock",
    name: "Back in stock",
    description: "Word that something is back in stock.",
    category: "marketing",
    lawfulBasis: "consent",
  };

  test("four are there from the start", async () => {
    await begin();
    const { items } = (await shop.get<Page>("/v1/purposes")).body;
    expect(items.map(({ key, category, lawfulBasis }) => [key, category, lawfulBasis])).toEqual([
      ["order_updates", "utility", "contract"],
      ["promotions", "marketing", "consent"],
      ["sign_in_codes", "authentication", "contract"],
      ["support", "service", "legitimate_interest"],
    ]);
  });

  test("a purpose is added, listed, and in the audit", async () => {
    await begin();
    const made = await shop.post("/v1/purposes", { ...input, validityDays: 365, doubleOptIn: true });
    expect([made.status, made.body]).toEqual([
      201,
      { ...input, validityDays: 365, doubleOptIn: true, createdAt: expect.any(String) },
    ]);
    expect((await shop.get<Page>("/v1/purposes")).body.items).toContainEqual(made.body);
    expect((await audit(shop)).at(-1)).toMatchObject({ action: "purpose.created", entity: "back_in_stock" });
    expect((await stranger.get<Page>("/v1/purposes")).body.items).toHaveLength(4);
  });

  test("the same key is a conflict here and free elsewhere", async () => {
    await begin();
    expect((await shop.post("/v1/purposes", input)).status).toBe(201);
    expect((await shop.post("/v1/purposes", input)).status).toBe(409);
    expect((await shop.post("/v1/purposes", { ...input, key: "promotions" })).status).toBe(409);
    expect((await stranger.post("/v1/purposes", input)).status).toBe(201);
  });

  test.each(["contract", "legal_obligation", "legitimate_interest"])(
    "marketing that rests on %s is refused, by the database too",
    async (lawfulBasis) => {
      await begin();
      const answer = await shop.post("/v1/purposes", { ...input, lawfulBasis });
      expect([answer.status, answer.body.errors]).toEqual([
        422,
        [{ pointer: "/lawfulBasis", message: expect.stringContaining("consent") }],
      ]);
      const { organizationId } = await shop.context();
      const insert = administer(
        service.database.applicationUrl,
        (sql) => sql`
          insert into purpose (organization_id, key, name, description, category, lawful_basis)
          values (${organizationId}, 'x', 'x', 'x', 'marketing', ${lawfulBasis})`,
      );
      await expect(insert).rejects.toMatchObject({ constraint_name: "marketing_is_on_consent" });
    },
  );

  test.each([
    [{ key: "Back" }, "/key"],
    [{ key: "1st" }, "/key"],
    [{ key: "x".repeat(65) }, "/key"],
    [{ category: "spam" }, "/category"],
    [{ lawfulBasis: "because" }, "/lawfulBasis"],
    [{ validityDays: 0 }, "/validityDays"],
    [{ validityDays: 1.5 }, "/validityDays"],
    [{ validityDays: 36_501 }, "/validityDays"],
    [{ validityDays: "30" }, "/validityDays"],
    [{ doubleOptIn: "yes" }, "/doubleOptIn"],
    [{ description: undefined }, "/description"],
  ])("a purpose with %j is refused", async (change, pointer) => {
    await begin();
    const answer = await shop.post<{ errors: { pointer: string }[] }>("/v1/purposes", {
      ...input,
      ...change,
    });
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error) => error.pointer)).toEqual([pointer]);
  });

  test("a list is read page by page", async () => {
    await begin();
    const { items, pages } = await readAll("/v1/purposes", 3);
    expect(items.map(({ key }) => key)).toEqual(["order_updates", "promotions", "sign_in_codes", "support"]);
    expect(pages).toBe(2);
  });
});
