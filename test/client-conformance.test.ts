import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createGuard, GuardError, SendFailed } from "../src/client.ts";
import { checkSchema } from "../src/http/check-body.ts";

const answer = z.strictObject({
  status: z.int().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  json: z.unknown().optional(),
  text: z.string().optional(),
  delayMs: z.int().optional(),
  hangs: z.literal(true).optional(),
  cut: z.literal(true).optional(),
});
const exchange = z.strictObject({
  call: z.enum(["check", "redeem", "outcome"]),
  permit: z.string().optional(),
  body: z.record(z.string(), z.unknown()).optional(),
  answer,
  times: z.literal("one or more").optional(),
});
const conformance = z.strictObject({
  title: z.string(),
  version: z.literal(1),
  how: z.array(z.string()),
  timeoutMs: z.int(),
  question: checkSchema.omit({ messageRef: true, cause: true, dryRun: true }),
  cases: z.array(
    z.strictObject({
      guarantee: z.string(),
      deadlineMs: z.int().optional(),
      send: z
        .union([
          z.strictObject({ returns: z.strictObject({ messageId: z.string().optional() }) }),
          z.strictObject({ fails: z.enum(["unknown", "refused"]), errorCode: z.int().optional() }),
        ])
        .default({ returns: { messageId: "wamid.1" } }),
      exchanges: z.array(exchange).min(1),
      wanted: z.strictObject({
        sent: z.int(),
        result: z.enum(["allow", "deny", "undecided", "refused", "failed"]),
        codes: z.array(z.string()).optional(),
        reported: z.boolean().optional(),
      }),
    }),
  ),
});
type Case = z.output<typeof conformance>["cases"][number];
type Exchange = z.output<typeof exchange>;

/** As a client in another repository finds it. */
const published: unknown = createRequire(import.meta.url)("sayso/client/conformance.json");
const { cases, question, timeoutMs } = conformance.parse(published);
const apiKey = "sayso_test_conformance";

interface Call {
  readonly call: string;
  readonly permit?: string;
  readonly body?: unknown;
  readonly messageRef?: unknown;
}

/** What was asked, in the words of a case; the question of a check is compared apart, by its messageRef. */
function callOf(path: string, body: string): Call {
  const [, permit, call] = /^\/v1\/permits\/([^/?]+)\/(redeem|outcome)$/.exec(path) ?? [];
  if (permit !== undefined && call !== undefined) {
    const named = { call, permit: decodeURIComponent(permit) };
    return body === "" ? named : { ...named, body: JSON.parse(body) };
  }
  if (path !== "/v1/checks") return { call: path };
  const { messageRef, ...asked } = JSON.parse(body);
  expect(asked).toEqual(question);
  return { call: "check", messageRef };
}

async function give(
  { status, headers, json, text, delayMs, hangs, cut }: Exchange["answer"],
  to: ServerResponse,
) {
  await sleep(delayMs ?? 0);
  const body = Buffer.from(text ?? (json === undefined ? "" : JSON.stringify(json)));
  if (status !== undefined)
    to.writeHead(status, {
      "content-type": "application/json",
      ...(status === 204 ? {} : { "content-length": body.length }),
      ...headers,
    });
  if (!hangs && !cut) {
    to.end(body);
    return;
  }
  if (status !== undefined) await new Promise((done) => to.write(body.subarray(0, body.length / 2), done));
  if (cut) to.destroy();
}

/** A server that plays its part of a case, and what it was asked. */
async function playing(exchanges: readonly Exchange[]) {
  const calls: Call[] = [];
  let next = 0;
  const listen = async (request: IncomingMessage, response: ServerResponse) => {
    expect(request.method).toBe("POST");
    expect(request.headers.authorization).toBe(`Bearer ${apiKey}`);
    const body = await text(request);
    if (body !== "") expect(request.headers["content-type"]).toBe("application/json");
    calls.push(callOf(request.url ?? "", body));
    const exchange = exchanges[next] ?? exchanges.at(-1);
    if (exchange?.times === undefined) next += 1;
    await give(exchange?.answer ?? { status: 500 }, response);
  };
  const failures: unknown[] = [];
  const server = createServer((request, response) => {
    listen(request, response).catch((error: unknown) => {
      failures.push(error);
      response.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No address.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    failures,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const sendError = new Error("The connection broke.");

async function outcomeOf({ deadlineMs, send }: Case, url: string) {
  const guard = createGuard({ url, apiKey, timeoutMs });
  let sent = 0;
  const sendFn = async () => {
    sent += 1;
    if ("returns" in send) return send.returns;
    throw send.fails === "refused" ? new SendFailed("No.", send.errorCode) : sendError;
  };
  const message = {
    ...question,
    ...(deadlineMs === undefined ? {} : { deadline: new Date(Date.now() + deadlineMs) }),
  };
  try {
    const result = await guard.send(message, sendFn);
    return {
      sent,
      result: result.decision,
      ...(result.decision === "allow" ? { reported: result.reported } : {}),
      ...(result.decision === "deny" ? { codes: result.reasons.map(({ code }) => code) } : {}),
    };
  } catch (error) {
    if (error instanceof GuardError) return { sent, result: "refused" };
    expect(error === sendError || error instanceof SendFailed, String(error)).toBe(true);
    return { sent, result: "failed" };
  }
}

/** What a case wants asked, as often as it was repeated where that is left open. */
function wantedCalls(exchanges: readonly Exchange[], asked: number): Call[] {
  return exchanges.flatMap(({ call, permit, body, times }) => {
    const named = {
      call,
      ...(permit === undefined ? {} : { permit }),
      ...(body === undefined ? {} : { body }),
    };
    const repeated = times === undefined ? 1 : Math.max(1, asked - exchanges.length + 1);
    return Array.from({ length: repeated }, () => named);
  });
}

describe("the conformance cases for clients", () => {
  it("name every guarantee once and never send without a redeemed permit", () => {
    expect(cases.length).toBeGreaterThan(60);
    expect(new Set(cases.map(({ guarantee }) => guarantee)).size).toBe(cases.length);
    for (const { guarantee, exchanges, wanted } of cases) {
      const redeemed = exchanges.filter(
        ({ call, answer }) =>
          call === "redeem" &&
          answer.status === 200 &&
          !answer.cut &&
          !answer.hangs &&
          (answer.json as { redeemed?: unknown } | null | undefined)?.redeemed === true,
      );
      expect([guarantee, wanted.sent]).toEqual([guarantee, redeemed.length]);
    }
  });

  it("hold for an answer whose end never comes also when memory is cleaned up meanwhile", async () => {
    // Node 20 forgets a request's abort signal then: nothing but a clock of its own ends the wait.
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const endless = cases.filter(({ exchanges }) =>
      exchanges.some(({ answer }) => answer.hangs && answer.status !== undefined),
    );
    expect(endless.length).toBeGreaterThan(0);
    for (const each of endless) {
      const servers = await Promise.all(Array.from({ length: 20 }, () => playing(each.exchanges)));
      const told = Promise.all(servers.map(({ url }) => outcomeOf(each, url)));
      for (let time = 0; time < 4; time += 1) {
        await sleep(timeoutMs / 6);
        collect();
      }
      const inTime = await Promise.race([told, sleep(10 * timeoutMs, "late")]);
      for (const { close } of servers) close();
      expect(inTime).toEqual(servers.map(() => each.wanted));
    }
  });

  it.concurrent.each(cases.map((each) => [each.guarantee, each] as const))(
    "hold: %s",
    async (_guarantee, each) => {
      const server = await playing(each.exchanges);
      try {
        expect(await outcomeOf(each, server.url)).toEqual(each.wanted);
        expect(server.failures).toEqual([]);
        const asked = server.calls.map(({ messageRef: _ref, ...call }) => call);
        expect(asked).toEqual(wantedCalls(each.exchanges, asked.length));
        const refs = server.calls.filter(({ call }) => call === "check").map(({ messageRef }) => messageRef);
        expect(new Set(refs).size).toBe(1);
        expect(refs[0]).toMatch(/./);
      } finally {
        server.close();
      }
    },
  );
});
