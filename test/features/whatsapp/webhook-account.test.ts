import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { replayUnclaimed } from "../../../src/features/whatsapp/index.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { messages, Shop } from "../../support/shop.ts";
import { instantOf, Platform, secondsAgo } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const person = "12025550123";
const now = Number(secondsAgo(0));
const ahead = (seconds: number) => Number(secondsAgo(-seconds));

/** A shop that may send promotions to a person, whose window is open too. */
async function open() {
  const shop = await Shop.open(service);
  const platform = new Platform(service.anonymous, shop.sender);
  await shop.proven({ waId: person }, {}, { occurredAt: instantOf(secondsAgo(60)) });
  await platform.deliver(platform.messages(platform.message(person)));
  expect(await asked(shop)).toEqual({ starts: [], replies: [] });
  return { shop, platform };
}

/** What keeps a shop from writing first, and from replying. */
async function asked(shop: Shop, sender = shop.sender.id) {
  return {
    starts: await shop.codes({ waId: person }, { sender }),
    replies: await shop.codes({ waId: person }, { sender, purpose: "support", message: messages.freeForm }),
  };
}

const restricted = ["sender_restricted"];
const both = { starts: restricted, replies: restricted };
const starts = { starts: restricted, replies: [] };
const replies = { starts: [], replies: restricted };
const none = { starts: [], replies: [] };

const restriction = (...kinds: (string | [string, number])[]) => ({
  event: "ACCOUNT_RESTRICTION",
  restriction_info: kinds.map((kind) =>
    typeof kind === "string"
      ? { restriction_type: kind }
      : { restriction_type: kind[0], expiration: kind[1] },
  ),
});
const ban = (state: string) => ({ event: "DISABLED_UPDATE", ban_info: { waba_ban_state: state } });
const business = "RESTRICTED_BIZ_INITIATED_MESSAGING";
const customer = "RESTRICTED_CUSTOMER_INITIATED_MESSAGING";

describe("what the platform restricts of an account", () => {
  const cases: [string, [value: object, time: number][], object][] = [
    ["a restriction of writing first", [[restriction(business), now]], starts],
    ["a restriction of replies", [[restriction(customer), now]], replies],
    ["both in one update", [[restriction(business, customer), now]], both],
    [
      "both in two updates",
      [
        [restriction(business), now],
        [restriction(customer), now],
      ],
      both,
    ],
    ["a kind that nobody knows", [[restriction("RESTRICTED_EVERYTHING_NEW"), now]], both],
    ["a restriction that does not say of what", [[{ event: "ACCOUNT_RESTRICTION" }, now]], both],
    ["other things than messages", [[restriction("RESTRICTED_ADD_PHONE_NUMBER_ACTION"), now]], none],
    ["one that has run out", [[restriction([business, now - 60]), now]], none],
    [
      "one that has run out beside one that has not",
      [[restriction([business, now - 60], [customer, ahead(600)]), now]],
      replies,
    ],
    ["a ban", [[ban("DISABLE"), now]], both],
    ["a ban in a word that nobody knows", [[ban("VAPORIZE"), now]], both],
    ["a ban that is only scheduled", [[ban("SCHEDULE_FOR_DISABLE"), now]], none],
    [
      "a violation",
      [[{ event: "ACCOUNT_VIOLATION", violation_info: { violation_type: "ADULT" } }, now]],
      none,
    ],
    [
      "a ban, reinstated",
      [
        [ban("DISABLE"), now - 20],
        [ban("REINSTATE"), now - 10],
      ],
      none,
    ],
    [
      "the same, told the other way round",
      [
        [ban("REINSTATE"), now - 10],
        [ban("DISABLE"), now - 20],
      ],
      none,
    ],
    [
      "banned anew, told the other way round",
      [
        [ban("DISABLE"), now - 10],
        [ban("REINSTATE"), now - 20],
      ],
      both,
    ],
    [
      "both in the same second",
      [
        [ban("DISABLE"), now],
        [ban("REINSTATE"), now],
      ],
      both,
    ],
    [
      "both in the same second, told the other way round",
      [
        [ban("REINSTATE"), now],
        [ban("DISABLE"), now],
      ],
      both,
    ],
    [
      "a ban reinstated beside a restriction, which stays",
      [
        [restriction([business, ahead(600)]), now - 20],
        [ban("DISABLE"), now - 10],
        [ban("REINSTATE"), now],
      ],
      starts,
    ],
    ["deleted", [[{ event: "ACCOUNT_DELETED" }, now]], both],
    [
      "off-boarded and back",
      [
        [{ event: "ACCOUNT_OFFBOARDED" }, now - 20],
        [{ event: "ACCOUNT_RECONNECTED" }, now],
      ],
      none,
    ],
    [
      "off-boarded and back does not end a ban",
      [
        [ban("DISABLE"), now - 20],
        [{ event: "ACCOUNT_RECONNECTED" }, now],
      ],
      both,
    ],
    [
      "news of partners and prices",
      [
        [{ event: "PARTNER_ADDED" }, now],
        [{ event: "SOMETHING_NEW" }, now],
      ],
      none,
    ],
  ];
  test.each(cases)("keeps its senders from just that: %s", async (_what, told, expected) => {
    const { shop, platform } = await open();
    for (const [value, time] of told)
      await platform.deliver(platform.account("account_update", value, `${time}`));
    expect(await asked(shop)).toEqual(expected);
  });

  it("holds for every sender of the account, for one that is registered later too, and for no other account's", async () => {
    const { shop, platform } = await open();
    const { wabaId } = shop.sender;
    const second = await shop.org.sender({ wabaId });
    await platform.deliver(platform.account("account_update", ban("DISABLE")));
    const third = await shop.org.sender({ wabaId });
    expect(third).toMatchObject({ state: "disabled" });
    const elsewhere = await Shop.open(service);
    const fourth = await elsewhere.org.sender({ wabaId });
    for (const { id } of [shop.sender, second, third]) {
      expect((await asked(shop, id)).starts).toContain("sender_restricted");
    }
    expect((await asked(elsewhere, fourth.id)).starts).toContain("sender_restricted");
    expect((await asked(elsewhere)).starts).not.toContain("sender_restricted");

    await platform.deliver(platform.account("account_update", ban("REINSTATE"), `${ahead(1)}`));
    for (const { id } of [shop.sender, second, third]) {
      expect((await asked(shop, id)).starts).not.toContain("sender_restricted");
    }
    expect((await asked(elsewhere, fourth.id)).starts).not.toContain("sender_restricted");
  });

  it("says when to ask again, where the platform does", async () => {
    const { shop, platform } = await open();
    const until = ahead(600);
    await platform.deliver(platform.account("account_update", restriction([business, until])));
    const [reason] = (await shop.check({ waId: person })).reasons;
    expect(reason).toMatchObject({ code: "sender_restricted", retryAt: instantOf(`${until}`) });
    const sender = await shop.org.get(`/v1/senders/${shop.sender.id}`);
    expect(sender.body).toMatchObject({
      state: "restricted_business_initiated",
      restrictedUntil: instantOf(`${until}`),
    });
  });

  it("is learned from an error code as well, until the platform reinstates the account", async () => {
    for (const code of [368, 131031]) {
      const { shop, platform } = await open();
      await platform.deliver(platform.conversations({ errors: [{ code, title: "locked" }] }));
      expect(await asked(shop)).toEqual(both);
      await platform.deliver(platform.account("account_update", ban("REINSTATE"), `${now - 60}`));
      expect(await asked(shop)).toEqual(both);
      await platform.deliver(platform.account("account_update", ban("REINSTATE"), `${ahead(1)}`));
      expect(await asked(shop)).toEqual(none);
    }
  });

  describe("and staff lift, because the platform does not say that it is over,", () => {
    const lift = (shop: Shop, client = shop.org) =>
      client.post(`/v1/senders/${shop.sender.id}/lift-restriction`, {
        reason: "Support says it sends again.",
      });

    it("is over, whatever it was, until the platform says something of a later time", async () => {
      const { shop, platform } = await open();
      const told = [
        platform.account("account_update", restriction(business), secondsAgo(30)),
        platform.account("account_update", ban("DISABLE"), secondsAgo(20)),
        platform.statuses(platform.failure(131031, person, { timestamp: secondsAgo(10) })),
      ];
      for (const body of told) await platform.deliver(body);
      expect(await asked(shop)).toEqual(both);
      const answer = await lift(shop);
      expect([answer.status, answer.body.state, answer.body.restrictedUntil]).toEqual([200, "active", null]);
      expect(await asked(shop)).toEqual(none);

      // What was said before comes again, and what was of before comes late, of a kind that nobody had said yet too.
      for (const body of told) await platform.deliver(body);
      await platform.deliver(platform.account("account_update", restriction(customer), secondsAgo(15)));
      await platform.deliver(platform.statuses(platform.failure(368, person, { timestamp: secondsAgo(5) })));
      expect(await asked(shop)).toEqual(none);

      await platform.deliver(platform.account("account_update", restriction(customer), secondsAgo(-2)));
      expect(await asked(shop)).toEqual(replies);
      await platform.deliver(platform.statuses(platform.failure(368, person, { timestamp: secondsAgo(-2) })));
      expect(await asked(shop)).toEqual(both);
    });

    it("is told from something new of the same second", async () => {
      const { shop, platform } = await open();
      const told = platform.account("account_update", ban("DISABLE"), secondsAgo(0));
      await platform.deliver(told);
      await lift(shop);
      await platform.deliver(told);
      expect(await asked(shop)).toEqual(none);
      await platform.deliver(platform.account("account_update", restriction(customer), secondsAgo(0)));
      expect(await asked(shop)).toEqual(replies);
      await lift(shop);
      await platform.deliver(told);
      expect(await asked(shop)).toEqual(none);
    });

    it("leaves the reason on record once, and the same answer to the same request", async () => {
      const { shop, platform } = await open();
      await platform.deliver(platform.account("account_update", ban("DISABLE"), secondsAgo(30)));
      const key = { "idempotency-key": "lift-1" };
      const path = `/v1/senders/${shop.sender.id}/lift-restriction`;
      const first = await shop.org.post(path, { reason: "A mistake." }, key);
      expect((await shop.org.post(path, { reason: "A mistake." }, key)).text).toBe(first.text);
      const entries = await shop.sql(
        (sql, organizationId) => sql`
          select entity, details from audit_entry
          where organization_id = ${organizationId} and action = 'sender.restriction_lifted'`,
      );
      expect(entries).toEqual([{ entity: shop.sender.id, details: { reason: "A mistake." } }]);
    });

    it("stays, for whoever is not staff and for another organization", async () => {
      const { shop, platform } = await open();
      await platform.deliver(platform.account("account_update", ban("DISABLE"), secondsAgo(30)));
      expect((await lift(shop, await shop.org.limitedTo("configuration"))).status).toBe(403);
      expect((await lift(shop, await service.organization())).status).toBe(404);
      expect((await shop.org.post(`/v1/senders/${shop.sender.id}/lift-restriction`, {})).status).toBe(422);
      expect(await asked(shop)).toEqual(both);
    });

    it("is not lifted for a sender of the account that another organization registers later", async () => {
      const { shop, platform } = await open();
      await lift(shop);
      const late = await Shop.open(service);
      const sender = await late.org.sender({ wabaId: shop.sender.wabaId });
      await platform.deliver(platform.account("account_update", ban("DISABLE"), secondsAgo(30)));
      expect((await late.org.get(`/v1/senders/${sender.id}`)).body.state).toBe("disabled");
      expect((await shop.org.get(`/v1/senders/${shop.sender.id}`)).body.state).toBe("active");
    });
  });

  it("reaches each of two organizations that share the account, and messages only the one whose number it is", async () => {
    const one = await open();
    const two = await Shop.open(service);
    const { wabaId } = one.shop.sender;
    const shared = await two.org.sender({ wabaId });
    await two.org.post("/v1/templates", {
      wabaId,
      ...messages.sale.template,
      category: "marketing",
      status: "approved",
    });
    await two.proven({ waId: person }, {}, { occurredAt: instantOf(secondsAgo(60)) });
    const second = new Platform(service.anonymous, { ...shared, wabaId });
    const askTwo = () => two.codes({ waId: person }, { sender: shared.id });
    expect(await askTwo()).toEqual([]);

    await second.deliver(second.messages(second.text(person, "STOP")));
    expect(await askTwo()).toContain("recipient_opted_out");
    expect((await asked(one.shop)).starts).toEqual([]);
    await second.deliver(
      second.account(
        "message_template_status_update",
        {
          event: "PAUSED",
          message_template_name: "sale",
          message_template_language: "en",
        },
        `${ahead(1)}`,
      ),
    );
    await second.deliver(second.account("account_update", ban("DISABLE")));
    expect((await asked(one.shop)).starts).toEqual(["sender_restricted", "template_paused"]);
    expect(await askTwo()).toEqual(expect.arrayContaining(["sender_restricted", "template_paused"]));
  });
});

describe("what the platform says of a template", () => {
  const about = { message_template_id: 7, message_template_name: "spring", message_template_language: "en" };
  const status = (event: string) => ({ field: "message_template_status_update", value: { ...about, event } });
  const category = (name: string, more: object = {}) => ({
    field: "template_category_update",
    value: { ...about, new_category: name, ...more },
  });
  const ask = (shop: Shop, purpose = "promotions") =>
    shop.codes(
      { waId: person },
      {
        purpose,
        message: { kind: "template", category: "marketing", template: { name: "spring", language: "en" } },
      },
    );

  const cases: [string, [{ field: string; value: object }, number][], string[]][] = [
    ["nothing", [], ["template_unknown"]],
    [
      "approved",
      [
        [category("MARKETING"), now - 5],
        [status("APPROVED"), now],
      ],
      [],
    ],
    [
      "approved before its category is told",
      [
        [status("APPROVED"), now - 5],
        [category("MARKETING"), now],
      ],
      [],
    ],
    ["approved, its category never told", [[status("APPROVED"), now]], ["purpose_category_mismatch"]],
    ["only its category", [[category("MARKETING"), now]], ["template_not_approved"]],
    [
      "rejected",
      [
        [category("MARKETING"), now],
        [status("REJECTED"), now],
      ],
      ["template_not_approved"],
    ],
    [
      "pending",
      [
        [category("MARKETING"), now],
        [status("PENDING"), now],
      ],
      ["template_not_approved"],
    ],
    [
      "deleted",
      [
        [category("MARKETING"), now],
        [status("PENDING_DELETION"), now],
      ],
      ["template_not_approved"],
    ],
    [
      "in a word that nobody knows",
      [
        [category("MARKETING"), now],
        [status("SHINY"), now],
      ],
      ["template_not_approved"],
    ],
    [
      "paused",
      [
        [category("MARKETING"), now],
        [status("APPROVED"), now - 9],
        [status("PAUSED"), now],
      ],
      ["template_paused"],
    ],
    [
      "disabled",
      [
        [category("MARKETING"), now],
        [status("APPROVED"), now - 9],
        [status("DISABLED"), now],
      ],
      ["template_disabled"],
    ],
    [
      "unpaused",
      [
        [category("MARKETING"), now],
        [status("PAUSED"), now - 9],
        [status("APPROVED"), now],
      ],
      [],
    ],
    [
      "unpaused, told the other way round",
      [
        [category("MARKETING"), now],
        [status("APPROVED"), now],
        [status("PAUSED"), now - 9],
      ],
      [],
    ],
    [
      "paused, told the other way round",
      [
        [category("MARKETING"), now],
        [status("PAUSED"), now],
        [status("APPROVED"), now - 9],
      ],
      ["template_paused"],
    ],
    [
      "both in the same second",
      [
        [category("MARKETING"), now],
        [status("PAUSED"), now],
        [status("APPROVED"), now],
      ],
      ["template_paused"],
    ],
    [
      "both in the same second, the other way round",
      [
        [category("MARKETING"), now],
        [status("APPROVED"), now],
        [status("PAUSED"), now],
      ],
      ["template_paused"],
    ],
    [
      "flagged, which may still be sent",
      [
        [category("MARKETING"), now],
        [status("APPROVED"), now - 9],
        [status("FLAGGED"), now],
      ],
      [],
    ],
  ];
  test.each(cases)("holds from its own timestamp: %s", async (_what, told, expected) => {
    const { shop, platform } = await open();
    for (const [{ field, value }, time] of told)
      await platform.deliver(platform.account(field, value, `${time}`));
    expect(await ask(shop)).toEqual(expected);
  });

  const categories: [string, [{ field: string; value: object }, number][], string][] = [
    [
      "the latest",
      [
        [category("UTILITY"), now - 9],
        [category("MARKETING"), now],
      ],
      "marketing",
    ],
    [
      "the latest, told the other way round",
      [
        [category("MARKETING"), now],
        [category("UTILITY"), now - 9],
      ],
      "marketing",
    ],
    [
      "the stricter of the same second",
      [
        [category("MARKETING"), now],
        [category("UTILITY"), now],
      ],
      "marketing",
    ],
    [
      "the stricter of the same second, told last",
      [
        [category("UTILITY"), now],
        [category("MARKETING"), now],
      ],
      "marketing",
    ],
    [
      "what it is, not what is announced",
      [
        [category("UTILITY"), now - 9],
        [category("UTILITY", { correct_category: "MARKETING" }), now],
      ],
      "utility",
    ],
    ["marketing, when it is a word that nobody knows", [[category("SPARKLING"), now]], "marketing"],
  ];
  test.each(categories)("counts by its category: %s", async (_what, told, expected) => {
    const { shop, platform } = await open();
    await platform.deliver(
      platform.account("message_template_status_update", status("APPROVED").value, `${now}`),
    );
    for (const [{ field, value }, time] of told)
      await platform.deliver(platform.account(field, value, `${time}`));
    // Order updates are on contract and cover utility, not marketing.
    expect(await ask(shop, "order_updates")).toEqual(
      expected === "utility" ? [] : ["purpose_category_mismatch", "consent_missing"],
    );
    const list = await shop.org.get<{ items: { name: string; category: string }[] }>("/v1/templates");
    expect(list.body.items.find(({ name }) => name === "spring")).toMatchObject({ category: expected });
  });

  it("keeps its quality by its own timestamp, and quality alone forbids nothing", async () => {
    const { shop, platform } = await open();
    const quality = (score: string) => ({ ...about, new_quality_score: score });
    await platform.deliver(platform.account(...values(category("MARKETING")), `${now - 9}`));
    await platform.deliver(platform.account(...values(status("APPROVED")), `${now - 9}`));
    await platform.deliver(platform.account("message_template_quality_update", quality("RED"), `${now}`));
    await platform.deliver(
      platform.account("message_template_quality_update", quality("GREEN"), `${now - 5}`),
    );
    expect(await ask(shop)).toEqual([]);
    const rows = await shop.sql(
      (sql, organization) => sql`
        select quality from template where organization_id = ${organization} and name = 'spring'`,
    );
    expect(rows.map(({ quality }) => quality)).toEqual(["red"]);
  });

  it("is what a caller said last, until the platform says something newer", async () => {
    const { shop, platform } = await open();
    const record = (change: object) =>
      shop.org.post("/v1/templates", {
        wabaId: shop.sender.wabaId,
        name: "spring",
        language: "en",
        category: "marketing",
        status: "approved",
        ...change,
      });
    expect((await record({})).status).toBe(201);
    expect(await ask(shop)).toEqual([]);
    expect((await record({ status: "paused" })).body).toMatchObject({ status: "paused" });
    expect(await ask(shop)).toEqual(["template_paused"]);
    await platform.deliver(platform.account(...values(status("APPROVED")), `${now - 60}`));
    expect(await ask(shop)).toEqual(["template_paused"]);
    await platform.deliver(platform.account(...values(status("APPROVED")), `${ahead(1)}`));
    expect(await ask(shop)).toEqual([]);
  });

  it("with a name and language as long as they may be, of letters that take three bytes, is recorded", async () => {
    const { platform } = await open();
    const letters = (count: number) =>
      Array.from({ length: count }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000))).join("");
    const long = { message_template_name: letters(512), message_template_language: letters(512) };
    await platform.deliver(
      platform.body({ field: "message_template_status_update", value: { ...long, event: "APPROVED" } }),
    );
    await platform.deliver(
      platform.body({
        field: "message_template_status_update",
        value: { ...long, message_template_language: letters(35), event: "APPROVED" },
      }),
    );
  });

  it("is kept for an account that nobody registered, and holds when its first sender is", async () => {
    const number = service.nextNumber();
    const names = { phoneNumberId: `1065403522${number}`, wabaId: `1022901293${number}` };
    const platform = new Platform(service.anonymous, names);
    await platform.deliver(platform.account(...values(category("MARKETING"))));
    await platform.deliver(platform.account(...values(status("APPROVED"))));
    const { shop } = await open();
    const sender = await shop.org.sender(names);
    const codes = () =>
      shop.codes(
        { waId: person },
        {
          sender: sender.id,
          message: { kind: "template", category: "marketing", template: { name: "spring", language: "en" } },
        },
      );
    expect(await codes()).toEqual(["template_unknown"]);
    await replayUnclaimed(
      {
        services: service.services,
        organizationKeys: service.composed.organizationKeys,
        onComplaint: async () => {},
        ownKeywords: async () => [],
      },
      names,
    );
    expect(await codes()).toEqual([]);
  });

  const values = ({ field, value }: { field: string; value: object }): [string, object] => [field, value];
});
