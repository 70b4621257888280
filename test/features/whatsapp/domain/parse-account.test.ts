import { describe, expect, it, test } from "vitest";
import { parseWebhook } from "../../../../src/features/whatsapp/domain/parse.ts";
import { body, receivedAt, sentAt, sentSeconds, wabaId } from "../../../cases/whatsapp/bodies.ts";

function updatesOf(field: string, value: unknown) {
  return parseWebhook(body(field, value), receivedAt).updates;
}

const template = {
  message_template_id: 700000000000007,
  message_template_name: "order_sent",
  message_template_language: "en",
};
const origin = { position: "entry/0/changes/0/value", wabaId, phoneNumberId: null };
const name = { templateId: "700000000000007", name: "order_sent", language: "en" };

describe("a template's status", () => {
  test.each([
    ["APPROVED", "approved"],
    ["REINSTATED", "approved"],
    ["PENDING", "pending"],
    ["IN_APPEAL", "pending"],
    ["REJECTED", "rejected"],
    ["PAUSED", "paused"],
    ["DISABLED", "disabled"],
    ["FLAGGED", "flagged"],
    ["ARCHIVED", "archived"],
    ["DELETED", "deleted"],
    ["PENDING_DELETION", "deleted"],
    ["UNARCHIVED", "unknown"],
    ["constructor", "unknown"],
  ])("%s is %s", (event, word) => {
    const value = { ...template, event, message_template_category: "UTILITY" };
    expect(updatesOf("message_template_status_update", value)).toStrictEqual([
      {
        ...origin,
        ...name,
        type: "template_status",
        at: sentAt,
        atFrom: "platform",
        status: word,
        category: "utility",
      },
    ]);
  });

  it("is approved by no other event than APPROVED and REINSTATED", () => {
    for (const event of ["approved_", "UNPAUSED", "FLAGGED", "IN_REVIEW", "text_string"]) {
      const [update] = updatesOf("message_template_status_update", { ...template, event });
      expect(update).not.toMatchObject({ status: "approved" });
    }
  });

  test.each(["LOCKED", "UNLOCKED", "LIMIT_EXCEEDED"])("%s says nothing of sending", (event) => {
    expect(updatesOf("message_template_status_update", { ...template, event })).toMatchObject([
      { type: "ignored", reason: "template_event" },
    ]);
  });

  it("takes a category that nobody has told us of for marketing, the strictest", () => {
    const value = { ...template, event: "APPROVED", message_template_category: "TRANSACTIONAL" };
    expect(updatesOf("message_template_status_update", value)).toMatchObject([{ category: "marketing" }]);
  });

  test.each([
    ["event", { ...template }],
    ["message_template_name", { ...template, event: "APPROVED", message_template_name: "" }],
    ["message_template_language", { ...template, event: "APPROVED", message_template_language: 7 }],
  ])("without %s is unreadable", (path, value) => {
    expect(updatesOf("message_template_status_update", value)).toMatchObject([
      { type: "unreadable", reason: "malformed", pointer: `/entry/0/changes/0/value/${path}` },
    ]);
  });
});

describe("a template's category", () => {
  it("is announced before it changes", () => {
    const value = {
      ...template,
      correct_category: "MARKETING",
      new_category: "UTILITY",
      category_update_timestamp: sentSeconds + 86_400,
    };
    expect(updatesOf("template_category_update", value)).toStrictEqual([
      {
        ...origin,
        ...name,
        type: "template_category",
        at: sentAt,
        atFrom: "platform",
        phase: "announced",
        category: "marketing",
        previousCategory: "utility",
        effectiveAt: new Date((sentSeconds + 86_400) * 1000).toISOString(),
      },
    ]);
  });

  it("is then reported as done", () => {
    const value = { ...template, previous_category: "UTILITY", new_category: "MARKETING" };
    expect(updatesOf("template_category_update", value)).toMatchObject([
      { phase: "done", category: "marketing", previousCategory: "utility", effectiveAt: null },
    ]);
  });

  it("is reported as done when only the new one is named", () => {
    expect(updatesOf("template_category_update", { ...template, new_category: "UTILITY" })).toMatchObject([
      { phase: "done", category: "utility", previousCategory: null },
    ]);
  });
});

describe("a template's quality", () => {
  test.each([
    ["GREEN", "green"],
    ["YELLOW", "yellow"],
    ["RED", "red"],
    ["UNKNOWN", "unknown"],
    ["text-string", "unknown"],
  ])("%s is %s", (score, quality) => {
    const value = { ...template, previous_quality_score: "GREEN", new_quality_score: score };
    expect(updatesOf("message_template_quality_update", value)).toMatchObject([
      { type: "template_quality", quality, previousQuality: "green", ...name },
    ]);
  });
});

describe("a restricted account", () => {
  const until = sentSeconds + 7 * 86_400;
  const untilText = new Date(until * 1000).toISOString();
  const restricted = (...restriction_info: readonly unknown[]) =>
    updatesOf("account_update", { event: "ACCOUNT_RESTRICTION", restriction_info });

  test.each([
    ["RESTRICTED_BIZ_INITIATED_MESSAGING", ["business_initiated"]],
    ["RESTRICTED_CUSTOMER_INITIATED_MESSAGING", ["replies"]],
    ["RESTRICTED_SOMETHING_NEW", ["business_initiated", "replies"]],
    ["constructor", ["business_initiated", "replies"]],
  ])("by %s may not send %j", (restriction_type, directions) => {
    expect(restricted({ restriction_type, expiration: until })).toStrictEqual([
      {
        ...origin,
        position: "entry/0/changes/0/value/restriction_info/0",
        type: "account_restriction",
        at: sentAt,
        atFrom: "platform",
        state: "restricted",
        cause: "restriction",
        directions,
        until: untilText,
        detail: restriction_type.toUpperCase(),
      },
    ]);
  });

  test.each([
    "RESTRICTED_ADD_PHONE_NUMBER_ACTION",
    "RESTRICTED_BUSINESS_INITIATED_CALLING",
    "RESTRICTED_UTILITY_TEMPLATES",
  ])("by %s may still send", (restriction_type) => {
    expect(restricted({ restriction_type, expiration: until })).toMatchObject([
      { type: "ignored", reason: "restriction_of_other_things" },
    ]);
  });

  test.each([
    ["as text", String(until), untilText],
    ["as ISO 8601", untilText.replace(".000Z", "+0000"), untilText],
    ["missing, which is until the platform lifts it", undefined, null],
    ["odd, which is until the platform lifts it", "text-string", null],
    ["zero, which is until the platform lifts it", 0, null],
    ["too large for an instant", 1e300, null],
    ["a date that is none", "2026-99-99T00:00:00Z", null],
  ])("until an expiration %s", (_what, expiration, expected) => {
    expect(restricted({ restriction_type: "RESTRICTED_BIZ_INITIATED_MESSAGING", expiration })).toMatchObject([
      { state: "restricted", until: expected },
    ]);
  });

  it("is restricted by each readable restriction, whatever stands beside it", () => {
    expect(
      restricted("text-string", { restriction_type: "RESTRICTED_CUSTOMER_INITIATED_MESSAGING" }, {}),
    ).toMatchObject([
      { type: "unreadable", pointer: "/entry/0/changes/0/value/restriction_info/0" },
      { type: "account_restriction", directions: ["replies"] },
      { type: "unreadable", pointer: "/entry/0/changes/0/value/restriction_info/2/restriction_type" },
    ]);
  });

  it.each([[undefined], [[]], ["text-string"]])(
    "may send nothing when it does not say of what: %j",
    (info) => {
      expect(
        updatesOf("account_update", { event: "ACCOUNT_RESTRICTION", restriction_info: info }),
      ).toMatchObject([{ state: "restricted", directions: ["business_initiated", "replies"], until: null }]);
    },
  );
});

describe("an account", () => {
  const both = ["business_initiated", "replies"];
  test.each([
    ["banned", "DISABLED_UPDATE", { ban_info: { waba_ban_state: "DISABLE" } }, "restricted", "ban", both],
    [
      "whose ban is planned",
      "DISABLED_UPDATE",
      { ban_info: { waba_ban_state: "SCHEDULE_FOR_DISABLE" } },
      "warned",
      "ban",
      [],
    ],
    [
      "no longer banned",
      "DISABLED_UPDATE",
      { ban_info: { waba_ban_state: "REINSTATE" } },
      "reinstated",
      "ban",
      [],
    ],
    [
      "in a state nobody has told us of",
      "DISABLED_UPDATE",
      { ban_info: { waba_ban_state: "NEW" } },
      "restricted",
      "ban",
      both,
    ],
    ["in no state", "DISABLED_UPDATE", {}, "restricted", "ban", both],
    [
      "that broke a rule",
      "ACCOUNT_VIOLATION",
      { violation_info: { violation_type: "SCAM" } },
      "warned",
      "violation",
      [],
    ],
    ["deleted", "ACCOUNT_DELETED", {}, "restricted", "deleted", both],
    ["off-boarded", "ACCOUNT_OFFBOARDED", {}, "restricted", "offboarded", both],
    ["back again", "ACCOUNT_RECONNECTED", {}, "reinstated", "offboarded", []],
  ])("%s", (_what, event, more, state, cause, directions) => {
    expect(updatesOf("account_update", { event, ...more })).toMatchObject([
      { type: "account_restriction", state, cause, directions, at: sentAt, until: null },
    ]);
  });

  it("keeps the platform's own word for what happened", () => {
    const violation = { event: "ACCOUNT_VIOLATION", violation_info: { violation_type: "SCAM" } };
    expect(updatesOf("account_update", violation)).toMatchObject([{ detail: "SCAM" }]);
  });

  it.each(["PARTNER_REMOVED", "MM_LITE_TERMS_SIGNED", "SOMETHING_NEW"])("goes on after %s", (event) => {
    expect(updatesOf("account_update", { event })).toMatchObject([
      { type: "ignored", reason: "account_event" },
    ]);
  });

  it("whose update has no event is unreadable", () => {
    expect(updatesOf("account_update", {})).toMatchObject([
      { type: "unreadable", pointer: "/entry/0/changes/0/value/event" },
    ]);
  });
});

describe("a number's quality", () => {
  test.each([
    ["FLAGGED", "flagged", "TIER_250", 250],
    ["UNFLAGGED", "unflagged", "TIER_2K", 2_000],
    ["UPGRADE", "upgrade", "TIER_10K", 10_000],
    ["DOWNGRADE", "downgrade", "TIER_100K", 100_000],
    ["THROUGHPUT_UPGRADE", "other", "TIER_UNLIMITED", "unlimited"],
    ["ONBOARDING", "other", "TIER_NOT_SET", null],
    ["constructor", "other", "text-string", null],
  ])("%s at %s", (event, word, tier, dailyLimit) => {
    const value = { display_phone_number: "+12025550100", event, max_daily_conversations_per_business: tier };
    expect(updatesOf("phone_number_quality_update", value)).toStrictEqual([
      {
        ...origin,
        type: "number_quality",
        at: sentAt,
        atFrom: "platform",
        displayPhoneNumber: "12025550100",
        event: word,
        dailyLimit,
      },
    ]);
  });

  it("has its limit under the older name too", () => {
    const value = { display_phone_number: "12025550100", event: "UPGRADE", current_limit: "TIER_1K" };
    expect(updatesOf("phone_number_quality_update", value)).toMatchObject([{ dailyLimit: 1_000 }]);
  });

  it("is unreadable without a number", () => {
    expect(
      updatesOf("phone_number_quality_update", { display_phone_number: "text-string", event: "FLAGGED" }),
    ).toMatchObject([{ type: "unreadable", pointer: "/entry/0/changes/0/value/display_phone_number" }]);
  });
});

describe("an account's capability", () => {
  it.each([
    [{ max_daily_conversations_per_business: 2_000 }, 2_000],
    [{ max_daily_conversations_per_business: "10000" }, 10_000],
    [{ max_daily_conversations_per_business: "TIER_100K" }, 100_000],
    [{ max_daily_conversations_per_business: -1 }, "unlimited"],
    [{ max_daily_conversation_per_phone: 250 }, 250],
    [{ max_daily_conversations_per_business: 2_000, max_daily_conversation_per_phone: 250 }, 2_000],
  ])("of %j is a limit of %s", (value, dailyLimit) => {
    expect(updatesOf("business_capability_update", value)).toStrictEqual([
      { ...origin, type: "account_capability", at: sentAt, atFrom: "platform", dailyLimit },
    ]);
  });

  it.each([
    {},
    { max_phone_numbers_per_business: 2 },
    { max_daily_conversations_per_business: 0 },
    { max_daily_conversations_per_business: 2.5 },
    { max_daily_conversations_per_business: -2 },
    { max_daily_conversations_per_business: "many" },
    { max_daily_conversations_per_business: null },
  ])("of %j says no limit", (value) => {
    expect(updatesOf("business_capability_update", value)).toMatchObject([
      { type: "ignored", reason: "account_event" },
    ]);
  });
});
