import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { presets } from "../../../src/features/gate/domain/presets.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { ago, messages, Shop } from "../../support/shop.ts";
import { instantOf, Platform, secondsAgo } from "../../support/webhook.ts";

let service: TestService;
let shop: Shop;
let platform: Platform;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());
beforeEach(async () => {
  shop = await Shop.open(service);
  platform = new Platform(service.anonymous, shop.sender);
});

const american = "12025550163";
const person = { waId: american };
const parcel = { purpose: "order_updates", message: messages.parcel };
const reply = { purpose: "support", message: messages.freeForm };
const hour = 3600;
const day = 24 * hour;

const undelivered = (secondsBack: number, more: object = {}) =>
  platform.failure(131026, american, { timestamp: secondsAgo(secondsBack), ...more });

/** The facts that a check recorded. */
async function factsOf(input: object = {}) {
  const { decisionId } = await shop.check(person, input);
  const { body } = await shop.org.get<{
    facts: { reach: { failures: unknown[]; seenAt: string | null }; intake: unknown[] };
  }>(`/v1/decisions/${decisionId}`);
  return body.facts;
}

describe("a person whom messages do not reach", () => {
  beforeEach(async () => {
    // A yes says nothing of whether the number works.
    await shop.proven(person);
  });

  test("gets no marketing after two undelivered messages within seven days, and everything else", async () => {
    const first = undelivered(40 * day + 7 * day - 1);
    await platform.deliver(platform.statuses(first));
    expect(await shop.codes(person)).toEqual([]);
    const second = undelivered(40 * day);
    await platform.deliver(platform.statuses(second));

    const { reasons } = await shop.check(person);
    expect(reasons).toEqual([
      expect.objectContaining({ code: "recipient_unreachable", evidence: [first.id, second.id] }),
    ]);
    expect(reasons[0]).not.toHaveProperty("retryAt");
    expect(await shop.codes(person, parcel)).toEqual([]);
    // What is no marketing costs no look.
    expect((await factsOf(parcel)).reach).toEqual({ failures: [], seenAt: null });
  });

  test("counts those that came in the same second, whatever lies before them", async () => {
    const [first, second, third] = [undelivered(5 * day), undelivered(2 * day), undelivered(2 * day)];
    await platform.deliver(platform.statuses(first));
    await platform.deliver(
      platform.messages(platform.text(american, "Hello", { timestamp: secondsAgo(3 * day) })),
    );
    await platform.deliver(platform.statuses(second, third));
    const { reasons } = await shop.check(person);
    expect(reasons.map(({ code, evidence }) => [code, evidence.toSorted()])).toEqual([
      ["recipient_unreachable", [second.id, third.id].toSorted()],
    ]);
  });

  test("is in reach with two of them further apart, with one told twice, and with other errors", async () => {
    const once = undelivered(1 * day);
    await platform.deliver(platform.statuses(undelivered(8 * day + 1), once));
    await platform.deliver(platform.statuses(once));
    await platform.deliver(platform.statuses(platform.failure(131000, american)));
    expect(await shop.codes(person)).toEqual([]);
    await shop.proven({ waId: "12025550164" });
    await platform.deliver(platform.statuses(undelivered(1), platform.failure(131026, "12025550164")));
    expect(await shop.codes({ waId: "12025550164" })).toEqual([]);
    expect(await shop.codes(person)).toEqual(["recipient_unreachable"]);
  });

  test.each([
    ["a message of theirs", () => platform.messages(platform.message(american))],
    ["a message that was delivered", () => platform.statuses(platform.status("delivered", american))],
    ["a message that was read", () => platform.statuses(platform.status("read", american))],
  ])("is in reach again with %s, however late the failures are told", async (_what, sign) => {
    await platform.deliver(platform.statuses(undelivered(2 * day), undelivered(1 * day)));
    expect(await shop.codes(person)).toEqual(["recipient_unreachable"]);
    await platform.deliver(sign());
    expect(await shop.codes(person)).toEqual([]);
    await platform.deliver(platform.statuses(undelivered(3 * day)));
    expect(await shop.codes(person)).toEqual([]);
  });

  test("stays out of reach while messages to them are only sent", async () => {
    await platform.deliver(platform.statuses(undelivered(2 * day), undelivered(1 * day)));
    await platform.deliver(platform.statuses(platform.status("sent", american)));
    expect(await shop.codes(person)).toEqual(["recipient_unreachable"]);
  });

  test("is in reach again with a message to any of your senders", async () => {
    await platform.deliver(platform.statuses(undelivered(2 * day), undelivered(1 * day)));
    const other = await shop.org.sender();
    await shop.inbound(person, { sender: other.id });
    expect(await shop.codes(person)).toEqual([]);
  });

  test("is told by what senders report of their messages too", async () => {
    for (const messageId of ["wamid.first", "wamid.second"]) {
      const { permit } = await shop.check(person);
      await shop.org.post(`/v1/permits/${permit?.id}/redeem`);
      const outcome = { outcome: "failed", messageId, errorCode: 131026 };
      expect((await shop.org.post(`/v1/permits/${permit?.id}/outcome`, outcome)).status).toBe(200);
    }
    expect(await shop.codes(person)).toEqual(["recipient_unreachable"]);
  });

  test("is one person with a merged record: its failures count, and so do its signs of life", async () => {
    const other = await shop.proven({ waId: "12025550164" });
    const { subjectId } = await shop.reported(person);
    await platform.deliver(
      platform.statuses(
        undelivered(2 * day),
        platform.failure(131026, "12025550164", { timestamp: secondsAgo(1 * day) }),
      ),
    );
    expect(await shop.codes(person)).toEqual([]);
    await shop.org.post(`/v1/subjects/${subjectId}/merge`, { other: other.subjectId, reason: "One person." });
    await shop.proven(person);
    expect(await shop.codes(person)).toContain("recipient_unreachable");
    await platform.deliver(platform.messages(platform.message("12025550164")));
    expect(await shop.codes(person)).not.toContain("recipient_unreachable");
  });
});

describe("a policy that bounds silence", () => {
  const consentedLongAgo = () => shop.reported(person, {}, { occurredAt: ago(100 * day) });

  test("denies marketing after so many months without a sign of life, and a sign ends it", async () => {
    await consentedLongAgo();
    expect(await shop.codes(person)).not.toContain("recipient_unreachable");
    await shop.activatePolicy({ silenceMonths: 3 });
    expect(await shop.codes(person)).toContain("recipient_unreachable");
    expect(await shop.codes(person, parcel)).not.toContain("recipient_unreachable");
    const delivered = secondsAgo(80 * day);
    await platform.deliver(
      platform.statuses(platform.status("delivered", american, { timestamp: delivered })),
    );
    expect(await shop.codes(person)).not.toContain("recipient_unreachable");
    expect((await factsOf()).reach).toEqual({
      failures: [],
      seenAt: expect.stringMatching(instantOf(delivered).slice(0, 19)),
    });
  });

  test("takes a recent yes for a sign of life", async () => {
    await shop.activatePolicy({ silenceMonths: 3 });
    await shop.proven(person);
    expect(await shop.codes(person)).toEqual([]);
  });

  test("is not tried on decisions that did not look for signs of life", async () => {
    await shop.proven(person, {}, { occurredAt: ago(60) });
    const { decisionId } = await shop.check(person);
    await shop.activatePolicy({ silenceMonths: 3 });
    const replayed = async (policyVersion?: string) =>
      (
        await shop.org.post<{ same: boolean; replayed: object }>(
          `/v1/decisions/${decisionId}/replay`,
          policyVersion === undefined ? {} : { policyVersion },
        )
      ).body;
    expect((await replayed()).same).toBe(true);
    expect((await replayed("policy/1")).replayed).toEqual({
      decision: "deny",
      policyVersion: "policy/1",
      missingFact: "/reach/seenAt",
    });
  });
});

describe("the policy for the WhatsApp Business app", () => {
  test("lets marketing go only to who wrote to this sender or saved its number", async () => {
    const { subjectId } = await shop.proven(person);
    expect(await shop.codes(person)).toEqual([]);
    await shop.activatePolicy(presets["whatsapp-business-app"]);
    expect(await shop.codes(person)).toEqual(["recipient_unreachable"]);
    expect(await shop.codes(person, parcel)).toEqual([]);
    const path = `/v1/subjects/${subjectId}`;

    const other = await shop.org.sender();
    await shop.inbound(person, { sender: other.id, occurredAt: ago(1) });
    expect((await shop.org.patch(path, { savedSenders: [other.id] })).status).toBe(200);
    expect(await shop.codes(person)).toEqual(["recipient_unreachable"]);
    const saved = await shop.org.patch(path, { savedSenders: [other.id, shop.sender.id] });
    expect(saved.body.savedSenders).toEqual([other.id, shop.sender.id].sort());
    expect(await shop.codes(person, { dryRun: true })).toEqual([]);
    await shop.org.patch(path, { savedSenders: [] });
    expect(await shop.codes(person)).toEqual(["recipient_unreachable"]);
    await shop.inbound(person, { occurredAt: ago(2 * day) });
    expect(await shop.codes(person)).toEqual([]);
    expect(await shop.codes(person)).toEqual(["frequency_cap_reached"]);
  });
});

describe("webhooks that went silent", () => {
  const watching = { intakeSilenceHours: { messages: 24 } };
  const heard = () =>
    shop.sql(
      (sql, organizationId) => sql<{ field: string; heard_at: Date; xmin: string }[]>`
        select field, heard_at, xmin::text from webhook_intake where organization_id = ${organizationId} order by field`,
    );
  const silentFor = (seconds: number) =>
    shop.sql(
      (sql, organizationId) => sql`
        update webhook_intake set heard_at = now() - ${seconds}::int * interval '1 second'
        where organization_id = ${organizationId}`,
    );

  beforeEach(async () => {
    await shop.proven(person);
  });

  test("hold marketing and free form back until the field comes again, and nothing else", async () => {
    await platform.deliver(platform.messages(platform.message(american)));
    await shop.activatePolicy(watching);
    expect(await shop.codes(person)).toEqual([]);
    await silentFor(24 * hour + 1);

    const { reasons } = await shop.check(person);
    expect(reasons).toEqual([
      expect.objectContaining({ code: "intake_stale", rule: "switch", evidence: ["messages"] }),
    ]);
    expect(reasons[0]).not.toHaveProperty("retryAt");
    expect(await shop.codes(person, reply)).toEqual(["intake_stale"]);
    expect(await shop.codes(person, parcel)).toEqual([]);
    // Any other field does not make up for it; a message of anybody's does.
    await platform.deliver(platform.preferences(platform.preference("resume", "12025550199")));
    expect(await shop.codes(person)).toEqual(["intake_stale"]);
    await platform.deliver(platform.messages(platform.message("12025550198")));
    expect(await shop.codes(person)).toEqual([]);
    expect(await shop.codes(person, reply)).toEqual([]);
  });

  test("are no matter without a policy that watches them, nor for a sender that never had any", async () => {
    await platform.deliver(platform.messages(platform.message(american)));
    await silentFor(365 * day);
    expect(await shop.codes(person)).toEqual([]);
    expect((await factsOf()).intake).toEqual([]);
    await shop.activatePolicy(watching);
    expect(await shop.codes(person)).toEqual(["intake_stale"]);
    const reporting = await shop.org.sender();
    expect(await shop.codes(person, { sender: reporting.id })).toEqual(["template_unknown"]);
  });

  test("are noted once a minute for each account and field, not for every webhook", async () => {
    await platform.deliver(platform.messages(platform.message(american)));
    await platform.deliver(platform.account("account_update", { event: "SOMETHING_NEW" }));
    await platform.deliver(platform.account("never_heard_of", {}));
    const first = await heard();
    expect(first.map(({ field }) => field)).toEqual(["account_update", "messages"]);
    await platform.deliver(platform.messages(platform.message(american)));
    expect([...(await heard())]).toEqual([...first]);
    await silentFor(61);
    const aged = await heard();
    await platform.deliver(platform.messages(platform.message(american)));
    const [account, conversation] = await heard();
    expect(account).toEqual(aged[0]);
    expect(Date.now() - Number(conversation?.heard_at)).toBeLessThan(60_000);
  });

  test("of another account or organization are theirs", async () => {
    await platform.deliver(platform.messages(platform.message(american)));
    const stranger = await Shop.open(service);
    await new Platform(service.anonymous, stranger.sender).deliver(
      platform.account("account_update", { event: "SOMETHING_NEW" }),
    );
    await shop.activatePolicy({ intakeSilenceHours: { messages: 24, account_update: 24 } });
    await silentFor(25 * hour);
    const elsewhere = await shop.org.sender();
    expect(await shop.codes(person, { sender: elsewhere.id })).toEqual(["template_unknown"]);
    expect((await shop.check(person)).reasons[0]?.evidence.toSorted()).toEqual([
      "account_update",
      "messages",
    ]);
  });
});
