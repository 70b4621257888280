import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestService, type TestService } from "../../support/service.ts";
import { askedFor, created, Shop } from "../../support/shop.ts";
import { Platform, secondsAgo } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const words = "Please send me offers from Shop on WhatsApp.";
const newPhone = () => `+1202${service.nextNumber().slice(-5)}48`;
const digits = (phone: string) => phone.slice(1);

interface Point {
  readonly id: string;
  readonly wording: string;
  readonly chatGivesConsent: boolean;
  readonly keywords: readonly string[];
  readonly errors?: readonly { pointer: string }[];
}

interface History {
  readonly items: { id: string; state: string; purpose: string; provenance: Record<string, unknown> }[];
}

const make = (shop: Shop, input: object = {}) =>
  shop.org.post<Point>("/v1/collection-points", {
    key: "chat",
    kind: "click_to_chat",
    name: "Poster",
    ...askedFor,
    chat: { sender: shop.sender.id, text: words },
    chatGivesConsent: true,
    ...input,
  });

/** A shop with a point that hears a yes, a day old, and the platform that speaks for its sender. */
async function openHearing(input: object = {}) {
  const shop = await Shop.open(service);
  await created(
    shop.org.post("/v1/purposes", {
      key: "news",
      name: "Offers",
      description: "Offers.",
      category: "marketing",
      lawfulBasis: "consent",
      doubleOptIn: true,
    }),
  );
  const point = await created<Point>(make(shop, input));
  await shop.sql(async (sql, organization) => {
    await sql`alter table collection_point_version disable trigger append_only`;
    await sql`update collection_point_version set created_at = created_at - interval '1 day' where organization_id = ${organization}`;
    await sql`alter table collection_point_version enable trigger append_only`;
  });
  const platform = new Platform(service.anonymous, shop.sender);
  const write = (phone: string, text: string, more: object = {}) =>
    platform.deliver(platform.messages(platform.text(digits(phone), text, { ...more })));
  const history = async (phone: string) => {
    const { body } = await shop.org.post<{ id: string }>("/v1/subjects/lookup", { subject: { phone } });
    return (await shop.org.get<History>(`/v1/subjects/${body.id}/consents`)).body.items;
  };
  return { shop, point, platform, write, history };
}

describe("a message with the words of the chat", () => {
  it("is the person's own yes, with the message as its proof; told twice it is one", async () => {
    const { shop, point, platform, write, history } = await openHearing();
    const phone = newPhone();
    const body = await write(phone, words);
    await platform.deliver(body);
    expect(await shop.codes({ phone })).toEqual([]);
    const [given, ...more] = await history(phone);
    expect(more).toEqual([]);
    expect(given).toMatchObject({
      state: "given",
      purpose: "promotions",
      provenance: {
        collectionPointId: point.id,
        version: 1,
        wording: point.wording,
        indication: "wrote",
        proof: "demonstrated",
        evidence: { messageId: expect.stringMatching(/^wamid\./) },
      },
    });
  });

  it("is nothing unless the point says so, which it does not by itself", async () => {
    const { shop, point, write, history } = await openHearing({ chatGivesConsent: undefined });
    expect([point.chatGivesConsent, point.keywords]).toEqual([false, []]);
    const phone = newPhone();
    await write(phone, words);
    expect(await history(phone)).toEqual([]);
    expect(await shop.codes({ phone })).toContain("consent_missing");
  });

  it.each([
    ["nearly the same", "Please send me offers from Shop on Whatsapp, maybe"],
    ["with a word put in", words.replace("offers", "no offers")],
    ["with a no after it", `${words} STOP`],
    ["only its beginning", "Please send me offers"],
    ["the wording instead", askedFor.wording],
  ])("%s is none", async (_what, text) => {
    const { write, history } = await openHearing();
    const phone = newPhone();
    await write(phone, text);
    expect(await history(phone)).toEqual([]);
  });

  it("on a button, in a picture's caption, in a group or to another shop is none", async () => {
    const { shop, platform, history } = await openHearing();
    const phone = newPhone();
    const from = digits(phone);
    await platform.deliver(
      platform.messages(
        platform.message(from, { type: "button", button: { text: "Tell me more", payload: words } }),
        platform.message(from, { type: "image", image: { id: "1", caption: words } }),
        platform.text(from, words, { group_id: "120363" }),
        platform.text(from, words, { timestamp: undefined }),
      ),
    );
    const stranger = await openHearing({ chatGivesConsent: false });
    await stranger.write(phone, words);
    expect(await history(phone)).toEqual([]);
    expect(await stranger.history(phone)).toEqual([]);
    expect(await shop.codes({ phone })).toContain("consent_missing");
  });

  it("that they forwarded is their own message, and nobody else's yes", async () => {
    const { shop, write } = await openHearing();
    const [author, other] = [newPhone(), newPhone()];
    await shop.inbound({ phone: author });
    await write(other, words, { context: { forwarded: true } });
    expect(await shop.codes({ phone: other })).toEqual([]);
    expect(await shop.codes({ phone: author })).toContain("consent_missing");
  });

  it("lifts a no that they said before, and no later one or one of the same second", async () => {
    const { shop, platform, write } = await openHearing();
    const [before, after, same] = [newPhone(), newPhone(), newPhone()];
    await write(before, "STOP", { timestamp: secondsAgo(120) });
    await write(before, words, { timestamp: secondsAgo(60) });
    expect(await shop.codes({ phone: before })).toEqual([]);
    const yes = platform.messages(platform.text(digits(after), words, { timestamp: secondsAgo(120) }));
    await platform.deliver(yes);
    await write(after, "STOP", { timestamp: secondsAgo(60) });
    await platform.deliver(yes);
    expect(await shop.codes({ phone: after })).toContain("recipient_opted_out");
    const moment = secondsAgo(60);
    await write(same, "STOP", { timestamp: moment });
    await write(same, words, { timestamp: moment });
    expect(await shop.codes({ phone: same })).toContain("recipient_opted_out");
  });

  it("from before there was the wording is none", async () => {
    const { write, history } = await openHearing();
    const phone = newPhone();
    await write(phone, words, { timestamp: secondsAgo(3 * 24 * 3600) });
    expect(await history(phone)).toEqual([]);
  });

  it("is none any more when the point asks for several things", async () => {
    const { shop, point, write, history } = await openHearing();
    await created(
      shop.org.post(`/v1/collection-points/${point.id}/versions`, {
        wording: `${askedFor.wording} Help and answers with my orders as well.`,
        purposes: ["promotions", "support"],
        acceptWarnings: ["two_purposes_in_one_box", "purpose_not_told"],
      }),
    );
    const phone = newPhone();
    await write(phone, words);
    expect(await history(phone)).toEqual([]);
  });

  it("asks for a second one where the purpose has a double opt-in", async () => {
    const { shop, write, history } = await openHearing({ purposes: ["news"] });
    const phone = newPhone();
    await write(phone, words, { timestamp: secondsAgo(120) });
    expect(await shop.codes({ phone }, { purpose: "news" })).toEqual(["consent_pending"]);
    await write(phone, words, { timestamp: secondsAgo(60) });
    expect(await shop.codes({ phone }, { purpose: "news" })).toEqual([]);
    expect((await history(phone)).map(({ state }) => state)).toEqual(["given", "requested"]);
  });
});

describe("a keyword", () => {
  it.each(["START", "да!"])("%s is a yes when it is the whole message", async (text) => {
    const { shop, write } = await openHearing({
      kind: "keyword",
      chat: null,
      chatGivesConsent: false,
      keywords: ["Start", "ДА"],
    });
    const phone = newPhone();
    await write(phone, `${text} please`);
    expect(await shop.codes({ phone })).toContain("consent_missing");
    await write(phone, text);
    expect(await shop.codes({ phone })).toEqual([]);
  });

  it("that is a no stays one", async () => {
    const { shop, write, history } = await openHearing({ chatGivesConsent: false, keywords: ["STOP"] });
    const phone = newPhone();
    await write(phone, "Stop");
    expect(await history(phone)).toEqual([]);
    expect(await shop.codes({ phone })).toContain("recipient_opted_out");
  });

  it("reported by a caller and not by the platform is none", async () => {
    const { shop, history } = await openHearing({ keywords: ["START"] });
    const phone = newPhone();
    await shop.inbound({ phone }, { text: "START" });
    expect(await history(phone)).toEqual([]);
  });

  it("that two points hear is refused; heard by two all the same, it is none", async () => {
    const { shop, point, write, history } = await openHearing({ keywords: ["START"] });
    const two = { key: "two", chat: null, chatGivesConsent: false };
    const refused = await make(shop, { ...two, keywords: ["start!"] });
    expect([refused.status, refused.body.errors?.[0]?.pointer]).toEqual([422, "/keywords"]);
    const other = await created<Point>(make(shop, { ...two, keywords: ["BEGIN"] }));
    const path = `/v1/collection-points/${other.id}`;
    expect((await shop.org.patch<Point>(path, { keywords: ["Start"] })).status).toBe(422);
    // Two that were made in the same moment.
    await shop.sql(
      (sql, organization) => sql`
        update collection_point set keywords = '{START}' where organization_id = ${organization} and key = 'two'`,
    );
    const phone = newPhone();
    await write(phone, "START");
    expect(await history(phone)).toEqual([]);
    expect(point.keywords).toEqual(["START"]);
  });
});

describe("a point that hears a yes", () => {
  it.each<[what: string, input: object, pointer: string]>([
    ["without a chat whose words it could be", { chat: null }, "/chatGivesConsent"],
    ["to several purposes", { purposes: ["promotions", "support"] }, "/chatGivesConsent"],
    ["on another channel alone", { channels: ["sms"] }, "/chatGivesConsent"],
    ["in a greeting", { chat: "Hello!" }, "/chat/text"],
    ["in words that do not say who writes", { chat: "Please send me offers." }, "/chat/text"],
    ["in words that do not say what", { chat: "Hello Shop!" }, "/chat/text"],
    ["in no words", { keywords: ["START", "…"] }, "/keywords/1"],
  ])("%s is refused", async (_what, { chat, ...input }: { chat?: unknown } & object, pointer) => {
    const shop = await Shop.open(service);
    const chatOf =
      typeof chat === "string"
        ? { chat: { sender: shop.sender.id, text: chat } }
        : chat === null
          ? { chat }
          : {};
    const several =
      "purposes" in input ? { acceptWarnings: ["two_purposes_in_one_box", "purpose_not_told"] } : {};
    const answer = await make(shop, {
      wording: `${askedFor.wording} Help with orders, answers and SMS too.`,
      ...input,
      ...chatOf,
      ...several,
    });
    expect([answer.status, answer.body.errors?.map((error) => error.pointer)]).toEqual([422, [pointer]]);
  });

  it("does not lose its chat, or take vaguer words, by a change", async () => {
    const { shop, point } = await openHearing();
    const path = `/v1/collection-points/${point.id}`;
    const change = async (input: object) => {
      const { status, body } = await shop.org.patch<Point>(path, input);
      return [status, body.errors?.[0]?.pointer];
    };
    expect(await change({ chat: null })).toEqual([422, "/chatGivesConsent"]);
    expect(await change({ chat: { sender: shop.sender.id, text: "Hi" } })).toEqual([422, "/chat/text"]);
    expect(await change({ chatGivesConsent: false, chat: null, keywords: ["START"] })).toEqual([
      200,
      undefined,
    ]);
    expect(await change({ chatGivesConsent: true })).toEqual([422, "/chatGivesConsent"]);
    expect((await shop.org.get<Point>(path)).body).toMatchObject({
      chatGivesConsent: false,
      keywords: ["START"],
    });
  });
});

describe("the link to a chat", () => {
  it("has the words typed already, and is a QR code as well", async () => {
    const { shop, point } = await openHearing();
    const { status, body } = await shop.org.get<{ url: string; text: string; qrSvg: string }>(
      `/v1/collection-points/${point.id}/chat-link`,
    );
    expect(status).toBe(200);
    expect(body).toEqual({
      url: `https://wa.me/12025550100?text=${encodeURIComponent(words)}`,
      text: words,
      qrSvg: expect.stringMatching(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/),
    });
    expect(body.qrSvg).not.toMatch(/script|href|on\w+=/i);
  });

  it("has no QR code when it is too long for one, and is refused without a chat", async () => {
    const shop = await Shop.open(service);
    const chat = { sender: shop.sender.id, text: "Я".repeat(900) };
    const point = await created<Point>(make(shop, { chat, chatGivesConsent: false }));
    const link = await shop.org.get(`/v1/collection-points/${point.id}/chat-link`);
    expect([link.status, link.body.qrSvg]).toEqual([200, null]);
    expect((await shop.org.get(`/v1/collection-points/${shop.point}/chat-link`)).status).toBe(409);
  });
});
