import { denied, type GateCase, now, orderUpdate, promotion, supportReply, why } from "./scenarios.ts";

const { recipient } = promotion.facts;

/** Rules 1, 2 and 4. */
export const recipientSenderBlockCases: readonly GateCase[] = [
  {
    guarantee: "one unreadable identifier makes the recipient invalid though another can be read",
    question: promotion.question,
    facts: { ...promotion.facts, recipient: { ...recipient, unreadable: ["phone"] } },
    wanted: denied(promotion, [why("recipient", "recipient_invalid")]),
  },
  {
    guarantee: "a recipient without any identifier is invalid",
    question: promotion.question,
    facts: { ...promotion.facts, recipient: { ...recipient, identifierCount: 0 } },
    wanted: denied(promotion, [why("recipient", "recipient_invalid")]),
  },
  {
    guarantee: "the sender never writes to itself",
    question: promotion.question,
    facts: { ...promotion.facts, recipient: { ...recipient, isSender: true } },
    wanted: denied(promotion, [why("recipient", "recipient_invalid")]),
  },
  {
    guarantee: "identifiers of two people are ambiguous, even when both agreed",
    question: promotion.question,
    facts: { ...promotion.facts, recipient: { ...recipient, subjectIds: ["sub_1", "sub_2"] } },
    wanted: denied(promotion, [why("recipient", "recipient_ambiguous", ["sub_1", "sub_2"])]),
  },
  {
    guarantee: "an unregistered sender sends nothing",
    question: promotion.question,
    facts: { ...promotion.facts, sender: null },
    wanted: denied(promotion, [why("sender", "sender_unknown")]),
  },
  ...["disabled", "locked", "restricted", "banned_or_so", "", "ACTIVE"].map(
    (state): GateCase => ({
      guarantee: `a sender in the state “${state}” does not even answer`,
      question: supportReply.question,
      facts: {
        ...supportReply.facts,
        sender: { id: "snd_1", wabaId: "waba_1", state, restrictedUntil: null },
      },
      wanted: denied(supportReply, [why("sender", "sender_restricted", ["snd_1"])]),
    }),
  ),
  {
    guarantee: "a sender that may not write first still answers in the open window",
    question: supportReply.question,
    facts: {
      ...supportReply.facts,
      sender: {
        id: "snd_1",
        wabaId: "waba_1",
        state: "restricted_business_initiated",
        restrictedUntil: null,
      },
    },
    wanted: supportReply.allowed,
  },
  {
    guarantee: "a sender that may not write first sends no template, and learns when it may again",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      sender: {
        id: "snd_1",
        wabaId: "waba_1",
        state: "restricted_business_initiated",
        restrictedUntil: "2026-10-03T00:00:00.000Z",
      },
    },
    wanted: denied(orderUpdate, [why("sender", "sender_restricted", ["snd_1"], "2026-10-03T00:00:00.000Z")]),
  },
  {
    guarantee: "a sender that may not reply does not",
    question: supportReply.question,
    facts: {
      ...supportReply.facts,
      sender: { id: "snd_1", wabaId: "waba_1", state: "restricted_replies", restrictedUntil: null },
    },
    wanted: denied(supportReply, [why("sender", "sender_restricted", ["snd_1"])]),
  },
  {
    guarantee: "a sender that may not reply still sends templates",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      sender: { id: "snd_1", wabaId: "waba_1", state: "restricted_replies", restrictedUntil: null },
    },
    wanted: orderUpdate.allowed,
  },
  ...["restricted", "restricted_business_initiated"].map(
    (state): GateCase => ({
      guarantee: `the timed restriction “${state}” is over at its last instant`,
      question: orderUpdate.question,
      facts: { ...orderUpdate.facts, sender: { id: "snd_1", wabaId: "waba_1", state, restrictedUntil: now } },
      wanted: orderUpdate.allowed,
    }),
  ),
  {
    guarantee: "a timed restriction still holds one millisecond before its end",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      sender: {
        id: "snd_1",
        wabaId: "waba_1",
        state: "restricted",
        restrictedUntil: "2026-10-01T12:00:00.001Z",
      },
    },
    wanted: denied(orderUpdate, [why("sender", "sender_restricted", ["snd_1"], "2026-10-01T12:00:00.001Z")]),
  },
  ...["disabled", "locked"].map(
    (state): GateCase => ({
      guarantee: `no date lifts the state “${state}”`,
      question: orderUpdate.question,
      facts: {
        ...orderUpdate.facts,
        sender: { id: "snd_1", wabaId: "waba_1", state, restrictedUntil: "2026-09-01T00:00:00.000Z" },
      },
      wanted: denied(orderUpdate, [why("sender", "sender_restricted", ["snd_1"])]),
    }),
  ),
  {
    guarantee: "a restriction whose end cannot be read holds",
    question: orderUpdate.question,
    facts: {
      ...orderUpdate.facts,
      sender: { id: "snd_1", wabaId: "waba_1", state: "restricted", restrictedUntil: "2026-09" },
    },
    wanted: denied(orderUpdate, [why("sender", "sender_restricted", ["snd_1"])]),
  },
  {
    guarantee: "a block beats a proven consent",
    question: promotion.question,
    facts: { ...promotion.facts, blocks: [{ id: "blk_1", reason: "complaint", expiresAt: null }] },
    wanted: denied(promotion, [why("block", "recipient_blocked", ["blk_1"])]),
  },
  {
    guarantee: "a block beats a service reply",
    question: supportReply.question,
    facts: { ...supportReply.facts, blocks: [{ id: "blk_1", reason: "manual", expiresAt: null }] },
    wanted: denied(supportReply, [why("block", "recipient_blocked", ["blk_1"])]),
  },
  {
    guarantee: "blocks that all expire say when the last one does",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      blocks: [
        { id: "blk_1", reason: "restriction", expiresAt: "2026-10-05T00:00:00.000Z" },
        { id: "blk_2", reason: "manual", expiresAt: "2026-10-04T00:00:00.000Z" },
      ],
    },
    wanted: denied(promotion, [
      why("block", "recipient_blocked", ["blk_1", "blk_2"], "2026-10-05T00:00:00.000Z"),
    ]),
  },
  {
    guarantee: "a block without end among ending ones names no time to ask again",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      blocks: [
        { id: "blk_1", reason: "manual", expiresAt: "2026-10-05T00:00:00.000Z" },
        { id: "blk_2", reason: "legal", expiresAt: null },
      ],
    },
    wanted: denied(promotion, [why("block", "recipient_blocked", ["blk_1", "blk_2"])]),
  },
  {
    guarantee: "a block still holds one millisecond before it expires",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      blocks: [{ id: "blk_1", reason: "manual", expiresAt: "2026-10-01T12:00:00.001Z" }],
    },
    wanted: denied(promotion, [why("block", "recipient_blocked", ["blk_1"], "2026-10-01T12:00:00.001Z")]),
  },
  {
    guarantee: "a block is over at the instant it expires",
    question: promotion.question,
    facts: { ...promotion.facts, blocks: [{ id: "blk_1", reason: "manual", expiresAt: now }] },
    wanted: promotion.allowed,
  },
  {
    guarantee: "a block whose expiry cannot be read holds",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      blocks: [{ id: "blk_1", reason: "manual", expiresAt: "2026-09-01 00:00:00+00" }],
    },
    wanted: denied(promotion, [why("block", "recipient_blocked", ["blk_1"])]),
  },
];
