import {
  denied,
  type GateCase,
  orderUpdate,
  promotion,
  type Scenario,
  signInCode,
  supportReply,
  why,
} from "./scenarios.ts";

const at = "2026-10-01T11:59:59.000Z";
const pulled = { id: "swi_1", scope: "organization", at };

const held = (guarantee: string, heldAt: string, retryAt: string | null | undefined): GateCase => ({
  guarantee,
  question: promotion.question,
  facts: { ...promotion.facts, holds: [{ code: 131049, at: heldAt }] },
  wanted:
    retryAt === undefined
      ? promotion.allowed
      : denied(promotion, [why("platform_hold", "platform_hold", [], retryAt)]),
});

const usClosed = [{ country: "US", categories: ["marketing" as const], reason: "As the platform does." }];
const usOpenUntil = (until: string) => [
  { country: "US", categories: ["marketing" as const], reason: "A ruling.", legalReference: "Case 1", until },
];

const goingTo = (
  guarantee: string,
  countries: readonly string[],
  isDenied: boolean,
  opened: ReturnType<typeof usOpenUntil> = [],
  scenario: Scenario = promotion,
): GateCase => ({
  guarantee,
  question: scenario.question,
  facts: { ...scenario.facts, recipient: { ...scenario.facts.recipient, countries } },
  policy: { closedDestinations: usClosed, openedDestinations: opened },
  wanted: isDenied ? denied(scenario, [why("destination", "destination_restricted")]) : scenario.allowed,
});

/** Rules 3, 13 and 14. */
export const switchHoldDestinationCases: readonly GateCase[] = [
  ...Object.entries({ promotion, orderUpdate, supportReply, signInCode }).map(
    ([name, scenario]): GateCase => ({
      guarantee: `a pulled switch denies everything, here ${name}, and names itself`,
      question: scenario.question,
      facts: { ...scenario.facts, switches: [pulled, { ...pulled, id: "swi_2", scope: "purpose" }] },
      wanted: denied(scenario, [why("switch", "sending_paused", ["swi_1", "swi_2"])]),
    }),
  ),
  {
    guarantee: "a scope that nobody knows pauses as well",
    question: promotion.question,
    facts: { ...promotion.facts, switches: [{ id: "swi_1", scope: "unheard_of", at: "" }] },
    wanted: denied(promotion, [why("switch", "sending_paused", ["swi_1"])]),
  },
  held(
    "a hold stands one millisecond before 24 hours are over",
    "2026-09-30T12:00:00.001Z",
    "2026-10-01T12:00:00.001Z",
  ),
  held("a hold is over after exactly 24 hours", "2026-09-30T12:00:00.000Z", undefined),
  held("a hold stamped ahead of our clock stands", "2026-10-01T12:00:10.000Z", "2026-10-02T12:00:10.000Z"),
  held("a hold whose time cannot be read stands, and nobody can say for how long", "yesterday", null),
  {
    guarantee: "of several holds the last one to end counts",
    question: promotion.question,
    facts: {
      ...promotion.facts,
      holds: [
        { code: 131049, at: "2026-09-30T20:00:00.000Z" },
        { code: 130472, at: "2026-10-01T08:00:00.000Z" },
      ],
    },
    wanted: denied(promotion, [why("platform_hold", "platform_hold", [], "2026-10-02T08:00:00.000Z")]),
  },
  {
    guarantee: "a hold leaves what is not marketing alone",
    question: orderUpdate.question,
    facts: { ...orderUpdate.facts, holds: [{ code: 131049, at }] },
    wanted: orderUpdate.allowed,
  },
  goingTo("no marketing goes to a country that the policy closes for it", ["US"], true),
  goingTo("a closed country leaves others alone", ["DE"], false),
  goingTo("one number in a closed country is enough", ["DE", "US"], true),
  goingTo("a person without a known number may be in the closed country", [], true),
  goingTo("a number whose country nobody knows may be of the closed country", ["DE", "ZZ"], true),
  goingTo(
    "a closed country is open again until its end date",
    ["US"],
    false,
    usOpenUntil("2026-10-01T14:00:00.001+02:00"),
  ),
  goingTo(
    "a country is closed again from its end date on",
    ["US"],
    true,
    usOpenUntil("2026-10-01T14:00:00.000+02:00"),
  ),
  goingTo(
    "while every closed country is open again nobody needs a known one",
    [],
    false,
    usOpenUntil("2026-12-31T00:00:00Z"),
  ),
  goingTo(
    "opening one country leaves another closed",
    ["US"],
    true,
    usOpenUntil("2026-12-31T00:00:00Z").map((opened) => ({ ...opened, country: "RU" })),
  ),
  {
    ...goingTo("a country closed for marketing is open for order updates", ["US"], false, [], orderUpdate),
    wanted: {
      ...orderUpdate.allowed,
      notApplicable: [...orderUpdate.allowed.notApplicable, "destination"],
    },
  },
];
