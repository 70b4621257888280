import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../../src/kernel/limits.ts";
import { codeIn, FormVisit, offersBox, referenceIn } from "../../support/form.ts";
import { type ReceivedMail, receiveMail } from "../../support/mail.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, created, messages, Shop } from "../../support/shop.ts";
import { Platform, secondsAgo } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterEach(() => service.setNow(undefined));
afterAll(() => service.close());

const newPhone = () => `+1202${service.nextNumber().slice(-5)}47`;
const digits = (phone: string) => phone.slice(1);
const news = {
  key: "news",
  name: "News",
  description: "News.",
  category: "marketing",
  lawfulBasis: "consent",
};

/** A shop whose form asks for news with double opt-in, and the platform that speaks for its sender. */
async function openDouble() {
  const shop = await Shop.open(service);
  await created(shop.org.post("/v1/purposes", { ...news, doubleOptIn: true }));
  const visit = await FormVisit.open(service, { ...offersBox, purposes: ["news"] }, shop);
  return { shop, visit, platform: new Platform(service.anonymous, shop.sender) };
}

/** A message of somebody whom the platform names without a number. */
const unnumbered = (words: string) => ({
  from: undefined,
  type: "text",
  text: { body: words },
  image: undefined,
});

const open = async () => {
  const shop = await Shop.open(service);
  return {
    shop,
    visit: await FormVisit.open(service, {}, shop),
    platform: new Platform(service.anonymous, shop.sender),
  };
};

describe("a double opt-in", () => {
  it("waits, and is given by the code in a message from that number; told twice it is one", async () => {
    const { shop, visit, platform } = await openDouble();
    const phone = newPhone();
    const done = await visit.send({ phone, boxes: [1] });
    expect(done.text).toContain("please confirm");
    expect(await shop.codes({ phone }, { purpose: "news" })).toEqual(["consent_pending"]);
    const message = platform.messages(platform.text(digits(phone), `I confirm: ${codeIn(done)}`));
    await platform.deliver(message);
    await platform.deliver(message);
    await platform.deliver(platform.messages(platform.text(digits(phone), codeIn(done).toLowerCase())));
    expect(await shop.codes({ phone }, { purpose: "news" })).toEqual([]);
    const [given, requested, ...more] = await visit.history({ phone });
    expect(more).toEqual([]);
    expect(requested).toMatchObject({
      id: referenceIn(done),
      state: "requested",
      provenance: { proof: "typed" },
    });
    expect(given).toMatchObject({
      state: "given",
      provenance: {
        proof: "demonstrated",
        indication: "wrote",
        wording: offersBox.wording,
        evidence: { confirms: referenceIn(done), messageId: expect.stringMatching(/^wamid\./) },
      },
    });
  });

  it("is not given by anything else: another number, another code, a person without a number", async () => {
    const { shop, visit, platform } = await openDouble();
    const phone = newPhone();
    const other = newPhone();
    const done = await visit.send({ phone, boxes: [1] });
    const othersCode = codeIn(await visit.send({ phone: other, boxes: [1] }));
    const code = codeIn(done);
    await platform.deliver(
      platform.messages(
        platform.text(digits(newPhone()), code),
        platform.text(digits(other), code),
        platform.text(digits(phone), othersCode),
        platform.text(digits(phone), "Yes! I confirm."),
        { ...platform.message("", { from_user_id: "US.13491208655302741918" }), ...unnumbered(code) },
        platform.text(digits(phone), "ABCD-EFGH"),
      ),
    );
    expect(await shop.codes({ phone }, { purpose: "news" })).toEqual(["consent_pending"]);
    expect(await shop.codes({ phone: other }, { purpose: "news" })).toEqual(["consent_pending"]);
  });

  it.each([
    "I do not confirm: {code}",
    "No! {code}",
    "This was not me: {code}",
    "wrong number {code}",
    "Не подтверждаю: {code}",
    "нет {code}",
    "это не я {code}",
    "I confirm nothing: {code}",
    "❌ {code}",
    "👎 I confirm: {code}",
  ])("is not given by other words beside the code: %s", async (words) => {
    const { shop, visit, platform } = await openDouble();
    const phone = newPhone();
    const code = codeIn(await visit.send({ phone, boxes: [1] }));
    await platform.deliver(platform.messages(platform.text(digits(phone), words.replace("{code}", code))));
    expect(await shop.codes({ phone }, { purpose: "news" })).toEqual(["consent_pending"]);
    expect((await visit.history({ phone })).map(({ state }) => state)).toEqual(["requested"]);
  });

  it.each(["{code}", "I CONFIRM {code}!", "«подтверждаю» — {code}", "I confirm: {spaced}"])(
    "is given by the words of the page, however they are written: %s",
    async (words) => {
      const { shop, visit, platform } = await openDouble();
      const phone = newPhone();
      const code = codeIn(await visit.send({ phone, boxes: [1] }));
      const text = words.replace("{code}", code).replace("{spaced}", code.toLowerCase().replace("-", " "));
      await platform.deliver(platform.messages(platform.text(digits(phone), text)));
      expect(await shop.codes({ phone }, { purpose: "news" })).toEqual([]);
    },
  );

  it.each([
    ["stop! {code}", "recipient_opted_out"],
    ["{code} СТОП", "recipient_opted_out"],
    ["please stop! {code}", "opt_out_suspected"],
  ])("is a no where one stands beside the code, and it is on record: %s", async (words, told) => {
    const { shop, visit, platform } = await openDouble();
    const phone = newPhone();
    await shop.reported({ phone });
    const code = codeIn(await visit.send({ phone, boxes: [1] }));
    expect(await shop.codes({ phone })).toEqual([]);
    await platform.deliver(platform.messages(platform.text(digits(phone), words.replace("{code}", code))));
    expect(await shop.codes({ phone })).toContain(told);
  });

  it.each(["stop! {code}", "{code} СТОП", "please stop! {code}"])(
    "is a no, too, where a caller reports the message, by number or by the person's id: %s",
    async (words) => {
      const { shop, visit } = await openDouble();
      for (const isById of [false, true]) {
        const phone = newPhone();
        const { subjectId } = await shop.reported({ phone });
        const code = codeIn(await visit.send({ phone, boxes: [1] }));
        expect(await shop.codes({ phone })).toEqual([]);
        const answer = await shop.org.post<{ optOut: boolean; optOutSuspicionId?: string }>(
          "/v1/messages/inbound",
          {
            sender: shop.sender.id,
            from: isById ? { subjectId } : { phone },
            messageId: `wamid.${service.nextNumber()}`,
            occurredAt: ago(0),
            text: words.replace("{code}", code),
          },
        );
        const isNear = words.startsWith("please");
        expect([answer.status, answer.body.optOut, answer.body.optOutSuspicionId !== undefined]).toEqual([
          201,
          !isNear,
          isNear,
        ]);
        expect(await shop.codes({ phone })).toContain(isNear ? "opt_out_suspected" : "recipient_opted_out");
      }
    },
  );

  it("is not given by a message from before it was typed", async () => {
    const { shop, visit, platform } = await openDouble();
    const phone = newPhone();
    const code = codeIn(await visit.send({ phone, boxes: [1] }));
    const say = (timestamp: string) =>
      platform.deliver(platform.messages(platform.text(digits(phone), code, { timestamp })));
    await say(secondsAgo(60));
    expect(await shop.codes({ phone }, { purpose: "news" })).toEqual(["consent_pending"]);
    await say(secondsAgo(0));
    expect(await shop.codes({ phone }, { purpose: "news" })).toEqual([]);
  });

  it("is not given from another number of the same person: from that number only", async () => {
    const { shop, visit, platform } = await openDouble();
    const [typed, other] = [newPhone(), newPhone()];
    const done = await visit.send({ phone: typed, boxes: [1] });
    const [event] = await visit.history({ phone: typed });
    const { subjectId } = await shop.reported({ phone: other });
    const { body } = await shop.org.post<{ id: string }>("/v1/subjects/lookup", {
      subject: { phone: typed },
    });
    await shop.org.post(`/v1/subjects/${body.id}/merge`, { other: subjectId, reason: "Same person." });
    await platform.deliver(platform.messages(platform.text(digits(other), codeIn(done))));
    const confirming = (await visit.history({ phone: typed })).filter(({ purpose }) => purpose === "news");
    expect(confirming.map(({ id }) => id)).toEqual([event?.id]);
    await platform.deliver(platform.messages(platform.text(digits(typed), codeIn(done))));
    const news = (await visit.history({ phone: typed })).filter(({ purpose }) => purpose === "news");
    expect(news.map(({ state }) => state)).toEqual(["given", "requested"]);
  });

  it("counts no message of another shop's sender", async () => {
    const { shop, visit } = await openDouble();
    const stranger = await open();
    const phone = newPhone();
    const done = await visit.send({ phone, boxes: [1] });
    await stranger.platform.deliver(
      stranger.platform.messages(stranger.platform.text(digits(phone), codeIn(done))),
    );
    expect(await shop.codes({ phone }, { purpose: "news" })).toEqual(["consent_pending"]);
  });

  it("is over once they said no after it, and after a week", async () => {
    const { shop, visit, platform } = await openDouble();
    const [stopped, late] = [newPhone(), newPhone()];
    const first = await visit.send({ phone: stopped, boxes: [1] });
    await platform.deliver(platform.messages(platform.text(digits(stopped), "STOP")));
    await platform.deliver(platform.messages(platform.text(digits(stopped), codeIn(first))));
    expect(await shop.codes({ phone: stopped }, { purpose: "news" })).toContain("recipient_opted_out");
    expect((await visit.history({ phone: stopped })).map(({ state }) => state)).toEqual(["requested"]);

    const second = await visit.send({ phone: late, boxes: [1] });
    await shop.sql(async (sql, organizationId) => {
      await sql`alter table consent_event disable trigger user`;
      await sql`update consent_event set recorded_at = recorded_at - interval '8 days'
        where organization_id = ${organizationId}`;
      await sql`alter table consent_event enable trigger user`;
    });
    await platform.deliver(platform.messages(platform.text(digits(late), codeIn(second))));
    expect(await shop.codes({ phone: late }, { purpose: "news" })).toEqual(["consent_pending"]);
  });
});

describe("a yes that anybody may have typed", () => {
  const noes: [
    what: string,
    say: (at: Awaited<ReturnType<typeof open>>, phone: string) => Promise<unknown>,
  ][] = [
    ["an opt-out", ({ shop }, phone) => shop.optOut({ phone }, { occurredAt: ago(60) })],
    [
      "an opt-out of this purpose",
      ({ shop }, phone) =>
        shop.optOut({ phone }, { scope: "purpose", purpose: "promotions", occurredAt: ago(60) }),
    ],
    [
      "a withdrawal",
      ({ shop }, phone) => shop.reported({ phone }, { state: "withdrawn" }, { occurredAt: ago(60) }),
    ],
    [
      "a refusal",
      ({ shop }, phone) => shop.reported({ phone }, { state: "refused" }, { occurredAt: ago(60) }),
    ],
    [
      "a STOP in the chat",
      ({ platform }, phone) =>
        platform.deliver(
          platform.messages(platform.text(digits(phone), "STOP", { timestamp: secondsAgo(60) })),
        ),
    ],
    [
      "a no at /stop",
      ({ shop }, phone) =>
        service.anonymous.post(`/stop/${shop.org.id}`, new URLSearchParams({ phone }).toString(), {
          "content-type": "application/x-www-form-urlencoded",
        }),
    ],
    [
      "a stop on the platform",
      async ({ platform, shop }, phone) => {
        await shop.reported({ phone }, { purpose: "order_updates" }, { occurredAt: ago(120) });
        await platform.deliver(
          platform.preferences(
            platform.preference("stop", digits(phone), { timestamp: Number(secondsAgo(60)) }),
          ),
        );
      },
    ],
    [
      "a block",
      ({ shop }, phone) =>
        created(shop.org.post("/v1/blocks", { identifier: { phone }, reason: "complaint" })),
    ],
  ];

  it.each(noes)(
    "waits for its owner's word after %s, on the form and on other sites alike",
    async (_what, say) => {
      const site = "https://shop.example";
      const at = await open();
      const widget = await FormVisit.open(service, { kind: "widget", origins: [site] }, at.shop);
      const ways = [
        (phone: string) => at.visit.send({ phone, boxes: [1] }),
        async (phone: string) => {
          const path = widget.path.replace("/c/", "/w/");
          const headers = { "content-type": "application/json", origin: site };
          const { body } = await service.anonymous.post(
            `${path}/captures`,
            { pageUrl: `${site}/tea` },
            headers,
          );
          return service.anonymous.post(
            `${path}/consents`,
            { subject: { phone }, provenance: { captureToken: body.token, boxes: [1] } },
            headers,
          );
        },
      ];
      for (const way of ways) {
        const [phone, free] = [newPhone(), newPhone()];
        await say(at, phone);
        const [done, unhindered] = [await way(phone), await way(free)];
        expect([200, 201]).toContain(done.status);
        const [event] = (await at.visit.history({ phone })).filter(({ purpose }) => purpose === "promotions");
        expect(event).toMatchObject({ state: "requested", provenance: { proof: "typed" } });
        expect((await at.visit.history({ phone: free }))[0]).toMatchObject({ state: "given" });
        expect(await at.shop.codes({ phone })).not.toEqual([]);
        expect(await at.shop.codes({ phone: free })).toEqual([]);

        // The same bytes, but for what is everybody's own: whoever typed it learns nothing.
        const told = ({ status, text, headers }: typeof done) => [
          status,
          text
            .replace(/cns_[0-9a-z]{26}/, "reference")
            .replace(/[0-9A-Z]{4}-[0-9A-Z]{4}/g, "code")
            .replace(/\+1 \d{3} \d{3} \d{4}/, "number"),
          [...headers].filter(([name]) => name !== "x-request-id"),
        ];
        expect(told(done)).toEqual(told(unhindered));
        expect(done.bytes.length).toBe(unhindered.bytes.length);
        expect(done.text).toMatch(/may ask you to confirm|"needed":false/);
      }
    },
  );

  it("is revived by the code in a message from that number", async () => {
    const { shop, visit, platform } = await open();
    const phone = newPhone();
    await shop.optOut({ phone }, { occurredAt: ago(60) });
    const done = await visit.send({ phone, boxes: [1] });
    expect(await shop.codes({ phone })).toContain("recipient_opted_out");
    await platform.deliver(platform.messages(platform.text(digits(phone), `Подтверждаю: ${codeIn(done)}`)));
    expect(await shop.codes({ phone })).toEqual([]);
    expect(await shop.codes({ phone }, { purpose: "order_updates", message: messages.parcel })).toContain(
      "recipient_opted_out",
    );
  });

  it("does not tell by its token whether two numbers are one person's", async () => {
    const { shop, visit } = await open();
    const [first, second, stranger] = [newPhone(), newPhone(), newPhone()];
    const [a, b] = [await shop.reported({ phone: first }), await shop.reported({ phone: second })];
    await shop.reported({ phone: stranger });
    await shop.org.post(`/v1/subjects/${a.subjectId}/merge`, { other: b.subjectId, reason: "Same." });
    const token = await visit.token();
    const sent = [];
    for (const phone of [first, second, stranger, first])
      sent.push((await visit.send({ token, phone, boxes: [1] })).status);
    expect(sent).toEqual([200, 422, 422, 200]);
  });

  it("yields to a no that was said before it and came in after it", async () => {
    const { shop, visit } = await open();
    const phone = newPhone();
    await visit.send({ phone, boxes: [1] });
    expect(await shop.codes({ phone })).toEqual([]);
    await shop.optOut({ phone }, { occurredAt: ago(3_600) });
    expect(await shop.codes({ phone })).toContain("recipient_opted_out");
  });

  it("waits even when nothing else asks for it, and a shop's own report with its token does not", async () => {
    const { shop, visit } = await open();
    const [typed, told] = [newPhone(), newPhone()];
    for (const phone of [typed, told]) await shop.optOut({ phone }, { occurredAt: ago(60) });
    await visit.send({ phone: typed, boxes: [1] });
    expect((await shop.proven({ phone: told })).state).toBe("given");
    expect(await shop.codes({ phone: told })).toEqual([]);
    expect(await shop.codes({ phone: typed })).toContain("recipient_opted_out");
  });
});

describe("by e-mail", () => {
  let inbox: Awaited<ReturnType<typeof receiveMail>>;
  let mailing: TestService;
  beforeAll(async () => {
    inbox = await receiveMail();
    mailing = await startTestService({
      config: { mail: { url: inbox.url, from: "Shop <hello@shop.example>" } },
    });
  });
  afterAll(async () => {
    await mailing?.close();
    await inbox?.close();
  });
  afterEach(() => mailing.setNow(undefined));

  const wording = offersBox.wording.replace("on WhatsApp", "by e-mail");
  const newAddress = () => `person-${mailing.nextNumber()}@mail.example`;

  async function openMail(doubleOptIn = true) {
    const shop = await Shop.open(mailing);
    await created(shop.org.post("/v1/purposes", { ...news, doubleOptIn }));
    const visit = await FormVisit.open(
      mailing,
      { channels: ["email"], purposes: ["news"], wording, language: "en" },
      shop,
    );
    return { shop, visit };
  }
  const linkIn = ({ text }: ReceivedMail) =>
    /https:\/\/consent\.shop\.example(\/c\/confirm\/[\w-]+)/.exec(text)?.[1] ?? "";
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const stateOf = async (visit: FormVisit, email: string) => (await visit.history({ email }))[0]?.state;

  /** What the page behind a link sends when its button is pressed. */
  const formOf = (page: { text: string }) =>
    new URLSearchParams({ shown: /name="shown" value="([^"]+)"/.exec(page.text)?.[1] ?? "" }).toString();
  const press = async (link: string) =>
    mailing.anonymous.post(link, formOf(await mailing.anonymous.get(link)), form);

  it("the button confirms what was shown with it, and no box that was ticked since", async () => {
    const { shop } = await openMail();
    await created(shop.org.post("/v1/purposes", { ...news, key: "hints", name: "Hints", doubleOptIn: true }));
    const visit = await FormVisit.open(
      mailing,
      {
        channels: ["email"],
        boxes: [
          { wording, purposes: ["news"] },
          { wording: wording.replace("offers and news", "hints"), purposes: ["hints"] },
        ],
        language: "en",
      },
      shop,
    );
    const [token, email] = [await visit.token(), newAddress()];
    await visit.send({ token, email, boxes: [1] });
    const process = await mailing.startProcess();
    const link = linkIn(await inbox.next(email));
    await process.stop();
    const page = await mailing.anonymous.get(link);
    await visit.send({ token, email, boxes: [1, 2] });
    const given = async () =>
      (await visit.history({ email })).filter(({ state }) => state === "given").map(({ purpose }) => purpose);
    const unseen = await mailing.anonymous.post(link, "", form);
    expect([unseen.status, unseen.text.includes("Did you sign up"), await given()]).toEqual([422, true, []]);
    const confirmed = await mailing.anonymous.post(link, formOf(page), form);
    expect([confirmed.status, confirmed.text.includes("Hints")]).toEqual([200, false]);
    expect(await given()).toEqual(["news"]);
    expect((await press(link)).status).toBe(200);
    expect((await given()).sort()).toEqual(["hints", "news"]);
  });

  it("goes to the address that was typed, whichever others the person has", async () => {
    const { shop, visit } = await openMail();
    const [first, typed] = [newAddress(), newAddress()];
    const { subjectId } = await shop.reported({ email: first });
    await visit.send({ email: typed, boxes: [1] });
    const { body } = await shop.org.post<{ id: string }>("/v1/subjects/lookup", {
      subject: { email: typed },
    });
    const merged = await shop.org.post(`/v1/subjects/${subjectId}/merge`, {
      other: body.id,
      reason: "Same.",
    });
    expect(merged.status, merged.text).toBe(200);
    const process = await mailing.startProcess();
    const came = () => inbox.received.map(({ to }) => to).filter((to) => [first, typed].includes(to));
    await expect.poll(came, { timeout: 40_000 }).toHaveLength(1);
    await process.stop();
    expect(came()).toEqual([typed]);
  });

  it("few go to one address in a day, however they are spread", async () => {
    const { shop, visit } = await openMail();
    const email = newAddress();
    const asked = () =>
      shop.sql(
        (sql, organizationId) =>
          sql`select count(*)::int as count from audit_entry where organization_id = ${organizationId}
            and action = 'consent.confirmation_asked'`,
      );
    for (let hour = 0; hour < 2; hour += 1) {
      for (let n = 0; n < limits.confirmationMails.points; n += 1) await visit.send({ email, boxes: [1] });
      await shop.sql((sql) => sql`delete from rate_limit where key like 'confirmation_mail:%'`);
    }
    expect([...(await asked())]).toEqual([{ count: limits.confirmationMailsOfDay.points }]);
  });

  it("no e-mail address says yes for a number: what it does not reach is not recorded", async () => {
    const { shop } = await openMail();
    const site = "https://shop.example";
    const point = await FormVisit.open(
      mailing,
      {
        kind: "checkbox",
        channels: ["email", "whatsapp"],
        purposes: ["news"],
        wording: wording.replace("by e-mail", "by e-mail and on WhatsApp"),
        origins: [site],
      },
      shop,
    );
    const path = point.path.replace("/c/", "/w/");
    const headers = { "content-type": "application/json", origin: site };
    const { body } = await mailing.anonymous.post(`${path}/captures`, { pageUrl: `${site}/tea` }, headers);
    const email = newAddress();
    await created(
      mailing.anonymous.post(
        `${path}/consents`,
        { subject: { phone: email }, provenance: { captureToken: body.token } },
        headers,
      ),
    );
    expect((await point.history({ email })).map(({ channel }) => channel)).toEqual(["email"]);
  });

  it("a mail goes out, GET changes nothing, the button confirms, and the link is used up", async () => {
    const { visit } = await openMail();
    const email = newAddress();
    const done = await visit.send({ email, boxes: [1] });
    expect(done.status, done.text).toBe(200);
    expect(done.text).toContain("We are sending you a mail");
    const process = await mailing.startProcess();
    const mail = await inbox.next(email);
    expect(mail).toMatchObject({ from: "hello@shop.example", subject: "Confirm your sign-up with Shop" });
    expect(mail.html).toContain(`href="https://consent.shop.example${linkIn(mail)}"`);
    const link = linkIn(mail);
    for (const method of ["GET", "HEAD", "OPTIONS"]) await mailing.anonymous.send(method, link);
    const page = await mailing.anonymous.get(link);
    expect([page.status, page.text.includes("Did you sign up")]).toEqual([200, true]);
    expect(page.text).not.toContain(email);
    expect(await stateOf(visit, email)).toBe("requested");

    const confirmed = await press(link);
    expect([confirmed.status, confirmed.text.includes("Confirmed. Thank you.")]).toEqual([200, true]);
    const [event, ...more] = await visit.history({ email });
    expect(more).toHaveLength(1);
    expect(event).toMatchObject({
      id: referenceIn(confirmed),
      channel: "email",
      state: "given",
      provenance: { proof: "demonstrated", indication: "clicked", evidence: { confirms: referenceIn(done) } },
    });
    for (const again of [await mailing.anonymous.post(link, "", form), await mailing.anonymous.get(link)])
      expect([again.status, again.text.includes("This is confirmed already")]).toEqual([200, true]);
    expect(await visit.history({ email })).toHaveLength(2);
    expect(process.output() + mailing.log.join("")).not.toContain(email);
    await process.stop();
  });

  it("a link that is old, altered, of another shop, or overtaken by a no says so plainly", async () => {
    const { shop, visit } = await openMail();
    const stranger = await openMail();
    const process = await mailing.startProcess();
    const [email, other] = [newAddress(), newAddress()];
    await visit.send({ email, boxes: [1] });
    await stranger.visit.send({ email: other, boxes: [1] });
    const [link, others] = [linkIn(await inbox.next(email)), linkIn(await inbox.next(other))];
    await process.stop();
    const token = link.slice("/c/confirm/".length);
    const othersToken = others.slice("/c/confirm/".length);
    // What tells the shop comes first in a token.
    const crossed = `${token.slice(0, 22)}${othersToken.slice(22)}`;
    const broken = [`${token}x`, token.slice(0, -2), `B${token.slice(1)}`, crossed, "x", "0".repeat(80)];
    for (const one of broken)
      for (const answer of [
        await mailing.anonymous.get(`/c/confirm/${one}`),
        await mailing.anonymous.post(`/c/confirm/${one}`, "", form),
      ])
        expect([one, answer.status, answer.text.includes("This link does not work")]).toEqual([
          one,
          404,
          true,
        ]);

    mailing.setNow(new Date(Date.now() + (limits.confirmationLifeDays * 24 + 1) * 3_600_000));
    for (const method of ["GET", "POST"] as const) {
      const answer = await mailing.anonymous.send(method, link);
      expect([answer.status, answer.text.includes("This link is too old")]).toEqual([410, true]);
    }
    mailing.setNow(undefined);
    await shop.optOut({ email });
    const answer = await mailing.anonymous.post(link, "", form);
    expect([answer.status, answer.text.includes("You have said no since")]).toEqual([410, true]);
    expect(await stateOf(visit, email)).toBe("requested");
  });

  it("nothing goes where nothing waits or somebody is blocked, few go to one address, and one only for a form sent twice", async () => {
    const { shop, visit } = await openMail();
    const plain = await openMail(false);
    const [free, blocked, flooded, twice] = [newAddress(), newAddress(), newAddress(), newAddress()];
    await created(shop.org.post("/v1/blocks", { identifier: { email: blocked }, reason: "complaint" }));
    const pages = [
      await plain.visit.send({ email: free, boxes: [1] }),
      await visit.send({ email: blocked, boxes: [1] }),
    ];
    expect(pages.map(({ status }) => status)).toEqual([200, 200]);
    for (let n = 0; n < limits.confirmationMails.points + 2; n += 1)
      await visit.send({ email: flooded, boxes: [1] });
    const filled = { token: await visit.token(), email: twice, boxes: [1] };
    await visit.send(filled);
    await visit.send(filled);
    const process = await mailing.startProcess();
    await inbox.next(twice);
    await inbox.next(flooded, limits.confirmationMails.points);
    await process.stop();
    const to = (address: string) => inbox.received.filter((mail) => mail.to === address).length;
    expect([to(free), to(blocked), to(flooded), to(twice)]).toEqual([
      0,
      0,
      limits.confirmationMails.points,
      1,
    ]);
  });

  it("a yes after a no waits for the link, although the purpose asks for none, and the page tells nothing", async () => {
    const { shop, visit } = await openMail(false);
    const [email, free] = [newAddress(), newAddress()];
    await shop.optOut({ email }, { occurredAt: ago(60) });
    const pages = [await visit.send({ email, boxes: [1] }), await visit.send({ email: free, boxes: [1] })];
    const [told, untold] = pages.map(({ text }) =>
      text.replace(/cns_[0-9a-z]{26}/, "reference").replace(/person-\d+/, "person"),
    );
    expect(told).toBe(untold);
    expect([await stateOf(visit, email), await stateOf(visit, free)]).toEqual(["requested", "given"]);
    const process = await mailing.startProcess();
    const link = linkIn(await inbox.next(email));
    await process.stop();
    await press(link);
    expect(await stateOf(visit, email)).toBe("given");
    expect(inbox.received.filter(({ to }) => to === free)).toEqual([]);
  });

  it("waits for the mail server and is sent when that is there again", async () => {
    const { visit } = await openMail();
    const email = newAddress();
    inbox.refuse(1);
    await visit.send({ email, boxes: [1] });
    const process = await mailing.startProcess();
    await inbox.next(email);
    await process.stop();
    expect(inbox.refused).toBe(1);
  });
});
