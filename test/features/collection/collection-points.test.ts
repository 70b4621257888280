import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administer } from "../../support/database.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";
import { askedFor, created, wordings } from "../../support/shop.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

interface Point {
  id: string;
  publicKey: string;
  key: string;
  version: number;
  wording: string;
  wordingSha256: string;
  purposes: string[];
  channels: string[];
  language: string;
  privacyNoticeUrl: string | null;
  createdAt: string;
  errors?: { pointer: string }[];
}

const input = {
  key: "checkout",
  kind: "checkbox",
  name: "Checkout",
  ...askedFor,
};

const make = (org: OrganizationClient, more: object = {}) =>
  org.post<Point>("/v1/collection-points", { ...input, ...more });

describe("a collection point", () => {
  it("shows the same in every answer: made, read, listed, and as its first version", async () => {
    const org = await service.organization();
    const point = await created<Point>(make(org));
    const sha256 = createHash("sha256").update(input.wording).digest("hex");
    expect(point).toEqual({
      ...input,
      id: point.id,
      publicKey: expect.stringMatching(/^pub_[0-9a-z]{26}$/),
      formUrl: null,
      origins: [],
      chat: null,
      chatGivesConsent: false,
      keywords: [],
      version: 1,
      defaultChecked: false,
      wordingSha256: sha256,
      boxes: [{ wording: input.wording, wordingSha256: sha256, purposes: ["promotions"], required: true }],
      createdAt: point.createdAt,
    });
    expect((await org.get(`/v1/collection-points/${point.id}`)).body).toEqual(point);
    expect((await org.get("/v1/collection-points")).body).toEqual({ items: [point], nextCursor: null });
    expect((await org.get(`/v1/collection-points/${point.id}/versions`)).body).toEqual({
      items: [point],
      nextCursor: null,
    });
    expect((await org.get(`/v1/collection-points/${point.id}/versions/1`)).body).toEqual(point);
  });

  it("with a box ticked beforehand is refused, as a first version and as a later one", async () => {
    const org = await service.organization();
    const refused = await make(org, { defaultChecked: true });
    expect(refused.status).toBe(422);
    expect(refused.body.errors).toMatchObject([{ pointer: "/defaultChecked" }]);
    expect((await org.get("/v1/collection-points")).body.items).toEqual([]);

    const point = await created<Point>(make(org));
    const next = await org.post<Point>(`/v1/collection-points/${point.id}/versions`, {
      wording: wordings.second,
      defaultChecked: true,
    });
    expect(next.status).toBe(422);
    expect(next.body.errors).toMatchObject([{ pointer: "/defaultChecked" }]);
    expect((await org.get(`/v1/collection-points/${point.id}`)).body).toEqual(point);
  });

  it("is refused with a pointer to what does not fit", async () => {
    const org = await service.organization();
    const cases: [more: object, pointer: string][] = [
      [{ purposes: ["promotions", "nothing"] }, "/purposes/1"],
      [{ purposes: [] }, "/purposes"],
      [{ channels: [] }, "/channels"],
      [{ channels: ["whatsapp", "fax"] }, "/channels/1"],
      [{ kind: "popup" }, "/kind"],
      [{ key: "Check out" }, "/key"],
      [{ wording: "" }, "/wording"],
      [{ wording: "x".repeat(10_001) }, "/wording"],
      [{ language: "e" }, "/language"],
      [{ privacyNoticeUrl: "javascript:alert(1)" }, "/privacyNoticeUrl"],
      [{ privacyNoticeUrl: "/privacy" }, "/privacyNoticeUrl"],
      [{ defaultChecked: "no" }, "/defaultChecked"],
      [{ version: 7 }, "/version"],
    ];
    for (const [more, pointer] of cases) {
      const refused = await make(org, more);
      expect(refused.status, refused.text).toBe(422);
      expect(
        refused.body.errors?.map((error) => error.pointer),
        refused.text,
      ).toEqual([pointer]);
    }
  });

  it("has a key that no other one of its organization has", async () => {
    const org = await service.organization();
    await created(make(org));
    expect((await make(org)).status).toBe(409);
    expect((await make(await service.organization())).status).toBe(201);
  });

  it("is named to people by a public key that no other point has, and that is no part of its id", async () => {
    const org = await service.organization();
    const points = await Promise.all(
      ["one", "two", "three"].map((key) => created<Point>(make(org, { key }))),
    );
    const keys = points.map(({ publicKey }) => publicKey.slice(4));
    expect(new Set(keys).size).toBe(3);
    // A TypeID's first ten characters are the time of a version 7 uuid: of random ones they differ.
    expect(new Set(keys.map((key) => key.slice(0, 6))).size).toBe(3);
    for (const { id, publicKey } of points) expect(id.slice(4)).not.toContain(publicKey.slice(4, 12));
  });

  it("keeps its public key when the same request comes again", async () => {
    const org = await service.organization();
    const headers = { "idempotency-key": "checkout" };
    const first = await org.post<Point>("/v1/collection-points", input, headers);
    const again = await org.post<Point>("/v1/collection-points", input, headers);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect((await org.get(`/v1/collection-points/${first.body.id}`)).text).toBe(first.text);
  });

  it("changes its name, sites and chat without a new version, and leaves what is not named", async () => {
    const org = await service.organization();
    const sender = await org.sender();
    const point = await created<Point>(make(org, { origins: ["https://shop.example"] }));
    const path = `/v1/collection-points/${point.id}`;
    const chat = { sender: sender.id, text: "Hello! Offers, please." };
    expect((await org.patch(path, { chat })).body).toEqual({ ...point, chat });
    const origins = ["https://www.shop.example:8443", "http://localhost:3000"];
    expect((await org.patch(path, { origins, name: "Till" })).body).toEqual({
      ...point,
      chat,
      origins,
      name: "Till",
    });
    const cleared = { ...point, origins: [], name: "Till" };
    expect((await org.patch(path, { origins: [], chat: null })).body).toEqual(cleared);
    expect((await org.get(path)).body).toEqual(cleared);
    expect((await (await service.organization()).patch(path, { name: "Mine" })).status).toBe(404);
    const [change] = await administer(
      service.database.ownerUrl,
      (
        sql,
      ) => sql`select details from audit_entry where action = 'collection_point.changed' and entity = ${point.id}
        order by at desc limit 1`,
    );
    expect(change).toEqual({ details: { origins: [], chat: null } });
  });

  it("takes no site that is none, and no chat with a sender of somebody else", async () => {
    const org = await service.organization();
    const point = await created<Point>(make(org));
    const path = `/v1/collection-points/${point.id}`;
    const wrong = [
      "shop.example",
      "https://shop.example/",
      "https://SHOP.example",
      "https://shop.example/checkout",
      "https://shop.example?x",
      "https://user@shop.example",
      "http://shop.example",
      "http://localhost.shop.example",
      "https://*.shop.example",
      "https://shop.example:443",
      "null",
      "*",
      "file:///checkout.html",
      "javascript:alert(1)",
    ];
    for (const origin of wrong) {
      const refused = await org.patch<Point>(path, { origins: ["https://shop.example", origin] });
      expect([origin, refused.status, refused.body.errors?.map(({ pointer }) => pointer)]).toEqual([
        origin,
        422,
        ["/origins/1"],
      ]);
    }
    const stranger = await (await service.organization()).sender();
    const chat = { sender: stranger.id, text: "Hello!" };
    expect((await org.patch<Point>(path, { chat })).body.errors).toMatchObject([{ pointer: "/chat/sender" }]);
    expect((await make(org, { key: "two", chat })).body.errors).toMatchObject([{ pointer: "/chat/sender" }]);
    expect((await org.patch(path, {})).status).toBe(422);
    expect((await org.get(path)).body).toEqual(point);
  });

  it("of another organization is not there", async () => {
    const point = await created<Point>(make(await service.organization()));
    const stranger = await service.organization();
    for (const path of ["", "/versions", "/versions/1"])
      expect((await stranger.get(`/v1/collection-points/${point.id}${path}`)).status).toBe(404);
  });
});

describe("a version", () => {
  it("takes what it leaves out from the newest, and changes nothing of the earlier ones", async () => {
    const org = await service.organization();
    const first = await created<Point>(make(org));
    const russian = wordings.ru.replace("скидки", "скидки и ответы на вопросы");
    const acceptWarnings = ["two_purposes_in_one_box"];
    const path = `/v1/collection-points/${first.id}/versions`;
    const second = await created<Point>(
      org.post(path, {
        wording: russian,
        language: "ru",
        purposes: ["promotions", "support"],
        acceptWarnings,
      }),
    );
    expect(second).toMatchObject({ version: 2, language: "ru", privacyNoticeUrl: input.privacyNoticeUrl });
    const third = await created<Point>(
      org.post(path, { wording: russian.replace("WhatsApp", "СМС"), channels: ["sms"], acceptWarnings }),
    );
    expect(third).toMatchObject({ version: 3, language: "ru", purposes: ["promotions", "support"] });
    expect((await org.get<{ items: Point[] }>(path)).body.items).toEqual([third, second, first]);
    expect((await org.get(`${path}/2`)).body).toEqual(second);
    for (const missing of ["4", "99"]) expect((await org.get(`${path}/${missing}`)).status).toBe(404);
    for (const none of ["0", "-1", "1.5", "one", "2147483648"])
      expect((await org.get(`${path}/${none}`)).status).toBe(422);
  });

  it("has a number of its own, however many are added at the same time", async () => {
    const org = await service.organization();
    const point = await created<Point>(make(org));
    const path = `/v1/collection-points/${point.id}/versions`;
    const made = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        created<Point>(org.post(path, { wording: `${wordings.en} (${n})` })),
      ),
    );
    const numbers = made.map(({ version }) => version).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 12 }, (_, n) => n + 2));
    for (const version of made) expect((await org.get(`${path}/${version.version}`)).body).toEqual(version);
  });

  it("can be changed or removed by nobody, the database's owner included", async () => {
    const org = await service.organization();
    await created(make(org));
    for (const url of [service.database.ownerUrl, service.database.applicationUrl]) {
      await expect(
        administer(url, (sql) => sql`update collection_point_version set wording = 'Something else.'`),
      ).rejects.toThrow();
      await expect(administer(url, (sql) => sql`delete from collection_point_version`)).rejects.toThrow();
    }
  });

  it("is answered as the first time when the request comes again after newer ones", async () => {
    const org = await service.organization();
    const point = await created<Point>(make(org));
    const path = `/v1/collection-points/${point.id}/versions`;
    const headers = { "idempotency-key": "second" };
    const first = await org.post(path, { wording: wordings.second }, headers);
    const third = wordings.ru.replace("скидки", "ответы на вопросы");
    await created(org.post(path, { wording: third, purposes: ["support"], language: "ru" }));
    const again = await org.post(path, { wording: wordings.second }, headers);
    expect(again.status).toBe(201);
    expect(again.text).toBe(first.text);
  });
});
