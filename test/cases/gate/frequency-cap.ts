import type { Facts } from "../../../src/features/gate/domain/facts.ts";
import {
  denied,
  type GateCase,
  orderUpdate,
  promotion,
  type Scenario,
  signInCode,
  why,
} from "./scenarios.ts";

type Send = Facts["sends"][number];

const sent = (at: string, more: Partial<Send> = {}): Send => ({
  at,
  category: "marketing",
  purpose: "promotions",
  decisionId: "dec_1",
  ...more,
});

const twoADay = { categories: ["marketing" as const], most: 2, hours: 24 };

function capped(
  guarantee: string,
  sends: readonly Send[],
  full: { readonly retryAt: string | null; readonly evidence?: readonly string[] } | undefined,
  { caps = [twoADay], scenario = promotion }: { caps?: object[]; scenario?: Scenario } = {},
): GateCase {
  return {
    guarantee,
    question: scenario.question,
    facts: { ...scenario.facts, sends },
    policy: { caps: caps as (typeof twoADay)[] },
    wanted:
      full === undefined
        ? scenario.allowed
        : denied(scenario, [
            why("frequency_cap", "frequency_cap_reached", full.evidence ?? ["dec_1"], full.retryAt),
          ]),
  };
}

const onceAWeek: Facts["preferences"] = { pauses: [], caps: [{ id: "prf_1", most: 1, hours: 168 }] };

function owned(
  guarantee: string,
  sends: readonly Send[],
  full: { readonly retryAt: string; readonly evidence: readonly string[] } | undefined,
  { caps = [] }: { caps?: object[] } = {},
): GateCase {
  const one = capped(guarantee, sends, full, { caps });
  return { ...one, facts: { ...one.facts, preferences: onceAWeek } };
}

/** Rule 12; now is noon of 1 October 2026. */
export const frequencyCapCases: readonly GateCase[] = [
  capped("with one of two messages sent today there is room", [sent("2026-10-01T08:00:00.000Z")], undefined),
  capped(
    "a full cap denies until its oldest message falls out",
    [
      sent("2026-10-01T08:00:00.000Z", { decisionId: "dec_2" }),
      sent("2026-09-30T20:00:00.000Z", { decisionId: "dec_1" }),
    ],
    { retryAt: "2026-10-01T20:00:00.000Z", evidence: ["dec_2", "dec_1"] },
  ),
  capped(
    "an overfull cap denies until so many have fallen out that there is room",
    [sent("2026-09-30T13:00:00.000Z"), sent("2026-09-30T14:00:00.000Z"), sent("2026-09-30T15:00:00.000Z")],
    { retryAt: "2026-10-01T14:00:00.000Z" },
  ),
  capped(
    "a message counts to the millisecond: at its end it counts no more",
    [sent("2026-09-30T12:00:00.000Z"), sent("2026-10-01T08:00:00.000Z")],
    undefined,
  ),
  capped(
    "and a millisecond before its end it still does",
    [sent("2026-09-30T12:00:00.001Z"), sent("2026-10-01T08:00:00.000Z")],
    { retryAt: "2026-10-01T12:00:00.001Z" },
  ),
  capped(
    "messages of another category leave a category's cap alone",
    [
      sent("2026-10-01T08:00:00.000Z", { category: "utility", purpose: "order_updates" }),
      sent("2026-10-01T09:00:00.000Z", { category: "utility", purpose: "order_updates" }),
    ],
    undefined,
  ),
  capped(
    "a message that only the platform's statuses show may have been of any kind, and counts",
    [
      sent("2026-10-01T08:00:00.000Z", { category: null, purpose: null, decisionId: null }),
      sent("2026-10-01T09:00:00.000Z"),
    ],
    { retryAt: "2026-10-02T08:00:00.000Z" },
  ),
  capped(
    "a message of a time that cannot be read counts, and nobody can say how long",
    [sent("yesterday"), sent("2026-10-01T09:00:00.000Z")],
    { retryAt: "2026-10-02T09:00:00.000Z" },
  ),
  capped(
    "when nothing says when there is room, there is no time to retry",
    [sent("yesterday")],
    { retryAt: null },
    {
      caps: [{ ...twoADay, most: 1 }],
    },
  ),
  capped(
    "a purpose's cap counts that purpose's messages only",
    [sent("2026-10-01T08:00:00.000Z", { purpose: "news" })],
    undefined,
    { caps: [{ purposes: ["promotions"], most: 1, hours: 24 }] },
  ),
  capped(
    "of several caps the one that stays full the longest says when",
    [sent("2026-10-01T08:00:00.000Z")],
    { retryAt: "2026-10-08T08:00:00.000Z" },
    {
      caps: [
        { most: 1, hours: 24 },
        { most: 1, hours: 168 },
      ],
    },
  ),
  {
    ...capped("a message that no cap is on goes out", [sent("2026-10-01T08:00:00.000Z")], undefined, {
      caps: [{ ...twoADay, most: 1 }],
      scenario: orderUpdate,
    }),
    wanted: {
      ...orderUpdate.allowed,
      notApplicable: [...orderUpdate.allowed.notApplicable, "frequency_cap"],
    },
  },
  {
    ...capped(
      "what the person asked for a moment ago arrives whatever was sent before",
      [sent("2026-10-01T08:00:00.000Z")],
      undefined,
      {
        caps: [{ most: 1, hours: 24 }],
        scenario: signInCode,
      },
    ),
    wanted: { ...signInCode.allowed, notApplicable: [...signInCode.allowed.notApplicable, "frequency_cap"] },
  },
  owned("a person's own cap with room lets marketing out", [], undefined),
  owned(
    "a person's own cap that is full denies marketing until its message falls out, and names the choice",
    [sent("2026-09-28T08:00:00.000Z")],
    { retryAt: "2026-10-05T08:00:00.000Z", evidence: ["prf_1", "dec_1"] },
  ),
  owned(
    "of the policy's cap and the person's own the stricter one denies: theirs",
    [sent("2026-09-28T08:00:00.000Z")],
    { retryAt: "2026-10-05T08:00:00.000Z", evidence: ["prf_1", "dec_1"] },
    { caps: [twoADay] },
  ),
  owned(
    "of the policy's cap and the person's own the stricter one denies: the policy's",
    [sent("2026-09-20T08:00:00.000Z")],
    { retryAt: "2026-10-20T08:00:00.000Z", evidence: ["dec_1"] },
    { caps: [{ categories: ["marketing"], most: 1, hours: 720 }] },
  ),
  owned(
    "a person's own cap leaves messages of another category alone, and does not count them",
    [sent("2026-10-01T08:00:00.000Z", { category: "utility", purpose: "order_updates" })],
    undefined,
  ),
  {
    ...capped("an order update goes out however full the person's own cap is", [], undefined),
    question: orderUpdate.question,
    facts: { ...orderUpdate.facts, preferences: onceAWeek, sends: [sent("2026-10-01T08:00:00.000Z")] },
    policy: {},
    wanted: orderUpdate.allowed,
  },
];
