import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../../src/kernel/limits.ts";
import { type Client, startTestService, type TestService } from "../../support/service.ts";
import { ago, created, messages, Shop } from "../../support/shop.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterEach(() => service.setNow(undefined));
afterAll(() => service.close());

const origin = "https://shop.example";
const pageUrl = `${origin}/tea?cup=3#top`;
const person = { phone: "+12025550142" };
const json = { "content-type": "application/json", origin };

interface Shown {
  token: string;
  expiresAt: string;
  version: number;
}

/** A shop whose site shows a collection point of its own. */
class Site {
  readonly shop: Shop;
  readonly id: string;
  readonly path: string;
  private readonly visitor: Client;

  private constructor(shop: Shop, point: { id: string; publicKey: string }) {
    this.shop = shop;
    this.id = point.id;
    this.path = `/w/${point.publicKey}`;
    this.visitor = service.anonymous;
  }

  static async open(more: object = {}): Promise<Site> {
    const shop = await Shop.open(service);
    const point = await created<{ id: string; publicKey: string }>(
      shop.org.post("/v1/collection-points", {
        key: "widget",
        kind: "widget",
        name: "Widget",
        origins: [origin],
        channels: ["whatsapp"],
        purposes: ["promotions"],
        language: "en",
        wording: "Yes, Tea shop may send me offers on WhatsApp. I can stop at any time.",
        privacyNoticeUrl: `${origin}/privacy`,
        ...more,
      }),
    );
    return new Site(shop, point);
  }

  captures(body: unknown = { pageUrl }, headers: Record<string, string> = json) {
    return this.visitor.post<Shown & { type?: string; errors?: { pointer: string }[] }>(
      `${this.path}/captures`,
      body,
      headers,
    );
  }

  async token(): Promise<string> {
    return (await created<Shown>(this.captures())).token;
  }

  /** Signs up as the widget does. */
  consents(
    { captureToken, phone }: { captureToken?: string; phone?: string },
    headers: Record<string, string> = json,
  ) {
    const body = { subject: { phone }, provenance: { captureToken } };
    return this.visitor.post<{
      reference: string;
      confirmation: { needed: boolean; words: string; chatUrl: string | null };
      type?: string;
      errors?: { pointer: string; message: string }[];
    }>(`${this.path}/consents`, body, headers);
  }

  async history(subject: object = person) {
    const found = await this.shop.org.post<{ id: string }>("/v1/subjects/lookup", { subject });
    if (found.status === 404) return [];
    const { items } = (
      await this.shop.org.get<{
        items: { id: string; state: string; purpose: string; provenance: object }[];
      }>(`/v1/subjects/${found.body.id}/consents`)
    ).body;
    return items;
  }
}

/** Two things that one wording asks for: not well done, but not forbidden. */
const twoPurposes = {
  purposes: ["promotions", "order_updates"],
  wording: "Yes, Tea shop may send me offers and news of my orders on WhatsApp. I can stop at any time.",
  acceptWarnings: ["two_purposes_in_one_box"],
};

const corsHeaders = (headers: Headers) =>
  [...headers.keys()].filter((name) => name.startsWith("access-control-"));

describe("a listed site", () => {
  it("is told the exact wording of the newest version, and gets a token for its page", async () => {
    const site = await Site.open();
    const wording = "Yes, Tea shop may write to me on WhatsApp about its offers. I can stop at any time.";
    await created(site.shop.org.post(`/v1/collection-points/${site.id}/versions`, { wording }));
    const answer = await site.captures();
    expect(answer.status, answer.text).toBe(201);
    expect(answer.body).toEqual({
      token: answer.body.token,
      expiresAt: answer.body.expiresAt,
      kind: "widget",
      organizationName: "Shop",
      version: 2,
      language: "en",
      boxes: [{ wording, purposes: ["promotions"], required: true }],
      privacyNoticeUrl: `${origin}/privacy`,
      chatUrl: null,
    });
    expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
    expect(answer.headers.get("vary")).toContain("Origin");
    expect(answer.headers.get("set-cookie")).toBeNull();
  });

  it("changes nothing by looking, however often", async () => {
    const site = await Site.open();
    const rows = () =>
      site.shop.sql(
        (sql, organizationId) =>
          sql`select (select count(*)::int from audit_entry where organization_id = ${organizationId}) as entries`,
      );
    const before = await rows();
    const tokens = await Promise.all(Array.from({ length: 5 }, () => site.token()));
    expect(new Set(tokens).size).toBe(5);
    expect(await rows()).toEqual(before);
  });

  it("is told where the chat is that its visitors may start instead", async () => {
    const site = await Site.open();
    const chat = { sender: site.shop.sender.id, text: "Привет! Хочу скидки & новинки?" };
    await site.shop.org.patch(`/v1/collection-points/${site.id}`, { chat });
    const { body } = await site.captures();
    expect(body).toMatchObject({
      chatUrl: `https://wa.me/12025550100?text=${encodeURIComponent(chat.text)}`,
    });
  });

  it("gets no token for a page that is not its own", async () => {
    const site = await Site.open();
    for (const other of [
      "https://evil.example/tea",
      "http://shop.example/tea",
      "https://shop.example:444/tea",
    ]) {
      const { status, body } = await site.captures({ pageUrl: other });
      expect([other, status, body.errors]).toMatchObject([other, 422, [{ pointer: "/pageUrl" }]]);
    }
    for (const bad of [{}, { pageUrl: "tea" }, { pageUrl, more: 1 }, "[", "null"])
      expect([400, 422]).toContain((await site.captures(bad)).status);
  });

  it("may be answered to a preflight, and no other method is", async () => {
    const site = await Site.open();
    const asked = {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    for (const action of ["captures", "consents"]) {
      const answer = await service.anonymous.send("OPTIONS", `${site.path}/${action}`, { headers: asked });
      expect(answer.status).toBe(204);
      expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
      expect(answer.headers.get("access-control-allow-methods")).toBe("POST");
      expect(answer.headers.get("access-control-allow-headers")).toBe("content-type");
      expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
      expect((await service.anonymous.get(`${site.path}/${action}`, { origin })).status).toBe(404);
    }
  });

  it("reads what is wrong, as JSON", async () => {
    const site = await Site.open();
    const answer = await site.captures("[");
    expect(answer.status).toBe(400);
    expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
    expect(answer.body.type).toBe("urn:sayso:problem:malformed");
  });
});

describe("any other site", () => {
  const others = [
    undefined,
    "null",
    "https://evil.example",
    "https://shop.example.evil.example",
    "https://www.shop.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://SHOP.example",
    "https://shop.example/",
    "*",
  ];

  it.each(others)(
    "%s is refused with 403, without a single CORS header, and records nothing",
    async (other) => {
      const site = await Site.open();
      const captureToken = await site.token();
      const headers: Record<string, string> = {
        "content-type": "application/json",
        ...(other === undefined ? {} : { origin: other }),
      };
      const tries = [
        await site.captures({ pageUrl: `${other}/tea` }, headers),
        await site.consents({ captureToken, ...person }, headers),
        await service.anonymous.send("OPTIONS", `${site.path}/consents`, {
          headers: { ...headers, "access-control-request-method": "POST" },
        }),
      ];
      for (const answer of tries) {
        expect([answer.status, answer.body.type]).toEqual([403, "urn:sayso:problem:forbidden"]);
        expect(corsHeaders(answer.headers)).toEqual([]);
        expect(answer.headers.get("vary")).toContain("Origin");
      }
      expect(await site.history()).toEqual([]);
    },
  );

  it("is refused from the moment on that it is listed no more", async () => {
    const site = await Site.open();
    const captureToken = await site.token();
    await site.shop.org.patch(`/v1/collection-points/${site.id}`, { origins: ["https://new.example"] });
    expect((await site.consents({ captureToken, ...person })).status).toBe(403);
    expect(await site.history()).toEqual([]);
  });

  it("finds nothing under a key that no point has", async () => {
    const site = await Site.open();
    for (const key of [
      "pub_00000000000000000000000000",
      "pub_",
      "x",
      site.id,
      site.path.slice(3).toUpperCase(),
    ]) {
      const answer = await service.anonymous.post(`/w/${key}/captures`, { pageUrl }, json);
      expect([key, answer.status]).toEqual([key, 404]);
      expect(corsHeaders(answer.headers)).toEqual([]);
    }
  });
});

describe("a visitor's yes", () => {
  it("is on record with what was on the screen, and lets the message out", async () => {
    const site = await Site.open();
    const captureToken = await site.token();
    expect(await site.shop.codes(person)).toEqual(["consent_missing"]);
    const done = await site.consents(
      { captureToken, phone: "+1 (202) 555-0142" },
      { ...json, "user-agent": `Mozilla/5.0 ${"x".repeat(2_000)}` },
    );
    expect(done.status, done.text).toBe(201);
    expect(done.body).toEqual({
      reference: expect.stringMatching(/^cns_[0-9a-z]{26}$/),
      confirmation: {
        needed: false,
        words: expect.stringMatching(/^I confirm: [0-9A-Z]{4}-[0-9A-Z]{4}$/),
        chatUrl: expect.stringMatching(/^https:\/\/wa\.me\/12025550100\?text=I%20confirm%3A%20/),
      },
    });
    expect(await site.shop.codes(person)).toEqual([]);
    const [event, ...more] = await site.history();
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      id: done.body.reference,
      purpose: "promotions",
      state: "given",
      provenance: {
        collectionPointId: site.id,
        version: 1,
        wording: "Yes, Tea shop may send me offers on WhatsApp. I can stop at any time.",
        indication: "ticked",
        proof: "typed",
        language: "en",
        pageUrl: `${origin}/tea`,
        userAgent: `Mozilla/5.0 ${"x".repeat(2_000)}`.slice(0, 1_000),
      },
    });
  });

  it("is for each purpose that the wording names, as the version of the token says, not a newer one", async () => {
    const site = await Site.open(twoPurposes);
    const captureToken = await site.token();
    await created(
      site.shop.org.post(`/v1/collection-points/${site.id}/versions`, {
        wording: "Yes, Tea shop may answer my questions on WhatsApp. I can stop at any time.",
        purposes: ["support"],
      }),
    );
    await created(site.consents({ captureToken, ...person }));
    const events = await site.history();
    expect(events.map(({ purpose }) => purpose).sort()).toEqual(["order_updates", "promotions"]);
    expect(events.map(({ provenance }) => provenance)).toMatchObject([{ version: 1 }, { version: 1 }]);
  });

  it("is one, however often and at however many times it is sent", async () => {
    const site = await Site.open(twoPurposes);
    const captureToken = await site.token();
    const sent = { captureToken, ...person };
    const first = await site.consents(sent);
    const again = await Promise.all(Array.from({ length: 8 }, () => site.consents(sent)));
    const spelled = await site.consents({ captureToken, phone: "+1 202 555 0142" });
    for (const { status, body } of [...again, spelled]) expect([status, body]).toEqual([201, first.body]);
    expect(await site.history()).toHaveLength(2);

    const other = await site.token();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => site.consents({ captureToken: other, ...person })),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await site.history()).toHaveLength(4);
  });

  it("is refused for a second person with the same token, and nobody is made known", async () => {
    const site = await Site.open();
    const captureToken = await site.token();
    await created(site.consents({ captureToken, ...person }));
    const second = { phone: "+12025550143" };
    const refused = await site.consents({ captureToken, ...second });
    expect(refused.status).toBe(422);
    expect(refused.body.errors).toMatchObject([{ pointer: "/provenance/captureToken" }]);
    expect((await site.shop.org.post("/v1/subjects/lookup", { subject: second })).status).toBe(404);
  });

  it("is refused with a token of another point, organization or day, or none", async () => {
    const site = await Site.open();
    const otherSite = await Site.open();
    service.setNow(new Date(Date.now() - 25 * 3600 * 1000));
    const old = await site.token();
    service.setNow(undefined);
    const fresh = await site.token();
    const tokens = [
      await site.shop.captureToken(),
      await otherSite.token(),
      old,
      `${fresh}x`,
      fresh.replace(/^cap1/, "cap2"),
      "x",
    ];
    for (const captureToken of tokens) {
      const { status, body } = await site.consents({ captureToken, ...person });
      expect([captureToken, status, body.errors]).toMatchObject([
        captureToken,
        422,
        [{ pointer: "/provenance/captureToken" }],
      ]);
    }
    expect((await site.consents(person)).status).toBe(422);
    expect(await site.history()).toEqual([]);
  });

  it("is refused with a number that cannot be, and the token is good for the right one", async () => {
    const site = await Site.open();
    const captureToken = await site.token();
    for (const phone of [
      "",
      "12",
      "+",
      "+1",
      "+12",
      "abc",
      "+1202555014299999",
      "=1+1",
      "<b>+12025550142</b>",
    ]) {
      const { status, body } = await site.consents({ captureToken, phone });
      expect([phone, status, body.errors]).toMatchObject([phone, 422, [{ pointer: "/subject/phone" }]]);
    }
    await created(site.consents({ captureToken, ...person }));
  });

  it("to a purpose with double opt-in awaits its confirmation", async () => {
    const site = await Site.open();
    await created(
      site.shop.org.post("/v1/purposes", {
        key: "news",
        name: "News",
        description: "News.",
        category: "marketing",
        lawfulBasis: "consent",
        doubleOptIn: true,
      }),
    );
    await created(
      site.shop.org.post(`/v1/collection-points/${site.id}/versions`, {
        wording: "Yes, Tea shop may send me news on WhatsApp. I can stop at any time.",
        purposes: ["news"],
      }),
    );
    const { body } = await site.consents({ captureToken: await site.token(), ...person });
    expect(body.confirmation.needed).toBe(true);
    expect(await site.shop.codes(person, { purpose: "news" })).toEqual(["consent_pending"]);
  });

  it("does not outlive a no that came after it: the token told again revives nothing", async () => {
    const site = await Site.open();
    const captureToken = await site.token();
    await created(site.consents({ captureToken, ...person }));
    await site.shop.optOut(person, { occurredAt: ago(-1) });
    await created(site.consents({ captureToken, ...person }));
    expect(await site.shop.codes(person)).toContain("recipient_opted_out");
    expect(await site.shop.codes(person, { purpose: "order_updates", message: messages.parcel })).toContain(
      "recipient_opted_out",
    );
  });
});

describe("too many sign-ups", () => {
  it("for one number are refused with the time to wait, and others go on", async () => {
    const site = await Site.open();
    const phone = `+120255${service.nextNumber().slice(1)}`;
    const captureToken = await site.token();
    const send = () => site.consents({ captureToken, phone });
    const answers = await Promise.all(Array.from({ length: limits.signUpsOfNumber.points }, send));
    expect(answers.map(({ status }) => status)).not.toContain(429);
    const refused = await send();
    expect([refused.status, refused.body.type]).toEqual([429, "urn:sayso:problem:too_many_requests"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(refused.headers.get("access-control-allow-origin")).toBe(origin);
    expect(await site.history({ phone })).toHaveLength(1);
    const other = { phone: `+120255${service.nextNumber().slice(1)}` };
    await created(site.consents({ captureToken: await site.token(), ...other }));
  });

  it("from one address are refused, over all processes together", async () => {
    const site = await Site.open();
    const processes = [await service.startProcess(), await service.startProcess()];
    const send = async (n: number) =>
      (
        await processes[n % 2]?.transport(`${site.path}/consents`, {
          method: "POST",
          headers: json,
          body: JSON.stringify({ subject: { phone: "12" }, provenance: { captureToken: "x" } }),
        })
      )?.status;
    const statuses: (number | undefined)[] = [];
    for (let n = 0; n < limits.signUpsOfAddress.points + 2; n += 1) statuses.push(await send(n));
    expect(statuses).toEqual([...Array(limits.signUpsOfAddress.points).fill(422), 429, 429]);
  });
});

it("no answer, log line or metric tells a number or a token", async () => {
  const site = await Site.open();
  const captureToken = await site.token();
  await site.consents({ captureToken, ...person });
  await site.consents({ captureToken, phone: "+12025550147" });
  const told = [...service.log, (await service.anonymous.get("/metrics")).text].join("\n");
  expect(told).toContain("/w/:key/consents");
  expect(told).not.toMatch(/2025550142|2025550147|cap1\./);
  expect(told).not.toContain(site.path);
});
