import { type LookupAddress, lookup } from "node:dns";
import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as overHttp,
} from "node:http";
import { Agent as HttpsAgent, request as overHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { limits } from "../../kernel/limits.ts";
import { hostOf, refusedTarget, type TargetRules } from "../../kernel/target.ts";

/** What came of a POST: the answer's status, or why there was none. */
export type Posted = { readonly durationMs: number } & (
  | { readonly status: number; readonly error: null }
  | { readonly status: null; readonly error: PostError }
);
export type PostError = "timeout" | "connection" | "private_address" | "refused_target" | "stopped";

const agents = {
  "http:": new HttpAgent({ keepAlive: true, maxFreeSockets: 16, timeout: limits.webhookIdleMs }),
  "https:": new HttpsAgent({ keepAlive: true, maxFreeSockets: 16, timeout: limits.webhookIdleMs }),
};

class PrivateAddress extends Error {
  override readonly name = "PrivateAddress";
}

/** Whether an address is one of the public Internet: not of this machine, a private or another special network. */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}

/** Looks a name up as the connection will have it, and fails when any of its addresses is not public. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const [first] = addresses ?? [];
    if (error !== null) callback(error, []);
    else if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address)))
      callback(new PrivateAddress(), []);
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** How something is sent: what may be sent to, when it has taken too long, and what breaks it off. */
export interface Sending {
  readonly targets: TargetRules;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/**
 * Sends a body to a URL and answers with the status. Never throws. Redirects are not followed; of the answer's body at
 * most a little is read, and none kept. The connection is made only to addresses that were looked at: a name that
 * points to this machine or a private network is refused, unless the rules name the host.
 */
export async function post(
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
  sending: Sending,
): Promise<Posted> {
  const started = performance.now();
  const sent = await send(url, body, headers, sending, statusOf);
  const durationMs = Math.round(performance.now() - started);
  return "error" in sent
    ? { status: null, error: sent.error, durationMs }
    : { status: sent.answer, error: null, durationMs };
}

/** What came of asking: an answer whole, or why there is none. `too_large`: its body was larger than what was asked for. */
export type Asked =
  | { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer }
  | { readonly error: PostError | "too_large" | "cut_off" };

/** Sends a body to a URL as `post` does, and answers with what came back, if it has at most so many bytes. */
export async function ask(
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
  sending: Sending & { readonly mostBytes: number },
): Promise<Asked> {
  const sent = await send(url, body, headers, sending, (request, body) =>
    answerOf(request, body, sending.mostBytes),
  );
  return "error" in sent ? sent : sent.answer;
}

async function send<Answer>(
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
  { targets, signal, timeoutMs = limits.webhookTimeoutMs }: Sending,
  answered: (request: ClientRequest, body: string | Uint8Array) => Promise<Answer>,
): Promise<{ readonly answer: Answer } | { readonly error: PostError }> {
  if (refusedTarget(url, targets) !== undefined) return { error: "refused_target" };
  const isPrivateAllowed = targets.privateHosts.includes(hostOf(url));
  if (!isPrivateAllowed && isIP(hostOf(url)) !== 0 && !isPublicAddress(hostOf(url)))
    return { error: "private_address" };
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const { protocol } = new URL(url);
    const request = protocol === "https:" ? overHttps : overHttp;
    const answer = await answered(
      request(url, {
        method: "POST",
        headers: { "content-length": String(Buffer.byteLength(body)), ...headers },
        agent: agents[protocol as keyof typeof agents],
        signal: AbortSignal.any([timeout, signal]),
        ...(!isPrivateAllowed && { lookup: publicLookup }),
      }),
      body,
    );
    return { answer };
  } catch (error) {
    if (timeout.aborted) return { error: "timeout" };
    if (signal.aborted) return { error: "stopped" };
    return { error: error instanceof PrivateAddress ? "private_address" : "connection" };
  }
}

/** The status is what counts; the body is read so that the connection can be used again, when it is small. */
function statusOf(request: ClientRequest, body: string | Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    request.once("error", reject);
    request.once("response", (response: IncomingMessage) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > limits.webhookAnswerBytes) response.destroy();
      });
      response.on("error", () => {});
      response.once("close", () => resolve(response.statusCode ?? 0));
    });
    request.end(body);
  });
}

/** The answer with its body, up to the limit. What breaks off, or is longer or shorter than it says, is no answer. */
function answerOf(request: ClientRequest, body: string | Uint8Array, mostBytes: number): Promise<Asked> {
  return new Promise((resolve, reject) => {
    request.once("error", reject);
    request.once("response", (response: IncomingMessage) => {
      const { statusCode: status = 0, headers } = response;
      const pieces: Buffer[] = [];
      let bytes = 0;
      const refuse = () => {
        resolve({ error: "too_large" });
        request.destroy();
      };
      if (Number(headers["content-length"]) > mostBytes) return refuse();
      response.on("data", (piece: Buffer) => {
        bytes += piece.length;
        pieces.push(piece);
        if (bytes > mostBytes) refuse();
      });
      // A signal that broke it off is told by whoever looks at the signal.
      response.on("error", (error) => (response.complete ? undefined : reject(error)));
      response.once("close", () =>
        resolve(response.complete ? { status, headers, body: Buffer.concat(pieces) } : { error: "cut_off" }),
      );
    });
    request.end(body);
  });
}
