import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { parseWebhook } from "../../../../src/features/whatsapp/domain/parse.ts";
import {
  body,
  bodyOf,
  call,
  conversation,
  messages,
  ownNumber,
  personBsuid,
  personWaId,
  phoneNumberId,
  preference,
  receivedAt,
  sentAt,
  sentSeconds,
  status,
  system,
  text,
  wabaId,
} from "../../../cases/whatsapp/bodies.ts";
import { everyPlace, withPlaceChanged } from "../../../cases/whatsapp/mutations.ts";

function updatesOf(webhook: unknown, at = receivedAt) {
  return parseWebhook(webhook, at).updates;
}

const whole = {
  object: "whatsapp_business_account",
  entry: [
    {
      id: wabaId,
      time: sentSeconds,
      changes: [
        {
          field: "messages",
          value: conversation({
            contacts: [{ profile: { name: "text-string" }, wa_id: personWaId, user_id: personBsuid }],
            messages: [
              text("STOP"),
              system("user_preference_changed", { marketing: "stop" }, { id: "wamid.in2" }),
              {
                ...text("x", { id: "wamid.in3" }),
                type: "interactive",
                interactive: { type: "list_reply", list_reply: { id: "a", title: "b" } },
              },
            ],
            statuses: [status("failed", { errors: [{ code: 131050, title: "text-string" }] })],
            errors: [{ code: 368 }],
          }),
        },
        { field: "user_preferences", value: conversation({ user_preferences: [preference("stop")] }) },
        { field: "calls", value: conversation({ calls: [call("connect", "USER_INITIATED")] }) },
      ],
    },
    {
      id: wabaId,
      time: sentSeconds,
      changes: [
        {
          field: "messages",
          value: conversation({ messages: [system("user_changed_number", { wa_id: "447700900123" })] }),
        },
        {
          field: "user_id_update",
          value: conversation({
            user_id_update: [{ user_id: { previous: personBsuid, current: "US.2" }, timestamp: sentSeconds }],
          }),
        },
        {
          field: "account_update",
          value: {
            event: "ACCOUNT_RESTRICTION",
            restriction_info: [{ restriction_type: "RESTRICTED_BIZ_INITIATED_MESSAGING", expiration: 1 }],
          },
        },
        {
          field: "phone_number_quality_update",
          value: { display_phone_number: ownNumber, event: "FLAGGED", current_limit: "TIER_250" },
        },
        {
          field: "message_template_status_update",
          value: { event: "PAUSED", message_template_name: "a", message_template_language: "en" },
        },
        {
          field: "template_category_update",
          value: { new_category: "MARKETING", message_template_name: "a", message_template_language: "en" },
        },
        {
          field: "message_template_quality_update",
          value: { new_quality_score: "RED", message_template_name: "a", message_template_language: "en" },
        },
        { field: "history", value: {} },
      ],
    },
  ],
};

it("a body of many entries and changes is read whole, each update with its place", () => {
  expect(updatesOf(whole).map(({ type, position }) => `${position} ${type}`)).toEqual([
    "entry/0/changes/0/value/contacts/0 identity_link",
    "entry/0/changes/0/value/messages/0 inbound_message",
    "entry/0/changes/0/value/messages/1 user_preference",
    "entry/0/changes/0/value/messages/2 inbound_message",
    "entry/0/changes/0/value/statuses/0 message_status",
    "entry/0/changes/0/value/errors/0 platform_error",
    "entry/0/changes/1/value/user_preferences/0 user_preference",
    "entry/0/changes/2/value/calls/0 inbound_message",
    "entry/1/changes/0/value/messages/0 number_changed",
    "entry/1/changes/1/value/user_id_update/0 bsuid_changed",
    "entry/1/changes/2/value/restriction_info/0 account_restriction",
    "entry/1/changes/3/value number_quality",
    "entry/1/changes/4/value template_status",
    "entry/1/changes/5/value template_category",
    "entry/1/changes/6/value template_quality",
    "entry/1/changes/7 ignored",
  ]);
});

describe("a body that is no webhook of the platform says so and has no effect", () => {
  test.each([
    ["null", null, "malformed", ""],
    ["a text", "text-string", "malformed", ""],
    ["a list", [], "malformed", ""],
    ["nothing in it", {}, "malformed", "/entry"],
    ["no list of entries", { object: "whatsapp_business_account", entry: {} }, "malformed", "/entry"],
    ["a page's body", { object: "page", entry: [] }, "not_whatsapp", "/object"],
    ["no object", { entry: [] }, "not_whatsapp", "/object"],
  ])("%s", (_what, webhook, reason, pointer) => {
    expect(updatesOf(webhook)).toEqual([
      { type: "unreadable", position: "", wabaId: null, phoneNumberId: null, reason, pointer },
    ]);
  });

  it("an empty body of the platform's has no updates", () => {
    expect(updatesOf({ object: "whatsapp_business_account", entry: [] })).toEqual([]);
    expect(updatesOf(bodyOf([]))).toEqual([]);
  });
});

describe("fields without effect are ignored, each for its reason", () => {
  test.each([
    ["history", "history"],
    ["smb_message_echoes", "echo"],
    ["message_echoes", "echo"],
    ["group_lifecycle_update", "group_update"],
    ["group_participants_update", "group_update"],
    ["smb_app_state_sync", "field_without_effect"],
    ["message_template_components_update", "field_without_effect"],
    ["text-string", "unknown_field"],
    ["constructor", "unknown_field"],
  ])("%s", (field, reason) => {
    for (const value of [conversation({ messages: [text("STOP")] }), null, undefined, "text-string"]) {
      expect(updatesOf(body(field, value))).toEqual([
        { type: "ignored", position: "entry/0/changes/0", wabaId, phoneNumberId: null, reason },
      ]);
    }
  });

  it("and so is a conversation in which nothing is said", () => {
    expect(updatesOf(body("messages", conversation({})))).toMatchObject([
      { type: "ignored", reason: "nothing_in_it" },
    ]);
    expect(updatesOf(body("messages", conversation({ messages: null, statuses: [] })))).toMatchObject([
      { type: "ignored", reason: "nothing_in_it" },
    ]);
  });
});

describe("one broken part holds up no other", () => {
  it.each([null, 7, "text-string", [], true])("%j among entries, changes and lists", (broken) => {
    const lists = { contacts: [broken], messages: [broken, text("STOP")], statuses: broken, errors: null };
    const change = { field: "messages", value: conversation(lists) };
    const valueless = { field: "messages", value: broken };
    const webhook = {
      object: "whatsapp_business_account",
      entry: [broken, { id: wabaId, changes: [broken, valueless, change] }],
    };
    const updates = updatesOf(webhook);
    expect(updates).toContainEqual({
      type: "inbound_message",
      position: "entry/1/changes/2/value/messages/1",
      wabaId,
      phoneNumberId,
      messageId: "wamid.in1",
      from: { waId: personWaId },
      at: sentAt,
      atFrom: "platform",
      kind: "text",
      opensWindow: true,
      texts: ["STOP"],
      referral: false,
      group: false,
    });
    const positions = updates.filter(({ type }) => type === "unreadable").map(({ position }) => position);
    expect(positions).toEqual(
      expect.arrayContaining([
        "entry/0",
        "entry/1/changes/0",
        "entry/1/changes/1/value",
        "entry/1/changes/2/value/contacts/0",
        "entry/1/changes/2/value/messages/0",
      ]),
    );
  });

  it("any JSON in the place of one message leaves the others as they are", () => {
    const good: readonly unknown[] = [0, 1, 2, 3].map((index) => text("STOP", { id: `wamid.in${index}` }));
    const expected = updatesOf(messages(...good));
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(3), (broken, index) => {
        const updates = updatesOf(messages(...good.with(index, broken)));
        const others = expected.filter((_, position) => position !== index);
        expect(updates).toEqual(expect.arrayContaining([...others]));
        expect(updates).toHaveLength(good.length);
      }),
    );
  });

  it("a message without its metadata, contacts or account still counts", () => {
    const webhook = {
      object: "whatsapp_business_account",
      entry: [{ changes: [{ field: "messages", value: { metadata: 7, messages: [text("STOP")] } }] }],
    };
    expect(updatesOf(webhook)).toMatchObject([
      { type: "inbound_message", wabaId: null, phoneNumberId: null, texts: ["STOP"] },
    ]);
  });
});

describe("whatever JSON comes", () => {
  /** What must hold of every answer. */
  function check(webhook: unknown) {
    for (const update of updatesOf(webhook)) {
      if ("at" in update) {
        expect(update.at).toBe(new Date(update.at).toISOString());
        expect(Date.parse(update.at)).toBeLessThanOrEqual(receivedAt.getTime());
        if (update.atFrom === "received") expect(update.at).toBe(receivedAt.toISOString());
      }
      if (update.type === "inbound_message") {
        expect(Object.keys(update.from)).not.toEqual([]);
        if (update.opensWindow) expect(update).toMatchObject({ atFrom: "platform", group: false });
      }
      if (update.type === "user_preference" && update.value === "resume") {
        expect(update).toMatchObject({ atFrom: "platform", category: "marketing_messages" });
      }
    }
  }

  it("it is answered without an error", () => {
    fc.assert(fc.property(fc.jsonValue(), check));
  });

  it("it is answered without an error where a value belongs", () => {
    const field = fc.constantFrom(
      "messages",
      "standby",
      "calls",
      "user_preferences",
      "user_id_update",
      "account_update",
      "phone_number_quality_update",
      "message_template_status_update",
      "template_category_update",
      "message_template_quality_update",
      "history",
    );
    const list = fc.constantFrom(
      "contacts",
      "messages",
      "statuses",
      "calls",
      "user_preferences",
      "user_id_update",
      "errors",
      "metadata",
      "restriction_info",
      "ban_info",
    );
    fc.assert(
      fc.property(
        field,
        fc.dictionary(list, fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue()))),
        (name, lists) => {
          check(body(name, { event: "ACCOUNT_RESTRICTION", ...lists }));
        },
      ),
    );
  });

  it("a good body with any one place in it changed or gone is answered without an error", () => {
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom<unknown>(undefined, "", "text-string", "0", 0, -1, 1e300, "__proto__", [], {}, [null]),
    );
    fc.assert(
      fc.property(fc.constantFrom(...everyPlace(whole)), odd, (place, value) => {
        check(withPlaceChanged(whole, place, value));
      }),
      { numRuns: 500 },
    );
  });

  it("members that are named like an object's own machinery mean nothing", () => {
    const webhook: unknown = JSON.parse(
      `{"object":"whatsapp_business_account","entry":[{"__proto__":{"id":"1"},"changes":[{"field":"messages","value":{"__proto__":{"messages":[{}]},"constructor":1,"toString":2}}]}]}`,
    );
    expect(updatesOf(webhook)).toMatchObject([{ type: "ignored", reason: "nothing_in_it", wabaId: null }]);
  });
});

describe("the same body gives the same updates", () => {
  it("every time, when it is read with the moment it first came in", () => {
    expect(updatesOf(structuredClone(whole))).toEqual(updatesOf(whole));
  });

  it("later too, for what has a timestamp of its own", () => {
    const later = new Date(receivedAt.getTime() + 6 * 24 * 3600 * 1000);
    expect(updatesOf(whole, later)).toEqual(updatesOf(whole));
  });
});

it("no name of a person is kept", () => {
  const profile = { name: "kept-nowhere", username: "kept-nowhere" };
  const lists = {
    contacts: [{ profile, wa_id: personWaId, user_id: personBsuid }],
    messages: [
      text("Hello", { profile }),
      system("user_changed_number", { body: "kept-nowhere", wa_id: "1" }),
    ],
    statuses: [status("read", { profile })],
  };
  expect(JSON.stringify(updatesOf(body("messages", conversation(lists))))).not.toContain("kept-nowhere");
});
