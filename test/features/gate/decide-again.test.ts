import fc from "fast-check";
import { expect, test } from "vitest";
import { decide } from "../../../src/features/gate/domain/decide.ts";
import { decideAgain } from "../../../src/features/gate/domain/decide-again.ts";
import type { Facts } from "../../../src/features/gate/domain/facts.ts";
import { builtInPolicy, type Policy } from "../../../src/features/gate/domain/policy.ts";
import { presets } from "../../../src/features/gate/domain/presets.ts";
import { someCheck } from "./arbitrary-facts.ts";

const policies: readonly Policy[] = [
  builtInPolicy,
  ...Object.entries(presets).map(([version, document]) => ({ ...document, version })),
];
const somePolicy = fc.constantFrom(...policies);

test("stored facts give the same verdict again, under whatever policy", () => {
  fc.assert(
    fc.property(someCheck, somePolicy, (check, policy) => {
      const verdict = decide(check.question, check.facts, policy);
      const stored = JSON.parse(JSON.stringify(check)) as typeof check;
      expect(decideAgain(stored, policy)).toEqual({ decision: verdict.decision, verdict });
    }),
    { numRuns: 1_000 },
  );
});

test("facts that lack any member deny and name it, or never needed it: nothing crashes and no allow comes of it", () => {
  let missed = 0;
  fc.assert(
    fc.property(someCheck, somePolicy, fc.nat(), ({ question, facts }, policy, pick) => {
      const members: string[] = [];
      JSON.stringify(facts, function (this: unknown, name, value: unknown) {
        if (name !== "" && !Array.isArray(this)) members.push(name);
        return value;
      });
      let left = pick % members.length;
      const lacking = JSON.parse(
        JSON.stringify(facts, function (this: unknown, name, value: unknown) {
          if (name === "" || Array.isArray(this)) return value;
          left -= 1;
          return left === -1 ? undefined : value;
        }),
      ) as Facts;
      const again = decideAgain({ question, facts: lacking }, policy);
      if ("missing" in again) {
        missed += 1;
        expect(again.decision).toBe("deny");
      } else expect(again.verdict).toEqual(decide(question, facts, policy));
    }),
    { numRuns: 2_000 },
  );
  expect(missed).toBeGreaterThan(500);
});
