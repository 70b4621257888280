import type { IncomingMessage } from "node:http";
import { isIPv6 } from "node:net";
import type { Context as HonoContext } from "hono";
import proxyAddr from "proxy-addr";
import type { AppEnv } from "./app.ts";

/** Whether a hop on a request's way is believed what it says of the one before it. */
export type TrustedProxies = ReturnType<typeof proxyAddr.compile>;

/**
 * Reads addresses and networks, such as `10.0.0.0/8` or `loopback`, of the proxies that stand before the service.
 * Throws a TypeError for one that is none.
 */
export function trustProxies(addresses: readonly string[]): TrustedProxies {
  return proxyAddr.compile([...addresses]);
}

/**
 * The address that a request came from: the connection's, or what the first untrusted hop of `X-Forwarded-For` is
 * behind trusted proxies (`TRUSTED_PROXIES`); nobody else is believed. Undefined when the app is called without a server.
 */
export function clientAddress(c: HonoContext<AppEnv>): string | undefined {
  const incoming = c.env?.incoming;
  if (incoming === undefined) return undefined;
  const address = proxyAddr(incoming as IncomingMessage, c.var.trustedProxies);
  return address?.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** What of an address one caller has to themself: all of an IPv4 one, the first half of an IPv6 one (RFC 6177). */
export function addressOfOneCaller(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? [];
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const [before, after] = [groups(head), groups(tail ?? "")];
  const all = [
    ...before,
    ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0"),
    ...after,
  ];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
