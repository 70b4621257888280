import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  isAllowed,
  judgeHistory,
  type Model,
  type Operation,
  optedIn,
  type PersonAnswer,
  type PersonCall,
  type PersonState,
  personModel,
} from "./linearizability.ts";

type PersonOperation = Operation<PersonCall, PersonAnswer>;

const model = personModel(optedIn(1));
const isLinearizable = (history: readonly PersonOperation[]) => judgeHistory(history, model).isLinearizable;

/** Answered between two moments; lost without an answer. */
function op(invokedAt: number, at: number, call: PersonCall, answer?: PersonAnswer): PersonOperation {
  return { call, invokedAt, ...(answer === undefined ? {} : { answered: { at, answer } }) };
}
const lost = Number.POSITIVE_INFINITY;
const check = { kind: "check" } as const;
const no = { kind: "opt_out", at: 10 } as const;
const yes = { kind: "proven_yes", at: 20 } as const;
const redeem = { kind: "redeem", permit: "p" } as const;
const block = { kind: "block", block: "b" } as const;
const lift = { kind: "lift", block: "b" } as const;
const stop = { kind: "platform_stop", at: 10 } as const;
const resume = { kind: "platform_resume", at: 20 } as const;

describe("a history is accepted:", () => {
  test.each<[string, readonly PersonOperation[]]>([
    ["an empty one", []],
    ["an allow that began before the no was answered", [op(1, 5, no, "done"), op(4, 6, check, "allow")]],
    [
      "an allow that began and ended while the no was under way",
      [op(1, 9, no, "done"), op(3, 4, check, "allow")],
    ],
    [
      "of two checks under way with a no the one that ends first may be the one that saw it",
      [op(1, 9, no, "done"), op(2, 8, check, "allow"), op(3, 4, check, "deny")],
    ],
    ["an allow after a later yes", [op(1, 2, no, "done"), op(3, 4, yes, "done"), op(5, 6, check, "allow")]],
    ["a no whose answer was lost and that happened", [op(1, lost, no), op(2, 3, check, "deny")]],
    ["a no whose answer was lost and that did not happen", [op(1, lost, no), op(2, 3, check, "allow")]],
    [
      "a no whose answer was lost and that happened late",
      [op(1, lost, no), op(2, 3, check, "allow"), op(4, 5, check, "deny")],
    ],
    [
      "an allow after a block was lifted",
      [op(1, 2, block, "done"), op(3, 4, check, "deny"), op(5, 6, lift, "done"), op(7, 8, check, "allow")],
    ],
    [
      "an allow after the platform's resume",
      [op(1, 2, stop, "done"), op(3, 4, resume, "done"), op(5, 6, check, "allow")],
    ],
    [
      "a stop that is told again after its resume",
      [op(1, 2, stop, "done"), op(3, 4, resume, "done"), op(5, 6, stop, "done"), op(7, 8, check, "allow")],
    ],
    [
      "a permit that two redeem, and one of them had it",
      [op(1, 4, redeem, "redeemed"), op(2, 3, redeem, "used"), op(5, 6, redeem, "used")],
    ],
    [
      "a permit that was used by an attempt whose answer was lost",
      [op(1, lost, redeem), op(2, 3, redeem, "used")],
    ],
    ["a permit redeemed while the no was under way", [op(1, 4, no, "done"), op(2, 5, redeem, "redeemed")]],
    [
      "a reported yes that revives nothing",
      [op(1, 2, no, "done"), op(3, 4, { kind: "reported_yes", at: 30 }, "done"), op(5, 6, check, "deny")],
    ],
  ])("%s", (_what, history) => {
    expect(judgeHistory(history, model)).toEqual({ isLinearizable: true });
  });
});

describe("a history is rejected:", () => {
  test.each<[string, readonly PersonOperation[]]>([
    ["an allow that began after the no was answered", [op(1, 2, no, "done"), op(3, 4, check, "allow")]],
    [
      "an allow after a check that saw the no, while the no is still under way",
      [op(1, 9, no, "done"), op(2, 3, check, "deny"), op(4, 5, check, "allow")],
    ],
    [
      "an allow after a check that saw a no whose answer was lost",
      [op(1, lost, no), op(2, 3, check, "deny"), op(4, 5, check, "allow")],
    ],
    ["a deny before anybody said no", [op(1, 2, check, "deny"), op(3, 4, no, "done")]],
    [
      "an allow after a yes of an earlier second than the no",
      [op(1, 2, no, "done"), op(3, 4, { kind: "proven_yes", at: 9 }, "done"), op(5, 6, check, "allow")],
    ],
    [
      "an allow after a yes of the same second as the no",
      [op(1, 2, no, "done"), op(3, 4, { kind: "proven_yes", at: 10 }, "done"), op(5, 6, check, "allow")],
    ],
    [
      "an allow after a yes that was merely reported",
      [op(1, 2, no, "done"), op(3, 4, { kind: "reported_yes", at: 30 }, "done"), op(5, 6, check, "allow")],
    ],
    [
      "a deny after a yes that ended the no",
      [op(1, 2, no, "done"), op(3, 4, yes, "done"), op(5, 6, check, "deny")],
    ],
    [
      "an allow after the platform's resume, which ends no opt-out",
      [op(1, 2, no, "done"), op(3, 4, resume, "done"), op(5, 6, check, "allow")],
    ],
    [
      "an allow after a yes, which ends no block",
      [op(1, 2, block, "done"), op(3, 4, yes, "done"), op(5, 6, check, "allow")],
    ],
    [
      "an allow when one of two blocks was lifted",
      [
        op(1, 2, block, "done"),
        op(1, 3, { kind: "block", block: "other" }, "done"),
        op(4, 5, lift, "done"),
        op(6, 7, check, "allow"),
      ],
    ],
    [
      "an allow after the platform's stop that came late but is newer",
      [op(1, 2, { ...resume, at: 5 }, "done"), op(3, 4, stop, "done"), op(5, 6, check, "allow")],
    ],
    ["a permit redeemed after the no", [op(1, 2, no, "done"), op(3, 4, redeem, "redeemed")]],
    ["a permit redeemed twice", [op(1, 4, redeem, "redeemed"), op(2, 3, redeem, "redeemed")]],
    ["a permit used by nobody", [op(1, 2, redeem, "used")]],
    ["a permit refused by no rule", [op(1, 2, redeem, "refused"), op(3, 4, no, "done")]],
  ])("%s", (_what, history) => {
    expect(isLinearizable(history)).toBe(false);
  });

  it("and says how far it can be followed", () => {
    const history = [op(1, 2, check, "allow"), op(3, 4, no, "done"), op(5, 6, check, "allow")];
    expect(judgeHistory(history, model)).toEqual({
      isLinearizable: false,
      inOrder: history.slice(0, 2),
      stuckAt: history.slice(2),
    });
  });
});

it("is of any object: a register's old value is not read after a newer one was", () => {
  const register: Model<number, { write?: number }, number> = {
    initial: 0,
    step: (value, { write }, answer) =>
      write === undefined ? (answer === undefined || answer === value ? value : undefined) : write,
    nameOf: String,
  };
  const write = { call: { write: 1 }, invokedAt: 0, answered: { at: 9, answer: 1 } };
  const read = (at: number, answer: number) => ({
    call: {},
    invokedAt: at,
    answered: { at: at + 1, answer },
  });
  expect(judgeHistory([write, read(1, 0), read(3, 1)], register).isLinearizable).toBe(true);
  expect(judgeHistory([write, read(1, 1), read(3, 0)], register).isLinearizable).toBe(false);
});

const second = fc.integer({ min: 0, max: 6 });
const name = fc.constantFrom("a", "b");
const someCall: fc.Arbitrary<PersonCall> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(check) },
  fc.record({
    kind: fc.constantFrom("opt_out", "withdrawal", "platform_stop", "platform_resume", "reported_yes"),
    at: second,
  }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("proven_yes"), at: second }) },
  fc.record({ kind: fc.constantFrom("block", "lift"), block: name }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("redeem"), permit: name }) },
);

/** What the gate would say in this state. */
function answerOf(state: PersonState, call: PersonCall): PersonAnswer {
  if (call.kind === "check") return isAllowed(state) ? "allow" : "deny";
  if (call.kind !== "redeem") return "done";
  if (state.usedPermits.includes(call.permit)) return "used";
  return isAllowed(state) ? "redeemed" : "refused";
}

interface Happening {
  readonly call: PersonCall;
  /** How long before and after its moment it was invoked and answered. */
  readonly before: number;
  readonly after: number;
  /** Lost answers: of something that happened, and of something that did not. */
  readonly loss: "none" | "happened" | "never";
}

const someHappening: fc.Arbitrary<Happening> = fc.record({
  call: someCall,
  before: fc.double({ min: 0, max: 5, noNaN: true }),
  after: fc.double({ min: 0, max: 5, noNaN: true }),
  loss: fc.oneof(
    { weight: 8, arbitrary: fc.constant("none" as const) },
    fc.constantFrom("happened" as const, "never" as const),
  ),
});

/** The history of a gate that does one thing at a time: the n-th at the moment n. */
function historyOf(happenings: readonly Happening[]): PersonOperation[] {
  let state = optedIn(1);
  return happenings.map(({ call, before, after, loss }, n) => {
    const answer = answerOf(state, call);
    if (loss !== "never") state = model.step(state, call, answer) ?? state;
    return op(n - before, n + after, call, loss === "none" ? answer : undefined);
  });
}

test("whatever a gate answers that does one thing at a time is accepted, however calls overlap and answers are lost", () => {
  fc.assert(
    fc.property(fc.array(someHappening, { maxLength: 60 }), (happenings) => {
      expect(judgeHistory(historyOf(happenings), model)).toEqual({ isLinearizable: true });
    }),
    { numRuns: 500 },
  );
});

test("one stale allow, or one redemption, after an answered no is rejected, whatever else happened", () => {
  fc.assert(
    fc.property(
      fc.array(someHappening, { maxLength: 30 }),
      fc.constantFrom<PersonCall>(
        { ...no, at: 99 },
        { kind: "withdrawal", at: 99 },
        { ...stop, at: 99 },
        {
          kind: "block",
          block: "last",
        },
      ),
      fc.constantFrom<[PersonCall, PersonAnswer]>(
        [check, "allow"],
        [{ ...redeem, permit: "new" }, "redeemed"],
      ),
      fc.array(someHappening, { maxLength: 10 }),
      (before, said, [call, stale], after) => {
        const history = historyOf(before);
        const end = before.length + 10;
        history.push(op(end, end + 1, said, "done"), op(end + 2, end + 3, call, stale));
        // What comes later cannot explain it.
        const later = after.map(({ call: other }, n) => op(end + 4 + n, end + 5 + n, other));
        expect(isLinearizable([...history, ...later])).toBe(false);
      },
    ),
    { numRuns: 500 },
  );
});

/** The definition itself: some choice of the lost ones, in some order that keeps to real time. */
function hasOrder(state: PersonState, left: readonly PersonOperation[]): boolean {
  if (left.every(({ answered }) => answered === undefined)) return true;
  return left.some((operation) => {
    const others = left.filter((other) => other !== operation);
    const isNext = others.every(
      ({ answered }) => answered === undefined || answered.at >= operation.invokedAt,
    );
    const after = isNext ? model.step(state, operation.call, operation.answered?.answer) : undefined;
    return after !== undefined && hasOrder(after, others);
  });
}

test("every short history is judged as trying all orders would", () => {
  const someOperation = fc
    .tuple(someCall, fc.nat(8), fc.nat(4), fc.constantFrom<PersonAnswer>("allow", "deny"), fc.nat(5))
    .map(([call, from, length, decision, luck]) => {
      const redemption: PersonAnswer = decision === "allow" ? "redeemed" : luck > 2 ? "used" : "refused";
      const answer = call.kind === "check" ? decision : call.kind === "redeem" ? redemption : "done";
      return op(from, from + length, call, luck === 0 ? undefined : answer);
    });
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(someOperation, { minLength: 2, maxLength: 6 }), (history) => {
      const expected = hasOrder(optedIn(1), history);
      if (expected) accepted += 1;
      expect(isLinearizable(history)).toBe(expected);
    }),
    { numRuns: 5_000 },
  );
  // Both verdicts were to be found.
  expect(accepted).toBeGreaterThan(500);
  expect(accepted).toBeLessThan(4_500);
});
