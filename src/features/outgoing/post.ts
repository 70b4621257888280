import { type LookupAddress, lookup } from "node:dns";
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as overHttp } from "node:http";
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

/**
 * Sends a body to a URL and answers with the status. Never throws. Redirects are not followed; of the answer's body at
 * most a little is read, and none kept. The connection is made only to addresses that were looked at: a name that
 * points to this machine or a private network is refused, unless the rules name the host.
 *
 * @param signal breaks it off
 */
export async function post(
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
  { targets, signal }: { targets: TargetRules; signal: AbortSignal },
): Promise<Posted> {
  const started = performance.now();
  const done = (result: { status: number } | { error: PostError }): Posted => {
    const durationMs = Math.round(performance.now() - started);
    return "status" in result
      ? { status: result.status, error: null, durationMs }
      : { status: null, error: result.error, durationMs };
  };
  if (refusedTarget(url, targets) !== undefined) return done({ error: "refused_target" });
  const isPrivateAllowed = targets.privateHosts.includes(hostOf(url));
  if (!isPrivateAllowed && isIP(hostOf(url)) !== 0 && !isPublicAddress(hostOf(url)))
    return done({ error: "private_address" });
  const timeout = AbortSignal.timeout(limits.webhookTimeoutMs);
  try {
    const { protocol } = new URL(url);
    const send = protocol === "https:" ? overHttps : overHttp;
    const status = await statusOf(
      send(url, {
        method: "POST",
        headers: { "content-length": String(Buffer.byteLength(body)), ...headers },
        agent: agents[protocol as keyof typeof agents],
        signal: AbortSignal.any([timeout, signal]),
        ...(!isPrivateAllowed && { lookup: publicLookup }),
      }),
      body,
    );
    return done({ status });
  } catch (error) {
    if (timeout.aborted) return done({ error: "timeout" });
    if (signal.aborted) return done({ error: "stopped" });
    return done({ error: error instanceof PrivateAddress ? "private_address" : "connection" });
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
