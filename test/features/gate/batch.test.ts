import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../../src/kernel/limits.ts";
import { type ServiceProcess, startTestService, type TestService } from "../../support/service.ts";
import { type Checked, messages, Shop } from "../../support/shop.ts";

let service: TestService;
let server: ServiceProcess;
beforeAll(async () => {
  service = await startTestService();
  server = await service.startProcess();
});
afterAll(() => service.close());

const lines = { "content-type": "application/x-ndjson" };

interface Problem {
  readonly line: number;
  readonly messageRef?: string;
  readonly problem: {
    readonly type: string;
    readonly status: number;
    readonly errors?: { pointer: string }[];
  };
}
type LineAnswer = Partial<Checked> & Partial<Problem> & { readonly messageRef?: string };

const checkOf = (shop: Shop, recipient: object, input: object = {}) => ({
  sender: shop.sender.id,
  recipient,
  purpose: "promotions",
  message: messages.sale,
  ...input,
});

const answersIn = (text: string) =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LineAnswer);

const person = { phone: "+12025550142" };
const stranger = { phone: "+12025550143" };

function recordedBy(shop: Shop): Promise<number> {
  return shop.sql(async (sql, organizationId) => {
    const [row] = await sql<{ count: number }[]>`
      select count(*)::int as count from decision where organization_id = ${organizationId}`;
    return row?.count ?? 0;
  });
}

/** Opens a batch at the process and keeps it open. */
async function openBatch(shop: Shop): Promise<{ sent: ClientRequest; answered: Promise<IncomingMessage> }> {
  const sent = request(new URL("/v1/checks/batch", server.url), {
    method: "POST",
    headers: { ...lines, authorization: `Bearer ${shop.org.key}` },
  });
  // Some of these are broken off on purpose.
  sent.on("error", () => {});
  const answered = once(sent, "response").then(([response]) => response as IncomingMessage);
  answered.catch(() => {});
  sent.flushHeaders();
  return { sent, answered };
}

function expectNoComplaint() {
  expect(server.output()).not.toMatch(/unexpected error|"level":(50|60)|"status":5/);
  expect(server.complaint()).not.toMatch(/error|abort/i);
}

describe("a batch of lines", () => {
  it("is answered in the order asked, every bad line in its place", async () => {
    const shop = await Shop.open(service);
    await shop.proven(person);
    const good = JSON.stringify(checkOf(shop, person));
    const bad: readonly (readonly [line: string | Buffer, type: string, pointer?: string])[] = [
      ["{", "malformed"],
      ["{}{}", "malformed"],
      [Buffer.from([0x22, 0xff, 0x22]), "malformed"],
      ["null", "invalid", ""],
      ["[1]", "invalid", ""],
      [good.replace("{", '{"surprise":1,'), "invalid", "/surprise"],
      [good.replace("{", `{"purpose":"promotions",`), "invalid", "/purpose"],
      [good.replace('"+12025550142"', '"\\u0000"'), "invalid", "/recipient/phone"],
      [good.replace('"phone"', '"fax"'), "invalid"],
      ['{"sender":"1"}', "invalid"],
    ];
    const body: Buffer[] = [];
    const wanted: unknown[] = [];
    let number = 0;
    const send = (line: string | Buffer, answer?: unknown) => {
      number += 1;
      body.push(Buffer.from(line), Buffer.from(number % 2 === 0 ? "\r\n" : "\n"));
      if (answer !== undefined) wanted.push(answer);
    };
    for (let turn = 0; turn < 5_000; turn += 1) {
      const [line, type, pointer] = bad[turn % bad.length] ?? ["", ""];
      if (turn % 7 === 0)
        send(line, {
          line: number + 1,
          problem: expect.objectContaining({
            type: `urn:sayso:problem:${type}`,
            ...(pointer === undefined ? {} : { errors: [expect.objectContaining({ pointer })] }),
          }),
        });
      else if (turn % 97 === 1) send(" ");
      else if (turn % 2_000 === 1_999)
        send("x".repeat(limits.bodyBytes + 1), {
          line: number + 1,
          problem: expect.objectContaining({ type: "urn:sayso:problem:too_large", status: 413 }),
        });
      else {
        const messageRef = `order-${turn}`;
        const isAllowed = turn % 3 === 0;
        send(JSON.stringify(checkOf(shop, isAllowed ? person : stranger, { messageRef })), {
          messageRef,
          decision: isAllowed ? "allow" : "deny",
          decisionId: expect.stringMatching(/^dec_/),
        });
      }
    }
    const answer = await shop.org.post("/v1/checks/batch", Buffer.concat(body), {
      ...lines,
      "idempotency-key": "means nothing here",
    });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
    const found = answersIn(answer.text).map(({ line, problem, messageRef, decision, decisionId }) =>
      problem ? { line, problem } : { messageRef, decision, decisionId },
    );
    expect(found.length).toBe(wanted.length);
    for (const [index, one] of found.entries()) expect([index, one]).toEqual([index, wanted[index]]);
    expect(await recordedBy(shop)).toBe(found.filter(({ decisionId }) => decisionId).length);
  }, 120_000);

  it("records what it answers: the last of two equal lines is decided anew, and each answer can be read", async () => {
    const shop = await Shop.open(service);
    await shop.proven(person);
    const line = `${JSON.stringify(checkOf(shop, person, { messageRef: "a" }))}\n`;
    const answer = await shop.org.post("/v1/checks/batch", line + line.trim(), {
      "content-type": "application/ndjson; charset=utf-8",
      "accept-language": "ru",
    });
    const ids = answersIn(answer.text).map(({ decisionId }) => decisionId);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) {
      const kept = await shop.org.get<{ messageRef: string }>(`/v1/decisions/${id}`);
      expect([kept.status, kept.body.messageRef]).toEqual([200, "a"]);
    }
  });

  it("is answered line by line while it is being sent", async () => {
    const shop = await Shop.open(service);
    await shop.proven(person);
    const { sent, answered } = await openBatch(shop);
    const response = await answered;
    const answers = createInterface({ input: response })[Symbol.asyncIterator]();
    for (const recipient of [person, stranger, person]) {
      sent.write(`${JSON.stringify(checkOf(shop, recipient))}\n`);
      const { value } = await answers.next();
      expect((JSON.parse(String(value)) as Checked).decision).toBe(recipient === person ? "allow" : "deny");
    }
    sent.end("\n\n");
    expect(await answers.next()).toMatchObject({ done: true });
    expect(response.complete).toBe(true);
  });

  it("without lines has no answers, and with another content type, no key or another scope is refused", async () => {
    const shop = await Shop.open(service);
    for (const body of ["", "\n \n"]) {
      const empty = await shop.org.post("/v1/checks/batch", body, lines);
      expect([empty.status, empty.text]).toEqual([200, ""]);
    }
    const type = (answer: { status: number; body: { type?: unknown } }) => [answer.status, answer.body.type];
    for (const path of ["/v1/checks/batch", "/v1/checks/preview"]) {
      const plain = await shop.org.post(path, "{}\n", { "content-type": "text/plain" });
      expect(type(plain)).toEqual([415, "urn:sayso:problem:unsupported_media_type"]);
      const unknown = await service.anonymous.post(path, "{}\n", lines);
      expect(type(unknown)).toEqual([401, "urn:sayso:problem:unauthenticated"]);
      const limited = await shop.org.limitedTo("consents", "blocks");
      expect(type(await limited.post(path, "{}\n", lines))).toEqual([403, "urn:sayso:problem:forbidden"]);
    }
  });
});

describe("a client that misbehaves costs nothing but its own connection", () => {
  it("is not read any further while it does not read, and lets everything go when it hangs up", async () => {
    const shop = await Shop.open(service);
    const many = 20_000;
    const { sent, answered } = await openBatch(shop);
    // The white space makes it more than the buffers of the system's connections hold.
    const group = `${JSON.stringify(checkOf(shop, stranger))}${" ".repeat(4_000)}\n`.repeat(10);
    let given = 0;
    Readable.from(
      (function* () {
        for (; given < many; given += 10) yield group;
      })(),
    ).pipe(sent);
    const response = await answered;
    response.pause();
    // Lines of batches take turns: while one of another batch is answered as a whole, this one would go on if it could.
    const other = `${JSON.stringify(checkOf(shop, stranger, { dryRun: true }))}\n`.repeat(1_000);
    const counts: number[] = [];
    while (counts.length < 4 || counts.at(-1) === 0 || counts.at(-1) !== counts.at(-4)) {
      const { status } = await shop.org.through(server).post("/v1/checks/batch", other, lines);
      expect(status).toBe(200);
      counts.push(await recordedBy(shop));
    }
    const now = counts.at(-1) ?? 0;
    expect(now).toBeLessThan(many / 2);
    expect(given).toBeLessThan(many);
    response.destroy();
    sent.destroy();
    // Others are answered, and what was recorded stays.
    expect((await shop.org.through(server).get("/v1/senders")).status).toBe(200);
    expect(await recordedBy(shop)).toBeGreaterThanOrEqual(now);
    expect(await recordedBy(shop)).toBeLessThan(many / 2);
    expectNoComplaint();
  }, 120_000);

  it("may hang up in the middle of a line: what was whole is decided, the rest is not, and nothing is amiss", async () => {
    const shop = await Shop.open(service);
    const { sent, answered } = await openBatch(shop);
    const line = JSON.stringify(checkOf(shop, stranger));
    const response = await answered;
    sent.write(`${line}\n`.repeat(300));
    const answers = createInterface({ input: response })[Symbol.asyncIterator]();
    for (let count = 0; count < 300; count += 1) await answers.next();
    // It could be read as a whole check, but its end never came.
    await new Promise((written) => sent.write(line, written));
    const noted = server.output().length;
    sent.destroy();
    while (!server.output().slice(noted).includes('"route":"/v1/senders"'))
      await shop.org.through(server).get("/v1/senders");
    expect(await recordedBy(shop)).toBe(300);
    expectNoComplaint();
  });

  it("may send what is no chunk in the middle of its lines: the answer ends without seeming whole", async () => {
    const shop = await Shop.open(service);
    const { sent, answered } = await openBatch(shop);
    sent.write(`${JSON.stringify(checkOf(shop, stranger))}\n`);
    const response = await answered;
    let received = "";
    const over = new Promise<void>((resolve) => {
      response.setEncoding("utf8").on("data", (text: string) => {
        received += text;
        sent.socket?.write("no chunk\r\n");
      });
      response.on("error", () => {}).on("close", resolve);
    });
    await over;
    expect(response.complete).toBe(false);
    expect(answersIn(received)).toHaveLength(1);
    expectNoComplaint();
  });

  it("may send 200 MB of bad lines: the memory of the service grows by a fraction of it", async () => {
    const shop = await Shop.open(service);
    const residentMb = async () =>
      Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${server.pid}/status`, "utf8"))?.[1]) / 1024;
    const before = await residentMb();
    const { sent, answered } = await openBatch(shop);
    const group = `{"surprise":"${"x".repeat(1_000)}"}\n`.repeat(100);
    Readable.from(
      (function* () {
        for (let turn = 0; turn < 2_000; turn += 1) yield group;
      })(),
    ).pipe(sent);
    let count = 0;
    let most = before;
    for await (const line of createInterface({ input: await answered })) {
      count += 1;
      if (count % 20_000 === 1) {
        expect((JSON.parse(line) as Problem).line).toBe(count);
        most = Math.max(most, await residentMb());
      }
    }
    expect(count).toBe(200_000);
    expect(most - before).toBeLessThan(150);
  }, 120_000);
});

it("the OpenAPI document names both content types of a batch and of its preview", async () => {
  const { body } = await service.anonymous.get<{
    paths: Record<
      string,
      {
        post: {
          requestBody: { content: Record<string, { schema: { type?: string } }> };
          responses: Record<string, { content: object }>;
        };
      }
    >;
  }>("/openapi.json");
  const both = ["application/json", "application/x-ndjson"];
  const [batch, preview] = ["/v1/checks/batch", "/v1/checks/preview"].map((path) => body.paths[path]?.post);
  expect(Object.keys(batch?.responses["200"]?.content ?? {})).toEqual(both);
  for (const route of [batch, preview]) {
    const taken = route?.requestBody.content ?? {};
    expect(Object.keys(taken)).toEqual(both);
    expect(taken["application/x-ndjson"]?.schema).toEqual({
      type: "string",
      description: expect.stringContaining("NDJSON"),
    });
  }
});
