import { describe, expect, it, test } from "vitest";
import { parseWebhook } from "../../../../src/features/whatsapp/domain/parse.ts";
import {
  body,
  bodyOf,
  conversation,
  messages,
  personBsuid,
  personParentBsuid,
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

const newWaId = "447700900123";
const contact = { wa_id: personWaId, user_id: personBsuid };

function updatesOf(webhook: unknown) {
  return parseWebhook(webhook, receivedAt).updates;
}

function links(webhook: unknown) {
  return updatesOf(webhook).filter((update) => update.type === "identity_link");
}

describe("a number and a BSUID that the platform names together are linked", () => {
  it("before the message that they come with, from the contact's place", () => {
    const webhook = body("messages", conversation({ contacts: [contact], messages: [text("STOP")] }));
    expect(updatesOf(webhook)).toMatchObject([
      {
        type: "identity_link",
        position: "entry/0/changes/0/value/contacts/0",
        wabaId,
        phoneNumberId,
        person: { waId: personWaId, bsuid: personBsuid },
      },
      { type: "inbound_message", from: { waId: personWaId, bsuid: personBsuid } },
    ]);
  });

  it.each([
    ["a message", messages(text("Hello", { from_user_id: personBsuid }))],
    [
      "a status",
      body("messages", conversation({ statuses: [status("read", { recipient_user_id: personBsuid })] })),
    ],
    [
      "a preference",
      body(
        "user_preferences",
        conversation({ user_preferences: [preference("stop", { user_id: personBsuid })] }),
      ),
    ],
  ])("when %s names both itself", (_what, webhook) => {
    expect(links(webhook)).toMatchObject([{ person: { waId: personWaId, bsuid: personBsuid } }]);
    expect(updatesOf(webhook)).toHaveLength(2);
  });

  it("once for each pair, however many updates repeat it", () => {
    const webhook = body(
      "messages",
      conversation({
        contacts: [contact, contact],
        messages: [
          text("One", { from_user_id: personBsuid }),
          text("Two", { from_parent_user_id: personParentBsuid }),
        ],
        statuses: [status("read", { recipient_user_id: personBsuid })],
      }),
    );
    expect(links(webhook).map(({ person }) => person)).toEqual([
      { waId: personWaId, bsuid: personBsuid },
      { waId: personWaId, bsuid: personBsuid, parentBsuid: personParentBsuid },
    ]);
  });

  it("not when one name stands alone, or beside a placeholder", () => {
    for (const alone of [
      { wa_id: personWaId },
      { user_id: personBsuid },
      { wa_id: personWaId, user_id: "text-string" },
      { wa_id: "<USER_PHONE_NUMBER>", user_id: personBsuid },
    ]) {
      const lists = { contacts: [alone], statuses: [{ id: "wamid.out1", status: "sent" }] };
      expect(links(body("messages", conversation(lists)))).toEqual([]);
    }
  });

  it("not across changes of one body", () => {
    const webhook = bodyOf([
      { field: "messages", value: conversation({ contacts: [{ wa_id: newWaId, user_id: personBsuid }] }) },
      { field: "messages", value: conversation({ messages: [text("Hello")] }) },
    ]);
    expect(links(webhook)).toMatchObject([{ person: { waId: newWaId, bsuid: personBsuid } }]);
    expect(updatesOf(webhook).at(-1)).toMatchObject({ from: { waId: personWaId } });
  });
});

describe("a changed number ends the tie between the person and the old one", () => {
  it("naming old and new, and opening no window", () => {
    const webhook = messages(
      system("user_changed_number", {
        body: "text-string",
        wa_id: newWaId,
        user_id: "GB.2",
        parent_user_id: "GB.ENT.2",
        previous_user_id: personBsuid,
        previous_parent_user_id: personParentBsuid,
      }),
    );
    expect(updatesOf(webhook)).toStrictEqual([
      {
        type: "number_changed",
        position: "entry/0/changes/0/value/messages/0",
        wabaId,
        phoneNumberId,
        at: sentAt,
        atFrom: "platform",
        previous: { waId: personWaId, bsuid: personBsuid, parentBsuid: personParentBsuid },
        current: { waId: newWaId, bsuid: "GB.2", parentBsuid: "GB.ENT.2" },
      },
    ]);
  });

  test.each([
    ["as it was before the previous ids", "user_changed_number", { wa_id: newWaId }, {}],
    [
      "under its older names",
      "customer_changed_number",
      { customer: personWaId, new_wa_id: newWaId },
      { from: undefined },
    ],
  ])("%s", (_what, kind, inside, around) => {
    expect(updatesOf(messages(system(kind, inside, around)))).toMatchObject([
      { type: "number_changed", previous: { waId: personWaId }, current: { waId: newWaId } },
    ]);
  });

  it("where the id beside it is the old one, unless the change names it as the new one", () => {
    const inside = { wa_id: newWaId, user_id: "GB.2" };
    const read = (from_user_id: string) =>
      updatesOf(messages(system("user_changed_number", inside, { from_user_id })));
    expect(read(personBsuid)).toMatchObject([{ previous: { waId: personWaId, bsuid: personBsuid } }]);
    expect(read("GB.2")).toMatchObject([
      { previous: { waId: personWaId }, current: { waId: newWaId, bsuid: "GB.2" } },
    ]);
    expect(read("GB.2")[0]).not.toHaveProperty("previous.bsuid");
  });

  it("and no contact beside it is believed, for it could tie the old number to the new id", () => {
    const mixed = { wa_id: personWaId, user_id: "GB.2" };
    for (const change of [
      system("user_changed_number", { wa_id: newWaId, user_id: "GB.2" }),
      system("user_changed_user_id", { previous_user_id: personBsuid, user_id: "GB.2" }),
    ]) {
      const webhook = body(
        "messages",
        conversation({ contacts: [mixed], messages: [change, text("Hello")] }),
      );
      expect(links(webhook)).toEqual([]);
      expect(updatesOf(webhook).at(-1)).toMatchObject({ from: { waId: personWaId } });
      expect(updatesOf(webhook).at(-1)).not.toHaveProperty("from.bsuid");
    }
  });

  test.each([
    ["without the new number", { wa_id: undefined }, {}, "system/wa_id"],
    ["with a placeholder for it", { wa_id: "text-string" }, {}, "system/wa_id"],
    ["without the old number", { wa_id: newWaId }, { from: undefined }, "from"],
  ])("%s it is unreadable and says where", (_what, inside, around, path) => {
    expect(updatesOf(messages(system("user_changed_number", inside, around)))).toMatchObject([
      { type: "unreadable", reason: "nobody_named", pointer: `/entry/0/changes/0/value/messages/0/${path}` },
    ]);
  });
});

describe("a changed BSUID names the previous and the current one", () => {
  it("as a system message", () => {
    const inside = {
      user_id: "US.2",
      parent_user_id: "US.ENT.2",
      previous_user_id: personBsuid,
      previous_parent_user_id: personParentBsuid,
    };
    expect(updatesOf(messages(system("user_changed_user_id", inside, { from: undefined })))).toMatchObject([
      {
        type: "bsuid_changed",
        at: sentAt,
        previous: { bsuid: personBsuid, parentBsuid: personParentBsuid },
        current: { bsuid: "US.2", parentBsuid: "US.ENT.2" },
      },
    ]);
  });

  it("as a user_id_update, where no contact is believed either", () => {
    const element = {
      wa_id: personWaId,
      user_id: { previous: personBsuid, current: "US.2" },
      parent_user_id: { previous: personParentBsuid, current: "US.ENT.2" },
      timestamp: sentSeconds,
    };
    const lists = { contacts: [contact], user_id_update: [element] };
    expect(updatesOf(body("user_id_update", conversation(lists)))).toMatchObject([
      {
        type: "bsuid_changed",
        at: sentAt,
        previous: { bsuid: personBsuid, parentBsuid: personParentBsuid },
        current: { bsuid: "US.2", parentBsuid: "US.ENT.2" },
      },
    ]);
  });

  it.each([
    ["system/previous_user_id", { user_id: "US.2" }],
    ["system/user_id", { previous_user_id: personBsuid }],
  ])("without %s it is unreadable", (path, inside) => {
    expect(updatesOf(messages(system("user_changed_user_id", inside)))).toMatchObject([
      { type: "unreadable", reason: "nobody_named", pointer: `/entry/0/changes/0/value/messages/0/${path}` },
    ]);
  });

  it.each([
    ["user_id", {}],
    ["user_id", { user_id: personBsuid }],
    ["user_id/previous", { user_id: { previous: "text-string", current: "US.2" } }],
    ["user_id/current", { user_id: { previous: personBsuid } }],
  ])("a user_id_update with a broken %s is unreadable", (path, element) => {
    const webhook = body("user_id_update", conversation({ user_id_update: [element] }));
    expect(updatesOf(webhook)).toMatchObject([
      { type: "unreadable", pointer: `/entry/0/changes/0/value/user_id_update/0/${path}` },
    ]);
  });
});

it("other system messages have no effect", () => {
  for (const kind of ["customer_identity_changed", "text-string", ""]) {
    expect(updatesOf(messages(system(kind)))).toMatchObject([{ type: "ignored", reason: "system_message" }]);
  }
});
