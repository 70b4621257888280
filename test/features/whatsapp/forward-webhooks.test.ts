import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { composeOutgoingTasks } from "../../../src/jobs/outgoing-tasks.ts";
import { type BackgroundWorker, startWorker } from "../../../src/jobs/worker.ts";
import { administer } from "../../support/database.ts";
import { Receiver } from "../../support/receiver.ts";
import { startTestService, type TestService, testConfig } from "../../support/service.ts";
import { Shop } from "../../support/shop.ts";
import { Platform, signatureOf } from "../../support/webhook.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let service: TestService;
let worker: BackgroundWorker;
/** The app of the second secret has one; that of the first has none. */
let receiver: Receiver;
let config: Pick<typeof testConfig, "whatsappForwardUrls" | "targets">;
beforeAll(async () => {
  receiver = await Receiver.open();
  config = {
    whatsappForwardUrls: [undefined, receiver.url],
    targets: { hosts: undefined, privateHosts: ["127.0.0.1"] },
  };
  service = await startTestService({ config });
  worker = await startWorker(service.composed, composeOutgoingTasks(service.composed, config));
});
afterAll(async () => {
  await worker.stop();
  await service.close();
  await receiver.stop();
});
beforeEach(() => {
  receiver.received.length = 0;
  receiver.behave = (response) => void response.writeHead(200).end();
});

const until = (look: () => unknown) => vi.waitUntil(look, { timeout: 50_000, interval: 50 });
const second = testConfig.whatsappAppSecrets[1];

/** Odd white space and escapes, so that nothing but the very bytes will do. */
const rawOf = (body: object) =>
  Buffer.from(`${JSON.stringify(body, null, 3)} \n`.replace("wamid", "\\u0077amid"));

async function letTimePass(): Promise<void> {
  await administer(service.database.ownerUrl, async (sql) => {
    await sql`update webhook_forward_target set claimed_until = now()`;
    await sql`update webhook_forward set due_at = now()`;
  });
  const { list } = composeOutgoingTasks(service.composed, config);
  await list.resume_webhooks?.({}, new AbortController().signal);
}

const forwards = () =>
  administer(
    service.database.ownerUrl,
    (sql) => sql<
      { attempts: number; lastStatus: number | null; lastError: string | null; isDone: boolean }[]
    >`
      select attempts, last_status as "lastStatus", last_error as "lastError", delivered_at is not null as "isDone"
      from webhook_forward order by body_id desc`,
  );

describe("a webhook of an app with a URL to go on to", () => {
  it("gets there as it came, byte by byte, with the platform's signature; one of another app does not", async () => {
    const shop = await Shop.open(service);
    const platform = new Platform(service.anonymous, shop.sender);
    const own = rawOf(platform.messages(platform.text("12025550123", "Hello")));
    const other = rawOf(platform.messages(platform.text("12025550124", "Hello")));
    const signature = signatureOf(own, second);
    expect((await platform.send(own, { "x-hub-signature-256": signature })).status).toBe(200);
    expect((await platform.send(other)).status).toBe(200);
    await until(() => receiver.received.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]?.raw.equals(own)).toBe(true);
    expect(receiver.received[0]?.headers["x-hub-signature-256"]).toBe(signature);
  });

  it("is answered at once, and in force, while the other app hangs or is gone; it gets there later", async () => {
    const shop = await Shop.open(service);
    const person = { waId: "12025550125" };
    await shop.proven(person);
    const platform = new Platform(service.anonymous, shop.sender);
    await receiver.stop();
    const raw = rawOf(platform.messages(platform.text(person.waId, "STOP")));
    const answer = await platform.send(raw, { "x-hub-signature-256": signatureOf(raw, second) });
    expect(answer.status).toBe(200);
    expect(await shop.codes(person)).toContain("recipient_opted_out");
    await until(async () => (await forwards())[0]?.lastError === "connection");
    await receiver.start();
    receiver.behave = (response) => void response.writeHead(500).end();
    await letTimePass();
    await until(async () => (await forwards())[0]?.lastStatus === 500);
    receiver.behave = (response) => void response.writeHead(200).end();
    await letTimePass();
    await until(async () => (await forwards())[0]?.isDone === true);
    expect(receiver.received.at(-1)?.raw.equals(raw)).toBe(true);
    expect((await forwards())[0]?.attempts).toBe(3);
  });

  it("that is signed by nobody goes nowhere", async () => {
    const before = await forwards();
    const raw = Buffer.from("{}");
    const answer = await service.anonymous.post("/webhooks/whatsapp", raw, {
      "x-hub-signature-256": signatureOf(raw, "somebody else's secret"),
    });
    expect(answer.status).toBe(401);
    expect(await forwards()).toEqual(before);
    expect(receiver.received).toEqual([]);
  });

  it("no longer goes to a URL that the configuration does not name any more", async () => {
    const shop = await Shop.open(service);
    const platform = new Platform(service.anonymous, shop.sender);
    await worker.stop();
    const raw = rawOf(platform.messages(platform.text("12025550126", "Hello")));
    await platform.send(raw, { "x-hub-signature-256": signatureOf(raw, second) });
    const { list } = composeOutgoingTasks(service.composed, testConfig);
    await list.forward_webhooks?.({ url: receiver.url }, new AbortController().signal);
    expect(receiver.received).toEqual([]);
    worker = await startWorker(service.composed, composeOutgoingTasks(service.composed, config));
    await until(() => receiver.received.length === 1);
  });
});
