import type { Duplex } from "node:stream";
import type { Context as HonoContext } from "hono";
import { SaysoError } from "../kernel/errors.ts";
import type { AppEnv } from "./app.ts";

/** The content type of JSON lines (NDJSON): one JSON document a line. */
export const linesType = "application/x-ndjson";

/** Whether a body says that it is JSON lines, under either of the names in use. */
export function hasLines(c: HonoContext<AppEnv>): boolean {
  return /^application\/(?:x-)?ndjson\s*(?:;|$)/i.test(c.req.header("content-type") ?? "");
}

/** Connections whose request may take as long as it goes on moving. */
const unhurried = new WeakSet<Duplex>();

/**
 * A body's bytes as they come, read no faster than they are taken: for bodies too large to be held. From then on the
 * whole request may take longer than `requestTimeoutMs`; a connection on which nothing moves still ends. Throws
 * `malformed` when the body breaks off.
 */
export async function* bodyPieces(c: HonoContext<AppEnv>): AsyncGenerator<Uint8Array> {
  const incoming = c.env?.incoming;
  if (incoming !== undefined) {
    const { socket } = incoming;
    unhurried.add(socket);
    incoming.once("close", () => unhurried.delete(socket));
  }
  try {
    yield* c.req.raw.body ?? [];
  } catch (cause) {
    throw new SaysoError("malformed", "The body broke off.", { cause });
  }
}

/** An answer of JSON lines, sent as they come and made no faster than the caller reads. */
export function linesAnswer(c: HonoContext<AppEnv>, groups: AsyncIterable<readonly object[]>): Response {
  return c.body(ReadableStream.from(written(groups)), 200, { "content-type": linesType });
}

const utf8 = new TextEncoder();

async function* written(groups: AsyncIterable<readonly object[]>): AsyncGenerator<Uint8Array> {
  for await (const group of groups) {
    yield utf8.encode(group.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }
}

const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/**
 * Handles `clientError` of the server as Node does by itself, but for one thing: Node knows a single time limit for
 * whole requests, and those that take a body of lines are let off it here.
 */
export function endBadConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  const isUnhurried = unhurried.has(socket);
  if (isUnhurried && error.code === "ERR_HTTP_REQUEST_TIMEOUT") return;
  // In the midst of an answer of lines nothing else can be said.
  if (isUnhurried || error.code === "ECONNRESET" || !socket.writable) socket.destroy(error);
  else {
    const refusal = refusals[error.code ?? ""] ?? "400 Bad Request";
    socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
  }
}
