import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { deriveKey, keyedHash } from "../../../src/kernel/seal.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, askedFor, created, Shop, wordings } from "../../support/shop.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterEach(() => service.setNow(undefined));
afterAll(() => service.close());

const person = { phone: "+12025550142" };
const other = { phone: "+12025550143" };

interface Issued {
  token: string;
  collectionPointId: string;
  version: number;
  language: string;
  issuedAt: string;
  expiresAt: string;
}

const issue = (shop: Shop, body?: object, headers?: Record<string, string>) =>
  shop.org.post<Issued>(`/v1/collection-points/${shop.point}/capture-tokens`, body, headers);

async function expectRefused(answer: ReturnType<Shop["sendConsent"]>, pointer: string) {
  const { status, text, body } = await answer;
  expect(status, text).toBe(422);
  expect(
    body.errors?.map((error) => error.pointer),
    text,
  ).toEqual([pointer]);
}

describe("a capture token", () => {
  it("says which version and language was on the screen, and when; the newest version by itself", async () => {
    const shop = await Shop.open(service);
    await created(
      shop.org.post(`/v1/collection-points/${shop.point}/versions`, {
        ...askedFor,
        wording: wordings.ru,
        language: "ru",
      }),
    );
    const before = Date.now();
    const newest = await created<Issued>(issue(shop));
    expect(newest).toMatchObject({ collectionPointId: shop.point, version: 2, language: "ru" });
    expect(Date.parse(newest.issuedAt)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(newest.expiresAt) - Date.parse(newest.issuedAt)).toBe(24 * 3600 * 1000);
    expect(await created<Issued>(issue(shop, { version: 1 }))).toMatchObject({ version: 1, language: "en" });
    const none = await issue(shop, { version: 3 });
    expect(none.status).toBe(422);
  });

  it("is the same token when the same request comes again, also after a newer version", async () => {
    const shop = await Shop.open(service);
    const headers = { "idempotency-key": "page-view-1" };
    const first = await issue(shop, {}, headers);
    await created(
      shop.org.post(`/v1/collection-points/${shop.point}/versions`, {
        ...askedFor,
        wording: wordings.ru,
        language: "ru",
      }),
    );
    const again = await issue(shop, {}, headers);
    expect(again.text).toBe(first.text);
    expect((await shop.reported(person, {}, { captureToken: again.body.token })).state).toBe("given");
  });

  it("makes a yes the person's own doing", async () => {
    const shop = await Shop.open(service);
    const { subjectId } = await shop.proven(person);
    const history = await shop.org.get<{ items: { provenance: { proof: string } }[] }>(
      `/v1/subjects/${subjectId}/consents`,
    );
    expect(history.body.items[0]?.provenance.proof).toBe("demonstrated");
  });

  it("is refused when a single character of it was altered, and so is a made-up one", async () => {
    const shop = await Shop.open(service);
    const token = await shop.captureToken();
    const [kind = "", payload = "", signature = ""] = token.split(".");
    const altered = (text: string, at: number) =>
      `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
    const forged = Buffer.from(
      JSON.stringify(
        (JSON.parse(Buffer.from(payload, "base64url").toString()) as unknown[]).with(4, Date.now() - 1),
      ),
    ).toString("base64url");
    const wrong = [
      ...Array.from({ length: payload.length }, (_, at) => `${kind}.${altered(payload, at)}.${signature}`),
      ...[0, 10, 20, 40].map((at) => `${kind}.${payload}.${altered(signature, at)}`),
      `cap2.${payload}.${signature}`,
      `${kind}.${forged}.${signature}`,
      `${kind}.${payload}.`,
      `${kind}.${payload}`,
      `${token}.x`,
      ` ${token}`,
      "x",
      "..",
    ];
    for (const captureToken of wrong)
      await expectRefused(
        shop.sendConsent({ subject: person }, { captureToken }),
        "/provenance/captureToken",
      );
    expect(await shop.codes(person)).toEqual(["consent_missing"]);
  });

  it("fits its own wording only: not another point, version, organization or language", async () => {
    const shop = await Shop.open(service);
    const pointer = "/provenance/captureToken";
    const captureToken = await shop.captureToken();
    const point = await created<{ id: string }>(
      shop.org.post("/v1/collection-points", {
        key: "other",
        kind: "form",
        name: "Other",
        ...askedFor,
      }),
    );
    await created(shop.org.post(`/v1/collection-points/${shop.point}/versions`, askedFor));
    await expectRefused(
      shop.sendConsent({ subject: person }, { collectionPointId: point.id, captureToken }),
      pointer,
    );
    await expectRefused(shop.sendConsent({ subject: person }, { version: 2, captureToken }), pointer);
    await expectRefused(
      shop.sendConsent({ subject: person }, { language: "ru", captureToken }),
      "/provenance/language",
    );
    const stranger = await Shop.open(service);
    await expectRefused(stranger.sendConsent({ subject: person }, { captureToken }), pointer);
    expect((await shop.sendConsent({ subject: person }, { language: "en", captureToken })).status).toBe(201);
  });

  it("knows the screen by itself: the shop sends nothing but the token, the person and what they did", async () => {
    const shop = await Shop.open(service);
    const { token } = await created<Issued>(
      issue(shop, { pageUrl: "https://shop.example/checkout?order=42&name=Ann#pay" }),
    );
    const { subjectId } = await created<{ subjectId: string }>(
      shop.org.post("/v1/consents", {
        subject: person,
        purpose: "promotions",
        state: "given",
        provenance: { captureToken: token, indication: "ticked", occurredAt: ago(0) },
      }),
    );
    const { items } = (
      await shop.org.get<{ items: { provenance: object }[] }>(`/v1/subjects/${subjectId}/consents`)
    ).body;
    expect(items[0]?.provenance).toMatchObject({
      collectionPointId: shop.point,
      version: 1,
      wording: "Yes, write to me.",
      language: "en",
      pageUrl: "https://shop.example/checkout",
      proof: "demonstrated",
    });
  });

  it("fits its own page only, whatever the query of the address", async () => {
    const shop = await Shop.open(service);
    const pageUrl = "https://shop.example/checkout";
    const { token: captureToken } = await created<Issued>(issue(shop, { pageUrl }));
    const others = [
      "https://shop.example/",
      "https://shop.example/checkout/",
      "https://shop.example/Checkout",
      "http://shop.example/checkout",
      "https://shop.example:8443/checkout",
      "https://shop.example.evil.example/checkout",
      "checkout",
      "javascript:https://shop.example/checkout",
    ];
    for (const other of others)
      await expectRefused(
        shop.sendConsent({ subject: person }, { captureToken, pageUrl: other }),
        "/provenance/pageUrl",
      );
    expect(await shop.codes(person)).toEqual(["consent_missing"]);
    const given = await shop.sendConsent(
      { subject: person },
      { captureToken, pageUrl: `${pageUrl}?step=2#pay` },
    );
    expect(given.status, given.text).toBe(201);
    for (const none of ["ftp://shop.example/", "checkout"])
      expect((await issue(shop, { pageUrl: none })).status).toBe(422);
  });

  it("is needed where the point is not named", async () => {
    const shop = await Shop.open(service);
    await expectRefused(
      shop.sendConsent({ subject: person }, { collectionPointId: undefined }),
      "/provenance/collectionPointId",
    );
    await expectRefused(shop.sendConsent({ subject: person }, { version: undefined }), "/provenance/version");
  });

  it("of a version before pages were in it still counts", async () => {
    const shop = await Shop.open(service);
    const [, payload = ""] = (await shop.captureToken()).split(".");
    const older = Buffer.from(
      JSON.stringify((JSON.parse(Buffer.from(payload, "base64url").toString()) as unknown[]).slice(0, 5)),
    ).toString("base64url");
    const key = deriveKey((await shop.org.context()).keys.data, "capture_token");
    const captureToken = `cap1.${older}.${keyedHash(key, `cap1.${older}`).toString("base64url")}`;
    expect((await shop.sendConsent({ subject: person }, { captureToken })).status).toBe(201);
  });

  it("proves the yes of one person, to as many purposes as were asked for", async () => {
    const shop = await Shop.open(service);
    const captureToken = await shop.captureToken();
    const first = await shop.reported(person, {}, { captureToken });
    expect((await shop.reported(person, { purpose: "order_updates" }, { captureToken })).state).toBe("given");
    expect(
      (await shop.reported({ subjectId: first.subjectId }, { purpose: "support" }, { captureToken })).state,
    ).toBe("given");
    await expectRefused(shop.sendConsent({ subject: other }, { captureToken }), "/provenance/captureToken");
    await expectRefused(
      shop.sendConsent({ subject: other, state: "withdrawn" }, { captureToken }),
      "/provenance/captureToken",
    );
    expect(await shop.codes(other)).toEqual(["consent_missing"]);
  });

  it("makes nobody known whose yes it is refused for", async () => {
    const shop = await Shop.open(service);
    const { token: captureToken } = await created<Issued>(issue(shop));
    await created(shop.sendConsent({ subject: person }, { captureToken }));
    const people = () =>
      shop.sql(
        (sql, organizationId) =>
          sql`select (select count(*)::int from subject where organization_id = ${organizationId}) as subjects,
          (select count(*)::int from identifier where organization_id = ${organizationId}) as identifiers`,
      );
    const before = await people();
    await expectRefused(shop.sendConsent({ subject: other }, { captureToken }), "/provenance/captureToken");
    expect(await people()).toEqual(before);
  });

  it("proves the yes of one person when many claim it at the same time", async () => {
    const shop = await Shop.open(service);
    const captureToken = await shop.captureToken();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        shop.sendConsent({ subject: { phone: `+120255501${n + 20}` } }, { captureToken }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([
      201,
      ...Array.from({ length: 19 }, () => 422),
    ]);
  });

  it("proves nothing about what came after its first use", async () => {
    const shop = await Shop.open(service);
    const captureToken = await shop.captureToken();
    await shop.reported(person, {}, { captureToken, occurredAt: ago(120) });
    await shop.sql(
      (sql, organizationId) => sql`
        update capture_token_use set used_at = used_at - interval '2 minutes' where organization_id = ${organizationId}`,
    );
    await shop.optOut(person, { occurredAt: ago(60) });
    // The same click, told again.
    await shop.reported(person, {}, { captureToken });
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    await shop.reported(person, {}, { captureToken: await shop.captureToken() });
    expect(await shop.codes(person)).toEqual([]);
  });

  it("lives for a day: the yes must have happened within it", async () => {
    const shop = await Shop.open(service);
    service.setNow(new Date(Date.now() - 3 * 24 * 3600 * 1000));
    const captureToken = await shop.captureToken();
    service.setNow(undefined);
    const day = 24 * 3600;
    const claim = (secondsAgo: number) =>
      shop.sendConsent({ subject: person }, { captureToken, occurredAt: ago(secondsAgo) });
    await expectRefused(claim(0), "/provenance/captureToken");
    await expectRefused(claim(2 * day - 400), "/provenance/captureToken");
    await expectRefused(claim(3 * day + 400), "/provenance/occurredAt");
    expect((await claim(2 * day + 60)).status).toBe(201);
    expect((await claim(3 * day)).status).toBe(201);
  });
});
