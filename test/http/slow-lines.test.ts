import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { limits } from "../../src/kernel/limits.ts";
import { type RunningService, startService } from "../../src/service.ts";
import {
  type OrganizationClient,
  startTestService,
  type TestService,
  testConfig,
} from "../support/service.ts";

// The real ones take half a minute.
vi.mock("../../src/kernel/limits.ts", async (original) => {
  const real = await original<typeof import("../../src/kernel/limits.ts")>();
  return {
    limits: { ...real.limits, headersTimeoutMs: 400, requestTimeoutMs: 500, connectionsCheckMs: 50 },
  };
});

let service: TestService;
let server: RunningService;
let shop: OrganizationClient;
beforeAll(async () => {
  service = await startTestService();
  server = await startService(
    {
      ...testConfig,
      databaseUrl: service.database.applicationUrl,
      databaseOwnerUrl: service.database.ownerUrl,
    },
    pino({ level: "silent" }),
  );
  shop = await service.organization();
});
afterAll(async () => {
  await server.stop();
  await service.close();
});

/** A connection of bytes, and what came back on it so far. */
async function dial(): Promise<{ socket: Socket; received: () => string; closed: Promise<unknown> }> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let received = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    received += text;
  });
  socket.on("error", () => {
    // The service may reset it.
  });
  const closed = once(socket, "close");
  await once(socket, "connect");
  return { socket, received: () => received, closed };
}

const head = (path: string, type: string) =>
  [
    `POST ${path} HTTP/1.1`,
    "Host: sayso.example",
    `Authorization: Bearer ${shop.key}`,
    `Content-Type: ${type}`,
    "Transfer-Encoding: chunked",
    "\r\n",
  ].join("\r\n");

test("a batch of lines may take longer than other requests, and after it the time counts again", async () => {
  const { socket, received, closed } = await dial();
  socket.write(head("/v1/checks/batch", "application/x-ndjson"));
  for (let line = 1; line <= 4; line += 1) {
    socket.write("3\r\n{}\n\r\n");
    await expect.poll(received).toContain(`"line":${line}`);
    await delay(limits.requestTimeoutMs / 2);
  }
  socket.write("0\r\n\r\n");
  await expect.poll(received).toMatch(/\r\n0\r\n\r\n$/);
  // On the same connection.
  socket.write(`${head("/v1/purposes", "application/json")}1\r\n{\r\n`);
  await closed;
  expect(received()).toMatch(/HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n\r\n$/);
});

test("a preview that comes a byte at a time is waited for, and keeps nobody else waiting", async () => {
  const ask = async () => {
    const headers = { authorization: `Bearer ${shop.key}`, "content-type": "application/x-ndjson" };
    const url = `${server.url}/v1/checks/preview`;
    return (await fetch(url, { method: "POST", headers, body: "{}" })).status;
  };
  const { socket, received } = await dial();
  socket.write(head("/v1/checks/preview", "application/x-ndjson"));
  for (const byte of "{}\n{ }") {
    socket.write(`1\r\n${byte}\r\n`);
    const started = performance.now();
    expect(await ask()).toBe(200);
    expect(await Promise.all(Array.from({ length: 10 }, ask))).toEqual(Array(10).fill(200));
    await delay(limits.requestTimeoutMs / 3 - (performance.now() - started));
  }
  expect(received()).toBe("");
  socket.end("0\r\n\r\n");
  await expect.poll(received).toMatch(/^HTTP\/1\.1 200 [\s\S]*"recipients":2,.*"unreadable":2,/);
});

test.each([
  [
    "a caller without a key",
    (text: string) => text.replace(/Authorization: Bearer .*\r\n/, ""),
    /^HTTP\/1\.1 401 /,
  ],
  ["a body of another kind", (text: string) => text.replace("x-ndjson", "json"), /^HTTP\/1\.1 408 /],
])("%s is given no more time on the batch's address, nor on the preview's", async (_what, change, answer) => {
  for (const path of ["/v1/checks/batch", "/v1/checks/preview"]) {
    const { socket, received, closed } = await dial();
    socket.write(change(`${head(path, "application/x-ndjson")}1\r\n{\r\n`));
    await closed;
    expect(received()).toMatch(answer);
  }
});

test.each([
  ["what is no HTTP", "hello\r\n\r\n", 400],
  ["headers without end", `GET / HTTP/1.1\r\nX: ${"x".repeat(100_000)}`, 431],
  ["headers that never come", "GET / HTTP/1.1\r\n", 408],
])("%s is answered and the connection closed", async (_what, bytes, status) => {
  const { socket, received, closed } = await dial();
  socket.write(bytes);
  await closed;
  expect(received()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [\\w ]+\\r\\nConnection: close\\r\\n\\r\\n$`));
});
