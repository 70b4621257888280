import { once } from "node:events";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../src/kernel/limits.ts";
import {
  type OrganizationClient,
  type ServiceProcess,
  startTestService,
  type TestService,
} from "../support/service.ts";

let service: TestService;
let server: ServiceProcess;
let shop: OrganizationClient;

beforeAll(async () => {
  service = await startTestService();
  server = await service.startProcess();
  shop = (await service.organization()).through(server);
});
afterAll(() => service.close());

/** A body of exactly so many bytes that is JSON and names a purpose that cannot be. */
const sized = (bytes: number) => `{"key":"${"x".repeat(bytes - 10)}"}`;

const tooLarge = { status: 413, type: "urn:sayso:problem:too_large" };

/** Sends a body in chunks, without saying how long it will be, and stops when it is refused. */
async function sendInChunks(path: string, chunks: readonly string[]) {
  const outgoing = request(new URL(path, server.url), {
    method: "POST",
    headers: {
      authorization: `Bearer ${shop.key}`,
      "content-type": "application/json",
      "transfer-encoding": "chunked",
    },
  });
  outgoing.on("error", () => {
    // The service may close the connection while we still write: its answer is what counts.
  });
  const answered = once(outgoing, "response");
  for (const chunk of chunks) outgoing.write(chunk);
  outgoing.end();
  const [incoming] = await answered;
  const { type } = JSON.parse(await text(incoming)) as { type: string };
  return { status: incoming.statusCode, type };
}

describe.each([
  ["/v1/purposes", limits.bodyBytes],
  ["/v1/checks", limits.bodyBytes],
  ["/v1/checks/batch", limits.batchBodyBytes],
])("a body for %s", (path, most) => {
  test("is read up to its limit and refused beyond it, with the limit", async () => {
    const allowed = await shop.post(path, sized(most));
    expect([allowed.status, allowed.body.type]).toEqual([422, "urn:sayso:problem:invalid"]);
    const refused = await shop.post(path, sized(most + 1));
    expect([refused.status, refused.body]).toEqual([
      413,
      expect.objectContaining({ type: tooLarge.type, detail: expect.stringContaining(String(most)) }),
    ]);
  });

  test("that does not say how long it is is counted", async () => {
    const chunks = (bytes: number) => sized(bytes).match(/.{1,65536}/g) ?? [];
    expect((await sendInChunks(path, chunks(most))).status).toBe(422);
    expect(await sendInChunks(path, chunks(most + 1))).toEqual(tooLarge);
  });
});

test("a section of account data has a limit of its own", async () => {
  const path = "/v1/subjects/sub_01kb0q8s5hf6xv3y1m2n4p5q6r/account-data/profile";
  expect((await shop.put(path, sized(limits.sectionBytes))).status).toBeLessThan(500);
  expect((await shop.put(path, sized(limits.sectionBytes))).status).not.toBe(413);
  expect((await shop.put(path, sized(limits.sectionBytes + 1))).status).toBe(413);
});

test("webhooks and forms have limits of their own, before anybody is known", async () => {
  const webhook = await service.anonymous.post("/webhooks/whatsapp", sized(limits.webhookBodyBytes + 1));
  expect([webhook.status, webhook.body.type]).toEqual([413, tooLarge.type]);
  const form = { "content-type": "application/x-www-form-urlencoded" };
  for (const path of ["/o/nothing", "/o/nothing/undo", "/a/nothing"]) {
    const answer = await service.anonymous.post(path, "x".repeat(limits.formBytes + 1), form);
    expect([path, answer.status]).toEqual([path, 413]);
  }
});

test("a batch of more than its recipients is refused", async () => {
  const defaults = { sender: "1", purpose: "promotions", message: { kind: "free_form" } };
  const recipients = Array.from({ length: limits.batchRecipients + 1 }, () => ({ phone: "+12025550142" }));
  const answer = await shop.post<{ errors: { pointer: string }[] }>("/v1/checks/batch", {
    defaults,
    recipients,
  });
  expect([answer.status, answer.body.errors.map(({ pointer }) => pointer)]).toEqual([422, ["/recipients"]]);
});

test("a GET with a body is answered as one without", async () => {
  const outgoing = request(new URL("/v1/purposes", server.url), {
    headers: { authorization: `Bearer ${shop.key}`, "content-type": "text/plain", "content-length": "5" },
  });
  outgoing.end("hello");
  const [incoming] = await once(outgoing, "response");
  expect(incoming.statusCode).toBe(200);
  await text(incoming);
});
