import { afterAll, beforeAll, expect, test } from "vitest";
import { createMailer } from "../src/mailer.ts";
import { receiveMail } from "./support/mail.ts";

let inbox: Awaited<ReturnType<typeof receiveMail>>;
beforeAll(async () => {
  inbox = await receiveMail();
});
afterAll(() => inbox.close());

test.each([
  "1,victim@mail.example",
  "1;victim@mail.example",
  "g:victim@mail.example",
  "victim(1)@mail.example",
  "Name <victim@mail.example>",
])("an address is one and never read as a list, a group or a comment: %s", async (to) => {
  const send = createMailer({ url: inbox.url, from: "hello@shop.example" });
  await send({ to, subject: "s", text: "t", html: "<p>t</p>" }).catch(() => undefined);
  expect(inbox.received.map((mail) => mail.to)).not.toContain("victim@mail.example");
});
