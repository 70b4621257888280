import {
  denied,
  type GateCase,
  orderUpdate,
  promotion,
  supportReply,
  type Wanted,
  why,
} from "./scenarios.ts";

const stops = [{ wabaId: "waba_1", at: "2026-09-20T08:00:00.000Z" }];

const closed = (openedAt: string | null, expiresAt: string | null): Wanted =>
  denied(
    supportReply,
    [why("consent", "channel_opt_in_missing"), why("window", "window_closed", ["inb_1"])],
    {
      notApplicable: ["platform_stop", "template", "platform_hold"],
      window: { open: false, openedAt, expiresAt },
      obligations: ["identify_business", "use_template"],
    },
  );

function opened(
  guarantee: string,
  openedAt: string,
  wanted: Wanted,
  closedAt: string | null = null,
): GateCase {
  return {
    guarantee,
    question: supportReply.question,
    facts: { ...supportReply.facts, window: { openedAt, messageId: "inb_1", closedAt } },
    wanted,
  };
}

type Send = GateCase["facts"]["sends"][number];

function answered(
  guarantee: string,
  most: number,
  sends: readonly (Pick<Send, "at"> & Partial<Send>)[],
  wanted: Wanted,
): GateCase {
  return {
    guarantee,
    question: supportReply.question,
    facts: {
      ...supportReply.facts,
      sends: sends.map((send) => ({ category: "service", purpose: "support", decisionId: "dec_1", ...send })),
    },
    policy: { serviceMessagesPerInbound: most },
    wanted,
  };
}

const openUntil = (openedAt: string, expiresAt: string): Wanted => ({
  ...supportReply.allowed,
  window: { open: true, openedAt, expiresAt },
});

/** Rules 8, 9 and 10. */
export const platformWindowTemplateCases: readonly GateCase[] = [
  {
    guarantee: "the platform's stop ends marketing, of every account of the organization",
    question: promotion.question,
    facts: { ...promotion.facts, platformStops: [...stops, { wabaId: "waba_2", at: "unreadable" }] },
    wanted: denied(promotion, [why("platform_stop", "platform_marketing_stopped", ["waba_1", "waba_2"])]),
  },
  {
    guarantee: "a policy may narrow the platform's stop to the account that it was said to",
    question: promotion.question,
    facts: { ...promotion.facts, platformStops: [{ wabaId: "waba_2", at: "2026-09-20T08:00:00.000Z" }] },
    policy: { platformStopScope: "account" },
    wanted: promotion.allowed,
  },
  {
    guarantee: "the platform's stop to the sender's own account ends marketing however narrow the policy",
    question: promotion.question,
    facts: { ...promotion.facts, platformStops: [...stops, { wabaId: "waba_2", at: "unreadable" }] },
    policy: { platformStopScope: "account" },
    wanted: denied(promotion, [why("platform_stop", "platform_marketing_stopped", ["waba_1"])]),
  },
  answered("a first answer to a message goes out", 1, [], supportReply.allowed),
  answered(
    "with one of two answers given there is room",
    2,
    [{ at: "2026-10-01T11:30:00.000Z" }],
    supportReply.allowed,
  ),
  answered(
    "what was answered before the person's latest message counts no more",
    1,
    [{ at: "2026-10-01T11:00:00.000Z" }],
    supportReply.allowed,
  ),
  answered(
    "no more answers to one message go out than the policy has",
    1,
    [{ at: "2026-10-01T11:00:00.001Z" }],
    denied(supportReply, [why("window", "service_limit_reached", ["inb_1", "dec_1"])], {
      window: supportReply.allowed.window,
    }),
  ),
  answered(
    "a message of unknown kind, or whose time cannot be read, counts as an answer",
    2,
    [{ at: "unreadable" }, { at: "2026-10-01T11:30:00.000Z", category: null, decisionId: null }],
    denied(supportReply, [why("window", "service_limit_reached", ["inb_1", "dec_1"])], {
      window: supportReply.allowed.window,
    }),
  ),
  answered(
    "a template does not count as an answer",
    1,
    [{ at: "2026-10-01T11:30:00.000Z", category: "utility" }],
    supportReply.allowed,
  ),
  {
    guarantee: "the platform's stop of marketing leaves order updates alone",
    question: orderUpdate.question,
    facts: { ...orderUpdate.facts, platformStops: stops },
    wanted: orderUpdate.allowed,
  },
  opened(
    "the window is open one millisecond before 24 hours are over",
    "2026-09-30T12:00:00.001Z",
    openUntil("2026-09-30T12:00:00.001Z", "2026-10-01T12:00:00.001Z"),
  ),
  opened(
    "the window is closed after exactly 24 hours",
    "2026-09-30T12:00:00.000Z",
    closed("2026-09-30T12:00:00.000Z", "2026-10-01T12:00:00.000Z"),
  ),
  opened(
    "a message of this very instant opens the window",
    "2026-10-01T12:00:00.000Z",
    openUntil("2026-10-01T12:00:00.000Z", "2026-10-02T12:00:00.000Z"),
  ),
  opened(
    "a message stamped five minutes ahead counts as of now",
    "2026-10-01T12:05:00.000Z",
    openUntil("2026-10-01T12:00:00.000Z", "2026-10-02T12:00:00.000Z"),
  ),
  opened(
    "a message stamped more than five minutes ahead opens nothing",
    "2026-10-01T12:05:00.001Z",
    closed(null, null),
  ),
  opened("a message whose time cannot be read opens nothing", "an hour ago", closed(null, null)),
  opened(
    "other ways to write an instant are read the same",
    "2026-10-01T14:00:00.123456+03:00",
    openUntil("2026-10-01T11:00:00.123Z", "2026-10-02T11:00:00.123Z"),
  ),
  opened(
    "a window that the platform calls closed is closed",
    "2026-10-01T11:00:00.000Z",
    closed("2026-10-01T11:00:00.000Z", "2026-10-01T11:30:00.000Z"),
    "2026-10-01T11:30:00.000Z",
  ),
  opened(
    "the platform's word of the same instant closes the window",
    "2026-10-01T11:00:00.000Z",
    closed("2026-10-01T11:00:00.000Z", "2026-10-01T11:00:00.000Z"),
    "2026-10-01T11:00:00.000Z",
  ),
  opened(
    "a message after the platform's word opens the window again",
    "2026-10-01T11:00:00.000Z",
    supportReply.allowed,
    "2026-10-01T10:59:59.999Z",
  ),
  opened(
    "a closing whose time cannot be read closes the window",
    "2026-10-01T11:00:00.000Z",
    closed("2026-10-01T11:00:00.000Z", null),
    "earlier",
  ),
  {
    guarantee: "a template needs no window, and the record still shows it",
    question: orderUpdate.question,
    facts: { ...orderUpdate.facts, window: supportReply.facts.window },
    wanted: { ...orderUpdate.allowed, window: supportReply.allowed.window },
  },
  {
    guarantee: "a person with consent is still not sent free text in a closed window",
    question: { ...supportReply.question, purpose: "promotions" },
    facts: {
      ...supportReply.facts,
      purpose: promotion.facts.purpose,
      consents: promotion.facts.consents,
      window: null,
    },
    wanted: denied(supportReply, [why("window", "window_closed")], {
      category: "marketing",
      notApplicable: ["template"],
      window: { open: false, openedAt: null, expiresAt: null },
      obligations: ["include_opt_out_instructions", "identify_business", "use_template"],
    }),
  },
  {
    guarantee: "an unregistered template is not sent",
    question: orderUpdate.question,
    facts: { ...orderUpdate.facts, template: null },
    wanted: denied(orderUpdate, [why("template", "template_unknown")]),
  },
  ...(
    [
      ["pending", "template_not_approved"],
      ["rejected", "template_not_approved"],
      ["paused", "template_paused"],
      ["disabled", "template_disabled"],
      ["pending_deletion", "template_not_approved"],
      ["APPROVED", "template_not_approved"],
      ["", "template_not_approved"],
    ] as const
  ).map(
    ([status, code]): GateCase => ({
      guarantee: `a template with the status “${status}” is not sent`,
      question: orderUpdate.question,
      facts: { ...orderUpdate.facts, template: { id: "tpl_order", category: "utility", status } },
      wanted: denied(orderUpdate, [why("template", code, ["tpl_order"])]),
    }),
  ),
];
