import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../../src/kernel/limits.ts";
import { dataBox, FormVisit, offersBox, referenceIn, tokenIn } from "../../support/form.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { created, Shop } from "../../support/shop.ts";
import { tapStatements } from "../../support/wire.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterEach(() => service.setNow(undefined));
afterAll(() => service.close());

const newPhone = () => `+1202${service.nextNumber().slice(-5)}31`;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("a form", () => {
  it("shows business, exact wording, notice and unticked boxes, and takes no script and no cookie", async () => {
    const visit = await FormVisit.open(service, { boxes: [dataBox, offersBox] });
    const page = await visit.get();
    expect(page.status, page.text).toBe(200);
    for (const said of ["Shop", dataBox.wording, offersBox.wording, 'href="https://shop.example/privacy"'])
      expect(page.text).toContain(said);
    const body = page.text.slice(page.text.indexOf("<body>"));
    expect(body.match(/type="checkbox"/g)).toHaveLength(2);
    expect(body).not.toMatch(/checked|<script|onclick/);
    expect(page.headers.get("set-cookie")).toBeNull();
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.bytes.byteLength).toBeLessThan(30_000);
    expect((await visit.get({}, "?lang=ru")).bytes.byteLength).toBeLessThan(30_000);
  });

  it("has its address told by the API, and is there for forms only", async () => {
    const visit = await FormVisit.open(service);
    const { body } = await visit.shop.org.get(`/v1/collection-points/${visit.id}`);
    expect(body.formUrl).toBe(`https://consent.shop.example${visit.path}`);
    const widget = await FormVisit.open(service, { kind: "widget" }, visit.shop);
    expect((await visit.shop.org.get(`/v1/collection-points/${widget.id}`)).body.formUrl).toBeNull();
    for (const path of [widget.path, "/c/pub_00000000000000000000000000", "/c/x", `/c/${visit.id}`]) {
      const answer = await service.anonymous.get(path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.headers.get("content-type")).toContain("text/html");
    }
  });

  it("is read in the language of its wording, unless the reader chose another", async () => {
    const wording =
      "Да, пусть Shop присылает мне в WhatsApp скидки и новости. Отказаться можно в любой момент, ответив СТОП.";
    const visit = await FormVisit.open(service, { language: "ru", wording, purposes: ["promotions"] });
    expect((await visit.get({ "accept-language": "en" })).text).toContain('<html lang="ru">');
    expect((await visit.get({}, "?lang=en")).text).toContain('<html lang="en">');
    expect((await visit.get({}, "?lang=en")).text).toContain('<span lang="ru">');
  });

  it("changes nothing by being looked at, by any method", async () => {
    const visit = await FormVisit.open(service);
    const entries = () =>
      visit.shop.sql(
        (sql, organizationId) =>
          sql`select count(*)::int as n from audit_entry where organization_id = ${organizationId}`,
      );
    const before = await entries();
    for (const method of ["GET", "HEAD", "OPTIONS"])
      await service.anonymous.send(method, visit.path, { headers: { "sec-purpose": "prefetch" } });
    expect(await entries()).toEqual(before);
  });
});

describe("a form that was sent", () => {
  it("puts on record what was ticked and nothing else, each consent with the wording of its own box", async () => {
    const visit = await FormVisit.open(service, { boxes: [dataBox, offersBox] });
    const phone = newPhone();
    const done = await visit.send({ phone, boxes: [1] });
    expect(done.status, done.text).toBe(200);
    const [event, ...more] = await visit.history({ phone });
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      id: referenceIn(done),
      purpose: "order_updates",
      state: "given",
      provenance: {
        collectionPointId: visit.id,
        version: 1,
        wording: dataBox.wording,
        wordingSha256: sha256(dataBox.wording),
        indication: "ticked",
        proof: "typed",
        pageUrl: `https://consent.shop.example${visit.path}`,
        language: "en",
        evidence: { boxesShown: 2, boxesTicked: [1] },
      },
    });

    const both = newPhone();
    await visit.send({ phone: both, boxes: [2, 1] });
    const events = await visit.history({ phone: both });
    expect(events.map(({ purpose, provenance }) => [purpose, provenance.wording]).sort()).toEqual([
      ["order_updates", dataBox.wording],
      ["promotions", offersBox.wording],
    ]);
  });

  it("is a yes on each channel that the wording names", async () => {
    const visit = await FormVisit.open(service, {
      channels: ["whatsapp", "sms"],
      ...offersBox,
      wording: offersBox.wording.replace("WhatsApp", "WhatsApp and by SMS"),
    });
    const phone = newPhone();
    await visit.send({ phone, boxes: [1] });
    expect((await visit.history({ phone })).map(({ channel }) => channel).sort()).toEqual([
      "sms",
      "whatsapp",
    ]);
  });

  it("is one, however often and at however many times it is sent, and answers the same", async () => {
    const visit = await FormVisit.open(service);
    const filled = { token: await visit.token(), phone: newPhone(), boxes: [1] };
    const answers = await Promise.all(Array.from({ length: 6 }, () => visit.send(filled)));
    answers.push(await visit.send(filled));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await visit.history({ phone: filled.phone })).toHaveLength(1);
  });

  it("takes the same statements for a number that is known and for one that is not", async () => {
    const visit = await FormVisit.open(service, { boxes: [dataBox, offersBox] });
    const [known, stopped, unknown] = [newPhone(), newPhone(), newPhone()];
    await visit.shop.reported({ phone: known });
    await visit.shop.optOut({ phone: stopped });
    const sentFor = async (phone: string) => {
      const token = await visit.token();
      const wire = tapStatements(service);
      const { status } = await visit.send({ token, phone, boxes: [1, 2] }).finally(wire.end);
      expect(status).toBe(200);
      return wire.sent;
    };
    const sent = await sentFor(unknown);
    expect(sent.length).toBeGreaterThan(5);
    for (const phone of [known, stopped, unknown]) expect(await sentFor(phone)).toEqual(sent);
  });

  it("with one token for two numbers at the same time is one number's, whichever boxes were ticked", async () => {
    const visit = await FormVisit.open(service, { boxes: [dataBox, { ...offersBox, required: false }] });
    for (let round = 0; round < 8; round += 1) {
      const token = await visit.token();
      const [first, second] = [newPhone(), newPhone()];
      const [a, b] = [
        await visit.shop.reported({ phone: first }),
        await visit.shop.reported({ phone: second }),
      ];
      // Of one person: then nothing but the token itself tells the two apart.
      await visit.shop.org.post(`/v1/subjects/${a.subjectId}/merge`, { other: b.subjectId, reason: "Same." });
      const answers = await Promise.all([
        visit.send({ token, phone: first, boxes: [1] }),
        visit.send({ token, phone: second, boxes: [1, 2] }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 422]);
      expect(answers.find(({ status }) => status === 422)?.text).toMatch(/open for too long/);
    }
  });

  it("takes a number as it is dialled in the chosen country, or whole whatever was chosen", async () => {
    const visit = await FormVisit.open(service);
    const number = service.nextNumber().slice(-4);
    for (const [country, phone, read] of [
      ["RU", `8 (912) 345-${number.slice(0, 2)}-${number.slice(2)}`, `+7912345${number}`],
      ["DE", `0151 2345 ${number}`, `+4915123${number.length === 4 ? `45${number}` : ""}`],
      ["RU", `+49 151 2346 ${number}`, `+491512346${number}`],
      ["", `0049 151 2347 ${number}`, `+491512347${number}`],
    ] as const) {
      const done = await visit.send({ country, phone, boxes: [1] });
      expect([phone, done.status]).toEqual([phone, 200]);
      expect([phone, (await visit.history({ phone: read })).length]).toEqual([phone, 1]);
    }
  });

  it("is good for the version that was read, not for a newer one", async () => {
    const visit = await FormVisit.open(service);
    const token = await visit.token();
    const wording = offersBox.wording.replace("offers and news", "offers, news and gifts");
    await created(visit.shop.org.post(`/v1/collection-points/${visit.id}/versions`, { wording }));
    const phone = newPhone();
    const done = await visit.send({ token, phone, boxes: [1] });
    expect(done.text).toContain(offersBox.wording);
    expect((await visit.history({ phone }))[0]?.provenance).toMatchObject({
      version: 1,
      wording: offersBox.wording,
    });
  });
});

describe("a form with something wrong in it", () => {
  const cases: [what: string, filled: object, field: string, message: RegExp][] = [
    ["no number", { boxes: [2] }, "phone", /Enter your phone number/],
    ["no number but one", { phone: "12", country: "US", boxes: [2] }, "phone", /whole phone number/],
    ["a number of no country", { phone: "0151 23456789", boxes: [2] }, "country", /Choose the country/],
    ["no box", { phone: "+12025550142" }, "box-1", /Tick what you agree to/],
    ["a box that there is not", { phone: "+12025550142", boxes: [7] }, "box-1", /Tick what you agree to/],
    ["markup", { phone: `"><script>alert(1)</script>`, boxes: [1] }, "phone", /whole phone number/],
  ];
  it.each(cases)(
    "%s: says so on top and at the field, and keeps what was entered",
    async (_what, filled, field, message) => {
      const visit = await FormVisit.open(service, { boxes: [{ ...dataBox, required: false }, offersBox] });
      const token = await visit.token();
      const answer = await visit.send({ token, ...filled });
      expect(answer.status).toBe(422);
      const summary = /<div class="problem" role="alert" tabindex="-1" autofocus>([\s\S]*?)<\/div>/.exec(
        answer.text,
      )?.[1];
      expect(summary).toContain(`href="#${field}"`);
      expect(summary).toMatch(message);
      expect(answer.text).toMatch(new RegExp(`id="${field}-error">[^<]*`));
      expect(answer.text).toContain(`id="${field}"`);
      expect(answer.text).toContain("<title>Error: ");
      // The same form goes on: token, number and ticks are those that were sent.
      expect(tokenIn(answer)).toBe(token);
      const { phone = "", boxes = [] } = filled as { phone?: string; boxes?: number[] };
      const escaped = phone.replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
      expect(answer.text).toContain(`value="${escaped}"`);
      expect(answer.text.match(/ checked/g)?.length ?? 0).toBe(boxes.filter((box) => box < 3).length);
      expect(answer.text).not.toContain("<script");
      expect(await visit.history({ phone: "+12025550142" })).toEqual([]);
    },
  );

  it("everything at once: every problem has its place, in the order of the page", async () => {
    const visit = await FormVisit.open(service, { boxes: [dataBox, offersBox] });
    const answer = await visit.send({ boxes: [2] }, "?lang=ru");
    expect([...answer.text.matchAll(/<a href="#([^"]+)">/g)].map(([, id]) => id)).toEqual(["phone", "box-1"]);
    expect(answer.text).toContain("Введите номер телефона");
    expect(answer.text).toContain("без неё не получится");
  });

  it("a token that is old, altered, of another form, shop or person: read and tick anew, nothing typed is lost", async () => {
    const visit = await FormVisit.open(service);
    const other = await FormVisit.open(service, {}, visit.shop);
    const stranger = await FormVisit.open(service);
    service.setNow(new Date(Date.now() - (limits.captureTokenLifeSeconds + 3_600) * 1_000));
    const old = await visit.token();
    service.setNow(undefined);
    const used = await visit.token();
    await visit.send({ token: used, phone: newPhone(), boxes: [1] });
    const fresh = await visit.token();
    const tokens = [old, used, `${fresh}x`, "", "x", await other.token(), await stranger.token()];
    const phone = newPhone();
    for (const token of tokens) {
      const answer = await visit.send({ token, phone, boxes: [1] });
      expect([token, answer.status]).toEqual([token, 422]);
      expect(answer.text).toMatch(/open for too long/);
      expect(tokenIn(answer)).not.toBe(token);
      expect(answer.text).toContain(`value="${phone}"`);
      expect(answer.text).not.toMatch(/ checked/);
      expect(await visit.history({ phone })).toEqual([]);
    }
  });

  it("too many: says how to go on, with what was entered", async () => {
    const visit = await FormVisit.open(service);
    const filled = { token: await visit.token(), phone: newPhone(), boxes: [1] };
    for (let n = 0; n < limits.signUpsOfNumber.points; n += 1) await visit.send(filled);
    const answer = await visit.send(filled);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(answer.text).toContain("Too many tries");
    expect(answer.text).toContain(`value="${filled.phone}"`);
    expect(answer.text).toMatch(/ checked/);
  });

  it("a body that is none of a form: nothing is recorded, and the form is there again", async () => {
    const visit = await FormVisit.open(service);
    for (const [body, type] of [
      ["{}", "application/json"],
      ["\u0000", "application/x-www-form-urlencoded"],
      ["--x", "multipart/form-data; boundary=x"],
      ["", ""],
    ] as const) {
      const answer = await service.anonymous.post(visit.path, body, { "content-type": type });
      expect([body, answer.status]).toEqual([body, 422]);
      expect(answer.text).toContain("sign-up");
    }
  });
});

describe("boxes of a version", () => {
  const point = {
    key: "p",
    kind: "form",
    name: "P",
    channels: ["whatsapp"],
    language: "en",
    privacyNoticeUrl: "https://shop.example/privacy",
  };
  const make = (shop: Shop, more: object) =>
    shop.org.post<{ errors?: { pointer: string }[] }>("/v1/collection-points", { ...point, ...more });

  it("are read as they were made, and a version of one wording is one box", async () => {
    const shop = await Shop.open(service);
    const boxes = [dataBox, { ...offersBox, required: false }].map((box) => ({
      ...box,
      wordingSha256: sha256(box.wording),
    }));
    const made = await created<{ id: string }>(make(shop, { boxes: [dataBox, offersBox] }));
    expect(made).toMatchObject({
      boxes,
      purposes: ["order_updates", "promotions"],
      wording: `${dataBox.wording}\n\n${offersBox.wording}`,
    });
    expect((await shop.org.get(`/v1/collection-points/${made.id}`)).body).toEqual(made);
    const one = await created(shop.org.post(`/v1/collection-points/${made.id}/versions`, offersBox));
    expect(one).toMatchObject({
      version: 2,
      purposes: ["promotions"],
      boxes: [{ ...offersBox, wordingSha256: sha256(offersBox.wording), required: true }],
    });
  });

  it("are refused with a pointer: a purpose in two of them, an unknown one, both ways at once, or none", async () => {
    const shop = await Shop.open(service);
    for (const [more, pointer] of [
      [{ boxes: [dataBox, dataBox] }, "/boxes/1/purposes/0"],
      [{ boxes: [dataBox, { ...offersBox, purposes: ["nothing"] }] }, "/boxes/1/purposes/0"],
      [{ boxes: [dataBox], wording: offersBox.wording }, "/wording"],
      [{ boxes: [dataBox], purposes: ["promotions"] }, "/purposes"],
      [{ boxes: [] }, "/boxes"],
      [{ boxes: [{ ...dataBox, defaultChecked: true }] }, "/boxes/0/defaultChecked"],
      [{ purposes: ["promotions"] }, "/wording"],
      [{ wording: offersBox.wording }, "/purposes"],
    ] as const) {
      const refused = await make(shop, more);
      expect([refused.status, refused.body.errors?.map((error) => error.pointer)]).toEqual([422, [pointer]]);
    }
  });
});

it("no answer's head, log line or metric tells a number or a token", async () => {
  const visit = await FormVisit.open(service);
  const phone = newPhone();
  const token = await visit.token();
  const done = await visit.send({ token, phone, boxes: [1] });
  expect(/<head>[\s\S]*<\/head>/.exec(done.text)?.[0]).not.toContain(phone.slice(-6));
  const told = [...service.log, (await service.anonymous.get("/metrics")).text].join("\n");
  expect(told).toContain("/c/:key");
  expect(told).not.toContain(phone.slice(2));
  expect(told).not.toMatch(/cap1\./);
  expect(told).not.toContain(visit.path);
});
