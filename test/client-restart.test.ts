import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createGuard, type Guarded } from "../src/client.ts";
import { type ServiceProcess, startTestService, type TestService } from "./support/service.ts";
import { ago, messages, Shop } from "./support/shop.ts";

let service: TestService;
let shop: Shop;
beforeAll(async () => {
  service = await startTestService();
  shop = await Shop.open(service);
});
afterAll(() => service.close());

/** One address for several processes: each connection goes to the next of them that answers. */
interface Forwarder {
  readonly url: string;
  /** Connections that each process took, by its address. */
  readonly taken: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

async function forward(processes: readonly Pick<ServiceProcess, "url">[]): Promise<Forwarder> {
  const taken = new Map<string, number>();
  let turn = 0;
  const server: Server = createServer((incoming) => {
    incoming.on("error", () => incoming.destroy());
    const tryNext = (triesLeft: number) => {
      turn += 1;
      const url = processes[turn % processes.length]?.url;
      if (url === undefined || triesLeft === 0) return void incoming.destroy();
      const { hostname, port } = new URL(url);
      const outgoing = dial({ host: hostname, port: Number(port) });
      const skip = () => tryNext(triesLeft - 1);
      outgoing.once("error", skip).once("connect", () => {
        taken.set(url, (taken.get(url) ?? 0) + 1);
        outgoing.off("error", skip).on("error", () => incoming.destroy());
        outgoing.on("close", () => incoming.destroy());
        incoming.on("close", () => outgoing.destroy());
        incoming.pipe(outgoing).pipe(incoming);
      });
    };
    tryNext(processes.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken,
    close: async () => {
      server.close();
    },
  };
}

it("while each of two processes is stopped and started again, no check of a client that retries ends as anything but allow or deny", {
  timeout: 300_000,
}, async () => {
  const running = [await service.startProcess(), await service.startProcess()];
  const forwarder = await forward(running);
  const guard = createGuard({ url: forwarder.url, apiKey: shop.org.key ?? "", timeoutMs: 10_000 });
  const [optedIn, stranger] = [{ waId: "12025550142" }, { waId: "12025550143" }];
  await shop.proven(optedIn, {}, { occurredAt: ago(240) });

  let isOver = false;
  const sent: string[] = [];
  const ended: { readonly of: object; readonly with: Guarded<{ messageId: string }> }[] = [];
  const client = async () => {
    while (!isOver) {
      const recipient = Math.random() < 0.8 ? optedIn : stranger;
      const messageRef = `message-${service.nextNumber()}`;
      const deadline = new Date(Date.now() + 60_000);
      const question = { sender: shop.sender.id, recipient, purpose: "promotions", message: messages.sale };
      const result = await guard.send({ ...question, messageRef, deadline }, async () => {
        sent.push(messageRef);
        return { messageId: `wamid.${messageRef}` };
      });
      ended.push({ of: recipient, with: result });
    }
  };
  const moreResults = async () => {
    const before = ended.length;
    while (ended.length < before + 50) await delay(10);
  };
  const restart = async () => {
    try {
      await moreResults();
      for (const [index, process] of [...running].entries()) {
        await process.stop();
        // For a while the address is one at which nobody listens.
        running[index] = await service.startProcess();
        await moreResults();
      }
    } finally {
      isOver = true;
    }
  };
  await Promise.all([restart(), ...Array.from({ length: 8 }, client)]);
  await forwarder.close();

  for (const { of, with: result } of ended) {
    expect(result.decision, JSON.stringify(result)).toBe(of === optedIn ? "allow" : "deny");
    if (result.decision === "allow") expect(result.reported).toBe(true);
  }
  expect(new Set(sent).size).toBe(sent.length);
  expect(sent).toHaveLength(ended.filter(({ of }) => of === optedIn).length);
  expect(sent.length).toBeGreaterThan(100);
  // Both of them took part, and the new one took over when the second was stopped.
  expect(forwarder.taken.size).toBeGreaterThanOrEqual(3);
  const outcomes = await shop.sql(
    (sql, organizationId) => sql<{ count: number }[]>`
      select count(distinct message_id)::int as count from permit_outcome
      where organization_id = ${organizationId} and outcome = 'sent'`,
  );
  expect(outcomes[0]?.count).toBe(sent.length);
});
