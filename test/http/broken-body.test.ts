import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
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

const requestsOf = (route: string) =>
  server
    .output()
    .split("\n")
    .filter((line) => line.includes(`"route":"${route}"`)).length;

/** Sends a request's head and the beginning of its body, and hangs up; comes back when the service noted it. */
async function breakOff(
  method: string,
  path: string,
  framing: string,
  { began, type }: { began: string; type: string },
): Promise<void> {
  const noted = requestsOf(path);
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.on("error", () => {
    // The service may reset what we hang up on.
  });
  const head = [
    `${method} ${path} HTTP/1.1`,
    "Host: sayso.example",
    `Authorization: Bearer ${shop.key}`,
    `Content-Type: ${type}`,
    framing,
  ];
  await new Promise((written) => socket.write(`${head.join("\r\n")}\r\n\r\n${began}`, written));
  // Authentication asks the database; only then is the body read.
  await shop.get("/v1/organization");
  await shop.get("/v1/organization");
  socket.destroy();
  await expect.poll(() => requestsOf(path), { timeout: 10_000 }).toBe(noted + 1);
}

test.each<[what: string, method: string, path: string, framing: string, began: string, type?: string]>([
  ["of a length that was told", "POST", "/v1/purposes", "Content-Length: 500", '{"key":"'],
  ["in chunks", "POST", "/v1/purposes", "Transfer-Encoding: chunked", '8\r\n{"key":"\r\n'],
  ["of a webhook", "POST", "/webhooks/whatsapp", "Content-Length: 500", '{"object":"'],
  ["of a file", "POST", "/v1/attachments", "Content-Length: 500", "%PDF-1.4 ", "application/pdf"],
  [
    "of a file in chunks",
    "POST",
    "/v1/attachments",
    "Transfer-Encoding: chunked",
    "5\r\n%PDF-\r\n",
    "application/pdf",
  ],
])(
  "a client that goes away within a body %s is no failure of the service's",
  async (_, method, path, framing, began, type = "application/json") => {
    await breakOff(method, path, framing, { began, type });
    expect((await shop.get("/v1/attachments")).body.items).toEqual([]);
    expect(server.output()).not.toContain("unexpected error");
    expect(server.output()).not.toContain('"status":500');
    const { text } = await shop.get("/metrics");
    expect(text).toMatch(/^sayso_http_request_seconds_count\{.*status="400"\} [1-9]/m);
    expect(text).not.toMatch(/status="5\d\d"/);
  },
);
