import type { Facts } from "../../../src/features/gate/domain/facts.ts";
import type { RuleName } from "../../../src/features/gate/domain/verdict.ts";
import {
  denied,
  type GateCase,
  now,
  orderUpdate,
  promotion,
  type Scenario,
  signInCode,
  supportReply,
  why,
} from "./scenarios.ts";

type Use = Facts["senderUse"];
type Reached = NonNullable<Use["sender"]>;

const leavesAt = "2026-10-01T18:00:00.000Z";
const reached = (people: number, more: Partial<Reached> = {}): Reached => ({
  people,
  isCounted: false,
  leavesAt,
  ...more,
});
const account = (people: number, more: Partial<NonNullable<Use["account"]>> = {}): Use => ({
  account: { id: "102290129340398", most: 250, ...reached(people), ...more },
  sender: null,
});
const alone = (sender: Reached | null): Use => ({ account: null, sender });

interface Full {
  readonly evidence: readonly string[];
  readonly retryAt: string | null;
}
const accountFull: Full = { evidence: ["102290129340398"], retryAt: leavesAt };
const senderFull: Full = { evidence: ["snd_1"], retryAt: leavesAt };

function limited(
  guarantee: string,
  senderUse: Use,
  full: Full | undefined,
  {
    scenario = promotion,
    ceilings = [],
  }: { scenario?: Scenario; ceilings?: { sender?: string; people: number }[] } = {},
): GateCase {
  return {
    guarantee,
    question: scenario.question,
    facts: { ...scenario.facts, senderUse },
    policy: { senderCeilings: ceilings },
    wanted:
      full === undefined
        ? scenario.allowed
        : denied(scenario, [why("sender_limit", "sender_limit_reached", full.evidence, full.retryAt)]),
  };
}

/** The promotion, while the person's window is open. */
const inWindow: Scenario = {
  ...promotion,
  facts: { ...promotion.facts, window: supportReply.facts.window },
  allowed: { ...promotion.allowed, window: supportReply.allowed.window },
};
/** The scenario with a rule that does not apply to it. */
const without = (rule: RuleName, { allowed, ...scenario }: Scenario): Scenario => ({
  ...scenario,
  allowed: { ...allowed, notApplicable: [...allowed.notApplicable, rule] },
});

const breaker = { id: "brk_1", openedAt: now, causes: ["complaint_rate"] };

/** Rules 15 and 16; now is noon of 1 October 2026. */
export const senderLimitComplaintsCases: readonly GateCase[] = [
  limited("the last place under the platform's limit may be taken", account(249), undefined),
  limited("a limit that is reached denies until the first one leaves", account(250), accountFull),
  limited("the limit stops order updates as well", account(250), accountFull, { scenario: orderUpdate }),
  limited(
    "somebody who counts already may be written to again",
    account(250, { isCounted: true }),
    undefined,
  ),
  limited("nobody can say when a limit that was lowered leaves room", account(400), {
    ...accountFull,
    retryAt: null,
  }),
  limited("a time that cannot be read is no time to ask again", account(250, { leavesAt: "soon" }), {
    ...accountFull,
    retryAt: null,
  }),
  limited("a count that is no number leaves no room", account(Number.NaN), { ...accountFull, retryAt: null }),
  limited(
    "a template in an open window is under no limit",
    { ...account(250), sender: reached(1) },
    undefined,
    {
      scenario: without("sender_limit", inWindow),
      ceilings: [{ people: 1 }],
    },
  ),
  limited("what the person asked for a moment ago arrives", account(250), undefined, {
    scenario: without("sender_limit", signInCode),
  }),
  limited("a policy's ceiling holds for every sender", alone(reached(20)), senderFull, {
    ceilings: [{ people: 20 }],
  }),
  limited("a ceiling for this sender holds", alone(reached(20)), senderFull, {
    ceilings: [{ sender: "snd_1", people: 20 }],
  }),
  limited("a ceiling for another sender does not", alone(reached(20)), undefined, {
    scenario: without("sender_limit", promotion),
    ceilings: [{ sender: "snd_2", people: 20 }],
  }),
  limited("the tighter of two ceilings holds", alone(reached(20)), senderFull, {
    ceilings: [{ people: 500 }, { sender: "snd_1", people: 20 }],
  }),
  limited(
    "a ceiling that nobody counted for denies",
    alone(null),
    { ...senderFull, retryAt: null },
    {
      ceilings: [{ people: 20 }],
    },
  ),
  limited(
    "of two limits that are reached the later one to leave room counts",
    { ...account(250), sender: reached(20, { leavesAt: "2026-10-01T20:00:00.000Z" }) },
    { evidence: ["102290129340398", "snd_1"], retryAt: "2026-10-01T20:00:00.000Z" },
    { ceilings: [{ people: 20 }] },
  ),
  {
    guarantee: "without a sender there is nothing to count",
    question: promotion.question,
    facts: { ...promotion.facts, sender: null, senderUse: account(250) },
    wanted: denied(without("sender_limit", promotion), [why("sender", "sender_unknown")]),
  },
  {
    guarantee: "an open breaker denies marketing, and nobody can say for how long",
    question: promotion.question,
    facts: { ...promotion.facts, breaker },
    wanted: denied(promotion, [why("complaints", "complaint_rate_exceeded", ["brk_1"])]),
  },
  ...Object.entries({ orderUpdate, supportReply, signInCode }).map(
    ([name, scenario]): GateCase => ({
      guarantee: `an open breaker stops marketing only, not ${name}`,
      question: scenario.question,
      facts: { ...scenario.facts, breaker },
      wanted: scenario.allowed,
    }),
  ),
  {
    guarantee: "a promotion written as free text is stopped by the breaker as well",
    question: { ...supportReply.question, purpose: "promotions" },
    facts: {
      ...supportReply.facts,
      purpose: promotion.facts.purpose,
      consents: promotion.facts.consents,
      breaker,
    },
    wanted: {
      ...denied(supportReply, [why("complaints", "complaint_rate_exceeded", ["brk_1"])]),
      category: "marketing",
      notApplicable: ["template"],
      obligations: ["include_opt_out_instructions", "identify_business"],
    },
  },
];
