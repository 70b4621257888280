import type { Facts } from "../../../src/features/gate/domain/facts.ts";
import type { PolicyDocument } from "../../../src/features/gate/domain/policy.ts";
import {
  denied,
  type GateCase,
  noConsent,
  orderUpdate,
  promotion,
  type Scenario,
  signInCode,
  supportReply,
  why,
} from "./scenarios.ts";

const failed = (messageId: string, at: string) => ({ messageId, at });
const first = failed("wamid.1", "2026-09-20T10:00:00.000Z");
const second = failed("wamid.2", "2026-09-27T10:00:00.000Z");

function reaching(
  guarantee: string,
  reach: Partial<Facts["reach"]>,
  evidence: readonly string[] | "allowed",
  { scenario = promotion, policy = {} }: { scenario?: Scenario; policy?: Partial<PolicyDocument> } = {},
): GateCase {
  return {
    guarantee,
    question: scenario.question,
    facts: { ...scenario.facts, reach: { failures: [], seenAt: null, ...reach } },
    policy,
    wanted:
      evidence === "allowed"
        ? scenario.allowed
        : denied(scenario, [why("reachability", "recipient_unreachable", evidence)]),
  };
}

const aMonth = { policy: { silenceMonths: 1 } };
const half = { policy: { silenceMonths: 6 } };
/** A promotion to somebody whose only yes was given at a time. */
const agreed = (at: string): Scenario => {
  const yes = { eventId: "cns_promotions", at, expiresAt: null };
  const consents = [{ ...noConsent("promotions"), given: yes, proven: yes }];
  return { ...promotion, facts: { ...promotion.facts, consents } };
};
const longAgo = agreed("2023-01-01T00:00:00.000Z");
const free: Scenario = {
  question: { ...supportReply.question, purpose: "promotions" },
  facts: {
    ...supportReply.facts,
    purpose: promotion.facts.purpose,
    consents: promotion.facts.consents,
  },
  allowed: {
    ...promotion.allowed,
    notApplicable: ["template"],
    window: supportReply.allowed.window,
  },
};

function listening(
  guarantee: string,
  intake: Facts["intake"],
  silent: readonly string[],
  { scenario = promotion, hours = { messages: 24 } }: { scenario?: Scenario; hours?: object } = {},
): GateCase {
  return {
    guarantee,
    question: scenario.question,
    facts: { ...scenario.facts, intake },
    policy: { intakeSilenceHours: hours },
    wanted:
      silent.length === 0 ? scenario.allowed : denied(scenario, [why("switch", "intake_stale", silent)]),
  };
}

const once = { onlyToPeopleWhoWrote: true };
function knownTo(
  guarantee: string,
  { wrote = false, saved = false }: { wrote?: boolean; saved?: boolean },
  isDenied: boolean,
  { scenario = promotion, policy = once }: { scenario?: Scenario; policy?: Partial<PolicyDocument> } = {},
): GateCase {
  const window = { openedAt: "2019-05-01T00:00:00.000Z", messageId: "inb_1", closedAt: null };
  const allowed = wrote
    ? {
        ...scenario.allowed,
        window: { open: false, openedAt: window.openedAt, expiresAt: "2019-05-02T00:00:00.000Z" },
      }
    : scenario.allowed;
  return {
    guarantee,
    question: scenario.question,
    facts: {
      ...scenario.facts,
      recipient: { ...scenario.facts.recipient, hasSavedNumber: saved },
      window: wrote ? window : null,
    },
    policy,
    wanted: isDenied
      ? denied({ ...scenario, allowed }, [why("reachability", "recipient_unreachable")])
      : allowed,
  };
}

const messagesAt = (at: string) => [{ field: "messages", at }];
const stale = messagesAt("2026-09-30T12:00:00.000Z");

/** Rule 17, and the silent webhooks of rule 3; now is noon of 1 October 2026. */
export const reachabilityCases: readonly GateCase[] = [
  reaching(
    "one message that could not be delivered leaves a person in reach",
    { failures: [first] },
    "allowed",
  ),
  reaching(
    "two undelivered messages exactly seven days apart put a person out of reach, and are named",
    { failures: [first, second] },
    ["wamid.1", "wamid.2"],
  ),
  reaching(
    "two undelivered messages more than seven days apart do not",
    { failures: [first, failed("wamid.2", "2026-09-27T10:00:00.001Z")] },
    "allowed",
  ),
  reaching(
    "undelivered messages of years ago put a person out of reach until there is a sign of life",
    {
      failures: [
        failed("wamid.1", "2022-01-01T00:00:00.000Z"),
        failed("wamid.2", "2022-01-02T00:00:00.000Z"),
      ],
      seenAt: "2021-12-31T00:00:00.000Z",
    },
    ["wamid.1", "wamid.2"],
  ),
  reaching(
    "a sign of life after both ends it",
    { failures: [first, second], seenAt: "2026-09-27T10:00:01.000Z" },
    "allowed",
  ),
  reaching(
    "a sign of life between them leaves one, which is not enough",
    { failures: [first, second], seenAt: "2026-09-21T10:00:00.000Z" },
    "allowed",
  ),
  reaching(
    "a sign of life in the very second of the first one does not count",
    { failures: [first, second], seenAt: "2026-09-20T10:00:00.999Z" },
    ["wamid.1", "wamid.2"],
  ),
  reaching(
    "a yes of the person's does not end it: the number is what does not work",
    { failures: [first, second] },
    ["wamid.1", "wamid.2"],
    { scenario: agreed("2026-09-30T10:00:00.000Z") },
  ),
  reaching(
    "undelivered messages whose times cannot be read put a person out of reach",
    { failures: [failed("wamid.1", "then"), failed("wamid.2", "2026-01-01T00:00:00.000Z")] },
    ["wamid.1", "wamid.2"],
  ),
  reaching(
    "of three undelivered messages the two that lie close to each other are named",
    { failures: [failed("wamid.0", "2026-08-01T00:00:00.000Z"), second, first] },
    ["wamid.2", "wamid.1"],
  ),
  reaching(
    "who is out of reach for marketing still gets order updates",
    { failures: [first, second] },
    "allowed",
    { scenario: orderUpdate },
  ),
  reaching(
    "a promotion in free form is marketing here too",
    { failures: [first, second] },
    ["wamid.1", "wamid.2"],
    { scenario: free },
  ),
  reaching("without months in the policy silence may last", {}, "allowed", { scenario: longAgo }),
  reaching("where nothing was ever heard of a person since an old yes, silence is too long", {}, [], {
    scenario: longAgo,
    ...half,
  }),
  reaching("a sign of life within the months is enough", { seenAt: "2026-04-01T12:00:00.001Z" }, "allowed", {
    scenario: longAgo,
    ...half,
  }),
  reaching(
    "after exactly the policy's months silence is too long",
    { seenAt: "2026-04-01T12:00:00.000Z" },
    [],
    { scenario: longAgo, ...half },
  ),
  reaching("a yes within the months is a sign of life", {}, "allowed", {
    scenario: agreed("2026-09-01T12:00:00.001Z"),
    ...aMonth,
  }),
  reaching("a yes of exactly a month ago is none any more", {}, [], {
    scenario: agreed("2026-09-01T12:00:00.000Z"),
    ...aMonth,
  }),
  {
    ...reaching(
      "a month after the 31st of August ends with the last of September",
      { seenAt: "2026-08-31T12:00:00.000Z" },
      [],
      { scenario: longAgo, ...aMonth },
    ),
    facts: {
      ...longAgo.facts,
      now: "2026-09-30T12:00:00.000Z",
      reach: { failures: [], seenAt: "2026-08-31T12:00:00.000Z" },
    },
  },
  reaching("a sign of life whose time cannot be read is none", { seenAt: "lately" }, [], {
    scenario: longAgo,
    ...aMonth,
  }),
  reaching("silence leaves a sign-in code alone", {}, "allowed", { scenario: signInCode, ...aMonth }),

  knownTo(
    "where the policy asks for it, nobody who never wrote or saved the number gets marketing",
    {},
    true,
  ),
  knownTo("who wrote to this sender once, however long ago, does", { wrote: true }, false),
  knownTo("and so does who is recorded to have saved its number", { saved: true }, false),
  knownTo("a policy that does not ask for it lets strangers be written to", {}, false, { policy: {} }),
  knownTo("who never wrote still gets order updates", {}, false, { scenario: orderUpdate }),

  listening(
    "webhooks that came within the policy's hours are not stale",
    messagesAt("2026-09-30T12:00:00.001Z"),
    [],
  ),
  listening("after exactly the policy's hours they are, and the silent field is named", stale, ["messages"]),
  listening("a sender whose webhooks never came is not held up", [], []),
  listening("a field that never came is not missed", stale, [], { hours: { user_preferences: 1 } }),
  listening("a field that the policy does not watch may be silent", stale, [], { hours: {} }),
  listening(
    "every silent field is named, and one that still comes does not make up for another",
    [
      ...messagesAt("2026-10-01T11:59:00.000Z"),
      { field: "user_preferences", at: "2026-09-01T00:00:00.000Z" },
      { field: "account_update", at: "2026-08-01T00:00:00.000Z" },
    ],
    ["user_preferences", "account_update"],
    { hours: { messages: 24, user_preferences: 168, account_update: 700 } },
  ),
  listening("a time that cannot be read is too long ago", messagesAt("recently"), ["messages"]),
  listening("while webhooks are silent an order update by template goes out", stale, [], {
    scenario: orderUpdate,
  }),
  listening("and so does a sign-in code", stale, [], { scenario: signInCode }),
  listening(
    "a reply in free form does not: what the person says next might not arrive",
    stale,
    ["messages"],
    {
      scenario: supportReply,
    },
  ),
];
