import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decide } from "../../../src/features/gate/domain/decide.ts";
import { builtInPolicy } from "../../../src/features/gate/domain/policy.ts";
import { unpackDecision } from "../../../src/features/gate/index.ts";
import { formatId, parseId } from "../../../src/kernel/ids.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { administer } from "../../support/database.ts";
import { startTestService, type TestService, testConfig } from "../../support/service.ts";
import { ago, type Checked, codes, created, messages, Shop } from "../../support/shop.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const phone = "+12025550142";
const person = { phone };
const other = { phone: "+12025550143" };
const stranger = { phone: "+12025550144" };
const parcel = { purpose: "order_updates", message: messages.parcel };
const reply = { purpose: "support", message: messages.freeForm };
const signIn = { purpose: "sign_in_codes", message: messages.code };

/** A person who may get everything: proven yeses, and a message of theirs half a minute ago. */
async function welcome(shop: Shop, subject: object = person): Promise<string> {
  const { subjectId } = await shop.proven(subject, {}, { occurredAt: ago(240) });
  await shop.proven(subject, { purpose: "order_updates" }, { occurredAt: ago(240) });
  return subjectId;
}

async function restrict(shop: Shop, restriction: { state: string; until?: string }) {
  const told = { until: null, at: ago(60), ...restriction };
  await shop.sql(
    (sql, organizationId) => sql`
      update sender set restrictions = ${JSON.stringify({ ban: told })}::text::jsonb where organization_id = ${organizationId}`,
  );
}

/** What WhatsApp sends when a person stops or resumes marketing in the app. */
async function platformSays(shop: Shop, value: "stop" | "resume", secondsAgo: number, waId: string) {
  const raw = JSON.stringify({
    object: "whatsapp_business_account",
    entry: [
      {
        id: shop.sender.wabaId,
        changes: [
          {
            field: "user_preferences",
            value: {
              messaging_product: "whatsapp",
              metadata: { display_phone_number: "12025550100", phone_number_id: shop.sender.phoneNumberId },
              contacts: [{ wa_id: waId }],
              user_preferences: [
                {
                  wa_id: waId,
                  detail: "User preference",
                  category: "marketing_messages",
                  value,
                  timestamp: Math.floor(Date.now() / 1000) - secondsAgo,
                },
              ],
            },
          },
        ],
      },
    ],
  });
  const signature = createHmac("sha256", testConfig.whatsappAppSecrets[0] ?? "")
    .update(raw)
    .digest("hex");
  const answer = await service.anonymous.send("POST", "/webhooks/whatsapp", {
    body: raw,
    headers: { "x-hub-signature-256": `sha256=${signature}` },
  });
  expect(answer.status, answer.text).toBe(200);
}

describe("rule by rule", () => {
  it("allows what nothing speaks against, and says what was looked at", async () => {
    const shop = await Shop.open(service);
    await welcome(shop);
    const allowed = await shop.check(person);
    const unset = ["window", "quiet_hours", "frequency_cap", "destination", "sender_limit"];
    expect(allowed).toMatchObject({
      decision: "allow",
      category: "marketing",
      reasons: [],
      window: { open: false, openedAt: null, expiresAt: null },
      obligations: ["include_opt_out_instructions", "identify_business"],
      policyVersion: builtInPolicy.version,
    });
    expect(allowed.rules).toEqual(
      [
        "recipient",
        "sender",
        "switch",
        "block",
        "opt_out",
        "purpose",
        "consent",
        "platform_stop",
        "window",
        "template",
        "quiet_hours",
        "frequency_cap",
        "platform_hold",
        "destination",
        "sender_limit",
        "complaints",
        "reachability",
      ].map((rule) => ({ rule, outcome: unset.includes(rule) ? "not_applicable" : "pass" })),
    );
    // By the platform's id of the sender, and by the person's.
    const { id } = (await shop.org.post("/v1/subjects/lookup", { subject: person })).body;
    const byIds = await shop.check({ subjectId: id }, { sender: shop.sender.phoneNumberId });
    expect(byIds.decision).toBe("allow");
  });

  it("1: denies a recipient that cannot be read, is unknown by its id, or is another organization's", async () => {
    const shop = await Shop.open(service);
    const neighbour = await Shop.open(service);
    await welcome(shop);
    const theirs = await welcome(neighbour, other);
    const unreadable = [
      { phone: "2025550142" },
      { phone: "+1" },
      { phone: "+1202555014299" },
      { phone: "call me" },
      { waId: "+12025550142" },
      { waId: "1203630200000@g.us" },
      { email: "nobody" },
      { bsuid: "us.1" },
      { phone, email: "nobody" },
      { subjectId: "sub_01kb0q8s5hf6xv3y1m2n4p5q6r" },
      { subjectId: theirs },
      { phone, subjectId: theirs },
      { phone, subjectId: "sub_01kb0q8s5hf6xv3y1m2n4p5q6r" },
    ];
    for (const recipient of unreadable) {
      const denied = await shop.check(recipient);
      expect(denied.decision, JSON.stringify(recipient)).toBe("deny");
      expect(codes(denied)[0], JSON.stringify(recipient)).toBe("recipient_invalid");
    }
  });

  it("1: denies a message to the sender itself, however its number is written or known", async () => {
    const shop = await Shop.open(service);
    const sender = await shop.org.sender({ displayPhoneNumber: "+55 11 98765-4321" });
    const spellings = [
      { phone: "+5511987654321" },
      { phone: "+551187654321" },
      { phone: " +55 (11) 8765-4321" },
      { waId: "551187654321" },
      { waId: "5511987654321" },
    ];
    const known = await shop.proven({ phone: "+551187654321", externalId: "self" });
    for (const recipient of [...spellings, { externalId: "self" }, { subjectId: known.subjectId }]) {
      expect((await shop.codes(recipient, { sender: sender.id }))[0], JSON.stringify(recipient)).toBe(
        "recipient_invalid",
      );
      // Another sender may write to it.
      const others = await shop.codes(recipient);
      expect(others).toEqual([]);
    }
  });

  it("1: denies identifiers of two people, names both, and does not join them", async () => {
    const shop = await Shop.open(service);
    const first = await welcome(shop);
    const second = (await shop.proven({ externalId: "customer-2" })).subjectId;
    const denied = await shop.check({ phone, externalId: "customer-2" });
    expect(codes(denied)).toEqual(["recipient_ambiguous"]);
    expect([...(denied.reasons[0]?.evidence ?? [])].sort()).toEqual([first, second].sort());
    expect(codes(await shop.check({ phone, subjectId: second }))).toEqual(["recipient_ambiguous"]);
    expect(await shop.codes(person)).toEqual([]);
    expect((await shop.org.get(`/v1/subjects/${first}`)).body).toMatchObject({ mergedIds: [] });
  });

  it("2: denies a sender that is not registered, another organization's included", async () => {
    const shop = await Shop.open(service);
    const neighbour = await Shop.open(service);
    await welcome(shop);
    for (const sender of [
      "snd_01kb0q8s5hf6xv3y1m2n4p5q6r",
      "106540352200000",
      "Shop",
      neighbour.sender.id,
      neighbour.sender.phoneNumberId,
      shop.sender.wabaId,
    ])
      expect((await shop.codes(person, { sender }))[0]).toBe("sender_unknown");
  });

  it("2: denies what the platform keeps the sender from, in the direction that it restricted", async () => {
    const shop = await Shop.open(service);
    await welcome(shop);
    await shop.inbound(person);
    const until = new Date(Date.now() + 3600_000).toISOString();
    const tried: [restriction: { state: string; until?: string }, template: string[], reply: string[]][] = [
      [{ state: "disabled" }, ["sender_restricted"], ["sender_restricted"]],
      [{ state: "restricted", until }, ["sender_restricted"], ["sender_restricted"]],
      [{ state: "restricted_business_initiated", until }, ["sender_restricted"], []],
      [{ state: "restricted_replies", until }, [], ["sender_restricted"]],
      [{ state: "a word of tomorrow" }, ["sender_restricted"], ["sender_restricted"]],
      [{ state: "restricted", until: ago(1) }, [], []],
      [{ state: "active" }, [], []],
    ];
    for (const [restriction, template, free] of tried) {
      await restrict(shop, restriction);
      expect(await shop.codes(person), JSON.stringify(restriction)).toEqual(template);
      expect(await shop.codes(person, reply), JSON.stringify(restriction)).toEqual(free);
    }
    await restrict(shop, { state: "restricted", until });
    expect((await shop.check(person)).reasons[0]).toMatchObject({
      retryAt: until,
      evidence: [shop.sender.id],
    });
  });

  it("4: denies a blocked person whatever else is true, by any identifier of theirs, until it ends", async () => {
    const shop = await Shop.open(service);
    await welcome(shop, { phone, externalId: "customer-1" });
    await shop.inbound(person);
    const expiresAt = new Date(Date.now() + 3600_000).toISOString();
    const block = await created<{ id: string }>(
      shop.org.post("/v1/blocks", {
        identifier: { phone: "+1 (202) 555-0142" },
        reason: "manual",
        expiresAt,
      }),
    );
    const cause = await created<{ id: string }>(
      shop.org.post("/v1/causes", { kind: "sign_in", recipient: person }),
    );
    const asked = [{}, parcel, reply, { ...signIn, cause: { kind: "sign_in", id: cause.id } }];
    for (const recipient of [person, { externalId: "customer-1" }, { waId: "12025550142" }])
      for (const question of asked) {
        const denied = await shop.check(recipient, question);
        expect(codes(denied)).toContain("recipient_blocked");
        expect(denied.reasons.find(({ rule }) => rule === "block")).toMatchObject({
          evidence: [block.id],
          retryAt: expiresAt,
        });
      }
    await shop.proven(person);
    expect(await shop.codes(person)).toEqual(["recipient_blocked"]);
    const forever = await created<{ id: string }>(
      shop.org.post("/v1/blocks", { identifier: { externalId: "customer-1" }, reason: "legal" }),
    );
    const both = await shop.check(person);
    expect(both.reasons[0]?.retryAt).toBeUndefined();
    expect(both.reasons[0]?.evidence).toHaveLength(2);
    for (const { id } of [block, forever])
      expect((await shop.org.post(`/v1/blocks/${id}/lift`, { reason: "a mistake" })).status).toBe(200);
    for (const question of asked.slice(0, 3)) expect(await shop.codes(person, question)).toEqual([]);
  });

  it("5: denies after an opt-out in its scope, and not outside of it", async () => {
    const shop = await Shop.open(service);
    await welcome(shop);
    const narrow = await shop.optOut(person, { scope: "purpose", purpose: "promotions" });
    const denied = await shop.check(person);
    expect(codes(denied)).toEqual(["recipient_opted_out", "consent_withdrawn"]);
    expect(denied.reasons[0]?.evidence).toEqual([narrow.id]);
    expect(await shop.codes(person, parcel)).toEqual([]);
    await shop.optOut(person, { scope: "all", channel: "sms" });
    expect(await shop.codes(person, parcel)).toEqual([]);
    await shop.optOut(person, { scope: "all" });
    expect(await shop.codes(person, parcel)).toContain("recipient_opted_out");
    expect(await shop.codes(stranger, parcel)).not.toContain("recipient_opted_out");
  });

  it("6: denies a purpose that does not exist or does not cover the category that counts", async () => {
    const shop = await Shop.open(service);
    await welcome(shop);
    for (const purpose of ["nothing", "Promotions", "*", "🎁"])
      expect((await shop.codes(person, { purpose }))[0]).toBe("purpose_unknown");
    // The registered category counts, whatever the caller says.
    const disguised = await shop.check(person, {
      purpose: "order_updates",
      message: { ...messages.sale, category: "utility" },
    });
    expect(disguised.category).toBe("marketing");
    expect(codes(disguised)).toContain("purpose_category_mismatch");
    expect(await shop.codes(person, { purpose: "sign_in_codes", message: messages.parcel })).toContain(
      "purpose_category_mismatch",
    );
    expect(await shop.codes(person, { purpose: "promotions", message: messages.code })).toContain(
      "purpose_category_mismatch",
    );
  });

  it("6: counts a utility template under a marketing purpose, and free text for it, as marketing", async () => {
    const shop = await Shop.open(service);
    // An opt-in to the channel, but none to promotions.
    await shop.proven(person, { purpose: "order_updates" });
    await shop.inbound(person);
    for (const message of [messages.parcel, messages.freeForm]) {
      const denied = await shop.check(person, { purpose: "promotions", message });
      expect(denied).toMatchObject({ decision: "deny", category: "marketing" });
      expect(codes(denied)).toEqual(["consent_missing"]);
      expect(denied.obligations).toContain("include_opt_out_instructions");
    }
    await shop.proven(person);
    for (const message of [messages.parcel, messages.freeForm])
      expect(await shop.codes(person, { purpose: "promotions", message })).toEqual([]);
    await platformSays(shop, "stop", 10, "12025550142");
    for (const message of [messages.parcel, messages.freeForm])
      expect(await shop.codes(person, { purpose: "promotions", message })).toEqual([
        "platform_marketing_stopped",
      ]);
  });

  it("7: needs an opt-in to the channel besides a contract, and any yes on the channel gives it", async () => {
    const shop = await Shop.open(service);
    expect(await shop.codes(person, parcel)).toEqual(["channel_opt_in_missing"]);
    await shop.proven(person, { channel: "sms" });
    expect(await shop.codes(person, parcel)).toEqual(["channel_opt_in_missing"]);
    await shop.reported(person, { purpose: "support" });
    expect(await shop.codes(person, parcel)).toEqual([]);
    expect(await shop.codes(person, signIn)).toEqual([]);
    expect(await shop.codes(person)).toEqual(["consent_missing"]);
    await shop.reported(person, { purpose: "support", state: "withdrawn" });
    expect(await shop.codes(person, parcel)).toEqual(["channel_opt_in_missing"]);
  });

  it("7: an objection ends a purpose that rests on no consent", async () => {
    const shop = await Shop.open(service);
    await welcome(shop);
    const objection = await shop.reported(person, { purpose: "order_updates", state: "withdrawn" });
    const denied = await shop.check(person, parcel);
    expect(codes(denied)).toEqual(["basis_objected"]);
    expect(denied.reasons[0]?.evidence).toEqual([objection.id]);
    expect(await shop.codes(person)).toEqual([]);
  });

  it("8: denies marketing after a stop on the platform until it is resumed, and only marketing", async () => {
    const shop = await Shop.open(service);
    await welcome(shop);
    await platformSays(shop, "stop", 60, "12025550142");
    expect(await shop.codes(person)).toEqual(["platform_marketing_stopped"]);
    expect(await shop.codes(person, parcel)).toEqual([]);
    // For the whole organization, from whichever account of it.
    const second = await shop.org.sender();
    await created(
      shop.org.post("/v1/templates", {
        wabaId: second.wabaId,
        ...messages.sale.template,
        category: "marketing",
        status: "approved",
      }),
    );
    expect(await shop.codes(person, { sender: second.id })).toEqual(["platform_marketing_stopped"]);
    // A yes to us does not lift it, and its resume lifts nothing of ours.
    await shop.proven(person);
    expect(await shop.codes(person)).toEqual(["platform_marketing_stopped"]);
    await platformSays(shop, "resume", 30, "12025550142");
    expect(await shop.codes(person)).toEqual([]);
    await shop.optOut(person);
    await platformSays(shop, "resume", 10, "12025550142");
    expect(await shop.codes(person)).toContain("recipient_opted_out");
  });

  it("9: denies free form outside of the 24 hours after a message to this very sender", async () => {
    const shop = await Shop.open(service);
    await welcome(shop);
    const second = await shop.org.sender();
    expect(await shop.codes(person, reply)).toEqual(["window_closed"]);
    await shop.inbound(person, { occurredAt: ago(24 * 3600 + 1) });
    const closed = await shop.check(person, reply);
    expect(codes(closed)).toEqual(["window_closed"]);
    expect(closed.window).toMatchObject({ open: false });
    expect(closed.reasons[0]?.evidence[0]).toMatch(/^wamid\./);
    expect(closed.obligations).toContain("use_template");

    const openedAt = ago(24 * 3600 - 60);
    await shop.inbound(person, { occurredAt: openedAt });
    const open = await shop.check(person, reply);
    expect(open).toMatchObject({ decision: "allow", category: "service", obligations: [] });
    expect(open.window).toEqual({
      open: true,
      openedAt,
      expiresAt: new Date(Date.parse(openedAt) + 24 * 3600_000).toISOString(),
    });
    // A message that was written earlier but comes later changes nothing.
    await shop.inbound(person, { occurredAt: ago(30 * 3600) });
    expect((await shop.check(person, reply)).window.openedAt).toBe(openedAt);
    expect(await shop.codes(person, { ...reply, sender: second.id })).toEqual(["window_closed"]);
    expect(await shop.codes(other, reply)).toContain("window_closed");
  });

  it("10: denies a template that is not registered or not approved in this language for this account", async () => {
    const shop = await Shop.open(service);
    await welcome(shop);
    const second = await shop.org.sender();
    const template = (name: string, language: string) => ({
      message: { kind: "template", category: "marketing", template: { name, language } },
    });
    expect(await shop.codes(person, template("nothing", "en"))).toEqual(["template_unknown"]);
    expect(await shop.codes(person, template("sale", "ru"))).toEqual(["template_unknown"]);
    expect(await shop.codes(person, template("Sale", "en"))).toEqual(["template_unknown"]);
    expect(await shop.codes(person, { sender: second.id })).toEqual(["template_unknown"]);
    for (const [status, wanted] of [
      ["pending", ["template_not_approved"]],
      ["rejected", ["template_not_approved"]],
      ["paused", ["template_paused"]],
      ["disabled", ["template_disabled"]],
      ["approved", []],
    ] as const) {
      const recorded = await created<{ id: string }>(
        shop.org.post("/v1/templates", {
          wabaId: shop.sender.wabaId,
          ...messages.sale.template,
          category: "marketing",
          status,
        }),
      );
      const answer = await shop.check(person);
      expect(codes(answer)).toEqual(wanted);
      if (wanted.length > 0) expect(answer.reasons[0]?.evidence).toEqual([recorded.id]);
    }
  });

  it("reports every failing rule, worst first", async () => {
    const shop = await Shop.open(service);
    await shop.optOut(person);
    await created(shop.org.post("/v1/blocks", { identifier: person, reason: "manual" }));
    const denied = await shop.check(
      { ...person, email: "nobody" },
      { sender: "nobody", purpose: "nothing", message: messages.freeForm },
    );
    expect(codes(denied)).toEqual([
      "recipient_invalid",
      "sender_unknown",
      "recipient_blocked",
      "recipient_opted_out",
      "purpose_unknown",
      "consent_missing",
      "window_closed",
    ]);
  });
});

describe("what the person asked for still arrives", () => {
  it("a service reply to a message newer than their STOP, and nothing else", async () => {
    const shop = await Shop.open(service);
    await welcome(shop);
    await shop.inbound(person, { occurredAt: ago(90) });
    await shop.inbound(person, { occurredAt: ago(60), text: "STOP" });
    expect(await shop.codes(person, reply)).toEqual(["recipient_opted_out"]);
    await shop.inbound(person, { occurredAt: ago(30), text: "But where is my parcel?" });
    expect(await shop.codes(person, reply)).toEqual([]);
    expect(await shop.codes(person, parcel)).toContain("recipient_opted_out");
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    expect(await shop.codes(person, { purpose: "promotions", message: messages.freeForm })).toContain(
      "recipient_opted_out",
    );
    await shop.inbound(person, { occurredAt: ago(10), text: "stop" });
    expect(await shop.codes(person, reply)).toEqual(["recipient_opted_out"]);
  });

  const openSignIn = (shop: Shop, recipient: object) =>
    shop.org.post<{ id: string; expiresAt: string }>("/v1/causes", { kind: "sign_in", recipient });

  it("a sign-in code, once, for this very person, as an authentication template, and never marketing", async () => {
    const shop = await Shop.open(service);
    const neighbour = await Shop.open(service);
    await shop.optOut(person, { occurredAt: ago(60) });
    const { id } = await created<{ id: string; expiresAt: string }>(openSignIn(shop, person));
    const cause = { kind: "sign_in", id };
    // Nothing of this uses it up.
    const refused: [recipient: object, question: object][] = [
      [person, signIn],
      [other, { ...signIn, cause }],
      [person, { ...parcel, cause }],
      [person, { cause }],
      [person, { ...reply, cause }],
      [person, { purpose: "promotions", message: messages.code, cause }],
      [person, { purpose: "sign_in_codes", message: messages.sale, cause }],
      [person, { ...signIn, cause: { kind: "data_request", id } }],
      [person, { ...signIn, cause: { kind: "sign_in", id: "cau_01kb0q8s5hf6xv3y1m2n4p5q6r" } }],
      [person, { ...signIn, cause: { kind: "sign_in", id: "opt_01kb0q8s5hf6xv3y1m2n4p5q6r" } }],
      [person, { ...signIn, cause: { kind: "sign_in", id: "🎁" } }],
    ];
    for (const [recipient, question] of refused)
      expect((await shop.check(recipient, question)).decision, JSON.stringify(question)).toBe("deny");
    expect((await neighbour.check(person, { ...signIn, cause })).decision).toBe("deny");
    expect((await shop.check(person, { ...signIn, cause, dryRun: true })).decision).toBe("allow");

    const answers = await Promise.all(
      Array.from({ length: 12 }, () => shop.check({ waId: "12025550142" }, { ...signIn, cause })),
    );
    expect(answers.filter(({ decision }) => decision === "allow")).toHaveLength(1);
    for (const denied of answers.filter(({ decision }) => decision === "deny")) {
      expect(codes(denied)).toContain("recipient_opted_out");
      // What is on record is what was answered.
      expect((await shop.org.get(`/v1/decisions/${denied.decisionId}`)).body.decision).toBe("deny");
    }
  });

  it("a sign-in code for somebody unknown, who stays unknown", async () => {
    const shop = await Shop.open(service);
    const { id, expiresAt } = await created<{ id: string; expiresAt: string }>(openSignIn(shop, stranger));
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - limits.causeLifeSeconds * 1000)).toBeLessThan(
      60_000,
    );
    const question = { ...signIn, cause: { kind: "sign_in", id } };
    expect((await shop.check(stranger, question)).decision).toBe("allow");
    expect((await shop.org.post("/v1/subjects/lookup", { subject: stranger })).status).toBe(404);
  });

  it("a sign-in code for 15 minutes, no longer", async () => {
    const shop = await Shop.open(service);
    for (const [minutes, decision] of [
      [14, "allow"],
      [15, "deny"],
    ] as const) {
      const { id } = await created<{ id: string }>(openSignIn(shop, person));
      await shop.sql(
        (sql, organizationId) => sql`
          update cause set opened_at = opened_at - ${minutes} * interval '1 minute'
          where organization_id = ${organizationId} and id = ${parseId("cau", id) ?? ""}`,
      );
      const question = { ...signIn, cause: { kind: "sign_in", id } };
      expect((await shop.check(person, question)).decision).toBe(decision);
    }
  });

  it("at most ten sign-ins of one person in 15 minutes, under whichever identifier, also all at once", async () => {
    const shop = await Shop.open(service);
    await shop.reported({ phone, externalId: "customer-1" });
    const { id: subjectId } = (await shop.org.post("/v1/subjects/lookup", { subject: person })).body;
    const names = [person, { externalId: "customer-1" }, { subjectId }, { waId: "12025550142" }];
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => openSignIn(shop, names[n % names.length] ?? person)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(limits.causesPerPerson);
    const refused = answers.filter(({ status }) => status !== 201);
    for (const { status, body } of refused) {
      expect(status).toBe(429);
      expect(body).toMatchObject({
        type: "urn:sayso:problem:too_many_requests",
        requestId: expect.any(String),
      });
    }
    for (const name of names) expect((await openSignIn(shop, name)).status).toBe(429);
    expect((await openSignIn(shop, other)).status).toBe(201);
    const neighbour = await Shop.open(service);
    expect((await openSignIn(neighbour, person)).status).toBe(201);
  });

  it("no sign-in for identifiers of two people", async () => {
    const shop = await Shop.open(service);
    await shop.reported(person);
    await shop.reported({ externalId: "customer-2" });
    expect((await openSignIn(shop, { phone, externalId: "customer-2" })).status).toBe(409);
    expect((await openSignIn(shop, { phone: "12" })).status).toBe(422);
    expect((await openSignIn(shop, { subjectId: "sub_01kb0q8s5hf6xv3y1m2n4p5q6r" })).status).toBe(404);
  });

  it("the confirmation of an opt-out, once, within 15 minutes, to this very person, and never marketing", async () => {
    const shop = await Shop.open(service);
    await welcome(shop);
    await welcome(shop, other);
    const { id } = await shop.optOut(person);
    const theirs = await shop.optOut(other);
    const by = (causeId: string) => ({ ...parcel, cause: { kind: "opt_out_confirmation", id: causeId } });
    expect((await shop.check(person, by(theirs.id))).decision).toBe("deny");
    expect((await shop.check(person, { ...by(id), purpose: "promotions" })).decision).toBe("deny");
    expect(
      (await shop.check(person, { ...by(id), purpose: "promotions", message: messages.sale })).decision,
    ).toBe("deny");
    const answers = await Promise.all(Array.from({ length: 5 }, () => shop.check(person, by(id))));
    expect(answers.map(({ decision }) => decision).sort()).toEqual(["allow", "deny", "deny", "deny", "deny"]);

    const old = service.services.newId("opt");
    await shop.sql(
      (sql, organizationId) => sql`
        insert into opt_out_event (organization_id, id, subject_id, kind, scope, source, occurred_at, recorded_at, actor_kind)
        select organization_id, ${old}, subject_id, kind, scope, source, occurred_at, recorded_at - interval '15 minutes', actor_kind
        from opt_out_event where organization_id = ${organizationId} and id = ${parseId("opt", id) ?? ""}`,
    );
    expect((await shop.check(person, by(formatId("opt", old)))).decision).toBe("deny");
  });

  it("the request to confirm a double opt-in, once, to this very person, and never marketing", async () => {
    const shop = await Shop.open(service);
    await shop.purpose("club", { doubleOptIn: true });
    const { id } = await shop.reported(person, { purpose: "club" }, { version: 2 });
    const plain = await shop.proven(other);
    const by = (causeId: string) => ({ ...parcel, cause: { kind: "double_opt_in", id: causeId } });
    expect((await shop.check(stranger, by(id))).decision).toBe("deny");
    expect((await shop.check(person, by(plain.id))).decision).toBe("deny");
    expect((await shop.check(person, { ...by(id), purpose: "club", message: messages.sale })).decision).toBe(
      "deny",
    );
    expect((await shop.check(person, by(id))).decision).toBe("allow");
    expect((await shop.check(person, by(id))).decision).toBe("deny");
  });

  it("a letter about a data request, once, to this very person, and never marketing", async () => {
    const shop = await Shop.open(service);
    await shop.org.patch("/v1/organization", {
      country: "IE",
      timeZone: "Europe/Dublin",
      dpo: { name: "Data protection desk", contact: "privacy@shop.example" },
      supervisoryAuthority: { name: "Authority", url: "https://authority.example" },
    });
    await shop.optOut(person);
    const { id } = await created<{ id: string }>(
      shop.org.post("/v1/data-requests", {
        subject: person,
        kind: "access",
        regime: "gdpr",
        receivedAt: ago(60),
        channel: "web",
        language: "en",
      }),
    );
    const by = { ...parcel, cause: { kind: "data_request", id } };
    expect((await shop.check(other, by)).decision).toBe("deny");
    expect(
      (await shop.check(person, { ...by, purpose: "promotions", message: messages.sale })).decision,
    ).toBe("deny");
    expect((await shop.check(person, by)).decision).toBe("allow");
    expect((await shop.check(person, by)).decision).toBe("deny");
  });

  it("one cause serves one recipient of a batch", async () => {
    const shop = await Shop.open(service);
    const { id } = await created<{ id: string }>(openSignIn(shop, person));
    const batch = await shop.org.post<{ results: Checked[] }>("/v1/checks/batch", {
      defaults: { sender: shop.sender.id, ...signIn, cause: { kind: "sign_in", id } },
      recipients: [person, person, { waId: "12025550142" }, other],
    });
    expect(batch.body.results.filter(({ decision }) => decision === "allow")).toHaveLength(1);
    expect(batch.body.results[3]?.decision).toBe("deny");
  });
});

describe("a batch", () => {
  const defaults = (shop: Shop) => ({
    sender: shop.sender.id,
    purpose: "promotions",
    message: messages.sale,
  });

  it("answers in the order asked, and each bad recipient with a problem of its own", async () => {
    const shop = await Shop.open(service);
    const mays = Array.from({ length: 30 }, (_, n) => ({ externalId: `customer-${n}` }));
    await Promise.all(mays.map((subject) => shop.proven(subject)));
    const recipients = mays.flatMap((may, n) => [
      may,
      { externalId: `nobody-${n}` },
      [null, {}, "x", { phone: 1 }, { fax: "1" }, { phone: "x".repeat(41) }][n % 6],
      { phone: "12" },
    ]);
    const batch = await shop.org.post<{
      results: (Checked & {
        problem?: { status: number; errors: { pointer: string }[]; requestId: string };
      })[];
    }>("/v1/checks/batch", { defaults: defaults(shop), recipients });
    expect(batch.status, batch.text).toBe(200);
    expect(batch.body.results).toHaveLength(recipients.length);
    for (const [index, result] of batch.body.results.entries()) {
      if (index % 4 === 0) expect(result.decision).toBe("allow");
      if (index % 4 === 1) expect(codes(result)).toEqual(["consent_missing"]);
      if (index % 4 === 3) expect(codes(result)[0]).toBe("recipient_invalid");
      if (index % 4 === 2) {
        expect(result.decision).toBeUndefined();
        expect(result.problem).toMatchObject({ status: 422, requestId: expect.any(String) });
        expect(result.problem?.errors[0]?.pointer).toMatch(new RegExp(`^/recipients/${index}(/|$)`));
      }
    }
    const ids = batch.body.results.flatMap(({ decisionId }) => decisionId ?? []);
    expect(new Set(ids).size).toBe(90);
  });

  it("takes up to 1,000 recipients and names the limit beyond", async () => {
    const shop = await Shop.open(service);
    const recipients = Array.from({ length: 1001 }, (_, n) => ({ externalId: `customer-${n}` }));
    const refused = await shop.org.post<{ errors: { pointer: string; message: string }[] }>(
      "/v1/checks/batch",
      {
        defaults: defaults(shop),
        recipients,
      },
    );
    expect(refused.status).toBe(422);
    expect(refused.body.errors).toMatchObject([
      { pointer: "/recipients", message: expect.stringMatching(/1,?000/) },
    ]);
    const none = await shop.org.post("/v1/checks/batch", { defaults: defaults(shop), recipients: [] });
    expect(none.status).toBe(422);
    const taken = await shop.org.post<{ results: Checked[] }>("/v1/checks/batch", {
      defaults: defaults(shop),
      recipients: recipients.slice(1),
    });
    expect(taken.body.results).toHaveLength(1000);
    expect(new Set(taken.body.results.map(({ decision }) => decision))).toEqual(new Set(["deny"]));
  });
});

describe("what a check leaves behind", () => {
  async function rowCounts(shop: Shop) {
    return shop.sql(async (sql) => {
      const tables = await sql<{ name: string }[]>`
        select format('%I', relname) as name from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`;
      const counts = await Promise.all(
        tables.map(({ name }) => sql.unsafe<{ count: number }[]>(`select count(*)::int from ${name}`)),
      );
      return Object.fromEntries(tables.map(({ name }, index) => [name, counts[index]?.[0]?.count]));
    });
  }

  it("nothing at all for a dry run; its answer is the real one but for id and permit", async () => {
    const shop = await Shop.open(service);
    await welcome(shop);
    const before = await rowCounts(shop);
    for (const recipient of [person, other, { phone: "12" }]) {
      const dry = await shop.check(recipient, { dryRun: true, messageRef: "m-1" });
      expect(dry.decisionId).toBeUndefined();
      const batch = await shop.org.post("/v1/checks/batch", {
        defaults: { sender: shop.sender.id, purpose: "promotions", message: messages.sale, dryRun: true },
        recipients: [recipient, recipient],
      });
      expect(batch.body.results).toEqual([dry, dry]);
      expect(await rowCounts(shop)).toEqual(before);
      const { decisionId, permit, ...real } = await shop.check(recipient);
      expect(decisionId).toMatch(/^dec_/);
      expect(permit !== undefined).toBe(real.decision === "allow");
      expect(real).toEqual(dry);
      before.decision = (before.decision ?? 0) + 1;
    }
    expect(await rowCounts(shop)).toEqual(before);
  });

  it("never a person, nor a word about one that was not known", async () => {
    const shop = await Shop.open(service);
    const before = await rowCounts(shop);
    await shop.check(stranger);
    await shop.check({ ...stranger, email: "nobody@example.org", externalId: "n-1", waId: "12025550145" });
    await shop.check({ bsuid: "US.13491208655302741918" });
    expect(await rowCounts(shop)).toEqual({ ...before, decision: (before.decision ?? 0) + 3 });
  });

  it("one decision for each time it was asked: a retry is evaluated anew", async () => {
    const shop = await Shop.open(service);
    const { subjectId } = await shop.proven(person, {}, { occurredAt: ago(60) });
    const headers = { "idempotency-key": "same" };
    const first = await shop.check(person, { messageRef: "order-1" }, headers);
    expect(first.decision).toBe("allow");
    await shop.optOut(person);
    const second = await shop.check(person, { messageRef: "order-1" }, headers);
    expect(second.decision).toBe("deny");
    expect(second.decisionId).not.toBe(first.decisionId);
    const kept = await shop.org.get<{ items: object[] }>(`/v1/subjects/${subjectId}/decisions`);
    expect(kept.body.items).toMatchObject([
      { decisionId: second.decisionId, decision: "deny", messageRef: "order-1" },
      { decisionId: first.decisionId, decision: "allow", messageRef: "order-1" },
    ]);
  });

  it("decisions that explain themselves in English and Russian and hold no identifier of the person", async () => {
    const shop = await Shop.open(service);
    await welcome(shop, { phone, email: "somebody@example.org", externalId: "customer-1" });
    await shop.optOut(person);
    await created(shop.org.post("/v1/blocks", { identifier: person, reason: "manual" }));
    const asked = [
      await shop.check({ phone, email: "somebody@example.org", externalId: "customer-1" }),
      await shop.check(person, { ...reply, sender: "nobody" }),
      await shop.check({ phone: "2025550142" }, { purpose: "nothing" }),
      await shop.check(stranger, {
        message: { ...messages.sale, template: { name: "none", language: "en" } },
      }),
    ];
    for (const { decisionId, reasons } of asked) {
      for (const [language, letters] of [
        ["en", /^[^а-яё]*$/i],
        ["ru-RU,ru;q=0.9", /[а-яё]{4}/i],
      ] as const) {
        const kept = await shop.org.get<Checked>(`/v1/decisions/${decisionId}`, {
          "accept-language": language,
        });
        expect(codes(kept.body)).toEqual(reasons.map(({ code }) => code));
        for (const { message, remedy } of kept.body.reasons)
          for (const words of [message, remedy]) {
            expect(words).toMatch(letters);
            expect(words).not.toMatch(/\{(?!id\})|undefined|null/);
          }
        for (const secret of ["2025550142", "2025550144", "somebody@example.org", "customer-1"])
          expect(kept.text).not.toContain(secret);
      }
    }
  });

  it("evidence that names records which exist", async () => {
    const shop = await Shop.open(service);
    await welcome(shop);
    await shop.reported(other, { state: "refused" });
    await shop.purpose("club", { doubleOptIn: true });
    await shop.reported(other, { purpose: "club" }, { version: 2 });
    await shop.inbound(person, { occurredAt: ago(30 * 3600) });
    await shop.optOut(person);
    await created(shop.org.post("/v1/blocks", { identifier: person, reason: "manual" }));
    await restrict(shop, { state: "disabled" });
    await platformSays(shop, "stop", 5, "12025550142");
    const answers = [
      await shop.check(person),
      await shop.check(person, reply),
      await shop.check(person, { purpose: "order_updates" }),
      await shop.check(other),
      await shop.check(other, { purpose: "club" }),
      await shop.check({ ...person, subjectId: (await shop.reported(other)).subjectId }),
    ];
    const named = answers.flatMap(({ reasons }) =>
      reasons.flatMap(({ rule, evidence }) => evidence.map((id) => ({ rule, id }))),
    );
    expect(new Set(named.map(({ rule }) => rule))).toEqual(
      new Set(["recipient", "sender", "block", "opt_out", "purpose", "consent", "platform_stop", "window"]),
    );
    const tables = {
      cns: "consent_event",
      opt: "opt_out_event",
      blk: "block",
      sub: "subject",
      snd: "sender",
      tpl: "template",
    } as const;
    for (const { id } of named) {
      const prefix = Object.keys(tables).find((key) => id.startsWith(`${key}_`)) as
        | keyof typeof tables
        | undefined;
      const found = await shop.sql((sql, organizationId) =>
        prefix === undefined
          ? sql`select from inbound_message where organization_id = ${organizationId} and message_id = ${id}
              union all select from platform_preference where organization_id = ${organizationId} and waba_id = ${id}`
          : sql`select from ${sql(tables[prefix])} where organization_id = ${organizationId} and id = ${parseId(prefix, id) ?? ""}`,
      );
      expect(found.length, id).toBeGreaterThan(0);
    }
  });
});

// Last, so that it has every decision of this file.
it("every stored decision gives the same verdict again from its own question and facts", async () => {
  const rows = await administer(
    service.database.ownerUrl,
    (sql) => sql<{ decision: string; document: unknown }[]>`select decision, document from decision`,
  );
  expect(rows.length).toBeGreaterThan(500);
  expect(new Set(rows.map(({ decision }) => decision))).toEqual(new Set(["allow", "deny"]));
  for (const { decision, document: stored } of rows) {
    const document = unpackDecision(stored);
    expect(decide(document.question, document.facts, builtInPolicy)).toEqual(document.verdict);
    expect(document.verdict.decision).toBe(decision);
  }
});
