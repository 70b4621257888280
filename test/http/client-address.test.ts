import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { addressOfOneCaller, clientAddress, trustProxies } from "../../src/http/client-address.ts";

/** What `clientAddress` reads of a request that comes over a connection from `remoteAddress`. */
function request(remoteAddress: string | undefined, forwarded: string | undefined, trusted: string[]) {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  const incoming = { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
  return { env: { incoming }, var: { trustedProxies: trustProxies(trusted) } } as unknown as Parameters<
    typeof clientAddress
  >[0];
}

describe("the address of a caller", () => {
  it.each([
    ["of a connection is the connection's", "192.0.2.7", undefined, [], "192.0.2.7"],
    ["is not what a stranger claims", "192.0.2.7", "203.0.113.9", [], "192.0.2.7"],
    ["is what a trusted proxy says", "10.0.0.1", "203.0.113.9", ["10.0.0.0/8"], "203.0.113.9"],
    [
      "is the last one before the proxies",
      "10.0.0.1",
      "6.6.6.6, 203.0.113.9, 10.0.0.2",
      ["10.0.0.0/8"],
      "203.0.113.9",
    ],
    ["of the machine itself", "::1", "2001:db8::7", ["loopback"], "2001:db8::7"],
    ["is IPv4 where it is so underneath", "::ffff:192.0.2.7", undefined, [], "192.0.2.7"],
    ["is IPv4 behind a proxy that is so too", "::ffff:10.0.0.1", "203.0.113.9", ["10.0.0.1"], "203.0.113.9"],
  ] as const)("%s", (_, remote, forwarded, trusted, address) => {
    expect(clientAddress(request(remote, forwarded, [...trusted]))).toBe(address);
  });

  it("is unknown without a connection", () => {
    expect(
      clientAddress({ env: {}, var: {} } as unknown as Parameters<typeof clientAddress>[0]),
    ).toBeUndefined();
  });
});

describe("what one caller has to themself", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::6", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002:ffff::", "2001:db8:1:2::/64"],
    ["2001:db8::6", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ])("of %s is %s", (address, block) => {
    expect(addressOfOneCaller(address)).toBe(block);
  });
});
