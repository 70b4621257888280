import { describe, expect, it, test } from "vitest";
import { isPublicAddress } from "../../../src/features/outgoing/post.ts";
import { refusedTarget } from "../../../src/kernel/target.ts";

test.each([
  "127.0.0.1",
  "127.8.9.10",
  "0.0.0.0",
  "10.1.2.3",
  "172.16.0.1",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "192.0.2.1",
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "fe80::1",
  "fd00::1",
  "ff02::1",
  "::ffff:10.0.0.1",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "2001:db8::1",
  "nonsense",
])("%s is no public address", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(["1.1.1.1", "203.0.114.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])("%s is one", (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

describe("the rules", () => {
  const all = { hosts: undefined, privateHosts: [] };

  it("let everybody be sent to by TLS, or the named ones only", () => {
    expect(refusedTarget("https://shop.example:8443/hooks?x=1", all)).toBeUndefined();
    const some = { hosts: ["shop.example"], privateHosts: ["inside"] };
    expect(refusedTarget("https://shop.example/", some)).toBeUndefined();
    expect(refusedTarget("https://SHOP.example/", some)).toBeUndefined();
    expect(refusedTarget("https://sub.shop.example/", some)).toMatch("OUTGOING_HOSTS");
    expect(refusedTarget("http://inside:3000/", some)).toBeUndefined();
    expect(refusedTarget("http://shop.example/", some)).toMatch("https://");
  });
});
