import { expect, test } from "vitest";
import { decide } from "../../../src/features/gate/domain/decide.ts";
import { builtInPolicy, type Policy } from "../../../src/features/gate/domain/policy.ts";
import { capHours, SupposedSends } from "../../../src/features/gate/domain/supposed-sends.ts";
import { now, promotion } from "../../cases/gate/scenarios.ts";

type Sends = typeof promotion.facts.sends;

const hour = 3_600_000;
const at = (hours: number) => new Date(Date.parse(now) + hours * hour).toISOString();

const once: Policy = { ...builtInPolicy, version: "policy/2", caps: [{ most: 1, hours: 24 }] };

/** Goes through decisions of one person about the promotion, each so many hours on, as a backtest does. */
function decisionsUnder(
  policy: Policy,
  seenHours: number,
  asked: readonly { hours: number; was: string; sends?: Sends; messageRef?: string }[],
): string[] {
  const supposed = new SupposedSends(policy);
  return asked.map(({ hours, was, sends = [], messageRef = null }, n) => {
    const decided = {
      decisionId: `dec_${n}`,
      subjectId: "sub_1",
      messageRef,
      decision: was,
      question: promotion.question,
      facts: { ...promotion.facts, now: at(hours), sends },
    };
    const verdict = decide(promotion.question, supposed.complete(decided, seenHours), policy);
    supposed.add(decided, verdict);
    return verdict.decision;
  });
}

const sendOf = (decisionId: string, hours: number): Sends[number] => ({
  decisionId,
  at: at(hours),
  category: "marketing",
  purpose: "promotions",
});

test("what the policy allows counts until its hours are over", () => {
  const asked = [0, 1, 23, 25].map((hours) => ({ hours, was: "allow" }));
  expect(decisionsUnder(once, 0, asked)).toEqual(["allow", "deny", "deny", "allow"]);
});

test("what was sent in truth and the policy denies does not count", () => {
  const asked = [
    { hours: 0, was: "allow" },
    { hours: 12, was: "allow", sends: [sendOf("dec_0", 0)] },
    { hours: 25, was: "allow", sends: [sendOf("dec_1", 12)] },
  ];
  expect(decisionsUnder(once, 24, asked)).toEqual(["allow", "deny", "allow"]);
});

test("a permit that was given back is no send for those who saw it given back", () => {
  const asked = [0, 1].map((hours) => ({ hours, was: "allow" }));
  expect(decisionsUnder(once, 24, asked)).toEqual(["allow", "allow"]);
});

test("what was denied in truth and the policy allows counts for everybody after it", () => {
  const asked = [0, 1].map((hours) => ({ hours, was: "deny" }));
  expect(decisionsUnder(once, 24, asked)).toEqual(["allow", "deny"]);
});

test("a retry takes the place of the message that it repeats", () => {
  const asked = ["a", "a", "b"].map((messageRef, hours) => ({ hours, was: "allow", messageRef }));
  expect(decisionsUnder(once, 0, asked)).toEqual(["allow", "allow", "deny"]);
});

test("a policy looks as far back as its longest cap", () => {
  expect(capHours(builtInPolicy)).toBe(0);
  expect(capHours({ ...builtInPolicy, serviceMessagesPerInbound: 3 })).toBe(24);
  expect(
    capHours({
      ...builtInPolicy,
      caps: [
        { most: 1, hours: 3 },
        { most: 5, hours: 48 },
      ],
    }),
  ).toBe(48);
});
