import fc from "fast-check";
import { expect, test } from "vitest";
import { fieldsIn } from "../../../../src/features/whatsapp/domain/fields.ts";

const body = (entry: unknown) => ({ object: "whatsapp_business_account", entry });

test("names each field that has an effect once for an account, and no other", () => {
  const changes = ["messages", "messages", "account_update", "history", "never_heard_of"].map((field) => ({
    field,
    value: {},
  }));
  expect(
    fieldsIn(
      body([
        { id: "1", changes },
        { id: "1", changes },
        { id: 2, changes: [{ field: "calls" }] },
      ]),
    ),
  ).toEqual([
    { wabaId: "1", field: "messages" },
    { wabaId: "1", field: "account_update" },
    { wabaId: "2", field: "calls" },
  ]);
});

test("reads what stands beside something broken, and nothing of a body that is not WhatsApp's", () => {
  const messages = { field: "messages" };
  expect(
    fieldsIn(body([null, { id: "1" }, { changes: [messages] }, { id: "3", changes: [7, messages] }])),
  ).toEqual([{ wabaId: "3", field: "messages" }]);
  for (const other of [undefined, [], { object: "page", entry: [{ id: "1", changes: [messages] }] }]) {
    expect(fieldsIn(other)).toEqual([]);
  }
});

test("never throws, whatever JSON comes", () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (json) => Array.isArray(fieldsIn(json)) && Array.isArray(fieldsIn(body([json]))),
    ),
  );
});
