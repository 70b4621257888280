import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { isNewOptOut, keepOptOut } from "../../../src/features/optout/index.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { contentsOf, without } from "../../support/contents.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, created, messages, Shop } from "../../support/shop.ts";
import { openUnreliableDatabase } from "../../support/unreliable-database.ts";
import { Platform, secondsAgo } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const waId = "12025550123";
const person = { phone: `+${waId}` };
const parcel = { purpose: "order_updates", message: messages.parcel };

/** The path of a link for a person, about one purpose or everything. */
async function linkOf(shop: Shop, purpose?: string, subject: object = person): Promise<string> {
  const body = { subject, ...(purpose === undefined ? {} : { purpose }) };
  const { url } = await created<{ url: string }>(shop.org.post("/v1/opt-out-links", body));
  expect(url).toMatch(/^https:\/\/consent\.shop\.example\/o\/[A-Za-z0-9_-]+$/);
  return new URL(url).pathname;
}

/** A shop with a person who said yes to promotions and order updates, and a link of theirs. */
async function open(purpose?: string) {
  const shop = await Shop.open(service);
  for (const each of ["promotions", "order_updates"]) {
    await shop.proven(person, { purpose: each }, { occurredAt: ago(120) });
  }
  expect([await shop.codes(person), await shop.codes(person, parcel)]).toEqual([[], []]);
  return { shop, path: await linkOf(shop, purpose) };
}

const form = { "content-type": "application/x-www-form-urlencoded" };

function press(path: string, body = "scope=all", headers: Record<string, string> = form) {
  return service.anonymous.post(path, body, headers);
}

/** Presses, and gives the reference and the undo's nonce that the page shows. */
async function pressed(path: string, body = "scope=all") {
  const answer = await press(path, body);
  expect(answer.status).toBe(200);
  return {
    reference: /opt_[0-9a-z]{26}/.exec(answer.text)?.[0],
    nonce: /name="nonce" value="([^"]+)"/.exec(answer.text)?.[1],
  };
}

/** Everything that is stored, but for the turns that were taken. */
const contentsNow = async () => without(await contentsOf(service.database), "rate_limit");

function undo(path: string, nonce: string | undefined, lang = "en") {
  return service.anonymous.post(
    `${path}/undo?lang=${lang}`,
    new URLSearchParams({ nonce: nonce ?? "" }).toString(),
    form,
  );
}

/** Somebody of whom nothing is on record but that they are there. */
async function strangerIn(shop: Shop): Promise<string> {
  const subject = { email: "customer@example.com" };
  await linkOf(shop, undefined, subject);
  return (await shop.org.post<{ id: string }>("/v1/subjects/lookup", { subject })).body.id;
}

async function events(shop: Shop) {
  const list = await shop.org.get<{ items: { id: string; kind: string; scope: string; source: string }[] }>(
    "/v1/opt-outs",
  );
  return list.body.items;
}

async function standing(shop: Shop) {
  const rows = await shop.sql(
    (sql, organization) => sql`
      select encode(identifier_hash, 'hex') as hash, channel, purpose, kind, at, event_id from standing_no
      where organization_id = ${organization} order by 1, 2, 3, 4`,
  );
  return [...rows];
}

const undone = "Undone. Everything is as before.";
const tooLate = "It is too late to undo this here";
const superseded = "Something else came in meanwhile";
const broken = "This link does not work";

describe("a link", () => {
  it("is the same for the same person and purpose, another for others, and tells nothing", async () => {
    const shop = await Shop.open(service);
    const [first, again] = [await linkOf(shop), await linkOf(shop, undefined, { waId })];
    expect(again).toBe(first);
    const others = [
      await linkOf(shop, "promotions"),
      await linkOf(shop, "order_updates"),
      await linkOf(shop, undefined, { phone: "+12025550124" }),
      await linkOf(await Shop.open(service)),
    ];
    expect(new Set([first, ...others]).size).toBe(5);
    const decoded = [first, ...others].map((path) =>
      Buffer.from(path.slice(3), "base64url").toString("latin1"),
    );
    for (const text of decoded) expect(text).not.toMatch(/2025550|promotions|sub_/);
    const bad = { subject: person, purpose: "newsletter" };
    expect((await shop.org.post("/v1/opt-out-links", bad)).status).toBe(422);
  });

  it("that is looked at changes nothing, ever: not by scanners, previews, prefetching or other methods", async () => {
    const { path } = await open("promotions");
    const before = await contentsOf(service.database);
    const visitors: Record<string, string>[] = [
      { "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)" },
      { "user-agent": "facebookexternalhit/1.1" },
      { "user-agent": "WhatsApp/2.24.6 A" },
      { "user-agent": "Barracuda Sentinel (EE)", accept: "*/*" },
      {
        "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) SafeLinks",
        referer: "https://mail.example/",
      },
      { purpose: "prefetch", "sec-purpose": "prefetch;prerender", "x-moz": "prefetch" },
      { "x-purpose": "preview", "sec-fetch-mode": "navigate", "sec-fetch-user": "?1" },
      { "list-unsubscribe": "One-Click", "x-http-method-override": "POST" },
    ];
    const queries = ["", "?lang=ru", "?scope=all", "?List-Unsubscribe=One-Click", "?_method=POST"];
    for (const headers of visitors) {
      for (const query of queries) {
        for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]) {
          const answer = await service.anonymous.send(method, `${path}${query}`, { headers });
          if (method === "GET" || method === "HEAD") expect(answer.status).toBe(200);
          expect(answer.status).toBeLessThan(500);
        }
        expect((await service.anonymous.get(`${path}/undo${query}`, headers)).status).toBe(404);
      }
    }
    expect(await contentsOf(service.database)).toEqual(before);
  });

  it("shows who writes, what about and the number's end, and posts to itself only", async () => {
    const { path } = await open("promotions");
    const { text } = await service.anonymous.get(path);
    expect(text).toContain("…23");
    expect(text).not.toContain("2025550123");
    expect([...text.matchAll(/action="([^"]+)"/g)].map(([, action]) => action)).toEqual([
      `${path}?lang&#x3D;en`,
      `${path}?lang&#x3D;en`,
    ]);
    expect(text).not.toMatch(/<script|https?:\/\//);
  });

  it("speaks the language that the browser asks for, or that its switch says, to the end", async () => {
    const { path } = await open("promotions");
    const get = (query = "", accept = "") =>
      service.anonymous.get(`${path}${query}`, { "accept-language": accept });
    for (const [answer, lang] of [
      [await get(), "en"],
      [await get("", "ru-RU,ru;q=0.9,en;q=0.5"), "ru"],
      [await get("", "de,fr;q=0.9"), "en"],
      [await get("", "en;q=0.4, ru;q=0.5"), "ru"],
      [await get("?lang=en", "ru"), "en"],
      [await get("?lang=ru", "en"), "ru"],
      [await get("?lang=xx", "ru"), "ru"],
      [await press(`${path}?lang=ru`, "scope=purpose"), "ru"],
      [await undo(path, "no nonce", "ru"), "ru"],
      [await service.anonymous.get("/o/none?lang=ru"), "ru"],
    ] as const) {
      expect(answer.text).toContain(`<html lang="${lang}">`);
      expect(/[а-яё]{4}/i.test(answer.text.replace(/<a class="language".*?<\/a>/, ""))).toBe(lang === "ru");
    }
  });

  it("keeps personal data out of every head, tells no other site and no cache of itself, and loads nothing", async () => {
    const { shop, path } = await open("promotions");
    await shop.org.patch("/v1/organization", { name: "Harbour Bookshop" });
    const { nonce } = await pressed(path);
    const pages = [
      await service.anonymous.get(path),
      await service.anonymous.send("HEAD", path),
      await press(path, "scope=purpose"),
      await undo(path, nonce),
      await undo(path, nonce),
      await service.anonymous.get("/o/nobody"),
      await press(`${path}x`),
      await service.anonymous.get(`${path}/elsewhere`),
    ];
    for (const page of pages) {
      expect(Object.fromEntries(page.headers)).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "referrer-policy": "no-referrer",
        "x-robots-tag": "noindex, nofollow",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cache-control": "no-store",
      });
      const policy = page.headers.get("content-security-policy");
      for (const part of [
        "default-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ]) {
        expect(policy?.split("; ")).toContain(part);
      }
      expect(page.headers.get("set-cookie")).toBeNull();
      expect(page.headers.get("location")).toBeNull();
      const head = page.text.slice(0, page.text.indexOf("</head>"));
      expect(head).not.toMatch(/Harbour|…23|opt_|Promotions|offers|\/o\//i);
    }
    expect(service.log.join("\n")).not.toContain(path.slice(3));
  });

  it("that was altered, cut, lengthened or made for another organization answers 404 and does nothing", async () => {
    const { path } = await open("promotions");
    const foreign = (await open("promotions")).path;
    const token = path.slice(3);
    const bytes = Buffer.from(token, "base64url");
    const altered = [...bytes.keys()].map((place) => {
      const copy = Buffer.from(bytes);
      copy[place] = (copy[place] ?? 0) ^ 1;
      return copy.toString("base64url");
    });
    const swapped = Buffer.concat([
      Buffer.from(foreign.slice(3), "base64url").subarray(0, 16),
      bytes.subarray(16),
    ]).toString("base64url");
    const wrong = [
      ...altered,
      swapped,
      token.slice(0, -1),
      token.slice(0, 40),
      `${token}AAAA`,
      token.toUpperCase(),
      "A".repeat(100),
      "A".repeat(5_000),
      "..%2f..%2fetc",
      "%F0%9F%98%80",
      "null",
    ];
    const before = await contentsOf(service.database);
    for (const each of wrong) {
      for (const answer of [
        await service.anonymous.get(`/o/${each}`),
        await press(`/o/${each}`),
        await undo(`/o/${each}`, "opt_x.y"),
      ]) {
        expect([answer.status, answer.text.includes(broken)], each).toEqual([404, true]);
      }
    }
    expect((await service.anonymous.get("/o/%00")).status).toBe(400);
    expect((await service.anonymous.get("/o/")).status).toBe(404);
    expect(await contentsOf(service.database)).toEqual(before);
  });

  it("says 503 and not that it is wrong while the database is lost, and works when it is back", async () => {
    const { shop, path } = await open();
    const way = await openUnreliableDatabase(service.database.applicationUrl);
    const other = await startTestService({ database: service.database, config: { databaseUrl: way.url } });
    try {
      await way.lose();
      for (const answer of [
        await other.anonymous.get(path),
        await other.anonymous.post(path, "scope=all", form),
      ]) {
        expect(answer.status).toBe(503);
        expect(answer.text).not.toContain(broken);
        expect(answer.headers.get("content-type")).toMatch(/^text\/html/);
      }
      expect(await shop.codes(person)).toEqual([]);
      await way.find();
      expect((await other.anonymous.post(path, "scope=all", form)).status).toBe(200);
      expect(await shop.codes(person)).toContain("recipient_opted_out");
    } finally {
      await other.close();
      await way.close();
    }
  });
});

describe("a press of the button", () => {
  it("stops the link's purpose, or everything", async () => {
    const { shop, path } = await open("promotions");
    await pressed(path, "scope=purpose");
    expect([await shop.codes(person), await shop.codes(person, parcel)]).toEqual([
      ["recipient_opted_out", "consent_withdrawn"],
      [],
    ]);
    await pressed(path, "scope=all");
    expect(await shop.codes(person, parcel)).toContain("recipient_opted_out");
    expect((await events(shop)).map(({ scope, source }) => [scope, source])).toEqual([
      ["all", "link"],
      ["purpose", "link"],
    ]);
  });

  const boundary = "----form";
  const multipart = (name: string, value: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n--${boundary}--\r\n`;
  const manners: [string, string, Record<string, string>][] = [
    ["One-Click as a form", "List-Unsubscribe=One-Click", form],
    [
      "One-Click as multipart",
      multipart("List-Unsubscribe", "One-Click"),
      { "content-type": `multipart/form-data; boundary=${boundary}` },
    ],
    ["nothing at all", "", {}],
    ["an unknown scope", "scope=some", form],
    ["JSON", '{"scope":"all"}', { "content-type": "application/json" }],
    [
      "multipart without its boundary",
      multipart("scope", "purpose"),
      { "content-type": "multipart/form-data" },
    ],
    [
      "multipart that breaks off",
      `--${boundary}\r\nContent-Dis`,
      { "content-type": `multipart/form-data; boundary=${boundary}` },
    ],
    ["broken percent signs", "scope=%E0%A4%A", form],
  ];
  test.each(manners)(
    "counts for what the link is about when it comes as %s: 200, no cookie, no redirect",
    async (_what, body, headers) => {
      const { shop, path } = await open("promotions");
      const answer = await press(path, body, headers);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("set-cookie")).toBeNull();
      expect(await shop.codes(person)).toContain("recipient_opted_out");
      expect(await shop.codes(person, parcel)).toEqual([]);

      const whole = await open();
      expect((await press(whole.path, body, headers)).status).toBe(200);
      expect(await whole.shop.codes(person, parcel)).toContain("recipient_opted_out");
    },
  );

  it("of more bytes than a form has is refused with 413", async () => {
    const { shop, path } = await open();
    expect((await press(path, `scope=all&x=${"x".repeat(20_000)}`)).status).toBe(413);
    expect(await events(shop)).toHaveLength(0);
  });

  it("repeated is one: the same reference, one event, also many at the same time", async () => {
    const { shop, path } = await open("promotions");
    const first = await pressed(path, "scope=purpose");
    const second = await pressed(path, "List-Unsubscribe=One-Click");
    expect(second).toEqual(first);
    expect(await events(shop)).toHaveLength(1);

    const many = await open();
    const answers = await Promise.all(Array.from({ length: 12 }, () => pressed(many.path)));
    expect(new Set(answers.map(({ reference }) => reference)).size).toBe(1);
    expect(await events(many.shop)).toHaveLength(1);
  });

  it("tells until when what was handed over may still arrive: as long as the policy's permits live, then no more", async () => {
    const { shop, path } = await open();
    await shop.activatePolicy({ permitTtlSeconds: 600 });
    const minutes = (text: string) => {
      const [, hour, minute] = /may still arrive until [^<]*?(\d\d):(\d\d)/.exec(text) ?? [];
      return hour === undefined ? undefined : (Number(hour) * 60 + Number(minute)) % (24 * 60);
    };
    const { text } = await press(path);
    const [, sinceHour, sinceMinute] = />Since<.*?(\d\d):(\d\d)/s.exec(text) ?? [];
    const since = Number(sinceHour) * 60 + Number(sinceMinute);
    const span = ((minutes(text) ?? Number.NaN) - since + 24 * 60) % (24 * 60);
    expect(span).toBeGreaterThanOrEqual(10);
    expect(span).toBeLessThanOrEqual(11);
    await shop.activatePolicy({ permitTtlSeconds: 1 });
    await expect
      .poll(async () => (await press(path)).text, { timeout: 10_000, interval: 300 })
      .toContain("Nothing new is sent from this moment on.</li>");
  });

  it("after a new yes of the person's own is a new no", async () => {
    const { shop, path } = await open("promotions");
    const first = await pressed(path, "scope=purpose");
    await shop.sql(
      (sql, organization) => sql`
        update standing_no set at = at - interval '1 minute' where organization_id = ${organization}`,
    );
    await shop.proven(person, {}, { occurredAt: ago(5) });
    expect(await shop.codes(person)).toEqual([]);
    const second = await pressed(path, "scope=purpose");
    expect(second.reference).not.toBe(first.reference);
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  it("is in force for the person by every name, whoever's spelling the link was made with", async () => {
    const { shop, path } = await open();
    const platform = new Platform(service.anonymous, shop.sender);
    await platform.deliver(
      platform.messages(
        platform.message(waId, { from_user_id: "US.1349000000001", timestamp: secondsAgo(60) }),
      ),
    );
    await pressed(path);
    for (const recipient of [person, { waId }, { bsuid: "US.1349000000001" }]) {
      expect(await shop.codes(recipient)).toContain("recipient_opted_out");
    }
  });
});

describe("an undo", () => {
  it("restores what was, makes no consent, and leaves both on record", async () => {
    const { shop, path } = await open();
    const before = await contentsNow();
    const { nonce, reference } = await pressed(path);
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    const answer = await undo(path, nonce);
    expect([answer.status, answer.text.includes(undone)]).toEqual([200, true]);
    expect([await shop.codes(person), await shop.codes(person, parcel)]).toEqual([[], []]);
    const after = await contentsNow();
    for (const table of ["consent_event", "consent_state", "standing_no", "subject", "identifier"]) {
      expect(after[table], table).toEqual(before[table]);
    }
    expect((await events(shop)).map(({ kind }) => kind)).toEqual(["undone", "opted_out"]);
    // Pressed again it is a no of its own, with an undo of its own.
    const again = await pressed(path);
    expect(again.reference).not.toBe(reference);
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    expect((await undo(path, again.nonce)).text).toContain(undone);
  });

  it("goes to and fro with the no for a while only; the no always works, and is what stands in the end", async () => {
    const { shop, path } = await open();
    for (let time = 0; time < limits.undosOfPerson.points; time += 1)
      expect((await undo(path, (await pressed(path)).nonce)).status).toBe(200);
    const { nonce } = await pressed(path);
    const refused = await undo(path, nonce);
    expect([refused.status, refused.text.includes("<h1>The messages stay stopped</h1>")]).toEqual([
      429,
      true,
    ]);
    expect((await undo(path, nonce, "ru")).text).toContain("<h1>Сообщения приходить не будут</h1>");
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    const other = await open();
    expect((await undo(other.path, (await pressed(other.path)).nonce)).status).toBe(200);
  });

  it("gives nobody a consent who had none", async () => {
    const shop = await Shop.open(service);
    const path = await linkOf(shop, "promotions");
    const { nonce } = await pressed(path);
    await undo(path, nonce);
    expect(await shop.codes(person)).toContain("consent_missing");
    expect(await standing(shop)).toEqual([]);
  });

  const earlier: [string, (shop: Shop) => Promise<unknown>][] = [
    ["an opt-out by the API", (shop) => shop.optOut(person, { occurredAt: ago(30) })],
    [
      "one that a later yes had ended for its purpose",
      async (shop) => {
        await shop.optOut(person, { occurredAt: ago(90) });
        await shop.proven(person, {}, { occurredAt: ago(30) });
      },
    ],
    [
      "a STOP in the chat",
      (shop) => {
        const platform = new Platform(service.anonymous, shop.sender);
        return platform.deliver(platform.messages(platform.text(waId, "STOP", { timestamp: secondsAgo(2) })));
      },
    ],
    [
      "an opt-out from one purpose and a withdrawal",
      async (shop) => {
        await shop.optOut(person, { scope: "purpose", purpose: "promotions", occurredAt: ago(30) });
        await shop.sendConsent({ subject: person, purpose: "order_updates", state: "withdrawn" });
      },
    ],
    ["a block", (shop) => shop.org.post("/v1/blocks", { identifier: person, reason: "manual" })],
  ];
  test.each(earlier)("leaves standing what stood before: %s", async (_what, happen) => {
    const { shop, path } = await open();
    await happen(shop);
    const [noes, codes] = [
      await standing(shop),
      [await shop.codes(person), await shop.codes(person, parcel)],
    ];
    const { nonce } = await pressed(path);
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    expect((await undo(path, nonce)).text).toContain(undone);
    expect(await standing(shop)).toEqual(noes);
    expect([await shop.codes(person), await shop.codes(person, parcel)]).toEqual(codes);
  });

  it("is too late once an older no was imported, which then stands by itself", async () => {
    const shop = await Shop.open(service);
    const path = await linkOf(shop);
    const { nonce } = await pressed(path);
    const older = { subject: person, scope: "all", source: "import", occurredAt: ago(3600) } as const;
    const ctx = await shop.org.context();
    expect(await isNewOptOut(ctx, older)).toBe(true);
    expect(await keepOptOut(ctx, older)).toBe(true);
    expect((await undo(path, nonce)).text).not.toContain(undone);
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  it("of everything leaves the opt-out from one purpose that the same link had made", async () => {
    const { shop, path } = await open("promotions");
    await pressed(path, "scope=purpose");
    const { nonce } = await pressed(path, "scope=all");
    await undo(path, nonce);
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    expect(await shop.codes(person, parcel)).toEqual([]);
  });

  it("after ten minutes is too late, and the page offers it no more", async () => {
    const shop = await Shop.open(service);
    const path = await linkOf(shop);
    const { nonce } = await pressed(path);
    const age = (seconds: number) =>
      shop.sql(async (sql, organization) => {
        await sql`alter table opt_out_event disable trigger append_only`;
        await sql`
          update opt_out_event set recorded_at = now() - ${seconds}::int * interval '1 second'
          where organization_id = ${organization}`;
        await sql`alter table opt_out_event enable trigger append_only`;
      });
    await age(601);
    expect((await undo(path, nonce)).text).toContain(tooLate);
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    expect((await pressed(path)).nonce).toBeUndefined();
    await age(590);
    expect((await undo(path, nonce)).text).toContain(undone);
    expect(await shop.codes(person)).not.toContain("recipient_opted_out");
  });

  const meanwhile: [string, (shop: Shop, platform: Platform, subjectId: string) => Promise<unknown>][] = [
    ["another opt-out", (shop) => shop.optOut(person)],
    [
      "an opt-out from one purpose",
      (shop) => shop.optOut(person, { scope: "purpose", purpose: "support", occurredAt: ago(50) }),
    ],
    ["a yes", (shop) => shop.proven(person)],
    ["a yes that is only reported", (shop) => shop.reported(person, { purpose: "support" })],
    ["a withdrawal", (shop) => shop.sendConsent({ subject: person, state: "withdrawn" })],
    [
      "a STOP in the chat",
      (_shop, platform) => platform.deliver(platform.messages(platform.text(waId, "STOP"))),
    ],
    [
      "a STOP in the chat that is told late",
      (_shop, platform) =>
        platform.deliver(platform.messages(platform.text(waId, "STOP", { timestamp: secondsAgo(60) }))),
    ],
    [
      "the platform's stop",
      (_shop, platform) =>
        platform.deliver(platform.preferences(platform.preference("stop", waId, { timestamp: undefined }))),
    ],
    ["a block", (shop) => shop.org.post("/v1/blocks", { identifier: { waId }, reason: "complaint" })],
    [
      "a merge",
      async (shop, _platform, id) => {
        const other = await strangerIn(shop);
        await shop.org.post(`/v1/subjects/${id}/merge`, { other, reason: "The same." });
      },
    ],
    [
      "a merge into another record",
      async (shop, _platform, id) => {
        const other = await strangerIn(shop);
        await shop.org.post(`/v1/subjects/${other}/merge`, { other: id, reason: "The same." });
      },
    ],
    [
      "a changed number",
      (_shop, platform) =>
        platform.deliver(
          platform.messages(
            platform.message(waId, {
              type: "system",
              system: { type: "user_changed_number", wa_id: "12025550124" },
              timestamp: undefined,
            }),
          ),
        ),
    ],
  ];
  test.each(meanwhile)("undoes nothing when %s came meanwhile, and says so", async (_what, happen) => {
    const { shop, path } = await open();
    const { nonce } = await pressed(path);
    const subject = await shop.org.post<{ id: string }>("/v1/subjects/lookup", { subject: person });
    await happen(shop, new Platform(service.anonymous, shop.sender), subject.body.id);
    const before = await contentsNow();
    const answer = await undo(path, nonce);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(superseded);
    expect(await contentsNow()).toEqual(before);
    expect((await events(shop)).map(({ kind }) => kind)).not.toContain("undone");
  });

  it("works once, and once only when it is asked many times at once", async () => {
    const { shop, path } = await open();
    const { nonce } = await pressed(path);
    const answers = await Promise.all(Array.from({ length: 8 }, () => undo(path, nonce)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(answers.filter(({ text }) => text.includes(undone))).toHaveLength(1);
    expect((await events(shop)).filter(({ kind }) => kind === "undone")).toHaveLength(1);
    await pressed(path);
    expect((await undo(path, nonce)).text).not.toContain(undone);
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  it("takes only the nonce of this very opt-out by this very person's link", async () => {
    const { shop, path } = await open();
    const { nonce, reference } = await pressed(path);
    const otherPath = await linkOf(shop, undefined, { phone: "+12025550124" });
    const other = await pressed(otherPath);
    const foreign = await open();
    const foreignPressed = await pressed(foreign.path);
    const api = await shop.optOut({ phone: "+12025550125" });
    const [, proof] = (nonce ?? "").split(".");
    for (const wrong of [
      undefined,
      "",
      "x",
      reference,
      `${reference}.`,
      `${reference}.${"A".repeat(43)}`,
      `${api.id}.${proof}`,
      `${nonce}A`,
      (nonce ?? "").slice(0, -1),
      other.nonce,
      foreignPressed.nonce,
    ]) {
      const answer = await undo(path, wrong);
      expect([answer.status, answer.text.includes(undone)], wrong).toEqual([200, false]);
    }
    expect(await shop.codes({ phone: "+12025550124" })).toContain("recipient_opted_out");
    expect((await undo(otherPath, nonce)).text).not.toContain(undone);
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  it("takes back no STOP, opt-out by staff or import that the button only found standing", async () => {
    for (const source of ["staff", "import", "link", "keyword", "platform"]) {
      const { shop, path } = await open();
      await shop.optOut(person, { source });
      const { nonce } = await pressed(path);
      await undo(path, nonce);
      expect(await shop.codes(person), source).toContain("recipient_opted_out");
    }
  });

  it("at the same moment as another no never wins over it", async () => {
    const { shop, path } = await open();
    const platform = new Platform(service.anonymous, shop.sender);
    for (let round = 0; round < 25; round += 1) {
      const { nonce } = await pressed(path);
      const no =
        round % 2 === 0
          ? platform.deliver(platform.messages(platform.text(waId, "STOP", { timestamp: secondsAgo(1) })))
          : shop.optOut(person, { occurredAt: ago(1) });
      await Promise.all([undo(path, nonce), no]);
      expect(await shop.codes(person), `round ${round}`).toContain("recipient_opted_out");
      await shop.sql(
        (sql, organization) => sql`delete from standing_no where organization_id = ${organization}`,
      );
    }
  });
});
