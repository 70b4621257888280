import { describe, expect, it, test } from "vitest";
import { effectsOf, errorCodes } from "../../../../src/features/whatsapp/domain/effects.ts";

describe("what each error code of the platform means for us", () => {
  test.each([
    [131047, { type: "window_closed" }],
    [131049, { type: "platform_hold", holdSeconds: 86_400 }],
    [130472, { type: "platform_hold", holdSeconds: null }],
    [131050, { type: "platform_marketing_stop" }],
    [131026, { type: "undeliverable" }],
    [130403, { type: "blocked_by_business" }],
    [130497, { type: "destination_restricted" }],
    [368, { type: "sender_restricted" }],
    [131031, { type: "sender_restricted" }],
    [131048, { type: "marketing_rate_limited" }],
    [131056, { type: "rate_limited" }],
    [130429, { type: "rate_limited" }],
    [4, { type: "rate_limited" }],
    [80007, { type: "rate_limited" }],
    [132001, { type: "template_state", state: "missing" }],
    [132015, { type: "template_state", state: "paused" }],
    [132016, { type: "template_state", state: "disabled" }],
    [132007, { type: "template_state", state: "against_policy" }],
  ])("%i", (code, effect) => {
    expect(effectsOf([{ code }])).toEqual([effect]);
  });

  it("is told of every code in the table once", () => {
    expect(new Set(errorCodes.map(({ code }) => code)).size).toBe(errorCodes.length);
    expect(errorCodes).toHaveLength(18);
  });
});

it("a code that nobody has told us of has no effect", () => {
  expect(effectsOf([{ code: 0 }, { code: 131000 }, { code: 999_999 }])).toEqual([]);
  expect(effectsOf([])).toEqual([]);
});

it("only the person's own switch is a stop of marketing: being undeliverable or held back is not", () => {
  const stops = errorCodes.filter(({ effect }) => effect.type === "platform_marketing_stop");
  expect(stops.map(({ code }) => code)).toEqual([131050]);
});

it("several errors have each effect once, in their order", () => {
  expect(effectsOf([{ code: 131048 }, { code: 4 }, { code: 131056 }, { code: 131048 }])).toEqual([
    { type: "marketing_rate_limited" },
    { type: "rate_limited" },
  ]);
});
