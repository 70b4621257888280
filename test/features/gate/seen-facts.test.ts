import fc from "fast-check";
import { expect, test } from "vitest";
import { decide } from "../../../src/features/gate/domain/decide.ts";
import { decideAgain } from "../../../src/features/gate/domain/decide-again.ts";
import { builtInPolicy, type Policy } from "../../../src/features/gate/domain/policy.ts";
import { seenUnder } from "../../../src/features/gate/domain/seen-facts.ts";
import { promotion } from "../../cases/gate/scenarios.ts";
import { someCheck } from "./arbitrary-facts.ts";

test("a decision under its own policy saw all that it needs, whatever the facts", () => {
  fc.assert(
    fc.property(someCheck, ({ question, facts, policy }) => {
      const own: Policy = { ...builtInPolicy, ...policy };
      const verdict = decide(question, facts, own);
      expect(decideAgain({ question, facts: seenUnder(own, facts) }, own)).toEqual({
        decision: verdict.decision,
        verdict,
      });
    }),
    { numRuns: 1_000 },
  );
});

test("facts from before there was such a rule lack what it looks at, and say so", () => {
  const { reach: _later, ...older } = promotion.facts;
  const facts = seenUnder(builtInPolicy, older as typeof promotion.facts);
  expect(decideAgain({ question: promotion.question, facts }, builtInPolicy)).toEqual({
    decision: "deny",
    missing: "/reach",
  });
});

test.each<[string, Partial<Policy>]>([
  ["/reach/seenAt", { silenceMonths: 3 }],
  ["/recipient/hasSavedNumber", { onlyToPeopleWhoWrote: true }],
  ["/intake", { intakeSilenceHours: { messages: 24 } }],
])("a policy that rests on %s finds it missing where nobody looked", (missing, rest) => {
  const { question, facts } = promotion;
  const wanting = { ...builtInPolicy, ...rest };
  expect(decideAgain({ question, facts: seenUnder(builtInPolicy, facts) }, wanting)).toEqual({
    decision: "deny",
    missing,
  });
  expect(decideAgain({ question, facts: seenUnder(wanting, facts) }, wanting)).toHaveProperty("verdict");
});
