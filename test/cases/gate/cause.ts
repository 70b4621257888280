import type { Category, CauseKind, Facts } from "../../../src/features/gate/domain/facts.ts";
import {
  denied,
  type GateCase,
  orderUpdate,
  signInCode,
  supportReply,
  type Wanted,
  why,
} from "./scenarios.ts";

type Cause = NonNullable<Facts["cause"]>;

const cause: Cause = {
  kind: "sign_in",
  id: "cau_1",
  openedAt: "2026-10-01T11:59:00.000Z",
  usedAt: null,
  usedOfLate: 0,
};
const withoutCause: Wanted = denied(signInCode, [why("consent", "channel_opt_in_missing")], {
  notApplicable: ["platform_stop", "window", "platform_hold"],
});

function signIn(guarantee: string, changes: Partial<Cause> | null, wanted: Wanted): GateCase {
  return {
    guarantee,
    question: signInCode.question,
    facts: { ...signInCode.facts, cause: changes === null ? null : { ...cause, ...changes } },
    wanted,
  };
}

/** A utility template with a cause for a person who opted out of everything. */
function caused(kind: CauseKind, category: Category = "utility"): Pick<GateCase, "question" | "facts"> {
  return {
    question: { ...orderUpdate.question, purpose: "letters", cause: { kind, id: "cau_1" } },
    facts: {
      ...orderUpdate.facts,
      nos: [{ kind: "opted_out", purpose: null, at: "2026-09-20T08:00:00.000Z", eventId: "opt_1" }],
      purpose: { key: "letters", category, lawfulBasis: "contract" },
      template: { id: "tpl_1", category, status: "approved" },
      cause: { ...cause, kind },
    },
  };
}

function ofTheDay(guarantee: string, usedOfLate: number, isAllowed: boolean): GateCase {
  const { question, facts } = caused("opt_out_confirmation");
  return {
    guarantee,
    question,
    facts: { ...facts, cause: { ...cause, kind: "opt_out_confirmation", usedOfLate } },
    wanted: isAllowed
      ? {
          ...orderUpdate.allowed,
          notApplicable: ["opt_out", "consent", "platform_stop", "window", "platform_hold"],
          causeUsed: true,
        }
      : denied(orderUpdate, [
          why("opt_out", "recipient_opted_out", ["opt_1"]),
          why("consent", "channel_opt_in_missing"),
        ]),
  };
}

/** Rules 5 and 7 give way to what the person asked for a moment ago, and to nothing else. */
export const causeCases: readonly GateCase[] = [
  signIn(
    "a cause is good one millisecond before 15 minutes are over",
    { openedAt: "2026-10-01T11:45:00.001Z" },
    signInCode.allowed,
  ),
  signIn(
    "a cause is too old after exactly 15 minutes",
    { openedAt: "2026-10-01T11:45:00.000Z" },
    withoutCause,
  ),
  signIn(
    "a cause from five minutes ahead of our clock is good",
    { openedAt: "2026-10-01T12:05:00.000Z" },
    signInCode.allowed,
  ),
  signIn(
    "a cause from more than five minutes ahead is not",
    { openedAt: "2026-10-01T12:05:00.001Z" },
    withoutCause,
  ),
  signIn("a cause whose time cannot be read is not", { openedAt: "just now" }, withoutCause),
  signIn("a cause works once", { usedAt: "2026-10-01T11:59:30.000Z" }, withoutCause),
  signIn("a cause that cannot be read as unused is used up", { usedAt: "" }, withoutCause),
  signIn("a cause that is not on record for this person is none", null, withoutCause),
  signIn("another cause's id is not this one's", { id: "cau_2" }, withoutCause),
  signIn("another kind of cause is not this one", { kind: "data_request" }, withoutCause),
  {
    guarantee: "a cause on record that the question does not name is not used",
    question: { ...signInCode.question, cause: undefined },
    facts: signInCode.facts,
    wanted: withoutCause,
  },
  {
    guarantee: "a sign-in lets only authentication templates through",
    ...caused("sign_in"),
    wanted: denied(orderUpdate, [
      why("opt_out", "recipient_opted_out", ["opt_1"]),
      why("consent", "channel_opt_in_missing"),
    ]),
  },
  {
    guarantee: "a sign-in code never goes out as free text",
    question: { ...supportReply.question, purpose: "sign_in_codes", cause: { kind: "sign_in", id: "cau_1" } },
    facts: { ...supportReply.facts, purpose: signInCode.facts.purpose, cause },
    wanted: denied(supportReply, [why("consent", "channel_opt_in_missing")], {
      category: "authentication",
      notApplicable: ["platform_stop", "template", "platform_hold"],
      obligations: ["identify_business"],
    }),
  },
  ...(["data_request", "opt_out_confirmation", "double_opt_in"] as const).flatMap((kind): GateCase[] => [
    {
      guarantee: `a message because of ${kind} arrives in spite of an opt-out and uses its cause up`,
      ...caused(kind),
      wanted: {
        ...orderUpdate.allowed,
        notApplicable: ["opt_out", "consent", "platform_stop", "window", "platform_hold"],
        causeUsed: true,
      },
    },
    {
      guarantee: `nothing because of ${kind} is ever marketing`,
      ...caused(kind, "marketing"),
      wanted: {
        ...orderUpdate.allowed,
        decision: "deny",
        category: "marketing",
        notApplicable: ["window"],
        reasons: [why("opt_out", "recipient_opted_out", ["opt_1"]), why("consent", "consent_missing")],
        obligations: ["include_opt_out_instructions", "identify_business"],
      },
    },
  ]),
  {
    guarantee: "a cause does not open the window, and is not used by a deny",
    question: { ...supportReply.question, cause: { kind: "data_request", id: "cau_1" } },
    facts: { ...supportReply.facts, window: null, cause: { ...cause, kind: "data_request" } },
    wanted: denied(supportReply, [why("window", "window_closed")], {
      window: { open: false, openedAt: null, expiresAt: null },
      obligations: ["identify_business", "use_template"],
    }),
  },
  {
    guarantee: "a cause does not lift a block, a sender's restriction or a template's pause",
    question: signInCode.question,
    facts: {
      ...signInCode.facts,
      sender: { id: "snd_1", wabaId: "waba_1", state: "disabled", restrictedUntil: null },
      blocks: [{ id: "blk_1", reason: "manual", expiresAt: null }],
      template: { id: "tpl_code", category: "authentication", status: "paused" },
    },
    wanted: denied(signInCode, [
      why("sender", "sender_restricted", ["snd_1"]),
      why("block", "recipient_blocked", ["blk_1"]),
      why("template", "template_paused", ["tpl_code"]),
    ]),
  },
  {
    guarantee: "a cause does not stand in for a purpose",
    question: signInCode.question,
    facts: { ...signInCode.facts, purpose: null },
    wanted: denied(signInCode, [why("purpose", "purpose_unknown")]),
  },
  signIn(
    "a sign-in is none of the causes that are counted by the day",
    { usedOfLate: 1_000 },
    signInCode.allowed,
  ),
  ofTheDay("causes let ten messages a day through to one person", 9, true),
  ofTheDay("and no more, however many causes there are", 10, false),
];
