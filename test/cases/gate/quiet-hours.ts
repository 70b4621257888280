import type { PolicyDocument } from "../../../src/features/gate/domain/policy.ts";
import {
  denied,
  type GateCase,
  orderUpdate,
  promotion,
  type Scenario,
  signInCode,
  why,
} from "./scenarios.ts";

type Hours = PolicyDocument["allowedHours"][number];

const marketing = (from: string, to: string, rest: Partial<Hours> = {}): Hours => ({
  categories: ["marketing"],
  from,
  to,
  ...rest,
});
const nineToNine = [marketing("09:00", "21:00")];

/** `next` is when it opens, null when nobody can say; "open" and "any hour" are an allow. */
function row(
  guarantee: string,
  now: string,
  countries: readonly string[],
  policy: readonly Hours[] | Partial<PolicyDocument>,
  next: string | null | "open" | "any hour",
  scenario: Scenario = promotion,
  timeZones: readonly string[] = [],
): GateCase {
  const isAllowed = next === "open" || next === "any hour";
  const { allowed } = scenario;
  return {
    guarantee,
    question: scenario.question,
    facts: { ...scenario.facts, now, recipient: { ...scenario.facts.recipient, countries, timeZones } },
    policy: "allowedHours" in policy ? policy : { allowedHours: [...(policy as readonly Hours[])] },
    wanted: isAllowed
      ? {
          ...allowed,
          notApplicable: [...allowed.notApplicable, ...(next === "any hour" ? ["quiet_hours" as const] : [])],
        }
      : denied(scenario, [why("quiet_hours", "quiet_hours", [], next)]),
  };
}

const newYork = { US: "America/New_York" };
const night = [marketing("22:00", "06:00", { days: [1, 2, 3, 4, 5] })];
const russia = [marketing("08:00", "22:00")];
const dawn = { allowedHours: [marketing("02:30", "05:00")], timeZones: newYork };
const repeated = { allowedHours: [marketing("01:30", "02:00")], timeZones: newYork };

/** Of a person whose own zones are recorded. */
function living(
  timeZones: readonly string[],
  guarantee: string,
  now: string,
  countries: readonly string[],
  next: Parameters<typeof row>[4],
  policy: Parameters<typeof row>[3] = nineToNine,
): GateCase {
  return row(guarantee, now, countries, policy, next, promotion, timeZones);
}

const inNewYork = ["America/New_York"];
const shopHours = [marketing("09:00", "21:00"), marketing("10:00", "20:00", { countries: ["FR"] })];

/** Rule 11. */
export const quietHoursCases: readonly GateCase[] = [
  row("hours begin with their first millisecond", "2026-10-02T07:00:00.000Z", ["DE"], nineToNine, "open"),
  row(
    "one millisecond before the hours begin it is too early",
    "2026-10-02T06:59:59.999Z",
    ["DE"],
    nineToNine,
    "2026-10-02T07:00:00.000Z",
  ),
  row("hours last until their last millisecond", "2026-10-02T18:59:59.999Z", ["DE"], nineToNine, "open"),
  row(
    "at the very end of the hours it is too late until the next day",
    "2026-10-02T19:00:00.000Z",
    ["DE"],
    nineToNine,
    "2026-10-03T07:00:00.000Z",
  ),
  row("half an hour of a zone counts", "2026-10-02T03:30:00.000Z", ["IN"], nineToNine, "open"),
  row(
    "before a half-hour zone's morning it is too early",
    "2026-10-02T03:29:59.999Z",
    ["IN"],
    nineToNine,
    "2026-10-02T03:30:00.000Z",
  ),
  row(
    "a quarter of an hour of a zone counts",
    "2026-10-02T03:14:00.000Z",
    ["NP"],
    nineToNine,
    "2026-10-02T03:15:00.000Z",
  ),
  row(
    "the morning after the clocks went back is an hour later",
    "2026-10-24T20:00:00.000Z",
    ["DE"],
    nineToNine,
    "2026-10-25T08:00:00.000Z",
  ),
  row(
    "the morning after the clocks went forward is an hour earlier",
    "2027-03-27T22:00:00.000Z",
    ["DE"],
    nineToNine,
    "2027-03-28T07:00:00.000Z",
  ),
  row(
    "hours that begin in the hour that the clocks leave out begin when it would have been over",
    "2027-03-14T06:00:00.000Z",
    ["US"],
    dawn,
    "2027-03-14T07:00:00.000Z",
  ),
  row(
    "just before the clocks go forward it is not yet time",
    "2027-03-14T06:59:59.999Z",
    ["US"],
    dawn,
    "2027-03-14T07:00:00.000Z",
  ),
  row(
    "an hour that comes twice is open the first time",
    "2026-11-01T05:30:00.000Z",
    ["US"],
    repeated,
    "open",
  ),
  row(
    "an hour that comes twice opens a second time",
    "2026-11-01T06:15:00.000Z",
    ["US"],
    repeated,
    "2026-11-01T06:30:00.000Z",
  ),
  row("hours over midnight are open before it", "2026-10-02T21:59:59.999Z", ["DE"], night, "open"),
  row("hours over midnight are open after it", "2026-10-02T22:00:00.000Z", ["DE"], night, "open"),
  row(
    "the night of an allowed day lasts into a day that is not",
    "2026-10-03T03:59:59.999Z",
    ["DE"],
    night,
    "open",
  ),
  row(
    "no night begins on a day that is not allowed",
    "2026-10-03T20:30:00.000Z",
    ["DE"],
    night,
    "2026-10-05T20:00:00.000Z",
  ),
  row(
    "the whole day is open at midnight too",
    "2026-10-02T22:00:00.000Z",
    ["DE"],
    [marketing("00:00", "24:00")],
    "open",
  ),
  row(
    "on the 28th of February of a leap year the next morning is the 29th",
    "2028-02-28T22:00:00.000Z",
    ["DE"],
    [marketing("09:00", "21:00", { days: [2] })],
    "2028-02-29T08:00:00.000Z",
  ),
  row("the 29th of February has its hours", "2028-02-29T12:00:00.000Z", ["DE"], nineToNine, "open"),
  row(
    "all eleven zones of Russia must be inside",
    "2026-10-01T10:00:00.000Z",
    ["RU"],
    russia,
    "2026-10-02T06:00:00.000Z",
  ),
  row(
    "when all zones of Russia are inside, so is Russia",
    "2026-10-01T09:59:59.999Z",
    ["RU"],
    russia,
    "open",
  ),
  row(
    "the policy's zone for a country stands for all of it",
    "2026-10-01T12:00:00.000Z",
    ["RU"],
    { allowedHours: russia, timeZones: { RU: "Europe/Moscow" } },
    "open",
  ),
  row("a person without a known number is not written to", "2026-10-02T12:00:00.000Z", [], nineToNine, null),
  row(
    "where nobody knows the country, nobody is written to",
    "2026-10-02T12:00:00.000Z",
    ["ZZ"],
    nineToNine,
    null,
  ),
  row(
    "a number that tells no country may be of the one that has hours",
    "2026-10-02T12:00:00.000Z",
    ["DE", "ZZ"],
    [marketing("09:00", "21:00", { countries: ["FR"] })],
    null,
  ),
  row(
    "a zone that nobody knows is never open",
    "2026-10-02T12:00:00.000Z",
    ["DE"],
    { allowedHours: nineToNine, timeZones: { DE: "Mars/Olympus" } },
    null,
  ),
  row(
    "a person with numbers in two countries is written to when it is time in both",
    "2026-10-02T12:00:00.000Z",
    ["AU", "IN"],
    nineToNine,
    "2026-10-03T03:30:00.000Z",
  ),
  row(
    "hours that two countries never share have no next opening",
    "2026-10-02T12:00:00.000Z",
    ["DE", "NZ"],
    [marketing("09:00", "12:00")],
    null,
  ),
  row(
    "hours of no length never open",
    "2026-10-02T07:00:00.000Z",
    ["DE"],
    [marketing("09:00", "09:00")],
    null,
  ),
  row(
    "a country's own hours take the place of everybody's",
    "2026-10-02T07:30:00.000Z",
    ["FR"],
    [...nineToNine, marketing("10:00", "20:00", { countries: ["FR"] })],
    "2026-10-02T08:00:00.000Z",
  ),
  row(
    "several hours of one day add up",
    "2026-10-02T11:30:00.000Z",
    ["FR"],
    [marketing("10:00", "13:00"), marketing("14:00", "20:00")],
    "2026-10-02T12:00:00.000Z",
  ),
  row(
    "a country that no hours are for is written to at any hour",
    "2026-10-02T02:00:00.000Z",
    ["DE"],
    [marketing("10:00", "20:00", { countries: ["FR"] })],
    "any hour",
  ),
  row(
    "hours for marketing leave order updates alone",
    "2026-10-02T02:00:00.000Z",
    ["DE"],
    nineToNine,
    "any hour",
    orderUpdate,
  ),
  row(
    "hours that the policy sets for order updates hold for them",
    "2026-10-02T02:00:00.000Z",
    ["DE"],
    [{ categories: ["marketing", "utility"], from: "09:00", to: "21:00" }],
    "2026-10-02T07:00:00.000Z",
    orderUpdate,
  ),
  row(
    "what the person asked for a moment ago arrives at any hour",
    signInCode.facts.now,
    ["NZ"],
    [{ categories: ["authentication"], from: "09:00", to: "21:00" }],
    "any hour",
    signInCode,
  ),

  living(
    inNewYork,
    "a person's own zone stands for all zones of the country",
    "2026-10-01T13:00:00.000Z",
    ["US"],
    "open",
  ),
  living(
    inNewYork,
    "one millisecond before the morning of the person's own zone it is too early",
    "2026-10-01T12:59:59.999Z",
    ["US"],
    "2026-10-01T13:00:00.000Z",
  ),
  living(
    inNewYork,
    "a person's own zone comes before the one that the policy takes for the country",
    "2026-10-01T10:00:00.000Z",
    ["DE"],
    "2026-10-01T13:00:00.000Z",
    { allowedHours: nineToNine, timeZones: { DE: "Europe/Berlin" } },
  ),
  living(
    inNewYork,
    "a person who lives abroad is written to by the clocks there, in the hours of their number's country",
    "2026-10-01T13:30:00.000Z",
    ["FR"],
    "2026-10-01T14:00:00.000Z",
    shopHours,
  ),
  living(
    inNewYork,
    "the morning after the clocks of the person's zone went forward is an hour earlier",
    "2027-03-14T02:00:00.000Z",
    ["US"],
    "2027-03-14T13:00:00.000Z",
  ),
  living(
    inNewYork,
    "the morning after they went back is an hour later",
    "2026-11-01T01:00:00.000Z",
    ["US"],
    "2026-11-01T14:00:00.000Z",
  ),
  living(
    ["Asia/Kathmandu"],
    "the whole day of a person's zone is open at its midnight, to the millisecond",
    "2026-10-02T18:15:00.000Z",
    ["US"],
    "open",
    [marketing("00:00", "24:00", { days: [6] })],
  ),
  living(
    ["Asia/Kathmandu"],
    "and a millisecond before it, the day before is not",
    "2026-10-02T18:14:59.999Z",
    ["US"],
    "2026-10-02T18:15:00.000Z",
    [marketing("00:00", "24:00", { days: [6] })],
  ),
  living(
    ["America/New_York", "Asia/Tokyo"],
    "of a person with two zones both must be inside",
    "2026-10-01T12:00:00.000Z",
    ["US"],
    "2026-10-02T00:00:00.000Z",
  ),
  living(
    ["Asia/Tokyo", "America/New_York"],
    "and while both are, they are",
    "2026-10-02T00:59:59.999Z",
    ["US"],
    "open",
  ),
  living(
    ["Nowhere/Land"],
    "a zone of the person's that nobody knows is never open",
    "2026-10-01T18:00:00.000Z",
    ["US"],
    null,
  ),
  living(
    ["America/New_York", "Nowhere/Land"],
    "a known zone does not make up for one that nobody knows",
    "2026-10-01T18:00:00.000Z",
    ["US"],
    null,
  ),
  living(
    inNewYork,
    "a person without a known number is written to by their own zone",
    "2026-10-01T13:00:00.000Z",
    [],
    "open",
  ),
  living(
    inNewYork,
    "and since nobody knows their country, only in hours that are right in each",
    "2026-10-01T13:30:00.000Z",
    [],
    "2026-10-01T14:00:00.000Z",
    shopHours,
  ),
  living(
    inNewYork,
    "a number that tells no country goes by the person's zone too, in hours that are right in each",
    "2026-10-01T13:30:00.000Z",
    ["ZZ"],
    "2026-10-01T14:00:00.000Z",
    shopHours,
  ),
];
