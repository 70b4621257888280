import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ended, environmentOf, runBuilt, startListening } from "../support/built.ts";
import { openRequestOf, shopIn } from "../support/data-request.ts";
import { type Inbox, receiveMail } from "../support/mail.ts";
import { startTestService, type TestService } from "../support/service.ts";

let service: TestService;
let inbox: Inbox;
let folder: string;
beforeAll(async () => {
  inbox = await receiveMail();
  service = await startTestService();
  folder = await mkdtemp(path.join(tmpdir(), "sayso-test-letter-"));
});
afterAll(async () => {
  await service.close();
  await inbox.close();
  await rm(folder, { recursive: true, force: true });
});

const environment = () => ({
  ...environmentOf(service.database),
  SMTP_URL: inbox.url,
  MAIL_FROM: "hello@shop.example",
});

const sayso = (...args: string[]): Promise<Ended> => runBuilt("cli.js", ["letter", ...args], environment());

async function json<Answer = Record<string, unknown>>(...args: string[]): Promise<Answer> {
  const { code, stdout, stderr } = await sayso(...args, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Answer;
}

test("draft, edit, show, send, mark-sent, discard and list see a letter through, mailed by the running service", {
  timeout: 300_000,
}, async () => {
  const shop = await shopIn(service);
  const of = ["--organization", shop.id];
  const { id } = await openRequestOf(shop, { subject: { email: "anna@mail.example" } });
  const draft = await json<{ id: string; text: string }>("draft", id, "--kind", "receipt", ...of);
  expect(draft).toMatchObject({ state: "draft", version: 1 });

  const file = path.join(folder, "letter.txt");
  await writeFile(file, `${draft.text}\n\nKind regards\n`);
  const edit = ["edit", id, draft.id, "--text-file", file, "--subject", "Your request", ...of];
  expect(await json(...edit, "--seen", "1")).toMatchObject({
    version: 2,
    text: `${draft.text}\n\nKind regards`,
  });
  const stale = await sayso(...edit, "--seen", "1");
  expect(stale).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("changed by somebody else"),
  });
  const shown = await sayso("show", id, draft.id, ...of);
  expect(shown.stdout).toContain("Your request\n");
  expect(shown.stdout).toContain("\nKind regards\n");

  await json("send", id, draft.id, "--seen", "2", ...of);
  const running = await startListening(environment());
  const mail = await inbox.next("anna@mail.example");
  expect(mail.subject).toBe("Your request");
  running.child.kill("SIGTERM");
  await running.ended;

  const question = await sayso("draft", id, "--kind", "clarification", ...of);
  expect(question).toMatchObject({ code: 1, stderr: expect.stringContaining("--question") });
  const asked = await json<{ id: string }>(
    "draft",
    id,
    "--kind",
    "clarification",
    "--question",
    "Which shop?",
    "--language",
    "ru",
    ...of,
  );
  const post = ["mark-sent", id, asked.id, "--way", "post", "--note", "Registered.", "--seen", "1", ...of];
  expect(await json(...post)).toMatchObject({ state: "sent", way: "post", note: "Registered." });
  const spare = await json<{ id: string }>("draft", id, "--kind", "identity_needed", ...of);
  await json("discard", id, spare.id, "--reason", "They called.", ...of);
  const { items } = await json<{ items: { state: string }[] }>("list", id, ...of);
  expect(items.map(({ state }) => state)).toEqual(["sent", "sent", "discarded"]);
});

test("what cannot be is said in a sentence", async () => {
  const shop = await shopIn(service);
  const { id } = await openRequestOf(shop);
  const of = ["--organization", shop.id];
  expect(await sayso("draft", id, "--kind", "refusal", ...of)).toMatchObject({ code: 2, stdout: "" });
  expect(await sayso("draft", id, "--kind", "ready", ...of)).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("Make a delivery first"),
  });
  expect(await sayso("show", id, id, ...of)).toMatchObject({ code: 1, stderr: "There is no such letter.\n" });
  expect(await sayso("send", id, id, "--seen", "none", ...of)).toMatchObject({ code: 2, stdout: "" });
});
