import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { createServer, connect as dial } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { limits } from "../src/kernel/limits.ts";
import { environmentOf, type Listening, startBuilt, startListening } from "./support/built.ts";
import { startTestService, type TestService } from "./support/service.ts";

let service: TestService;
const started: Listening[] = [];
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
});

/** The service as `npm start` runs it, ready. */
async function start(environment = environmentOf(service.database)): Promise<Listening> {
  const running = await startListening(environment);
  started.push(running);
  return running;
}

/** A request whose headers have arrived at the service and whose body has not. */
async function half(
  url: string,
  key: string,
): Promise<{ sent: ClientRequest; answered: Promise<IncomingMessage> }> {
  const sent = request(`${url}/v1/purposes`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", expect: "100-continue" },
  });
  const answered = once(sent, "response").then(([response]) => response as IncomingMessage);
  answered.catch(() => {});
  sent.flushHeaders();
  await once(sent, "continue");
  return { sent, answered };
}

async function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = dial({ host: hostname, port: Number(port) });
  const connected = await Promise.race([
    once(socket, "connect").then(() => true),
    once(socket, "error").then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return connected;
}

test("it becomes ready, says in log lines where, and without a key how to make one; with a key it does not", async () => {
  const fresh = await startTestService();
  const environment = environmentOf(fresh.database);
  const first = await start(environment);
  expect(await (await fetch(`${first.url}/readyz`)).json()).toEqual({ status: "ready" });
  first.child.kill("SIGTERM");
  const { code, stdout, stderr } = await first.ended;
  expect(code).toBe(0);
  for (const line of stdout.trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("msg");
  expect(stderr).toContain("npx --no-install sayso key create --name NAME --scope all");
  expect(stderr).toContain(`API reference: ${first.url}/docs`);

  const made = startBuilt("cli.js", ["key", "create", "--name", "x", "--scope", "all"], environment);
  expect((await made.ended).code).toBe(0);
  const second = await start(environment);
  second.child.kill("SIGINT");
  expect(await second.ended).toMatchObject({ code: 0, stderr: "" });
  await fresh.close();
});

test("told to stop, it takes no more connections, finishes the request under way and ends with exit code 0", async () => {
  const shop = await service.organization();
  const { url, child, ended } = await start();
  const { sent, answered } = await half(url, shop.key ?? "");
  child.kill("SIGTERM");
  while (await isListening(url)) await delay(20);
  sent.end(
    JSON.stringify({
      key: "late",
      name: "Late",
      description: "Late.",
      category: "utility",
      lawfulBasis: "contract",
    }),
  );
  const response = await answered;
  expect(response.statusCode, await text(response)).toBe(201);
  expect(await ended).toMatchObject({ code: 0 });
});

test("told to stop again, it ends at once although a request is under way", async () => {
  const shop = await service.organization();
  const { url, child, ended } = await start();
  await half(url, shop.key ?? "");
  child.kill("SIGTERM");
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    await delay(100);
    child.kill("SIGTERM");
  }
  expect(await ended).toMatchObject({ code: 1 });
});

test("a connection that its client keeps open after the answer does not make it wait out its time", async () => {
  const { url, child, ended } = await start();
  const { hostname, port } = new URL(url);
  const socket = dial({ host: hostname, port: Number(port) });
  let received = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    received += text;
  });
  socket.write(
    "POST /v1/purposes HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: keep-alive\r\n\r\n",
  );
  while (!received.includes("100 Continue")) await once(socket, "data");
  child.kill("SIGTERM");
  while (await isListening(url)) await delay(20);
  socket.write("{}");
  while (!received.includes(" 401 ")) await once(socket, "data");
  const answeredAt = performance.now();
  expect(await ended).toMatchObject({ code: 0, stdout: expect.stringContaining('"msg":"stopped"') });
  expect(performance.now() - answeredAt).toBeLessThan(limits.shutdownTimeoutMs / 2);
});

test.each([
  [
    "a master key is missing",
    { DATABASE_URL: "postgres://sayso_app@127.0.0.1:1/x" },
    "SAYSO_MASTER_KEY must be set",
  ],
  ["a port cannot be", { PORT: "eighty" }, "- PORT "],
  [
    "an address is not this machine's",
    { HOST: "192.0.2.1", PORT: "0" },
    "Set HOST to an address of this machine",
  ],
])(
  "when %s it says what to set, on standard error only, with exit code 1",
  async (_what, environment, sentence) => {
    const { code, stdout, stderr } = await startBuilt("main.js", [], environment).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain("    at ");
  },
);

test("a taken port is said in a sentence before anything else is touched", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const port = typeof address === "object" ? `${address?.port}` : "";
  const environment = { ...environmentOf(service.database), DATABASE_URL: "postgres://nobody@127.0.0.1:1/x" };
  const ended = await startBuilt("main.js", [], { ...environment, PORT: port }).ended;
  other.close();
  expect(ended).toMatchObject({
    code: 1,
    stdout: "",
    stderr: `Port ${port} on 127.0.0.1 is taken by another program. Stop that program, or set PORT to another number.\n`,
  });
});
