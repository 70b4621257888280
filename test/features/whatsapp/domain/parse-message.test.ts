import { describe, expect, it, test } from "vitest";
import { isOptOutKeyword } from "../../../../src/features/whatsapp/domain/keywords.ts";
import { parseWebhook } from "../../../../src/features/whatsapp/domain/parse.ts";
import type { InboundMessage } from "../../../../src/features/whatsapp/domain/update.ts";
import {
  body,
  call,
  conversation,
  message,
  messages,
  ownNumber,
  personBsuid,
  personParentBsuid,
  personWaId,
  phoneNumberId,
  receivedAt,
  sentAt,
  sentSeconds,
  text,
  wabaId,
} from "../../../cases/whatsapp/bodies.ts";
import { callsWithoutEffect, noTimestamps, notOpening, opening } from "../../../cases/whatsapp/windows.ts";

function inbound(webhook: unknown): InboundMessage {
  const found = parseWebhook(webhook, receivedAt).updates.filter(
    (update) => update.type === "inbound_message",
  );
  expect(found).toHaveLength(1);
  const [only] = found;
  if (only === undefined) throw new Error("no inbound message");
  return only;
}

it("a text is read with its place, its sender, its person, its instant and its words, and nothing more", () => {
  const contacts = [{ profile: { name: "text-string" }, wa_id: personWaId }];
  const webhook = body("messages", conversation({ contacts, messages: [text("Good morning")] }));
  expect(parseWebhook(webhook, receivedAt)).toStrictEqual({
    updates: [
      {
        type: "inbound_message",
        position: "entry/0/changes/0/value/messages/0",
        wabaId,
        phoneNumberId,
        messageId: "wamid.in1",
        from: { waId: personWaId },
        at: sentAt,
        atFrom: "platform",
        kind: "text",
        opensWindow: true,
        texts: ["Good morning"],
        referral: false,
        group: false,
      },
    ],
  });
});

describe("the window is restarted by", () => {
  test.each(Object.entries(opening))("%s", (_what, element) => {
    expect(inbound(messages(element))).toMatchObject({ opensWindow: true, at: sentAt, atFrom: "platform" });
  });

  test.each(["messages", "standby"])("a message in the field %s", (field) => {
    expect(inbound(body(field, conversation({ messages: [text("Hello")] }))).opensWindow).toBe(true);
  });

  it("a call from the person, answered or not", () => {
    const webhook = body("calls", conversation({ calls: [call("connect", "USER_INITIATED")] }));
    expect(inbound(webhook)).toStrictEqual({
      type: "inbound_message",
      position: "entry/0/changes/0/value/calls/0",
      wabaId,
      phoneNumberId,
      messageId: "wacid.1",
      from: { waId: personWaId },
      at: sentAt,
      atFrom: "platform",
      kind: "call",
      opensWindow: true,
      texts: [],
      referral: false,
      group: false,
    });
  });
});

describe("the window is not restarted by", () => {
  test.each(Object.entries(notOpening))("%s", (_what, element) => {
    expect(inbound(messages(element)).opensWindow).toBe(false);
  });

  test.each(["history", "smb_message_echoes", "message_echoes"])("messages in the field %s", (field) => {
    const lists = { messages: [text("Hello")], message_echoes: [text("Hello")] };
    const { updates } = parseWebhook(body(field, conversation(lists)), receivedAt);
    expect(updates.map(({ type }) => type)).toEqual(["ignored"]);
  });

  it("an echo in a list of its own", () => {
    const webhook = body("messages", conversation({ message_echoes: [text("Hello")] }));
    expect(parseWebhook(webhook, receivedAt).updates).toMatchObject([{ type: "ignored", reason: "echo" }]);
  });

  it("a message from our own number", () => {
    for (const from of [ownNumber, `+${ownNumber}`, Number(ownNumber)]) {
      const { updates } = parseWebhook(messages(text("Hello", { from })), receivedAt);
      expect(updates).toMatchObject([{ type: "ignored", reason: "echo" }]);
    }
  });

  test.each(Object.entries(callsWithoutEffect))("%s", (_what, element) => {
    const { updates } = parseWebhook(body("calls", conversation({ calls: [element] })), receivedAt);
    expect(updates).toMatchObject([{ type: "ignored", reason: "call_event" }]);
  });

  it("statuses, preferences and system messages, which are no messages at all", () => {
    const webhook = body(
      "messages",
      conversation({
        statuses: [{ id: "wamid.out1", status: "read", timestamp: sentSeconds, recipient_id: personWaId }],
        user_preferences: [{ wa_id: personWaId, value: "resume", category: "marketing_messages" }],
        messages: [message({ type: "system", system: { type: "customer_identity_changed" } })],
      }),
    );
    const { updates } = parseWebhook(webhook, receivedAt);
    expect(updates).toHaveLength(3);
    expect(updates.filter(({ type }) => type === "inbound_message")).toEqual([]);
  });
});

describe("instants", () => {
  it("are read from numbers and from text alike", () => {
    expect(inbound(messages(text("Hello", { timestamp: sentSeconds }))).at).toBe(sentAt);
    expect(inbound(messages(text("Hello", { timestamp: String(sentSeconds) }))).at).toBe(sentAt);
  });

  it("stay as old as they are, so that a late delivery opens no new window", () => {
    const timestamp = sentSeconds - 6 * 24 * 3600;
    expect(inbound(messages(text("Hello", { timestamp }))).at).toBe(new Date(timestamp * 1000).toISOString());
  });

  it("are never later than the receipt: a little clock skew is cut to it", () => {
    const timestamp = Math.floor(receivedAt.getTime() / 1000) + 300;
    expect(inbound(messages(text("Hello", { timestamp })))).toMatchObject({
      at: receivedAt.toISOString(),
      atFrom: "platform",
      opensWindow: true,
    });
  });

  test.each(Object.entries(noTimestamps))(
    "that are %s open no window, and a no without an instant counts from its receipt",
    (_what, timestamp) => {
      const read = inbound(messages(text("STOP", { timestamp })));
      expect(read).toMatchObject({ opensWindow: false, at: receivedAt.toISOString(), atFrom: "received" });
      expect(read.texts.some((words) => isOptOutKeyword(words))).toBe(true);
      const called = body(
        "calls",
        conversation({ calls: [call("connect", "USER_INITIATED", { timestamp })] }),
      );
      expect(inbound(called)).toMatchObject({ opensWindow: false, at: receivedAt.toISOString() });
    },
  );
});

describe("keywords are read from", () => {
  test.each([
    ["a text", text("stop"), ["stop"]],
    [
      "a template's button, title and payload",
      message({ type: "button", button: { text: "No more", payload: "unsubscribe" } }),
      ["No more", "unsubscribe"],
    ],
    [
      "a reply button, title and id",
      message({ type: "interactive", interactive: { button_reply: { id: "opt-out", title: "No more" } } }),
      ["No more", "opt-out"],
    ],
    [
      "a list, title and id",
      message({
        type: "interactive",
        interactive: { list_reply: { id: "end", title: "Stop", description: "cancel" } },
      }),
      ["Stop", "end"],
    ],
    [
      "what an earlier message was changed to",
      message({ type: "edit", edit: { message: { type: "text", text: { body: "STOP" } } } }),
      ["STOP"],
    ],
    ["a message in a group", text("STOP", { group_id: "1" }), ["STOP"]],
    ["a message without a type", message({ text: { body: "STOP" } }), ["STOP"]],
  ])("%s", (_where, element, texts) => {
    expect(inbound(messages(element)).texts).toEqual(texts);
  });

  test.each([
    ["a caption", message({ type: "image", image: { caption: "stop" } })],
    ["an order's note", message({ type: "order", order: { text: "stop" } })],
    ["a form's answers", message({ type: "interactive", interactive: { nfm_reply: { body: "stop" } } })],
    ["an ad's words", text("Hello", { referral: { body: "stop", headline: "stop" } })],
    ["what was quoted", text("Hello", { context: { text: { body: "stop" } } })],
    ["words that are no text", message({ type: "text", text: { body: ["stop"] } })],
  ])("nothing else: not %s", (_where, element) => {
    expect(inbound(messages(element)).texts.filter((words) => isOptOutKeyword(words))).toEqual([]);
  });
});

describe("the person is", () => {
  it("named by the message itself", () => {
    const element = text("Hello", {
      from: `+${personWaId}`,
      from_user_id: personBsuid,
      from_parent_user_id: personParentBsuid,
    });
    expect(inbound(messages(element)).from).toEqual({
      waId: personWaId,
      bsuid: personBsuid,
      parentBsuid: personParentBsuid,
    });
  });

  it("completed by the contact that shares an identifier, whatever spelling of the number it has", () => {
    const brazil = { wa_id: "551155512345", user_id: "BR.1" };
    const argentina = { wa_id: "5491155501234", user_id: "AR.1" };
    const webhook = body(
      "messages",
      conversation({ contacts: [brazil, argentina], messages: [text("Hello", { from: "541155501234" })] }),
    );
    expect(inbound(webhook).from).toEqual({ waId: "541155501234", bsuid: "AR.1" });
  });

  it("the only contact when the message names nobody, as with a username", () => {
    const contacts = [{ profile: { username: "text-string" }, user_id: personBsuid }];
    const webhook = body(
      "messages",
      conversation({ contacts, messages: [text("Hello", { from: undefined })] }),
    );
    expect(inbound(webhook).from).toEqual({ bsuid: personBsuid });
  });

  it("never a contact that shares nothing with the message", () => {
    const contacts = [{ wa_id: "447700900123", user_id: personBsuid }];
    const webhook = body("messages", conversation({ contacts, messages: [text("Hello")] }));
    expect(inbound(webhook).from).toEqual({ waId: personWaId });
  });

  test.each([
    ["no contact", undefined],
    ["two contacts", [{ wa_id: personWaId }, { wa_id: "447700900123" }]],
    ["a contact of placeholders", [{ wa_id: "<USER_PHONE_NUMBER>", user_id: "text-string" }]],
  ])("nobody when the message names none and there is %s", (_what, contacts) => {
    const webhook = body(
      "messages",
      conversation({ contacts, messages: [text("Hello", { from: "<USER_PHONE_NUMBER>" })] }),
    );
    expect(parseWebhook(webhook, receivedAt).updates).toEqual([
      {
        type: "unreadable",
        reason: "nobody_named",
        position: "entry/0/changes/0/value/messages/0",
        pointer: "/entry/0/changes/0/value/messages/0/from",
        wabaId,
        phoneNumberId,
      },
    ]);
  });
});

it("an ad is noted, and its words are not kept", () => {
  const read = inbound(messages(text("Hello", { referral: { source_type: "ad", body: "Sale" } })));
  expect(read).toMatchObject({ referral: true, texts: ["Hello"] });
});

it.each([
  ["missing", undefined],
  ["empty", ""],
  ["with a NUL in it", "wamid.\u0000"],
  ["with a lone surrogate in it", "wamid.\ud800"],
  ["too long", "w".repeat(257)],
  ["an object", {}],
])("a message whose id is %s is unreadable and says where", (_what, id) => {
  expect(parseWebhook(messages(text("Hello", { id })), receivedAt).updates).toMatchObject([
    { type: "unreadable", reason: "malformed", pointer: "/entry/0/changes/0/value/messages/0/id" },
  ]);
});
