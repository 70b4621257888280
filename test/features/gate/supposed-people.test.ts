import { expect, test } from "vitest";
import { decide } from "../../../src/features/gate/domain/decide.ts";
import type { Facts } from "../../../src/features/gate/domain/facts.ts";
import { builtInPolicy, type Policy } from "../../../src/features/gate/domain/policy.ts";
import { SupposedPeople } from "../../../src/features/gate/domain/supposed-people.ts";
import { now, promotion, supportReply } from "../../cases/gate/scenarios.ts";

const at = (hours: number) => new Date(Date.parse(now) + hours * 3_600_000).toISOString();
const oneADay: Policy = { ...builtInPolicy, senderCeilings: [{ people: 1 }] };

/** Goes through decisions about the promotion to different people, each so many hours on, as a backtest does. */
function decisionsUnder(
  policy: Policy,
  asked: readonly { hours: number; to: string; facts?: Partial<Facts> }[],
): string[] {
  const supposed = new SupposedPeople(policy);
  return asked.map(({ hours, to, facts = {} }) => {
    const decided = { subjectId: to, facts: { ...promotion.facts, now: at(hours), ...facts } };
    const verdict = decide(promotion.question, supposed.complete(decided), policy);
    supposed.add(decided, verdict);
    return verdict.decision;
  });
}

test("people whom a ceiling lets be written to count for 24 hours from their last message", () => {
  const asked = [
    { hours: 0, to: "sub_1" },
    { hours: 1, to: "sub_2" },
    { hours: 20, to: "sub_1" },
    { hours: 25, to: "sub_2" },
    { hours: 44, to: "sub_2" },
  ];
  expect(decisionsUnder(oneADay, asked)).toEqual(["allow", "deny", "allow", "deny", "allow"]);
});

test("people in an open window count for no ceiling, nor does what another sender sent", () => {
  const other = { id: "snd_2", wabaId: "waba_1", state: "active", restrictedUntil: null };
  const window = { ...supportReply.facts.window, openedAt: at(-1), messageId: "inb_1", closedAt: null };
  const asked = [
    { hours: 0, to: "sub_1", facts: { window } },
    { hours: 0, to: "sub_2", facts: { sender: other } },
    { hours: 0, to: "sub_3" },
    { hours: 0, to: "sub_4" },
  ];
  expect(decisionsUnder(oneADay, asked)).toEqual(["allow", "allow", "allow", "deny"]);
});

test("what was counted in truth stands, and without ceilings nothing is made up", () => {
  const counted = { account: null, sender: { people: 5, isCounted: false, leavesAt: null } };
  expect(decisionsUnder(oneADay, [{ hours: 0, to: "sub_1", facts: { senderUse: counted } }])).toEqual([
    "deny",
  ]);
  const decided = { subjectId: "sub_1", facts: promotion.facts };
  expect(new SupposedPeople(builtInPolicy).complete(decided)).toBe(promotion.facts);
});
