import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { signingSecret, verifyHandshake } from "../../../../src/features/whatsapp/domain/signature.ts";

const verifySignature = (...asked: Parameters<typeof signingSecret>) => signingSecret(...asked) !== undefined;

const secret = "an app secret";
const bytes = Buffer.from('{"object":"whatsapp_business_account","entry":[]}');

function sign(key: string, signed: Uint8Array): string {
  return `sha256=${createHmac("sha256", key).update(signed).digest("hex")}`;
}

describe("a webhook body is taken when one of the app secrets signed its bytes", () => {
  it("with the one secret", () => {
    expect(verifySignature([secret], bytes, sign(secret, bytes))).toBe(true);
  });

  it("with any of several, so that apps can differ and secrets can be rotated", () => {
    for (const secrets of [
      [secret, "other", "third"],
      ["other", secret, "third"],
      ["other", "third", secret],
    ]) {
      expect(verifySignature(secrets, bytes, sign(secret, bytes))).toBe(true);
    }
  });

  it("over the raw bytes, so that bytes which are no text count as they are", () => {
    const odd = Uint8Array.from([0xff, 0xfe, 0x00, 0x80]);
    expect(verifySignature([secret], odd, sign(secret, odd))).toBe(true);
    expect(verifySignature([secret], Buffer.from(Buffer.from(odd).toString("utf8")), sign(secret, odd))).toBe(
      false,
    );
  });

  it("agrees with a digest computed elsewhere (RFC 4231, case 2)", () => {
    const header = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    expect(verifySignature(["Jefe"], Buffer.from("what do ya want for nothing?"), header)).toBe(true);
  });
});

describe("a webhook body is refused", () => {
  const good = sign(secret, bytes);
  test.each([
    ["without a header", undefined],
    ["with an empty header", ""],
    ["with a bare digest", good.slice("sha256=".length)],
    ["with another algorithm's name", good.replace("sha256", "sha1")],
    ["with a digest cut short", good.slice(0, -1)],
    ["with a digest too long", `${good}0`],
    ["with something after the digest", `${good} `],
    ["with a second line", `${good}\n`],
    ["with letters that are no hex", `sha256=${"z".repeat(64)}`],
    ["with a digest of zeros", `sha256=${"0".repeat(64)}`],
    ["signed with another secret", sign("other", bytes)],
    ["when another body was signed", sign(secret, Buffer.from("{}"))],
  ])("%s", (_why, header) => {
    expect(verifySignature([secret], bytes, header)).toBe(false);
  });

  it("when there is no secret, or only an empty one that anyone could sign with", () => {
    expect(verifySignature([], bytes, good)).toBe(false);
    expect(verifySignature([""], bytes, sign("", bytes))).toBe(false);
    expect(verifySignature(["", secret], bytes, good)).toBe(true);
  });

  it("when any single bit of it changed", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (index, bit) => {
        const changed = Buffer.from(bytes);
        changed[index] = (changed[index] ?? 0) ^ (1 << bit);
        expect(verifySignature([secret], changed, good)).toBe(false);
      }),
    );
  });

  it("for any header that is not the signature", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (header, secrets) => {
        expect(verifySignature(secrets, bytes, header)).toBe(false);
      }),
    );
  });
});

describe("the handshake", () => {
  const asked = { "hub.mode": "subscribe", "hub.verify_token": "a token", "hub.challenge": "1158201444" };

  it("echoes the challenge when mode and token fit", () => {
    expect(verifyHandshake(asked, "a token")).toBe("1158201444");
  });

  test.each([
    ["with a wrong token", { ...asked, "hub.verify_token": "a tokem" }, "a token"],
    ["with a longer token", { ...asked, "hub.verify_token": "a token " }, "a token"],
    ["with the start of the token", { ...asked, "hub.verify_token": "a" }, "a token"],
    ["without a token", { ...asked, "hub.verify_token": undefined }, "a token"],
    ["with another mode", { ...asked, "hub.mode": "unsubscribe" }, "a token"],
    ["without a mode", { ...asked, "hub.mode": undefined }, "a token"],
    ["without a challenge", { ...asked, "hub.challenge": undefined }, "a token"],
    ["with an empty challenge", { ...asked, "hub.challenge": "" }, "a token"],
    ["when no token is set and none is given", { ...asked, "hub.verify_token": "" }, ""],
    ["with nothing at all", {}, "a token"],
  ])("is refused %s", (_why, query, token) => {
    expect(verifyHandshake(query, token)).toBeUndefined();
  });
});
