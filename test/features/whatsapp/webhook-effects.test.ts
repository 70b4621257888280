import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { startTestService, type TestService } from "../../support/service.ts";
import { messages, Shop } from "../../support/shop.ts";
import { instantOf, Platform, secondsAgo } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const person = "12025550123";
const other = "12025550124";
const reply = { purpose: "support", message: messages.freeForm };
const hours = 3600;

async function open() {
  const shop = await Shop.open(service);
  return { shop, platform: new Platform(service.anonymous, shop.sender) };
}

/** A shop with a person who demonstrably opted in to promotions a minute ago, and may be sent them. */
async function openWithConsent() {
  const opened = await open();
  await opened.shop.proven({ waId: person }, {}, { occurredAt: instantOf(secondsAgo(60)) });
  expect(await opened.shop.codes({ waId: person })).toEqual([]);
  return opened;
}

/** The window as a check sees it. */
async function windowOf(shop: Shop, waId = person, sender = shop.sender.id) {
  return (await shop.check({ waId }, { ...reply, sender })).window;
}

function windowFrom(timestamp: string) {
  const openedAt = instantOf(timestamp);
  const expiresAt = new Date(Date.parse(openedAt) + 24 * hours * 1000).toISOString();
  return { open: Date.parse(expiresAt) > Date.now(), openedAt, expiresAt };
}

const noWindow = { open: false, openedAt: null, expiresAt: null };

describe("a window", () => {
  it("runs 24 hours from the message's own timestamp, however late the webhook comes", async () => {
    const { shop, platform } = await open();
    const sent = secondsAgo(23 * hours);
    await platform.deliver(platform.messages(platform.message(person, { timestamp: sent })));
    expect(await windowOf(shop)).toEqual(windowFrom(sent));
    expect(await shop.codes({ waId: person }, reply)).toEqual([]);

    const late = secondsAgo(25 * hours);
    await platform.deliver(platform.messages(platform.message(other, { timestamp: late })));
    expect(await windowOf(shop, other)).toEqual(windowFrom(late));
    expect(await shop.codes({ waId: other }, reply)).toContain("window_closed");
  });

  it("counts from the latest message, in whatever order and however often they come", async () => {
    const { shop, platform } = await open();
    const stamps = [3, 1, 2].map((hour) => secondsAgo(hour * hours));
    const bodies = stamps.map((timestamp) => platform.messages(platform.message(person, { timestamp })));
    for (const body of [...bodies, ...bodies]) await platform.deliver(body);
    expect(await windowOf(shop)).toEqual(windowFrom(stamps[1] ?? ""));
  });

  it("is this person's with this sender, by whichever of the person's names", async () => {
    const { shop, platform } = await open();
    const second = await shop.org.sender({ wabaId: shop.sender.wabaId });
    await platform.deliver(
      platform.messages(
        platform.message(person, { from_user_id: "US.1349000001", timestamp: secondsAgo(9) }),
      ),
    );
    expect(await windowOf(shop)).toMatchObject({ open: true });
    expect((await shop.check({ bsuid: "US.1349000001" }, reply)).window).toMatchObject({ open: true });
    expect(await windowOf(shop, person, second.id)).toEqual(noWindow);
    expect(await windowOf(shop, other)).toEqual(noWindow);
  });

  it("is closed by 131047, and opened again only by a message newer than that", async () => {
    const { shop, platform } = await open();
    await platform.deliver(platform.messages(platform.message(person, { timestamp: secondsAgo(600) })));
    await platform.deliver(
      platform.statuses(platform.failure(131047, person, { timestamp: secondsAgo(300) })),
    );
    expect(await windowOf(shop)).toMatchObject({ open: false });
    // Told late, it is older than the platform's word.
    await platform.deliver(platform.messages(platform.message(person, { timestamp: secondsAgo(400) })));
    expect(await windowOf(shop)).toMatchObject({ open: false });
    const again = secondsAgo(200);
    await platform.deliver(platform.messages(platform.message(person, { timestamp: again })));
    expect(await windowOf(shop)).toEqual(windowFrom(again));
    // An older word of the platform's about it does not close it.
    await platform.deliver(
      platform.statuses(platform.failure(131047, person, { timestamp: secondsAgo(250) })),
    );
    expect(await windowOf(shop)).toEqual(windowFrom(again));
  });

  const opening: [string, object][] = [
    ["a text", { type: "text", text: { body: "Hello" } }],
    ["a tap on a template's button", { type: "button", button: { text: "Yes", payload: "yes" } }],
    [
      "a tap on a list",
      { type: "interactive", interactive: { type: "list_reply", list_reply: { id: "1", title: "One" } } },
    ],
    ["a reaction", { type: "reaction", reaction: { message_id: "wamid.1", emoji: "👍" } }],
    ["a type that the platform cannot hand on", { type: "unsupported", errors: [{ code: 131051 }] }],
  ];
  test.each(opening)("is opened by %s", async (_what, more) => {
    const { shop, platform } = await open();
    const timestamp = secondsAgo(30);
    await platform.deliver(platform.messages(platform.message(person, { timestamp, ...more })));
    expect(await windowOf(shop)).toEqual(windowFrom(timestamp));
  });

  it("is opened by a call from the person, and not by a call of ours or the end of one", async () => {
    const { shop, platform } = await open();
    const timestamp = secondsAgo(30);
    const call = (id: string, event: string, direction: string, from: string) =>
      platform.body({
        field: "calls",
        value: platform.conversation({ calls: [{ id, from, event, direction, timestamp }] }),
      });
    await platform.deliver(call("wacid.1", "connect", "BUSINESS_INITIATED", person));
    await platform.deliver(call("wacid.2", "terminate", "USER_INITIATED", person));
    expect(await windowOf(shop)).toEqual(noWindow);
    await platform.deliver(call("wacid.3", "connect", "USER_INITIATED", person));
    expect(await windowOf(shop)).toEqual(windowFrom(timestamp));
  });

  it("is opened by nothing else", async () => {
    const { shop, platform } = await open();
    const message = (more: object) => platform.messages(platform.message(person, { ...more }));
    const field = (name: string, lists: Record<string, unknown>) =>
      platform.body({ field: name, value: platform.conversation(lists) });
    const nothing: Record<string, unknown> = {
      "a message in a group": message({ group_id: "group-1" }),
      "a reaction taken back": message({ type: "reaction", reaction: { message_id: "wamid.1", emoji: "" } }),
      "a message taken back": message({ type: "revoke", revoke: { original_message_id: "wamid.1" } }),
      "a chat that was only opened": message({ type: "request_welcome" }),
      "a type that nobody knows": message({ type: "hologram" }),
      "a call permission": message({
        type: "interactive",
        interactive: { type: "call_permission_reply", call_permission_reply: { response: "accept" } },
      }),
      "a message without a timestamp": message({ timestamp: undefined }),
      "a message from the far future": message({ timestamp: secondsAgo(-1 * hours) }),
      "a message in milliseconds": message({ timestamp: `${Date.now()}` }),
      "our own number": platform.messages(platform.message("12025550100")),
      "an echo of ours": field("smb_message_echoes", {
        message_echoes: [{ ...platform.message("12025550100"), to: person }],
      }),
      "imported history": field("history", {
        history: [{ threads: [{ id: person, messages: [platform.message(person)] }] }],
      }),
      receipts: platform.statuses(
        ...["sent", "delivered", "read", "played"].map((word) => platform.status(word, person)),
      ),
      "a preference": platform.preferences(platform.preference("resume", person)),
      "a changed security code": message({ type: "system", system: { type: "customer_identity_changed" } }),
      "a message to an unnamed number of the account": platform.body({
        field: "messages",
        value: { ...platform.conversation({ messages: [platform.message(person)] }), metadata: {} },
      }),
    };
    for (const [what, body] of Object.entries(nothing)) {
      await platform.deliver(body);
      for (const waId of [person, "12025550100"]) {
        expect((await windowOf(shop, waId)).open, what).toBe(false);
      }
    }
  });
});

describe("a person's no by message", () => {
  const noes: [string, Record<string, unknown>][] = [
    ...["STOP", " stop. ", "Stop!!!", "«Отписаться»", "стоп", "не пишите", "CTOП", "退订", "STOP STOP"].map(
      (body): [string, Record<string, unknown>] => [body, { type: "text", text: { body } }],
    ),
    ["a button's payload", { type: "button", button: { text: "No, thanks", payload: "Unsubscribe" } }],
    ["a button's text", { type: "button", button: { text: "Stop", payload: "b1" } }],
    [
      "a reply button's title",
      {
        type: "interactive",
        interactive: { type: "button_reply", button_reply: { id: "b1", title: "Cancel" } },
      },
    ],
    [
      "a list row's id",
      { type: "interactive", interactive: { type: "list_reply", list_reply: { id: "STOP", title: "…" } } },
    ],
    ["a word in a group", { type: "text", text: { body: "STOP" }, group_id: "group-1" }],
    ["an edited message", { type: "edit", edit: { message: { type: "text", text: { body: "STOP" } } } }],
    ["a message without a timestamp", { type: "text", text: { body: "STOP" }, timestamp: undefined }],
  ];
  test.each(noes)("is in force when the webhook is answered: %s", async (_what, more) => {
    const { shop, platform } = await openWithConsent();
    await platform.deliver(platform.messages(platform.message(person, more)));
    expect(await shop.codes({ waId: person })).toContain("recipient_opted_out");
    expect(
      await shop.codes({ phone: `+${person}` }, { purpose: "order_updates", message: messages.parcel }),
    ).toContain("recipient_opted_out");
  });

  test.each([
    "When does the pain stop?",
    "Don't stop",
    "The end.",
    "s t o p",
    "stop it",
    "нон-стоп",
    "STOP 1",
  ])("is not read into a sentence: %s", async (body) => {
    const { shop, platform } = await openWithConsent();
    await platform.deliver(platform.messages(platform.text(person, body)));
    expect(await shop.codes({ waId: person })).toEqual([]);
  });

  it("counts although the message does not say which number of the account it came to", async () => {
    const { shop, platform } = await openWithConsent();
    await platform.deliver(
      platform.body({
        field: "messages",
        value: { ...platform.conversation({ messages: [platform.text(person, "STOP")] }), metadata: {} },
      }),
    );
    expect(await shop.codes({ waId: person })).toContain("recipient_opted_out");
  });

  it("of somebody unknown holds from their first contact on, against a yes that is only reported", async () => {
    const { shop, platform } = await open();
    await platform.deliver(platform.messages(platform.text(person, "STOP")));
    expect((await shop.reported({ phone: `+${person}` })).state).toBe("requested");
    expect(await shop.codes({ phone: `+${person}` })).toContain("recipient_opted_out");
  });

  it("that comes late leaves a newer yes of the person's own, and ends one of the same second", async () => {
    const { shop, platform } = await open();
    const second = secondsAgo(60);
    const yes = await shop.proven({ waId: person }, {}, { occurredAt: instantOf(second) });
    expect(yes.state).toBe("given");
    await platform.deliver(platform.messages(platform.text(person, "STOP", { timestamp: secondsAgo(90) })));
    expect(await shop.codes({ waId: person })).toEqual([]);
    // The rest is ended: the yes revived its own purpose only.
    expect(
      await shop.codes({ waId: person }, { purpose: "order_updates", message: messages.parcel }),
    ).toContain("recipient_opted_out");
    await platform.deliver(platform.messages(platform.text(person, "STOP", { timestamp: second })));
    expect(await shop.codes({ waId: person })).toContain("recipient_opted_out");
  });

  it("leaves a service reply to what they write afterwards", async () => {
    const { shop, platform } = await openWithConsent();
    const ask = () => shop.codes({ waId: person }, reply);
    const stoppedAt = Number(secondsAgo(30));
    const wrote = (words: string, timestamp: number) =>
      platform.deliver(platform.messages(platform.text(person, words, { timestamp: `${timestamp}` })));
    await wrote("STOP", stoppedAt);
    expect(await ask()).toContain("recipient_opted_out");
    await wrote("Where is my parcel?", stoppedAt);
    expect(await ask()).toContain("recipient_opted_out");
    await wrote("Where is my parcel?", stoppedAt + 1);
    expect(await ask()).toEqual([]);
    expect(await shop.codes({ waId: person })).toContain("recipient_opted_out");
  });

  it("is taken although a caller reported the same message before without its text, and once only", async () => {
    const { shop, platform } = await openWithConsent();
    const stop = platform.text(person, "STOP");
    await shop.inbound({ waId: person }, { messageId: stop.id });
    expect(await shop.codes({ waId: person })).toEqual([]);
    const body = await platform.deliver(platform.messages(stop));
    expect(await shop.codes({ waId: person })).toContain("recipient_opted_out");
    await platform.deliver(body);
    const list = await shop.org.get<{ items: unknown[] }>("/v1/opt-outs");
    expect(list.body.items).toHaveLength(1);
  });
});

describe("the platform's own stop", () => {
  const stopped = "platform_marketing_stopped";

  it("ends marketing for the whole organization and nothing else, until it is resumed", async () => {
    const { shop, platform } = await openWithConsent();
    const second = await shop.org.sender();
    await shop.org.post("/v1/templates", {
      wabaId: second.wabaId,
      ...messages.sale.template,
      category: "marketing",
      status: "approved",
    });
    await platform.deliver(
      platform.preferences(platform.preference("stop", person, { timestamp: secondsAgo(30) })),
    );
    expect(await shop.codes({ waId: person })).toEqual([stopped]);
    expect(await shop.codes({ waId: person }, { sender: second.id })).toEqual([stopped]);
    expect(
      await shop.codes({ waId: person }, { purpose: "order_updates", message: messages.parcel }),
    ).toEqual([]);
    await platform.deliver(platform.preferences(platform.preference("resume", person)));
    expect(await shop.codes({ waId: person })).toEqual([]);
    expect(await shop.codes({ waId: person }, { sender: second.id })).toEqual([]);
  });

  const orders: [string, [value: string, seconds: number][], string[]][] = [
    ["a stop", [["stop", 30]], [stopped]],
    [
      "a stop, resumed",
      [
        ["stop", 30],
        ["resume", 20],
      ],
      [],
    ],
    [
      "the same, told the other way round",
      [
        ["resume", 20],
        ["stop", 30],
      ],
      [],
    ],
    [
      "a resume that is older",
      [
        ["stop", 20],
        ["resume", 30],
      ],
      [stopped],
    ],
    [
      "an older resume, told first",
      [
        ["resume", 30],
        ["stop", 20],
      ],
      [stopped],
    ],
    [
      "both in the same second",
      [
        ["stop", 20],
        ["resume", 20],
      ],
      [stopped],
    ],
    [
      "both in the same second, the resume first",
      [
        ["resume", 20],
        ["stop", 20],
      ],
      [stopped],
    ],
    [
      "stopped anew",
      [
        ["stop", 30],
        ["resume", 20],
        ["stop", 10],
      ],
      [stopped],
    ],
    [
      "a sign-up, which lifts nothing",
      [
        ["stop", 30],
        ["signup", 10],
      ],
      [stopped],
    ],
  ];
  test.each(orders)("goes by its own timestamps: %s", async (_what, told, expected) => {
    const { shop, platform } = await openWithConsent();
    const now = Number(secondsAgo(0));
    for (const [value, seconds] of told) {
      await platform.deliver(
        platform.preferences(platform.preference(value, person, { timestamp: now - seconds })),
      );
    }
    expect(await shop.codes({ waId: person })).toEqual(expected);
  });

  it("in one body of both, in either order, is the latest", async () => {
    for (const reversed of [false, true]) {
      const { shop, platform } = await openWithConsent();
      const timestamp = secondsAgo(20);
      const told = [
        platform.preference("stop", person, { timestamp }),
        platform.preference("resume", person, { timestamp }),
        platform.preference("resume", person, { timestamp: secondsAgo(40) }),
      ];
      await platform.deliver(platform.preferences(...(reversed ? told.toReversed() : told)));
      expect(await shop.codes({ waId: person })).toEqual([stopped]);
    }
  });

  it("never falls with a resume of another account, and a resume never lifts a STOP to us", async () => {
    const { shop, platform } = await openWithConsent();
    const second = new Platform(service.anonymous, await shop.org.sender());
    await platform.deliver(platform.preferences(platform.preference("stop", person)));
    await platform.deliver(platform.messages(platform.text(person, "STOP")));
    const later = { timestamp: Number(secondsAgo(0)) + 1 };
    await second.deliver(second.preferences(second.preference("resume", person, later)));
    expect(await shop.codes({ waId: person })).toEqual(["recipient_opted_out", "consent_withdrawn", stopped]);
  });

  it("counts without a timestamp, of any category, and of somebody unknown; a resume needs its timestamp", async () => {
    const { shop, platform } = await open();
    await platform.deliver(
      platform.preferences(
        platform.preference("stop", person, { timestamp: undefined }),
        platform.preference("STOP", other, { category: "anything_new" }),
      ),
    );
    await platform.deliver(
      platform.preferences(
        platform.preference("resume", person, { timestamp: undefined }),
        platform.preference("resume", other, { category: "anything_new" }),
      ),
    );
    for (const waId of [person, other]) {
      await shop.proven({ phone: `+${waId}` });
      expect(await shop.codes({ phone: `+${waId}` })).toEqual([stopped]);
    }
  });
});

describe("a message's failure", () => {
  const nothing: string[] = [];
  const effects: [code: number, marketing: string[], parcel: string[]][] = [
    [131050, ["platform_marketing_stopped"], nothing],
    [368, ["sender_restricted"], ["sender_restricted"]],
    [131031, ["sender_restricted"], ["sender_restricted"]],
    [131049, ["platform_hold"], nothing],
    [130472, ["platform_hold"], nothing],
    [131048, ["complaint_rate_exceeded"], nothing],
    ...[131047, 131026, 130403, 130497, 131056, 130429, 4, 80007, 132001, 132015, 0].map(
      (code): [number, string[], string[]] => [code, nothing, nothing],
    ),
  ];
  test.each(effects)(
    "%i means for marketing %j and for what is due %j, and is never read as a no",
    async (code, marketing, parcel) => {
      const { shop, platform } = await openWithConsent();
      await platform.deliver(platform.statuses(platform.failure(code, person)));
      expect(await shop.codes({ waId: person })).toEqual(marketing);
      expect(
        await shop.codes({ waId: person }, { purpose: "order_updates", message: messages.parcel }),
      ).toEqual(parcel);
      const noes = await shop.sql(
        (sql, organization) => sql`
        select 1 from standing_no where organization_id = ${organization}
        union all select 1 from opt_out_event where organization_id = ${organization}`,
      );
      expect(noes).toHaveLength(0);
    },
  );

  it("has the effect of each of its errors", async () => {
    const { shop, platform } = await openWithConsent();
    await platform.deliver(
      platform.statuses(
        platform.status("failed", person, {
          errors: [{ code: 131026 }, { code: "131050" }, { code: 368 }, { code: "odd" }, null],
        }),
      ),
    );
    expect(await shop.codes({ waId: person })).toEqual(["sender_restricted", "platform_marketing_stopped"]);
  });

  it("that names nobody is of the person whom an earlier status of the same message named", async () => {
    const { shop, platform } = await openWithConsent();
    const sent = platform.status("sent", person);
    await platform.deliver(platform.statuses(sent));
    await platform.deliver(
      platform.statuses({ ...platform.failure(131050, person), id: sent.id, recipient_id: undefined }),
    );
    expect(await shop.codes({ waId: person })).toEqual(["platform_marketing_stopped"]);
  });

  it("by which the person stopped marketing yields to their later resume only", async () => {
    const { shop, platform } = await openWithConsent();
    const stoppedAt = Number(secondsAgo(30));
    const resume = (timestamp: number) =>
      platform.deliver(platform.preferences(platform.preference("resume", person, { timestamp })));
    await platform.deliver(
      platform.statuses(platform.failure(131050, person, { timestamp: `${stoppedAt}` })),
    );
    await resume(stoppedAt);
    expect(await shop.codes({ waId: person })).toEqual(["platform_marketing_stopped"]);
    await resume(stoppedAt + 1);
    expect(await shop.codes({ waId: person })).toEqual([]);
  });
});
