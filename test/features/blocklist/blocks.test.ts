import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { contentsOf, everythingIn } from "../../support/contents.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, messages, Shop } from "../../support/shop.ts";
import { Platform } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

interface Block {
  id: string;
  identifier: { kind: string; ending: string };
  reason: string;
  note: string | null;
  expiresAt: string | null;
  liftedAt: string | null;
  errors?: { pointer: string }[];
}

async function block(shop: Shop, identifier: object, change: object = {}) {
  const answer = await shop.org.post<Block>("/v1/blocks", { identifier, reason: "complaint", ...change });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** A day ahead of the process's clock and of the database's. */
const tomorrow = () => ago(-24 * 3600);

describe("a block", () => {
  const spellings: [country: string, written: object[]][] = [
    [
      "the United States",
      [
        { phone: "+12025550123" },
        { phone: "+1 (202) 555-0123" },
        { phone: "＋1 202 555 0123" },
        { waId: "12025550123" },
      ],
    ],
    [
      "the United Kingdom",
      [{ phone: "+447700900123" }, { phone: "+44 (0)7700 900123" }, { waId: "447700900123" }],
    ],
    [
      "Argentina",
      [
        { phone: "+5491123456789" },
        { phone: "+541123456789" },
        { phone: "+54 9 11 2345-6789" },
        { phone: "+54 11 15 2345-6789" },
        { waId: "5491123456789" },
        { waId: "541123456789" },
      ],
    ],
    [
      "Mexico",
      [
        { phone: "+5215512345678" },
        { phone: "+525512345678" },
        { phone: "+52 1 55 1234 5678" },
        { waId: "5215512345678" },
        { waId: "525512345678" },
      ],
    ],
    [
      "Brazil",
      [
        { phone: "+5511961234567" },
        { phone: "+551161234567" },
        { phone: "+55 (11) 96123-4567" },
        { waId: "551161234567" },
        { waId: "5511961234567" },
      ],
    ],
  ];
  test.each(spellings)(
    "of any spelling of a number in %s stops every spelling, known to us or not",
    async (_country, written) => {
      for (const [index, blocked] of written.entries()) {
        const shop = await Shop.open(service);
        const known = written[(index + 1) % written.length] ?? {};
        await shop.proven(known);
        for (const recipient of written) expect(await shop.codes(recipient)).toEqual([]);
        await block(shop, blocked);
        for (const recipient of written) {
          expect(await shop.codes(recipient), JSON.stringify([blocked, recipient])).toEqual([
            "recipient_blocked",
          ]);
        }
      }
    },
  );

  it("of a Brazilian landline stops no mobile", async () => {
    const shop = await Shop.open(service);
    await block(shop, { phone: "+551132345678" });
    expect(await shop.codes({ phone: "+551132345678" })).toContain("recipient_blocked");
    expect(await shop.codes({ phone: "+5511932345678" })).not.toContain("recipient_blocked");
  });

  test.each<[string, object]>([
    ["a number", { phone: "+12025550123" }],
    ["a user id", { bsuid: "US.1349000000001" }],
    ["an address", { email: "Customer@Example.com" }],
    ["an external id", { externalId: "c-1" }],
  ])(
    "of %s that nobody knows yet stops the person who comes with it later, and makes nobody",
    async (_what, identifier) => {
      const shop = await Shop.open(service);
      await block(shop, identifier);
      expect((await shop.org.post("/v1/subjects/lookup", { subject: identifier })).status).toBe(404);
      expect(await shop.codes(identifier)).toContain("recipient_blocked");
      await shop.proven(identifier);
      expect(await shop.codes(identifier)).toEqual(["recipient_blocked"]);
    },
  );

  it("stops the person by every other name of theirs", async () => {
    const shop = await Shop.open(service);
    const platform = new Platform(service.anonymous, shop.sender);
    await shop.proven({ phone: "+12025550123" });
    await shop.proven({ phone: "+12025550123", externalId: "c-1" });
    await block(shop, { bsuid: "US.1349000000001" });
    expect(await shop.codes({ externalId: "c-1" })).toEqual([]);
    await platform.deliver(
      platform.messages(platform.message("12025550123", { from_user_id: "US.1349000000001" })),
    );
    for (const recipient of [
      { externalId: "c-1" },
      { phone: "+12025550123" },
      { bsuid: "US.1349000000001" },
    ]) {
      expect(await shop.codes(recipient)).toContain("recipient_blocked");
    }
  });

  it("beats every yes that comes afterwards: reported, proven, by message, after a resume, and every exception", async () => {
    const shop = await Shop.open(service);
    const platform = new Platform(service.anonymous, shop.sender);
    const person = { phone: "+12025550123" };
    await block(shop, person);
    await shop.reported(person);
    await shop.proven(person);
    await platform.deliver(platform.messages(platform.text("12025550123", "START please")));
    await platform.deliver(platform.preferences(platform.preference("resume", "12025550123")));
    expect(await shop.codes(person)).toEqual(["recipient_blocked"]);
    expect(await shop.codes(person, { purpose: "support", message: messages.freeForm })).toEqual([
      "recipient_blocked",
    ]);
    const cause = await shop.org.post<{ id: string }>("/v1/causes", { kind: "sign_in", recipient: person });
    expect(
      await shop.codes(person, {
        purpose: "sign_in_codes",
        message: messages.code,
        cause: { kind: "sign_in", id: cause.body.id },
      }),
    ).toEqual(["recipient_blocked"]);
  });

  it("holds for the whole person after a merge", async () => {
    const shop = await Shop.open(service);
    const one = await shop.proven({ phone: "+12025550123" });
    const two = await shop.proven({ email: "customer@example.com" });
    await block(shop, { email: "customer@example.com" });
    expect(await shop.codes({ phone: "+12025550123" })).toEqual([]);
    await shop.org.post(`/v1/subjects/${one.subjectId}/merge`, { other: two.subjectId, reason: "The same." });
    expect(await shop.codes({ phone: "+12025550123" })).toContain("recipient_blocked");
  });

  it("ends by its own expiry, by the database's clock, and says so to those who ask", async () => {
    const shop = await Shop.open(service);
    const person = { phone: "+12025550123" };
    await shop.proven(person);
    const expiresAt = tomorrow();
    const { id } = await block(shop, person, { expiresAt });
    const [reason] = (await shop.check(person)).reasons;
    expect(reason).toMatchObject({ code: "recipient_blocked", retryAt: expiresAt, evidence: [id] });
    await shop.sql(
      (sql, organization) => sql`
        update block set expires_at = now() - interval '1 second' where organization_id = ${organization}`,
    );
    expect(await shop.codes(person)).toEqual([]);
  });

  it("of two ends with the later one, and never with one that never expires", async () => {
    const shop = await Shop.open(service);
    const person = { phone: "+12025550123" };
    const [first, second] = [await block(shop, person, { expiresAt: tomorrow() }), await block(shop, person)];
    const [reason] = (await shop.check(person)).reasons;
    expect(reason?.retryAt).toBeUndefined();
    expect([...(reason?.evidence ?? [])].sort()).toEqual([first.id, second.id].sort());
    await shop.org.post(`/v1/blocks/${second.id}/lift`, { reason: "A mistake." });
    expect(await shop.codes(person)).toContain("recipient_blocked");
    await shop.org.post(`/v1/blocks/${first.id}/lift`, { reason: "A mistake." });
    expect(await shop.codes(person)).not.toContain("recipient_blocked");
  });

  it("is lifted by staff only, with a reason that stays on record, and once", async () => {
    const shop = await Shop.open(service);
    const person = { phone: "+12025550123" };
    const { id } = await block(shop, person);
    const lift = (client = shop.org, body: object = { reason: "Asked to be served again." }, headers = {}) =>
      client.post<{ liftedAt: string }>(`/v1/blocks/${id}/lift`, body, headers);
    for (const scopes of [["blocks"], ["consents", "opt_outs", "configuration"], ["staff"]] as const) {
      expect((await lift(await shop.org.limitedTo(...scopes))).status).toBe(403);
    }
    expect((await lift(shop.org, {})).status).toBe(422);
    expect((await lift(shop.org, { reason: "" })).status).toBe(422);
    expect(await shop.codes(person)).toContain("recipient_blocked");

    const staff = await shop.org.limitedTo("blocks", "staff");
    const key = { "idempotency-key": "lift-1" };
    const lifted = await lift(staff, undefined, key);
    expect(lifted.status, lifted.text).toBe(200);
    expect((await lift(staff, undefined, key)).body).toEqual(lifted.body);
    expect((await lift(staff)).status).toBe(409);
    expect(await shop.codes(person)).not.toContain("recipient_blocked");
    const events = await shop.sql(
      (sql, organization) => sql<{ kind: string; reason: string }[]>`
        select kind, reason from block_event where organization_id = ${organization} order by at, kind`,
    );
    expect([...events]).toEqual([
      { kind: "created", reason: "complaint" },
      { kind: "lifted", reason: "Asked to be served again." },
    ]);
  });

  it("is not lifted by another organization, which sees none of it", async () => {
    const [shop, stranger] = [await Shop.open(service), await Shop.open(service)];
    const person = { phone: "+12025550123" };
    const { id } = await block(shop, person);
    expect((await stranger.org.post(`/v1/blocks/${id}/lift`, { reason: "No." })).status).toBe(404);
    expect((await stranger.org.get<{ items: Block[] }>("/v1/blocks")).body.items).toEqual([]);
    expect(await stranger.codes(person)).not.toContain("recipient_blocked");
    expect(await shop.codes(person)).toContain("recipient_blocked");
  });

  it("shows staff the ending and the note, and neither number nor note stands anywhere in clear", async () => {
    const shop = await Shop.open(service);
    await block(shop, { phone: "+447700900555" }, { note: "Threatened the courier on Tuesday." });
    const [listed] = (await shop.org.get<{ items: Block[] }>("/v1/blocks")).body.items;
    expect(listed).toMatchObject({
      identifier: { kind: "phone", ending: "…55" },
      note: "Threatened the courier on Tuesday.",
      liftedAt: null,
    });
    const stored = await everythingIn(service.database);
    expect(stored.includes("7700900555")).toBe(false);
    expect(stored.includes("courier")).toBe(false);
  });

  test.each<[string, object, string]>([
    ["no identifier", { identifier: {} }, "/identifier"],
    ["two identifiers", { identifier: { phone: "+12025550123", email: "a@example.com" } }, "/identifier"],
    ["a number that cannot be", { identifier: { phone: "+1202" } }, "/identifier/phone"],
    [
      "a person's id",
      { identifier: { subjectId: "sub_01kb0q8s5hf6xv3y1m2n4p5q6r" } },
      "/identifier/subjectId",
    ],
    ["a reason that there is not", { reason: "boredom" }, "/reason"],
    ["an expiry that is past", { expiresAt: ago(1) }, "/expiresAt"],
  ])("with %s is refused with a pointer, and leaves nothing behind", async (_what, change, pointer) => {
    const shop = await Shop.open(service);
    const before = await contentsOf(service.database);
    const body = { identifier: { phone: "+12025550123" }, reason: "manual", ...change };
    const answer = await shop.org.post<Block>("/v1/blocks", body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors?.map((error) => error.pointer)).toEqual([pointer]);
    expect(await contentsOf(service.database)).toEqual(before);
  });
});
