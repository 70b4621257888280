import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareStates } from "../../../src/features/state/index.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { contentsOf } from "../../support/contents.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, created, messages, Shop } from "../../support/shop.ts";
import { tapStatements } from "../../support/wire.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const form = { "content-type": "application/x-www-form-urlencoded" };
const parcel = { purpose: "order_updates", message: messages.parcel };
const ended = ["recipient_opted_out", "consent_withdrawn"];

/** A number that nobody had before in this service, which ends in 23. */
const newPhone = () => `+1202${service.nextNumber().slice(-5)}23`;

function press(path: string, phone: string, headers: Record<string, string> = form) {
  return service.anonymous.post(path, new URLSearchParams({ phone }).toString(), headers);
}

/** A shop with its page, and a person who said yes to promotions and order updates. */
async function open() {
  const shop = await Shop.open(service);
  const phone = newPhone();
  for (const purpose of ["promotions", "order_updates"])
    await shop.proven({ phone }, { purpose }, { occurredAt: ago(120) });
  expect([await shop.codes({ phone }), await shop.codes({ phone }, parcel)]).toEqual([[], []]);
  return { shop, phone, path: `/stop/${shop.org.id}` };
}

describe("the page without a link", () => {
  it("ends marketing at once and nothing else, however the number is written", async () => {
    for (const write of [
      (phone: string) => phone,
      (phone: string) => phone.replace("+", "00"),
      (phone: string) => `  ${phone.slice(0, 2)} (${phone.slice(2, 5)}) ${phone.slice(5)} `,
      (phone: string) =>
        phone.replace(/[+\d]/g, (sign) => String.fromCodePoint((sign.codePointAt(0) ?? 0) + 0xfee0)),
    ]) {
      const { shop, phone, path } = await open();
      const answer = await press(path, write(phone));
      expect(answer.status, answer.text).toBe(200);
      expect(answer.text).toContain("Advertising to this number has stopped");
      expect(answer.text).toMatch(/opt_[0-9a-z]{26}/);
      expect(await shop.codes({ phone })).toEqual(ended);
      expect(await shop.codes({ phone }, parcel)).toEqual([]);
    }
  });

  it("reads a number without a country code as one of the organization's country", async () => {
    const { shop, phone, path } = await open();
    const national = phone.slice(2);
    const asked = await press(path, national);
    expect(asked.status).toBe(422);
    expect(await shop.codes({ phone })).toEqual([]);
    await shop.org.patch("/v1/organization", { country: "US" });
    expect((await press(path, national)).status).toBe(200);
    expect(await shop.codes({ phone })).toEqual(ended);
  });

  it("holds by whichever identifier the person is asked about, and goes along when the records are merged", async () => {
    const { shop, phone, path } = await open();
    const { id } = (await shop.org.post<{ id: string }>("/v1/subjects/lookup", { subject: { phone } })).body;
    const email = `${service.nextNumber()}@example.com`;
    const other = await shop.proven({ email }, {}, { occurredAt: ago(100) });
    expect((await press(path, phone)).status).toBe(200);
    expect(await shop.codes({ subjectId: id })).toEqual(ended);
    expect(await shop.codes({ email })).toEqual([]);
    await shop.org.post(`/v1/subjects/${id}/merge`, { other: other.subjectId, reason: "One person." });
    expect(await shop.codes({ email })).toContain("recipient_opted_out");
  });

  it("keeps the no of a number that nobody knows: what is reported later does not count, what the person does themself does", async () => {
    const shop = await Shop.open(service);
    const phone = newPhone();
    expect((await press(`/stop/${shop.org.id}`, phone)).status).toBe(200);
    const { state } = await shop.reported({ phone });
    expect(state).toBe("requested");
    // An older yes that is brought in afterwards, with proof.
    await shop.proven({ phone }, {}, { occurredAt: ago(120) });
    expect(await shop.codes({ phone })).toContain("recipient_opted_out");
    await shop.reported({ phone }, { purpose: "order_updates" });
    expect(await shop.codes({ phone }, parcel)).toEqual([]);
  });

  it("ends marketing for purposes that come later, too", async () => {
    const { shop, phone, path } = await open();
    await press(path, phone);
    await shop.purpose("weekly_letter", {});
    await shop.reported({ phone }, { purpose: "weekly_letter" }, { version: 2, occurredAt: ago(60) });
    expect(await shop.codes({ phone }, { purpose: "weekly_letter" })).toContain("recipient_opted_out");
  });

  it("is revived, purpose by purpose, by the person's own later yes", async () => {
    const { shop, phone, path } = await open();
    await shop.purpose("weekly_letter", {});
    await shop.proven({ phone }, { purpose: "weekly_letter" }, { version: 2, occurredAt: ago(120) });
    service.setNow(new Date(ago(60)));
    await press(path, phone);
    service.setNow(undefined);
    expect(await shop.codes({ phone })).toEqual(ended);
    await shop.proven({ phone });
    expect(await shop.codes({ phone })).toEqual([]);
    expect(await shop.codes({ phone }, { purpose: "weekly_letter" })).toEqual(ended);
  });

  it("ends a permit that was given before and not redeemed", async () => {
    const { shop, phone, path } = await open();
    const { permit } = await shop.check({ phone });
    await press(path, phone);
    const redeemed = await shop.org.post<{ redeemed: boolean }>(`/v1/permits/${permit?.id}/redeem`);
    expect(redeemed.body.redeemed).toBe(false);
  });

  it("answers known and unknown numbers with the same bytes, after the same statements", async () => {
    const { shop, phone, path } = await open();
    const unknown = newPhone();
    service.setNow(new Date());
    const wire = tapStatements(service);
    try {
      const ask = async (number: string) => {
        wire.sent.length = 0;
        const answer = await press(path, number);
        const headers = [...answer.headers].filter(([name]) => name !== "x-request-id");
        const shown = `${number.slice(0, 2)} ${number.slice(2, 5)} ${number.slice(5, 8)} ${number.slice(8)}`;
        expect(answer.text).toContain(shown);
        return {
          status: answer.status,
          headers,
          length: answer.bytes.length,
          text: answer.text.replace(/opt_[0-9a-z]{26}/, "opt").replaceAll(shown, "number"),
          sent: [...wire.sent],
        };
      };
      const first = await ask(phone);
      expect(first.sent.length).toBeGreaterThan(0);
      expect(await ask(unknown)).toEqual(first);
      // And once more, when both stand.
      expect(await ask(unknown)).toEqual(await ask(phone));
    } finally {
      wire.end();
      service.setNow(undefined);
    }
    expect((await shop.org.post("/v1/subjects/lookup", { subject: { phone: unknown } })).status).toBe(404);
  });

  it("takes no longer for known numbers than for unknown ones", { timeout: 30_000 }, async () => {
    const { shop, path } = await open();
    const known = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const phone = newPhone();
        await shop.reported({ phone });
        return phone;
      }),
    );
    const took = async (phone: string) => {
      const started = performance.now();
      expect((await press(path, phone)).status).toBe(200);
      return performance.now() - started;
    };
    await took(newPhone());
    const times = { known: [] as number[], unknown: [] as number[] };
    for (const phone of known) {
      times.known.push(await took(phone));
      times.unknown.push(await took(newPhone()));
    }
    const median = (values: number[]) => values.toSorted((a, b) => a - b)[20] ?? Number.NaN;
    const ratio = median(times.known) / median(times.unknown);
    expect(ratio).toBeGreaterThan(0.7);
    expect(ratio).toBeLessThan(1.4);
  });

  it("takes so many noes about one number, whether it is known or not, and says when to try again", async () => {
    const { shop, phone, path } = await open();
    for (const number of [phone, newPhone()]) {
      for (let turn = 1; turn <= limits.stopsPerNumber.points; turn += 1)
        expect((await press(path, number)).status).toBe(200);
      const refused = await press(`${path}?lang=ru`, number);
      expect([refused.status, refused.text]).toEqual([
        429,
        expect.stringContaining("Слишком много попыток подряд"),
      ]);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(3_000);
    }
    expect((await press(path, newPhone())).status).toBe(200);
    const other = await Shop.open(service);
    expect((await press(`/stop/${other.org.id}`, phone)).status).toBe(200);
    expect(await shop.codes({ phone })).toEqual(ended);
  });

  it("takes so many from one address, and from the next one again", { timeout: 60_000 }, async () => {
    const { path } = await open();
    const process = await service.startProcess();
    const { transport } = process;
    const from = (phone: string) =>
      transport(path, { method: "POST", headers: form, body: new URLSearchParams({ phone }).toString() });
    for (let turn = 1; turn <= limits.stopsPerAddress.points; turn += 1)
      expect((await from(turn % 2 === 0 ? "no number" : newPhone())).status).toBe(turn % 2 === 0 ? 422 : 200);
    const refused = await from(newPhone());
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([
      429,
      expect.stringMatching(/^\d+$/),
    ]);
    // Looking costs no turn, and others have their own.
    expect((await transport(path, {})).status).toBe(200);
    expect((await press(path, newPhone())).status).toBe(200);
    // Its worker would go on working beside the other tests.
    await process.stop();
  });

  it("that is looked at changes nothing, by whatever method", async () => {
    const { path, phone } = await open();
    const before = await contentsOf(service.database);
    for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]) {
      for (const query of ["", "?lang=ru", `?phone=${encodeURIComponent(phone)}`, "?_method=POST"]) {
        const answer = await service.anonymous.send(method, `${path}${query}`, {
          headers: { purpose: "prefetch", "x-http-method-override": "POST" },
        });
        if (method === "GET" || method === "HEAD") expect(answer.status).toBe(200);
        expect(answer.status).toBeLessThan(500);
      }
    }
    expect(await contentsOf(service.database)).toEqual(before);
  });

  it.each([
    "",
    "   ",
    "12",
    "hello",
    "+",
    "+1",
    "+7 916",
    "=1+1",
    "<script>",
    "+12025550123;ext=5",
    "\u202e+1202",
  ])("gives %j back with a message at the field and on top, and changes nothing", async (typed) => {
    const { path } = await open();
    const before = await contentsOf(service.database);
    const answer = await press(path, typed);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain("<title>Error: stop advertising messages</title>");
    expect(answer.text).toContain('<a href="#phone">Enter ');
    expect(answer.text).toContain('aria-invalid="true"');
    const value = /name="phone"[^>]* value="([^"]*)"/.exec(answer.text)?.[1];
    expect(value).toBe(
      typed
        .trim()
        .replace("\u202e", "\ufffd")
        .replace("=", "&#x3D;")
        .replace("<", "&lt;")
        .replace(">", "&gt;"),
    );
    expect(await contentsOf(service.database)).toEqual(before);
  });

  it("takes a body of nonsense for an empty field, and refuses one that is too large", async () => {
    const { path } = await open();
    for (const [body, type] of [
      ["", form["content-type"]],
      ["\u0000\u0001", "application/octet-stream"],
      ["--x\r\nnonsense", "multipart/form-data; boundary=x"],
      ["phone=1&phone=2", form["content-type"]],
    ] as const) {
      expect((await service.anonymous.post(path, body, { "content-type": type })).status).toBe(422);
    }
    const large = await press(path, "1".repeat(20_000));
    expect(large.status).toBe(413);
    expect(large.text).toContain("<html");
  });

  it("is of the one organization there is, and asks which when there are several", async () => {
    // This service has many; another one has the one that it began with.
    expect((await service.anonymous.get("/stop")).status).toBe(404);
    const which = await press("/stop?lang=ru", newPhone());
    expect([which.status, which.text]).toEqual([404, expect.stringContaining("О какой компании речь?")]);
    for (const path of [
      "/stop/org_01kap8w3vtee2t0m4wa8cn7v6k",
      "/stop/nobody",
      "/stop/sub_01kap8w3vtee2t0m4wa8cn7v6k",
    ])
      expect((await service.anonymous.get(path)).status).toBe(404);

    const single = await startTestService();
    try {
      const page = await single.anonymous.get("/stop");
      expect([page.status, page.text]).toEqual([200, expect.stringContaining("My organization")]);
      const done = await single.anonymous.post("/stop", "phone=%2B12025550123", form);
      expect([done.status, done.text]).toEqual([200, expect.stringContaining("+1 202 555 0123")]);
    } finally {
      await single.close();
    }
  });

  it("is told to the organization, and offered by links that do not work", async () => {
    const { shop, path } = await open();
    const organization = await shop.org.get<{ stopUrl: string }>("/v1/organization");
    expect(organization.body.stopUrl).toBe(`https://consent.shop.example${path}`);
    const { url } = await created<{ url: string }>(
      shop.org.post("/v1/opt-out-links", { subject: { phone: newPhone() } }),
    );
    const link = new URL(url).pathname;
    const altered = `${link.slice(0, -1)}${link.endsWith("A") ? "B" : "A"}`;
    for (const answer of [
      await service.anonymous.get(altered),
      await service.anonymous.post(altered, "scope=all", form),
      await service.anonymous.post(`${altered}/undo`, "nonce=x", form),
    ]) {
      expect(answer.status).toBe(404);
      expect(answer.text).toContain(`href="${path}?lang&#x3D;en"`);
    }
    const unknown = await service.anonymous.get("/o/nobody");
    expect(unknown.text).toContain('href="/stop?lang&#x3D;en"');
  });

  it("keeps numbers out of every head, address and log line, and needs no cookie", async () => {
    const { phone, path } = await open();
    for (const answer of [await press(path, phone), await press(path, `${phone}9999999`)]) {
      expect(/<head>[\s\S]*<\/head>/.exec(answer.text)?.[0]).not.toContain(phone.slice(5));
      expect(answer.headers.get("set-cookie")).toBeNull();
      expect(answer.headers.get("cache-control")).toBe("no-store");
      // The organization's own id is in its addresses, and may have any digits in it.
      const addresses = [...answer.text.matchAll(/(?:href|action)="([^"]+)"/g)].map(([, to]) => to).join();
      expect(addresses.replaceAll(path, "/stop/org")).not.toMatch(/\d{4}/);
    }
    expect(service.log.join("\n")).not.toContain(phone.slice(2));
  });
});

describe("an opt-out from marketing", () => {
  const subjectOf = (phone: string) => ({ phone });

  it("can be told by the API too", async () => {
    const { shop, phone, path } = await open();
    await press(path, newPhone());
    const said = await shop.optOut(subjectOf(phone), { scope: "marketing" });
    expect(said.inForce).toBe(true);
    expect(await shop.codes({ phone })).toEqual(ended);
    expect(await shop.codes({ phone }, parcel)).toEqual([]);
    const wrong = {
      scope: "marketing",
      purpose: "promotions",
      subject: { phone },
      source: "api",
      occurredAt: ago(0),
    };
    expect((await shop.org.post("/v1/opt-outs", wrong)).status).toBe(422);
    const { items } = (await shop.org.get<{ items: object[] }>("/v1/opt-outs")).body;
    expect(items).toMatchObject([
      {
        id: said.id,
        subjectId: expect.stringMatching(/^sub_/),
        scope: "marketing",
        purpose: null,
        source: "api",
      },
      { subjectId: null, scope: "marketing", purpose: null, source: "page", kind: "opted_out" },
    ]);
  });

  it("is compared with its events, said of a person or of a number", async () => {
    const { shop, phone, path } = await open();
    await shop.optOut({ phone }, { scope: "marketing" });
    const stranger = newPhone();
    await press(path, stranger);
    const organizationId = parseId("org", shop.org.id) ?? "";
    expect(await compareStates(service.services, organizationId)).toMatchObject({ differenceCount: 0 });
    await shop.sql(
      (sql, organization) => sql`
      delete from standing_no where organization_id = ${organization} and purpose = '*marketing'`,
    );
    const { differences } = await compareStates(service.services, organizationId);
    expect(differences).toMatchObject([
      { state: "standing_no", of: { purpose: "*marketing" } },
      { state: "standing_no", of: { purpose: "*marketing" } },
    ]);
  });
});
