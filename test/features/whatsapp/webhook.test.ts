import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import {
  dropOldBodies,
  processStoredBody,
  replayUnclaimed,
  type WebhookIntake,
} from "../../../src/features/whatsapp/index.ts";
import { takeWebhook } from "../../../src/features/whatsapp/take-webhook.ts";
import { parseId } from "../../../src/kernel/ids.ts";
import { limits } from "../../../src/kernel/limits.ts";
import { contentsOf, everythingIn, without } from "../../support/contents.ts";
import { administer } from "../../support/database.ts";
import { type OrganizationClient, startTestService, type TestService } from "../../support/service.ts";
import { Shop } from "../../support/shop.ts";
import { instantOf, Platform, secondsAgo, signatureOf } from "../../support/webhook.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const person = "12025550123";
const path = "/webhooks/whatsapp";

async function open() {
  const shop = await Shop.open(service);
  return { shop, platform: new Platform(service.anonymous, shop.sender) };
}

/** A sender that nobody registered yet. */
function unregistered() {
  const number = service.nextNumber();
  return { phoneNumberId: `1065403522${number}`, wabaId: `1022901293${number}` };
}

interface Body {
  id: string;
  processed: boolean;
  unclaimed: string[];
  unreadable: { position: string; reason: string; pointer: string }[];
}

/** The stored body that came last. */
async function latestBody(): Promise<Body | undefined> {
  const rows = await administer(
    service.database.ownerUrl,
    (sql) => sql<Body[]>`
      select id, processed_at is not null as processed, unclaimed, unreadable from webhook_body
      order by received_at desc, id desc limit 1`,
  );
  return rows[0];
}

function intake(change: Partial<WebhookIntake> = {}): WebhookIntake {
  return {
    services: service.services,
    organizationKeys: service.composed.organizationKeys,
    onComplaint: async () => {},
    ownKeywords: async () => [],
    ...change,
  };
}

describe("the handshake", () => {
  const ask = (query: Record<string, string>) =>
    service.anonymous.get(`${path}?${new URLSearchParams(query).toString()}`);
  const right = {
    "hub.mode": "subscribe",
    "hub.verify_token": "verify-token",
    "hub.challenge": "1158201444",
  };

  it("gives the challenge back as it came, as plain text", async () => {
    const answer = await ask(right);
    expect([answer.status, answer.text]).toEqual([200, "1158201444"]);
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain/);
  });

  test.each([
    ["another token", { "hub.verify_token": "verify-tokem" }],
    ["no token", { "hub.verify_token": "" }],
    ["another mode", { "hub.mode": "unsubscribe" }],
    ["no challenge", { "hub.challenge": "" }],
  ])("answers 403 to %s and gives nothing back", async (_what, change) => {
    const answer = await ask({ ...right, ...change });
    expect(answer.status).toBe(403);
    expect(answer.text).not.toContain("1158201444");
  });
});

describe("a body that the platform did not sign", () => {
  it("answers 401 and leaves nothing behind, whatever is wrong with the signature", async () => {
    const { shop, platform } = await open();
    const raw = JSON.stringify(platform.messages(platform.text(person, "STOP")));
    const before = await contentsOf(service.database);
    const headers = [
      undefined,
      "",
      "sha256=",
      `sha256=${"0".repeat(64)}`,
      signatureOf(raw, "another-secret"),
      signatureOf(raw, ""),
      signatureOf(`${raw} `),
      signatureOf(raw).slice(0, -2),
      signatureOf(raw).replace("sha256", "sha1"),
      `${signatureOf(raw)}, ${signatureOf(raw)}`,
    ];
    for (const header of headers) {
      const answer = await service.anonymous.post(
        path,
        raw,
        header === undefined ? {} : { "x-hub-signature-256": header },
      );
      expect(answer.status, header).toBe(401);
      expect(answer.body).toMatchObject({ type: "urn:sayso:problem:unauthenticated" });
    }
    expect(await contentsOf(service.database)).toEqual(before);
    expect(await shop.codes({ waId: person })).toEqual(
      ["consent_missing", "channel_opt_in_missing"].slice(0, 1),
    );
  });

  it("is not taken when one byte differs that JSON would not notice", async () => {
    const { platform } = await open();
    const raw = JSON.stringify(platform.messages(platform.message(person)));
    const before = await contentsOf(service.database);
    const answer = await service.anonymous.post(path, raw.replace("{", "{ "), {
      "x-hub-signature-256": signatureOf(raw),
    });
    expect(answer.status).toBe(401);
    expect(await contentsOf(service.database)).toEqual(before);
  });
});

describe("a signed body", () => {
  it("is taken under any of the app secrets", async () => {
    const { platform } = await open();
    for (const secret of ["first-app-secret", "second-app-secret"]) {
      const raw = JSON.stringify(platform.messages(platform.message(person)));
      const answer = await service.anonymous.post(path, raw, {
        "x-hub-signature-256": signatureOf(raw, secret),
      });
      expect(answer.status, secret).toBe(200);
    }
  });

  it("stands nowhere in clear: no number, no user id, no name and no word of it, in any column of any table", async () => {
    const { shop, platform } = await open();
    const number = "447700900517";
    const words = "My grandmother's soup recipe 8842";
    await platform.deliver(
      platform.conversations({
        contacts: [{ profile: { name: "Customer Nine" }, wa_id: number, user_id: "US.55511199988877" }],
        messages: [
          platform.text(number, words, { from_user_id: "US.55511199988877" }),
          platform.text(number, "Stop!!", { referral: { body: "Advert 99817" } }),
        ],
        statuses: [platform.failure(131026, number, { biz_opaque_callback_data: "callback 77120" })],
      }),
    );
    await platform.deliver(
      platform.conversations({ messages: [{ id: "wamid.broken", from: number, text: words }] }),
    );
    await shop.inbound({ phone: `+${number}` }, { text: words });
    expect(await shop.codes({ waId: number })).toContain("recipient_opted_out");
    const stored = await everythingIn(service.database);
    expect(stored).toContain(shop.sender.phoneNumberId);
    const canaries = [
      number,
      "7700900517",
      "55511199988877",
      "Customer Nine",
      "soup",
      "Stop!!",
      "99817",
      "77120",
    ];
    for (const canary of canaries) expect(stored.includes(canary), canary).toBe(false);
    const log = service.log.join("\n");
    for (const canary of canaries) expect(log.includes(canary), `in the log: ${canary}`).toBe(false);
  });

  it("of more than the limit answers 413, and one of exactly the limit is taken", async () => {
    const { platform } = await open();
    const raw = JSON.stringify(platform.messages(platform.message(person)));
    const before = await contentsOf(service.database);
    expect((await platform.send(raw.padEnd(limits.webhookBodyBytes + 1))).status).toBe(413);
    expect(await contentsOf(service.database)).toEqual(before);
    expect((await platform.send(raw.padEnd(limits.webhookBodyBytes))).status).toBe(200);
  });

  it("that is no JSON, or none of WhatsApp's, answers 200 and stays on record as unreadable", async () => {
    const { platform } = await open();
    const odd: [string | Uint8Array, string][] = [
      ["{not json", "malformed"],
      ["", "malformed"],
      [Buffer.from([0xff, 0xfe, 0x00, 0x7b]), "malformed"],
      ["null", "malformed"],
      ["[]", "malformed"],
      ['{"object":"page","entry":[]}', "not_whatsapp"],
      [`${"[".repeat(20_000)}${"]".repeat(20_000)}`, "malformed"],
    ];
    for (const [raw, reason] of odd) {
      expect((await platform.send(raw)).status, String(raw).slice(0, 40)).toBe(200);
      expect(await latestBody()).toMatchObject({ processed: true, unclaimed: [], unreadable: [{ reason }] });
    }
  });

  it("with one bad update in it has every other one in force, and says where the bad one stood, not what", async () => {
    const { shop, platform } = await open();
    const bad = [
      null,
      7,
      "text-string",
      {},
      { id: "wamid.nobody", type: "text", text: { body: "secret words" } },
      { id: "x".repeat(300), from: person },
      platform.text("not a number", "STOP"),
    ];
    await platform.deliver(
      platform.conversations({
        messages: [...bad, platform.text(person, "STOP")] as Record<string, unknown>[],
      }),
    );
    expect(await shop.codes({ waId: person })).toContain("recipient_opted_out");
    const body = await latestBody();
    expect(body?.unreadable.map(({ position }) => position.split("/").at(-1))).toEqual(
      expect.arrayContaining(bad.map((_, index) => String(index))),
    );
    expect(body?.unreadable).toHaveLength(bad.length);
    expect(JSON.stringify(body?.unreadable)).not.toContain("secret");
  });

  it("of a thousand updates has a thousand effects", async () => {
    const { shop, platform } = await open();
    const people = Array.from({ length: 500 }, (_, n) => `4477009${String(n).padStart(5, "0")}`);
    await platform.deliver(
      platform.body(
        ...people.map((from, n) => ({
          field: "messages",
          value: platform.conversation({
            messages: [platform.text(from, n % 5 === 0 ? "STOP" : "Hello")],
            statuses: [platform.status("delivered", from)],
          }),
        })),
      ),
    );
    const counts = await shop.sql(
      (sql, organization) => sql`
        select (select count(*)::int from inbound_message where organization_id = ${organization}) as messages,
          (select count(*)::int from message_status where organization_id = ${organization}) as statuses,
          (select count(*)::int from service_window where organization_id = ${organization}) as windows,
          (select count(*)::int from opt_out_event where organization_id = ${organization}) as noes,
          (select count(*)::int from subject where organization_id = ${organization}) as people`,
    );
    expect(counts[0]).toEqual({ messages: 500, statuses: 500, windows: 500, noes: 100, people: 500 });
  });

  it("delivered again, a second and a third time and all at once, makes nothing twice", async () => {
    const { platform } = await open();
    const other = "12025550124";
    const bsuid = "US.1349100000001";
    const about = { message_template_id: 1, message_template_name: "sale", message_template_language: "en" };
    const delivered = [
      platform.conversations({
        contacts: [{ wa_id: person, user_id: bsuid }],
        messages: [
          platform.text(person, "STOP"),
          platform.text(person, "Hello"),
          platform.message("12025550125", { type: "button", button: { text: "No", payload: "Unsubscribe" } }),
        ],
        statuses: [
          platform.status("sent", person),
          platform.failure(131047, person),
          platform.failure(131050, other),
          platform.failure(368, other),
          platform.failure(131026, other),
        ],
      }),
      platform.preferences(platform.preference("stop", person), platform.preference("resume", other)),
      platform.messages(
        platform.message(person, {
          type: "system",
          system: { type: "user_changed_number", wa_id: "12025550126" },
        }),
      ),
      platform.body({
        field: "user_id_update",
        value: platform.conversation({
          user_id_update: [
            { user_id: { previous: bsuid, current: "US.1349100000002" }, timestamp: secondsAgo(0) },
          ],
        }),
      }),
      platform.account("message_template_status_update", { ...about, event: "PAUSED" }),
      platform.account("template_category_update", { ...about, new_category: "UTILITY" }),
      platform.account("message_template_quality_update", { ...about, new_quality_score: "RED" }),
      platform.account("account_update", {
        event: "ACCOUNT_RESTRICTION",
        restriction_info: [{ restriction_type: "RESTRICTED_BIZ_INITIATED_MESSAGING" }],
      }),
      platform.account("account_update", {
        event: "DISABLED_UPDATE",
        ban_info: { waba_ban_state: "REINSTATE" },
      }),
    ];
    for (const body of delivered) await platform.deliver(body);
    // A number that was parted from its record is sealed for its new one when it is named again: rows only.
    const effects = async () => {
      const { identifier, ...tables } = await contentsOf(service.database);
      return [identifier?.rows, without(tables, "webhook_body", "_private_jobs")];
    };
    const once = await effects();
    for (const body of delivered) await platform.deliver(body);
    expect(await effects()).toEqual(once);
    for (const body of delivered.toReversed()) await platform.deliver(body);
    expect(await effects()).toEqual(once);
    await Promise.all(delivered.flatMap((body) => [platform.deliver(body), platform.deliver(body)]));
    expect(await effects()).toEqual(once);
  });

  it("delivered for the first time eight times at once counts once", async () => {
    const { shop, platform } = await open();
    const body = platform.conversations({
      contacts: [{ wa_id: person, user_id: "US.1349100000001" }],
      messages: [platform.text(person, "STOP")],
      statuses: [platform.failure(131050, person)],
    });
    await Promise.all(Array.from({ length: 8 }, () => platform.deliver(body)));
    const [counts] = await shop.sql(
      (sql, organization) => sql`
        select (select count(*)::int from inbound_message where organization_id = ${organization}) as messages,
          (select count(*)::int from opt_out_event where organization_id = ${organization}) as noes,
          (select count(*)::int from message_status where organization_id = ${organization}) as statuses,
          (select count(*)::int from subject where organization_id = ${organization}) as people`,
    );
    expect(counts).toEqual({ messages: 1, noes: 1, statuses: 1, people: 1 });
  });
});

describe("what came and could not be applied", () => {
  it("is kept when the process dies after storing it, and applied by the job behind it", async () => {
    const { shop, platform } = await open();
    const raw = Buffer.from(JSON.stringify(platform.messages(platform.text(person, "STOP"))));
    const dying = intake({ organizationKeys: () => Promise.reject(new Error("The process is gone.")) });
    await expect(takeWebhook(dying, raw, "request")).rejects.toMatchObject({ code: "unavailable" });
    const body = await latestBody();
    expect(body).toMatchObject({ processed: false });
    expect(await shop.codes({ waId: person })).not.toContain("recipient_opted_out");

    const queued = await administer(
      service.database.ownerUrl,
      (sql) => sql`
        select 1 from graphile_worker.jobs where key = ${`webhook_body:${body?.id}`} and task_identifier = 'process_webhook_body'`,
    );
    expect(queued).toHaveLength(1);
    await processStoredBody(intake(), body?.id ?? "");
    expect(await latestBody()).toMatchObject({ id: body?.id, processed: true });
    expect(await shop.codes({ waId: person })).toContain("recipient_opted_out");
    const done = await contentsOf(service.database);
    await processStoredBody(intake(), body?.id ?? "");
    expect(await contentsOf(service.database)).toEqual(done);
  });

  it("holds up no other update of the same body, and answers 503 so that the platform sends it again", async () => {
    const { shop, platform } = await open();
    const [broken, working] = [await open(), shop];
    const keys = service.composed.organizationKeys;
    const gone = parseId("org", broken.shop.org.id);
    const half = intake({
      organizationKeys: (id) => (id === gone ? Promise.reject(new Error("Not now.")) : keys(id)),
    });
    const both = {
      object: "whatsapp_business_account",
      entry: [
        ...broken.platform.messages(broken.platform.text(person, "STOP")).entry,
        ...platform.messages(platform.text(person, "STOP")).entry,
      ],
    };
    const raw = Buffer.from(JSON.stringify(both));
    await expect(takeWebhook(half, raw, "request")).rejects.toMatchObject({ code: "unavailable" });
    expect(await working.codes({ waId: person })).toContain("recipient_opted_out");
    expect(await broken.shop.codes({ waId: person })).not.toContain("recipient_opted_out");
    await platform.deliver(both);
    expect(await broken.shop.codes({ waId: person })).toContain("recipient_opted_out");
  });

  it("for a number that nobody registered is kept, and replayed when its sender is", async () => {
    const names = unregistered();
    const platform = new Platform(service.anonymous, names);
    const at = secondsAgo(60);
    await platform.deliver(
      platform.conversations({
        messages: [platform.text(person, "STOP", { timestamp: at }), platform.text("12025550124", "Hello")],
      }),
    );
    await platform.deliver(
      platform.account("account_update", {
        event: "DISABLED_UPDATE",
        ban_info: { waba_ban_state: "DISABLE" },
      }),
    );
    expect(await latestBody()).toMatchObject({ unclaimed: [`waba:${names.wabaId}`] });

    const org = await service.organization();
    await org.sender(names);
    const state = async () => [
      await optOuts(org),
      (await org.get<{ state: string }>(`/v1/senders/${names.phoneNumberId}`)).body.state,
    ];
    expect(await state()).toEqual([[], "active"]);
    await replayUnclaimed(intake(), names);
    expect(await state()).toEqual([
      [{ source: "keyword", scope: "all", occurredAt: instantOf(at) }],
      "disabled",
    ]);
    expect(await latestBody()).toMatchObject({ unclaimed: [] });
    const replayed = await contentsOf(service.database);
    await replayUnclaimed(intake(), names);
    expect(await contentsOf(service.database)).toEqual(replayed);
  });

  it("for several unregistered numbers waits for each of them", async () => {
    const [first, second] = [unregistered(), unregistered()];
    const [one, two] = [first, second].map((names) => new Platform(service.anonymous, names));
    if (one === undefined || two === undefined) throw new Error("Two platforms.");
    await one.deliver({
      object: "whatsapp_business_account",
      entry: [
        ...one.messages(one.text(person, "STOP")).entry,
        ...two.messages(two.text(person, "STOP")).entry,
      ],
    });
    const org = await service.organization();
    await org.sender(first);
    await replayUnclaimed(intake(), first);
    expect(await optOuts(org)).toHaveLength(1);
    expect(await latestBody()).toMatchObject({ unclaimed: [second.phoneNumberId] });
    const other = await service.organization();
    await other.sender(second);
    await replayUnclaimed(intake(), second);
    expect(await optOuts(other)).toHaveLength(1);
    expect(await optOuts(org)).toHaveLength(1);
    expect(await latestBody()).toMatchObject({ unclaimed: [] });
  });

  it("takes effect although a body that waited before it cannot be opened any more, which is told", async () => {
    const names = unregistered();
    const platform = new Platform(service.anonymous, names);
    await platform.deliver(platform.messages(platform.text(person, "A question")));
    await administer(
      service.database.ownerUrl,
      (sql) =>
        sql`update webhook_body set sealed = ${Buffer.alloc(64)} where unclaimed && ${[names.phoneNumberId]}`,
    );
    await platform.deliver(platform.messages(platform.text(person, "STOP")));
    const org = await service.organization();
    await org.sender(names);
    await expect(replayUnclaimed(intake(), names)).rejects.toThrow();
    expect(await optOuts(org)).toHaveLength(1);
  });

  it("is not lost when its sender is registered and its waiting bodies are looked for while it comes in", async () => {
    const names = unregistered();
    const platform = new Platform(service.anonymous, names);
    const org = await service.organization();
    const { db } = service.services;
    let statements = 0;
    const services = {
      ...service.services,
      db: {
        ...db,
        // The body is stored, its senders were looked for in vain, and it is about to be marked as waiting.
        statement: async (...[run]: Parameters<typeof db.statement>) => {
          statements += 1;
          if (statements === 4) {
            await org.sender(names);
            await replayUnclaimed(intake(), names);
          }
          return db.statement(run);
        },
      },
    } as typeof service.services;
    const raw = Buffer.from(JSON.stringify(platform.messages(platform.text(person, "STOP"))));
    await takeWebhook(intake({ services }), raw, "request");
    expect(statements).toBeGreaterThan(4);
    expect(await optOuts(org)).toHaveLength(1);
    expect(await latestBody()).toMatchObject({ processed: true, unclaimed: [] });
  });

  it("is dropped after eight days with the keys that could open a copy of it, not before", async () => {
    const own = await startTestService();
    try {
      const platform = new Platform(own.anonymous, unregistered());
      await platform.deliver(platform.messages(platform.message(person)));
      const kept = async () => {
        const contents = await contentsOf(own.database);
        return [contents.webhook_body?.rows, contents.webhook_day_key?.rows];
      };
      const day = 24 * 3_600_000;
      own.setNow(new Date(Date.now() + 8 * day));
      expect(await dropOldBodies(own.services)).toBe(0);
      expect(await kept()).toEqual([1, 1]);
      own.setNow(new Date(Date.now() + 9 * day));
      expect(await dropOldBodies(own.services)).toBe(1);
      expect(await kept()).toEqual([0, 0]);
      await replayUnclaimed(
        {
          services: own.services,
          organizationKeys: own.composed.organizationKeys,
          onComplaint: async () => {},
          ownKeywords: async () => [],
        },
        platform.sender,
      );
    } finally {
      await own.close();
    }
  });
});

async function optOuts(org: OrganizationClient) {
  const list = await org.get<{ items: { source: string; scope: string; occurredAt: string }[] }>(
    "/v1/opt-outs",
  );
  return list.body.items.map(({ source, scope, occurredAt }) => ({ source, scope, occurredAt }));
}
