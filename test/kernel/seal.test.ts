import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deriveKey, keyedHash, open, randomKey, seal, sealAlike } from "../../src/kernel/seal.ts";

const bytes = fc.uint8Array({ maxLength: 200 });
const place = fc.string({ maxLength: 40 });

describe.each([
  ["seal", seal],
  ["sealAlike", sealAlike],
])("%s", (_name, sealed) => {
  test("what was sealed opens to what it was", () => {
    fc.assert(
      fc.property(place, bytes, (where, plain) => {
        const key = randomKey();
        expect(open(key, where, sealed(key, where, plain)).equals(plain)).toBe(true);
      }),
    );
  });

  test("another key, another place or one bit that differs does not open", () => {
    fc.assert(
      fc.property(place, bytes, fc.nat(), (where, plain, n) => {
        const key = randomKey();
        const value = sealed(key, where, plain);
        expect(() => open(randomKey(), where, value)).toThrow();
        expect(() => open(key, `${where}x`, value)).toThrow();
        const bit = n % (value.length * 8);
        value[bit >> 3] = (value[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => open(key, where, value)).toThrow();
      }),
    );
  });

  test("no part of a sealed value opens, however short", () => {
    const key = randomKey();
    const value = sealed(key, "place", Buffer.from("a number"));
    for (let length = 0; length < value.length; length += 1) {
      expect(() => open(key, "place", value.subarray(0, length))).toThrow();
    }
  });
});

test("a forged value with a short tag never opens", () => {
  // With tags of four bytes one in four thousand million tries would do; a length that is refused needs no luck.
  const key = randomKey();
  for (let length = 0; length < 28; length += 1) {
    expect(() => open(key, "place", Buffer.alloc(length))).toThrow("too short");
  }
});

test("sealing twice gives two values; sealing alike gives one, and another for another place", () => {
  const key = randomKey();
  const plain = Buffer.from("the same");
  expect(seal(key, "place", plain).equals(seal(key, "place", plain))).toBe(false);
  expect(sealAlike(key, "place", plain).equals(sealAlike(key, "place", plain))).toBe(true);
  expect(sealAlike(key, "place", plain).equals(sealAlike(key, "other", plain))).toBe(false);
});

test("a keyed hash is HMAC-SHA-256 (RFC 4231, test case 2)", () => {
  expect(keyedHash(Buffer.from("Jefe"), "what do ya want for nothing?").toString("hex")).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

test("derived keys are 32 bytes and differ by use and by key", () => {
  const key = Buffer.alloc(32, 1);
  const all = [deriveKey(key, "a"), deriveKey(key, "b"), deriveKey(Buffer.alloc(32, 2), "a"), key];
  expect(all.every(({ length }) => length === 32)).toBe(true);
  expect(new Set(all.map((one) => Buffer.from(one).toString("hex"))).size).toBe(4);
  expect(Buffer.from(deriveKey(key, "a")).equals(deriveKey(key, "a"))).toBe(true);
});
