import { describe, expect, it, test } from "vitest";
import { parseWebhook } from "../../../../src/features/whatsapp/domain/parse.ts";
import {
  body,
  conversation,
  personBsuid,
  personWaId,
  phoneNumberId,
  receivedAt,
  sentAt,
  sentSeconds,
  status,
  statuses,
  wabaId,
} from "../../../cases/whatsapp/bodies.ts";

function updatesOf(webhook: unknown) {
  return parseWebhook(webhook, receivedAt).updates;
}

describe("a status of a message that went out", () => {
  test.each(["sent", "delivered", "read", "played", "failed"])("%s is read", (word) => {
    expect(updatesOf(statuses(status(word)))).toStrictEqual([
      {
        type: "message_status",
        position: "entry/0/changes/0/value/statuses/0",
        wabaId,
        phoneNumberId,
        messageId: "wamid.out1",
        status: word,
        at: sentAt,
        atFrom: "platform",
        recipient: { waId: personWaId },
        group: false,
        errors: [],
      },
    ]);
  });

  it("brings its errors and what the sender of the message gave along", () => {
    const failed = status("failed", {
      errors: [
        { code: 131047, title: "Re-engagement message", error_data: { details: "text-string" } },
        { code: "131026" },
        { code: 131049, title: "a\u0000b" },
      ],
      biz_opaque_callback_data: "order 7",
    });
    expect(updatesOf(statuses(failed))).toMatchObject([
      {
        errors: [{ code: 131047, title: "Re-engagement message" }, { code: 131026 }, { code: 131049 }],
        opaque: "order 7",
      },
    ]);
  });

  test.each([
    ["no list", "text-string"],
    ["null", null],
    ["an empty list", []],
    [
      "a list of no errors",
      [null, 7, {}, { code: "text-string" }, { code: -1 }, { code: 1.5 }, { code: 1e12 }],
    ],
  ])("stands when its errors are %s", (_what, errors) => {
    expect(updatesOf(statuses(status("failed", { errors })))).toMatchObject([
      { status: "failed", errors: [] },
    ]);
  });

  test.each([["a\u0000b"], ["\ud800"], ["x".repeat(513)], [7]])(
    "stands without callback data that cannot be kept: %j",
    (biz_opaque_callback_data) => {
      const [update] = updatesOf(statuses(status("sent", { biz_opaque_callback_data })));
      expect(update).toMatchObject({ type: "message_status" });
      expect(update).not.toHaveProperty("opaque");
    },
  );

  it("stands without a recipient and without a timestamp, for its message id says which message", () => {
    expect(updatesOf(statuses({ id: "wamid.out1", status: "read" }))).toMatchObject([
      { recipient: {}, at: receivedAt.toISOString(), atFrom: "received" },
    ]);
  });

  it("speaks of the member when the message went to a group", () => {
    const read = status("read", {
      recipient_type: "group",
      recipient_id: "Y2FwaV9ncm91cDox",
      recipient_participant_id: personWaId,
      recipient_participant_user_id: personBsuid,
    });
    expect(updatesOf(statuses(read)).at(-1)).toMatchObject({
      group: true,
      recipient: { waId: personWaId, bsuid: personBsuid },
    });
  });
});

test.each([
  ["a word that is not in the list", status("warning")],
  ["a call", status("RINGING", { type: "call" })],
  ["a call in the words of a message", status("failed", { type: "call" })],
])("a status of %s has no effect", (_what, element) => {
  expect(updatesOf(statuses(element))).toMatchObject([{ type: "ignored", reason: "status_of_other_kind" }]);
});

test.each([
  ["id", status("sent", { id: undefined })],
  ["status", status("sent", { status: 7 })],
])("a status with a broken %s is unreadable", (path, element) => {
  expect(updatesOf(statuses(element))).toMatchObject([
    { type: "unreadable", reason: "malformed", pointer: `/entry/0/changes/0/value/statuses/0/${path}` },
  ]);
});

it("an error about the account and no message is reported as such", () => {
  const errors = [{ code: 131031, title: "Account locked" }, "text-string"];
  expect(updatesOf(body("messages", conversation({ errors })))).toEqual([
    {
      type: "platform_error",
      position: "entry/0/changes/0/value/errors/0",
      wabaId,
      phoneNumberId,
      at: new Date(sentSeconds * 1000).toISOString(),
      atFrom: "platform",
      error: { code: 131031, title: "Account locked" },
    },
    {
      type: "unreadable",
      reason: "malformed",
      position: "entry/0/changes/0/value/errors/1",
      pointer: "/entry/0/changes/0/value/errors/1",
      wabaId,
      phoneNumberId,
    },
  ]);
});
