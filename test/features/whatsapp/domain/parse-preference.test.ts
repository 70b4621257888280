import { describe, expect, it, test } from "vitest";
import { parseWebhook } from "../../../../src/features/whatsapp/domain/parse.ts";
import {
  body,
  conversation,
  messages,
  personBsuid,
  personWaId,
  phoneNumberId,
  preference,
  preferences,
  receivedAt,
  sentAt,
  sentSeconds,
  system,
  wabaId,
} from "../../../cases/whatsapp/bodies.ts";
import { noTimestamps } from "../../../cases/whatsapp/windows.ts";

function updatesOf(webhook: unknown) {
  return parseWebhook(webhook, receivedAt).updates;
}

describe("the platform's marketing switch", () => {
  test.each(["stop", "resume", "signup"])("%s is read with its person and its instant", (value) => {
    expect(updatesOf(preferences(preference(value)))).toStrictEqual([
      {
        type: "user_preference",
        position: "entry/0/changes/0/value/user_preferences/0",
        wabaId,
        phoneNumberId,
        at: sentAt,
        atFrom: "platform",
        person: { waId: personWaId },
        value,
        category: "marketing_messages",
      },
    ]);
  });

  it("has timestamps as numbers and as text", () => {
    expect(updatesOf(preferences(preference("stop", { timestamp: String(sentSeconds) })))).toMatchObject([
      { value: "stop", at: sentAt },
    ]);
  });

  it("is read in capitals too, and in any list that it turns up in", () => {
    const element = preference("STOP", { category: "MARKETING_MESSAGES" });
    for (const field of ["messages", "standby", "calls"]) {
      expect(updatesOf(body(field, conversation({ user_preferences: [element] })))).toMatchObject([
        { value: "stop", category: "marketing_messages" },
      ]);
    }
  });

  test.each(["stop", "resume"])("%s used to come as a system message", (marketing) => {
    expect(updatesOf(messages(system("user_preference_changed", { marketing })))).toMatchObject([
      { type: "user_preference", value: marketing, person: { waId: personWaId }, at: sentAt },
    ]);
  });

  it("names a person who has a username only", () => {
    expect(
      updatesOf(preferences(preference("stop", { wa_id: undefined, user_id: personBsuid }))),
    ).toMatchObject([{ value: "stop", person: { bsuid: personBsuid } }]);
  });

  it("is never put down to a contact who is somebody else", () => {
    const lists = {
      contacts: [{ wa_id: "447700900123", user_id: "GB.2" }],
      user_preferences: [preference("stop")],
    };
    const updates = updatesOf(body("user_preferences", conversation(lists)));
    expect(updates.at(-1)).toMatchObject({ value: "stop", person: { waId: personWaId } });
    expect(updates.at(-1)).not.toHaveProperty("person.bsuid");
  });
});

describe("in doubt the no wins", () => {
  test.each(Object.entries(noTimestamps))(
    "when the timestamp is %s, a stop counts from its receipt and a resume lifts nothing",
    (_what, timestamp) => {
      const [stop, resume] = updatesOf(
        preferences(preference("stop", { timestamp }), preference("resume", { timestamp })),
      );
      expect(stop).toMatchObject({ type: "user_preference", value: "stop", at: receivedAt.toISOString() });
      expect(resume).toMatchObject({
        type: "unreadable",
        reason: "no_timestamp",
        pointer: "/entry/0/changes/0/value/user_preferences/1/timestamp",
      });
    },
  );

  test.each([undefined, "utility_messages", 7])(
    "when the category is %j, a stop counts and a resume or signup has no effect",
    (category) => {
      const all = ["stop", "resume", "signup"].map((value) => preference(value, { category }));
      expect(updatesOf(preferences(...all))).toMatchObject([
        { type: "user_preference", value: "stop", category: "other" },
        { type: "ignored", reason: "preference_of_other_category" },
        { type: "ignored", reason: "preference_of_other_category" },
      ]);
    },
  );
});

test.each([
  ["unknown_value", "value", preference("text-string")],
  ["malformed", "value", preference("stop", { value: 7 })],
  ["malformed", "value", preference("stop", { value: undefined })],
  ["nobody_named", "wa_id", preference("stop", { wa_id: "<USER_PHONE_NUMBER>" })],
])("an unreadable one (%s) says where: %s", (reason, path, element) => {
  expect(updatesOf(preferences(element))).toMatchObject([
    { type: "unreadable", reason, pointer: `/entry/0/changes/0/value/user_preferences/0/${path}` },
  ]);
});
