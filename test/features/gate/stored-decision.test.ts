import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../../src/features/gate/domain/decide.ts";
import { decideAgain } from "../../../src/features/gate/domain/decide-again.ts";
import type { Facts } from "../../../src/features/gate/domain/facts.ts";
import { builtInPolicy } from "../../../src/features/gate/domain/policy.ts";
import {
  type DecisionDocument,
  packDecision,
  unpackDecision,
} from "../../../src/features/gate/domain/stored-decision.ts";
import { promotion } from "../../cases/gate/scenarios.ts";
import { someCheck } from "./arbitrary-facts.ts";

function decided({ question, facts }: Pick<DecisionDocument, "question" | "facts">): DecisionDocument {
  const verdict = decide(question, facts, builtInPolicy);
  const permitExpiresAt = verdict.decision === "allow" ? "2026-11-22T12:01:00.000Z" : null;
  return { question, recipient: ["ab".repeat(32)], facts, verdict, permitExpiresAt };
}

const stored = (document: DecisionDocument): unknown => JSON.parse(JSON.stringify(packDecision(document)));

describe("a stored decision", () => {
  test("is read as it was made, whatever its facts", () => {
    fc.assert(
      fc.property(someCheck, (check) => {
        const document = decided(check);
        // As JSON has it: members without a value are none.
        expect(unpackDecision(stored(document))).toEqual(JSON.parse(JSON.stringify(document)));
      }),
      { numRuns: 2_000 },
    );
  });

  test("keeps its rules in the order in which they are reported", () => {
    const document = decided(promotion);
    expect(Object.entries(unpackDecision(stored(document)).verdict.rules)).toEqual(
      Object.entries(document.verdict.rules),
    );
  });

  test("takes six tenths of the bytes for somebody of whom little is known", () => {
    const document = decided(promotion);
    const [packed, whole] = [packDecision(document), document].map((each) => JSON.stringify(each).length);
    expect(packed).toBeLessThan(0.6 * (whole ?? 0));
  });

  test("of form 1 is read the same for ever", () => {
    expect(
      unpackDecision({
        question: { sender: "snd_a", purpose: "promotions", message: { kind: "free_form" } },
        recipient: ["ab"],
        facts: {
          now: "2026-11-22T12:00:00.000Z",
          recipient: { subjectIds: ["sub_a"], countries: ["DE"] },
          consents: [{ purpose: "promotions", subjectId: "sub_a", unproven: true }],
        },
        verdict: {
          decision: "deny",
          reasons: [{ code: "window_closed", rule: "window", retryAt: null, evidence: [] }],
          rules: "ppppppppfnnnpnnpp",
          policyVersion: "policy/3",
        },
        form: 1,
      }),
    ).toEqual({
      question: {
        sender: "snd_a",
        channel: "whatsapp",
        purpose: "promotions",
        message: { kind: "free_form" },
      },
      recipient: ["ab"],
      facts: {
        now: "2026-11-22T12:00:00.000Z",
        recipient: {
          unreadable: [],
          identifierCount: 1,
          isSender: false,
          subjectIds: ["sub_a"],
          mergedAt: null,
          countries: ["DE"],
          timeZones: [],
          hasSavedNumber: false,
        },
        sender: null,
        sandbox: null,
        monitor: null,
        switches: [],
        intake: [],
        blocks: [],
        nos: [],
        suspicions: [],
        preferences: { pauses: [], caps: [] },
        purpose: null,
        consents: [
          {
            purpose: "promotions",
            subjectId: "sub_a",
            given: null,
            proven: null,
            requested: null,
            no: null,
            unproven: true,
          },
        ],
        platformStops: [],
        holds: [],
        reach: { failures: [], seenAt: null },
        senderUse: { account: null, sender: null },
        breaker: null,
        window: null,
        template: null,
        cause: null,
        sends: [],
      },
      verdict: {
        decision: "deny",
        category: null,
        reasons: [{ code: "window_closed", rule: "window", retryAt: null, evidence: [] }],
        rules: {
          recipient: "pass",
          sender: "pass",
          switch: "pass",
          block: "pass",
          opt_out: "pass",
          purpose: "pass",
          consent: "pass",
          platform_stop: "pass",
          window: "fail",
          template: "not_applicable",
          quiet_hours: "not_applicable",
          frequency_cap: "not_applicable",
          platform_hold: "pass",
          destination: "not_applicable",
          sender_limit: "not_applicable",
          complaints: "pass",
          reachability: "pass",
        },
        window: { open: false, openedAt: null, expiresAt: null },
        obligations: [],
        causeUsed: false,
        policyVersion: "policy/3",
      },
      permitExpiresAt: null,
    });
  });

  test("without a form is read as it stands: what it lacks was never known", () => {
    const { blocks: _unknown, ...facts } = promotion.facts;
    const old = { ...decided(promotion), facts };
    expect(unpackDecision(old)).toEqual(old);
  });

  test.each([
    ["without a form", (document: DecisionDocument) => document],
    ["of form 1", (document: DecisionDocument) => packDecision(document) as DecisionDocument],
  ])("from before people had preferences says the same when it is replayed: %s", (_form, storing) => {
    const made = decided(promotion);
    const { preferences: _later, ...facts } = made.facts;
    const old = unpackDecision(JSON.parse(JSON.stringify(storing({ ...made, facts: facts as Facts }))));
    expect(decideAgain(old, builtInPolicy)).toEqual({ decision: "allow", verdict: made.verdict });
  });
});
