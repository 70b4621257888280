import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import type { HolidayCalendar } from "../../../src/features/datarequest/domain/calendar.ts";
import {
  clockDates,
  type Deadline,
  type DeadlineQuestion,
  dueDate,
  type Extension,
  extendDeadline,
  type Pause,
  pauseDeadline,
} from "../../../src/features/datarequest/domain/deadline.ts";
import {
  type CommonQuestion,
  clocksOf,
  earliestDueDate,
  extendEarliest,
  pauseEarliest,
} from "../../../src/features/datarequest/domain/earliest.ts";
import { type RequestKind, requestKinds } from "../../../src/features/datarequest/domain/kind.ts";
import type { Regime, Term } from "../../../src/features/datarequest/domain/regime.ts";
import { listedCalendar, loadCalendar } from "../../../src/features/datarequest/holidays.ts";
import { findRegime, regimeKeys } from "../../../src/features/datarequest/regimes.ts";
import { SaysoError } from "../../../src/kernel/errors.ts";

const zones: Readonly<Record<string, string>> = {
  gdpr: "Europe/Berlin",
  "uk-gdpr": "Europe/London",
  "ru-152fz": "Europe/Moscow",
  ccpa: "America/Los_Angeles",
};

function regimeOf(key: string): Regime {
  const regime = findRegime(key);
  if (regime === undefined) throw new Error(`There is no regime ${key}.`);
  return regime;
}

const germany = await loadCalendar("DE");

function calendarOf(regime: Regime): HolidayCalendar | undefined {
  return regime.calendar === "member_state" ? germany : listedCalendar(regime.calendar);
}

/** Noon of a day in a zone. */
function noon(day: string, timeZone: string): string {
  return Temporal.PlainDate.from(day)
    .toZonedDateTime({ timeZone, plainTime: "12:00" })
    .toInstant()
    .toString();
}

function ask(key: string, received: string, kind: RequestKind = "access"): DeadlineQuestion {
  const regime = regimeOf(key);
  const timeZone = zones[key] ?? "UTC";
  return { regime, kind, receivedAt: noon(received, timeZone), timeZone, calendar: calendarOf(regime) };
}

function refusal(step: () => unknown): SaysoError {
  try {
    step();
  } catch (error) {
    if (error instanceof SaysoError) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}

const pointers = (error: SaysoError) => error.errors.map(({ pointer }) => pointer);

interface Case {
  readonly guarantee: string;
  readonly regime: string;
  readonly kind?: RequestKind;
  readonly received: string;
  readonly lastDay: string;
}

const ends: readonly Case[] = [
  {
    guarantee: "uk-gdpr: the corresponding date of the next month",
    regime: "uk-gdpr",
    received: "2026-09-03",
    lastDay: "2026-10-05",
  },
  {
    guarantee: "uk-gdpr: 31 January ends with the last of February, and when that is a Saturday, on Monday",
    regime: "uk-gdpr",
    received: "2026-01-31",
    lastDay: "2026-03-02",
  },
  {
    guarantee: "uk-gdpr: 31 January of a leap year ends with 29 February",
    regime: "uk-gdpr",
    received: "2028-01-31",
    lastDay: "2028-02-29",
  },
  {
    guarantee: "uk-gdpr: 29 February ends with 29 March",
    regime: "uk-gdpr",
    received: "2028-02-29",
    lastDay: "2028-03-29",
  },
  {
    guarantee: "uk-gdpr: receipt on a bank holiday changes nothing",
    regime: "uk-gdpr",
    received: "2026-12-25",
    lastDay: "2027-01-25",
  },
  {
    guarantee: "uk-gdpr: Christmas, Boxing Day, a Sunday and the substitute day are all waited for",
    regime: "uk-gdpr",
    received: "2026-11-25",
    lastDay: "2026-12-29",
  },
  {
    guarantee: "uk-gdpr: a bank holiday of one part of the kingdom gives no more time: Easter Monday",
    regime: "uk-gdpr",
    received: "2026-03-06",
    lastDay: "2026-04-06",
  },
  {
    guarantee: "ru-152fz: ten working days, the day of receipt not counted",
    regime: "ru-152fz",
    received: "2026-11-27",
    lastDay: "2026-12-11",
  },
  {
    guarantee: "ru-152fz: seven working days to correct",
    regime: "ru-152fz",
    kind: "rectification",
    received: "2026-11-27",
    lastDay: "2026-12-08",
  },
  {
    guarantee: "ru-152fz: receipt on New Year's Day is counted from the first working day, 12 January 2026",
    regime: "ru-152fz",
    received: "2026-01-01",
    lastDay: "2026-01-23",
  },
  {
    guarantee: "ru-152fz: receipt on a Saturday is counted from Monday",
    regime: "ru-152fz",
    received: "2026-11-28",
    lastDay: "2026-12-11",
  },
  {
    guarantee: "ru-152fz: a worked Saturday counts, and the days off it was moved to do not (April 2024)",
    regime: "ru-152fz",
    received: "2024-04-25",
    lastDay: "2024-05-15",
  },
  {
    guarantee: "ru-152fz: the long May and the moved days of 2025",
    regime: "ru-152fz",
    received: "2025-04-28",
    lastDay: "2025-05-16",
  },
  {
    guarantee: "ru-152fz: 1 November 2025 is a worked Saturday",
    regime: "ru-152fz",
    received: "2025-10-27",
    lastDay: "2025-11-11",
  },
  {
    guarantee: "ru-152fz: 11 May 2026 is off, for 9 May is a Saturday",
    regime: "ru-152fz",
    received: "2026-04-27",
    lastDay: "2026-05-13",
  },
  {
    guarantee: "ru-152fz: 20 February 2027 is a worked Saturday, 22 February is off",
    regime: "ru-152fz",
    received: "2027-02-15",
    lastDay: "2027-03-02",
  },
  {
    guarantee: "ru-152fz: over the New Year holidays into 2027",
    regime: "ru-152fz",
    received: "2026-12-25",
    lastDay: "2027-01-19",
  },
  {
    guarantee: "ccpa: 45 calendar days, and a weekend gives no more",
    regime: "ccpa",
    received: "2026-11-26",
    lastDay: "2027-01-10",
  },
  {
    guarantee: "ccpa: over 29 February",
    regime: "ccpa",
    received: "2028-01-31",
    lastDay: "2028-03-16",
  },
  {
    guarantee: "ccpa: fifteen business days to stop selling, Thanksgiving not among them",
    regime: "ccpa",
    kind: "objection",
    received: "2026-11-20",
    lastDay: "2026-12-14",
  },
  { guarantee: "lgpd: 15 days", regime: "lgpd", received: "2026-01-31", lastDay: "2026-02-15" },
  { guarantee: "pipeda: 30 days", regime: "pipeda", received: "2026-01-31", lastDay: "2026-03-02" },
  {
    guarantee: "kvkk: 30 days, over 29 February",
    regime: "kvkk",
    received: "2028-01-31",
    lastDay: "2028-03-01",
  },
  { guarantee: "ch-fadp: 30 days", regime: "ch-fadp", received: "2026-12-25", lastDay: "2027-01-24" },
  { guarantee: "za-popia: 30 days", regime: "za-popia", received: "2026-04-30", lastDay: "2026-05-30" },
  {
    guarantee: "ua-2297: 30 calendar days",
    regime: "ua-2297",
    received: "2026-02-28",
    lastDay: "2026-03-30",
  },
];

describe("the due date under each regime", () => {
  it.each(ends)("$guarantee", ({ regime, kind, received, lastDay }) => {
    expect(dueDate(ask(regime, received, kind)).lastDay).toBe(lastDay);
  });

  it("has a case for every regime but gdpr, which has a table of its own", () => {
    expect(new Set(ends.map(({ regime }) => regime))).toEqual(
      new Set(regimeKeys.filter((key) => key !== "gdpr")),
    );
  });

  it("names in its steps the days off and the worked weekends that it met", () => {
    expect(dueDate(ask("ru-152fz", "2027-02-15")).steps[1]).toEqual({
      rule: "working_days",
      day: "2027-03-02",
      workingDays: 10,
      country: "RU",
      holidays: ["2027-02-22", "2027-02-23"],
      workedWeekends: ["2027-02-20"],
    });
  });
});

describe("days are those of the organization's zone at midnight", () => {
  it.each([
    [
      "the last millisecond before midnight in Moscow",
      "2026-11-26T20:59:59.999Z",
      "Europe/Moscow",
      "2026-12-10",
    ],
    ["midnight in Moscow", "2026-11-26T21:00:00Z", "Europe/Moscow", "2026-12-11"],
    [
      "the same instant an hour west, in Kaliningrad",
      "2026-11-26T21:00:00Z",
      "Europe/Kaliningrad",
      "2026-12-10",
    ],
    ["the same instant in Kamchatka", "2026-11-26T21:00:00Z", "Asia/Kamchatka", "2026-12-11"],
  ])("%s", (_what, receivedAt, timeZone, lastDay) => {
    expect(dueDate({ ...ask("ru-152fz", "2026-11-26"), receivedAt, timeZone }).lastDay).toBe(lastDay);
  });

  it("an answer is on time until the last millisecond of the last day there", () => {
    expect(dueDate(ask("ru-152fz", "2026-11-27")).dueAt).toBe("2026-12-11T20:59:59.999Z");
    expect(dueDate(ask("ccpa", "2026-11-26")).dueAt).toBe("2027-01-11T07:59:59.999Z");
  });
});

describe("a year without a calendar", () => {
  it("refuses and says which to load, and where", () => {
    const error = refusal(() => dueDate(ask("ru-152fz", "2027-12-20")));
    expect(error.code).toBe("invalid");
    expect(error.detail).toContain("Load the public holidays of RU for 2028");
    expect(error.detail).toContain("PUT /v1/holiday-calendars/RU/2028");
  });

  it("is not asked for when the term ends before it", () => {
    expect(dueDate(ask("ru-152fz", "2027-12-16")).lastDay).toBe("2027-12-30");
  });

  it("does not matter to a regime that counts no working days", () => {
    expect(dueDate(ask("lgpd", "2040-01-01")).lastDay).toBe("2040-01-16");
  });

  it("refuses one of a list that starts later", () => {
    expect(refusal(() => dueDate(ask("ru-152fz", "2023-12-20"))).detail).toContain("RU for 2023");
  });
});

interface ExtensionCase {
  readonly guarantee: string;
  readonly regime: string;
  readonly kind?: RequestKind;
  readonly received: string;
  readonly notified: string;
  readonly until?: string;
  /** Without it the extension is refused. */
  readonly lastDay?: string;
}

const extensions: readonly ExtensionCase[] = [
  {
    guarantee: "gdpr: three months from receipt, when told within the first",
    regime: "gdpr",
    received: "2026-03-10",
    notified: "2026-03-20",
    lastDay: "2026-06-10",
  },
  {
    guarantee: "gdpr: 31 January and three months are 30 April, not two months from 28 February",
    regime: "gdpr",
    received: "2026-01-31",
    notified: "2026-02-10",
    lastDay: "2026-04-30",
  },
  {
    guarantee: "gdpr: told on the last day, which a weekend had moved to Monday",
    regime: "gdpr",
    received: "2026-01-31",
    notified: "2026-03-02",
    lastDay: "2026-04-30",
  },
  { guarantee: "gdpr: told a day after", regime: "gdpr", received: "2026-01-31", notified: "2026-03-03" },
  { guarantee: "gdpr: told before receipt", regime: "gdpr", received: "2026-03-10", notified: "2026-03-09" },
  {
    guarantee: "uk-gdpr: told on the last day",
    regime: "uk-gdpr",
    received: "2026-01-10",
    notified: "2026-02-10",
    lastDay: "2026-04-10",
  },
  {
    guarantee: "uk-gdpr: told a day after",
    regime: "uk-gdpr",
    received: "2026-01-10",
    notified: "2026-02-11",
  },
  {
    guarantee: "ru-152fz: five working days more, told on the last of ten",
    regime: "ru-152fz",
    received: "2026-11-27",
    notified: "2026-12-11",
    lastDay: "2026-12-18",
  },
  {
    guarantee: "ru-152fz: told a day after",
    regime: "ru-152fz",
    received: "2026-11-27",
    notified: "2026-12-12",
  },
  {
    guarantee: "ru-152fz: a correction cannot be put off",
    regime: "ru-152fz",
    kind: "rectification",
    received: "2026-11-27",
    notified: "2026-11-30",
  },
  {
    guarantee: "ccpa: 90 days from receipt, told on the 45th",
    regime: "ccpa",
    received: "2026-11-27",
    notified: "2027-01-11",
    lastDay: "2027-02-25",
  },
  { guarantee: "ccpa: told on the 46th", regime: "ccpa", received: "2026-11-27", notified: "2027-01-12" },
  {
    guarantee: "ccpa: an objection cannot be put off",
    regime: "ccpa",
    kind: "objection",
    received: "2026-11-27",
    notified: "2026-11-30",
  },
  { guarantee: "lgpd: never", regime: "lgpd", received: "2026-01-10", notified: "2026-01-12" },
  {
    guarantee: "pipeda: 60 days from receipt",
    regime: "pipeda",
    received: "2026-01-10",
    notified: "2026-02-09",
    lastDay: "2026-03-11",
  },
  { guarantee: "kvkk: never", regime: "kvkk", received: "2026-01-10", notified: "2026-01-12" },
  {
    guarantee: "ch-fadp: until the date that the person is told",
    regime: "ch-fadp",
    received: "2026-01-10",
    notified: "2026-02-09",
    until: "2026-03-15",
    lastDay: "2026-03-15",
  },
  { guarantee: "ch-fadp: without a date", regime: "ch-fadp", received: "2026-01-10", notified: "2026-02-09" },
  {
    guarantee: "ch-fadp: until a date that is not later",
    regime: "ch-fadp",
    received: "2026-01-10",
    notified: "2026-02-09",
    until: "2026-02-09",
  },
  {
    guarantee: "ch-fadp: until a day that is none",
    regime: "ch-fadp",
    received: "2026-01-10",
    notified: "2026-02-09",
    until: "2026-02-30",
  },
  {
    guarantee: "za-popia: 60 days from receipt",
    regime: "za-popia",
    received: "2026-01-10",
    notified: "2026-02-09",
    lastDay: "2026-03-11",
  },
  { guarantee: "ua-2297: never", regime: "ua-2297", received: "2026-01-10", notified: "2026-01-12" },
];

describe("putting an answer off", () => {
  const taken = extensions.filter(({ lastDay }) => lastDay !== undefined);
  const refused = extensions.filter(({ lastDay }) => lastDay === undefined);

  const step = ({ regime, kind, received, notified, until }: ExtensionCase) => {
    const question = ask(regime, received, kind);
    const extension: Extension = {
      notifiedAt: noon(notified, question.timeZone),
      reason: "Many records on paper.",
      until,
    };
    return { question, extension };
  };

  it.each(taken)("is taken: $guarantee", (one) => {
    const { question, extension } = step(one);
    expect(extendDeadline(question, extension).lastDay).toBe(one.lastDay);
    // What was taken once is counted again when the date is counted again.
    expect(dueDate({ ...question, extension }).lastDay).toBe(one.lastDay);
  });

  it.each(refused)("is refused: $guarantee", (one) => {
    const { question, extension } = step(one);
    expect(["conflict", "invalid"]).toContain(refusal(() => extendDeadline(question, extension)).code);
    expect(dueDate({ ...question, extension })).toEqual(dueDate(question));
  });

  it("is decided by the organization's midnight: its last millisecond is in time, the next is not", () => {
    const question = ask("gdpr", "2026-01-31");
    const reason = "Many records.";
    expect(extendDeadline(question, { notifiedAt: "2026-03-02T22:59:59.999Z", reason }).lastDay).toBe(
      "2026-04-30",
    );
    const late = refusal(() => extendDeadline(question, { notifiedAt: "2026-03-02T23:00:00Z", reason }));
    expect(late.code).toBe("conflict");
    expect(late.detail).toContain("by 2026-03-02");
  });

  it.each([undefined, "", "  "])("needs a reason where the person must be told one: %j", (reason) => {
    const notifiedAt = "2026-03-20T12:00:00Z";
    const error = refusal(() => extendDeadline(ask("gdpr", "2026-03-10"), { notifiedAt, reason }));
    expect(pointers(error)).toEqual(["/reason"]);
  });

  it("happens once", () => {
    const extension = { notifiedAt: "2026-03-20T12:00:00Z", reason: "Many records." };
    const error = refusal(() => extendDeadline({ ...ask("gdpr", "2026-03-10"), extension }, extension));
    expect(error.code).toBe("conflict");
    expect(error.detail).toContain("once");
  });

  it("is said in the steps", () => {
    const extension = { notifiedAt: "2026-03-20T12:00:00Z", reason: "Many records." };
    expect(extendDeadline(ask("gdpr", "2026-03-10"), extension).steps.slice(1, 3)).toEqual([
      { rule: "extended", day: "2026-03-20" },
      { rule: "same_date", day: "2026-06-10", months: 3 },
    ]);
  });
});

interface PauseCase {
  readonly guarantee: string;
  readonly received: string;
  readonly pauses: readonly (readonly [asked: string, answered: string])[];
  readonly lastDay: string;
}

const pauses: readonly PauseCase[] = [
  {
    guarantee: "both days are included: asked and answered on one day, one day",
    received: "2026-01-10",
    pauses: [["2026-01-20", "2026-01-20"]],
    lastDay: "2026-02-11",
  },
  {
    guarantee: "over a month's end, seven days",
    received: "2026-01-10",
    pauses: [["2026-01-28", "2026-02-03"]],
    lastDay: "2026-02-17",
  },
  {
    guarantee: "over 29 February, three days",
    received: "2028-01-31",
    pauses: [["2028-02-28", "2028-03-01"]],
    lastDay: "2028-03-03",
  },
  {
    guarantee: "an end that falls on a weekend goes on to Monday",
    received: "2026-01-10",
    pauses: [["2026-01-20", "2026-01-23"]],
    lastDay: "2026-02-16",
  },
  {
    guarantee: "an end that no longer falls on a weekend does not",
    received: "2026-02-07",
    pauses: [["2026-02-20", "2026-02-21"]],
    lastDay: "2026-03-09",
  },
  {
    guarantee: "two pauses add up, and a day of both is counted once",
    received: "2026-01-10",
    pauses: [
      ["2026-01-20", "2026-01-22"],
      ["2026-01-22", "2026-01-23"],
    ],
    lastDay: "2026-02-16",
  },
  {
    guarantee: "a pause within a pause adds nothing",
    received: "2026-01-10",
    pauses: [
      ["2026-01-12", "2026-01-22"],
      ["2026-01-14", "2026-01-15"],
    ],
    lastDay: "2026-02-23",
  },
  {
    guarantee: "asked on the last day",
    received: "2026-02-10",
    pauses: [["2026-03-10", "2026-03-12"]],
    lastDay: "2026-03-13",
  },
  {
    guarantee: "asked on a last day that a weekend had given: that day is still left after the answer",
    received: "2026-02-07",
    pauses: [["2026-03-09", "2026-03-10"]],
    lastDay: "2026-03-11",
  },
  {
    guarantee: "answered long after",
    received: "2026-02-10",
    pauses: [["2026-03-01", "2026-12-31"]],
    lastDay: "2027-01-11",
  },
];

describe("stopping the clock under uk-gdpr", () => {
  const zone = "Europe/London";
  const pause = (asked: string, answered: string): Pause => ({
    askedAt: noon(asked, zone),
    answeredAt: noon(answered, zone),
  });

  it.each(pauses)("$guarantee", ({ received, pauses, lastDay }) => {
    let question = ask("uk-gdpr", received);
    let deadline: Deadline | undefined;
    for (const [asked, answered] of pauses) {
      deadline = pauseDeadline(question, pause(asked, answered));
      question = { ...question, pauses: [...(question.pauses ?? []), pause(asked, answered)] };
    }
    expect(deadline?.lastDay).toBe(lastDay);
    expect(dueDate(question)).toEqual(deadline);
  });

  it("counts days of the organization's zone: asked at its last minute, answered at the next day's first", () => {
    const question = ask("uk-gdpr", "2026-06-10");
    const summer = { askedAt: "2026-06-15T22:59:00Z", answeredAt: "2026-06-15T23:00:00Z" };
    expect(pauseDeadline(question, summer).steps).toContainEqual(
      expect.objectContaining({ rule: "paused", from: "2026-06-15", to: "2026-06-16", days: 2 }),
    );
  });

  it("is refused a day after the last", () => {
    expect(
      refusal(() => pauseDeadline(ask("uk-gdpr", "2026-02-10"), pause("2026-03-11", "2026-03-12"))).code,
    ).toBe("conflict");
  });

  it("is refused for an answer before the question, and for a question before the request", () => {
    const question = ask("uk-gdpr", "2026-02-10");
    expect(pointers(refusal(() => pauseDeadline(question, pause("2026-02-20", "2026-02-19"))))).toEqual([
      "/answeredAt",
    ]);
    expect(pointers(refusal(() => pauseDeadline(question, pause("2026-02-09", "2026-02-19"))))).toEqual([
      "/askedAt",
    ]);
  });

  it.each(regimeKeys.filter((key) => key !== "uk-gdpr"))("does not happen under %s", (key) => {
    const question = ask(key, "2026-02-10");
    const asked = { askedAt: noon("2026-02-12", "UTC"), answeredAt: noon("2026-02-14", "UTC") };
    expect(refusal(() => pauseDeadline(question, asked)).code).toBe("conflict");
    expect(dueDate({ ...question, pauses: [asked] })).toEqual(dueDate(question));
  });

  it("moves the last day for telling of an extension, but not by what is asked after that", () => {
    const question = { ...ask("uk-gdpr", "2026-01-10"), pauses: [pause("2026-01-20", "2026-01-22")] };
    const told = (day: string): Extension => ({ notifiedAt: noon(day, zone), reason: "Many records." });
    // Due 10 February and three days; extended, 10 April and three days: a Monday.
    expect(extendDeadline(question, told("2026-02-13")).lastDay).toBe("2026-04-13");
    const asked = { ...question, pauses: [...question.pauses, pause("2026-02-16", "2026-02-20")] };
    expect(refusal(() => extendDeadline(asked, told("2026-02-14"))).code).toBe("conflict");
  });
});

describe("other clocks of a request", () => {
  const clocks = (key: string, received: string, kind: RequestKind) =>
    Object.fromEntries(clockDates(ask(key, received, kind)).map(({ key, lastDay }) => [key, lastDay]));

  it("ccpa: acknowledged within ten business days, beside the 45 days for the answer", () => {
    expect(clocks("ccpa", "2026-11-27", "access")).toEqual({ acknowledge: "2026-12-11" });
    expect(dueDate(ask("ccpa", "2026-11-27")).lastDay).toBe("2027-01-11");
    expect(clocks("ccpa", "2026-12-18", "erasure")).toEqual({ acknowledge: "2027-01-05" });
    expect(clocks("ccpa", "2026-12-18", "objection")).toEqual({});
  });

  it("ru-152fz: an erasure is stopped in 3, destroyed in 7 or 10 working days, or in 30 days when withdrawn", () => {
    expect(clocks("ru-152fz", "2026-11-27", "erasure")).toEqual({
      consent_withdrawn: "2026-12-27",
      unlawful_stop: "2026-12-02",
      unlawful_destroy: "2026-12-11",
      needless_destroy: "2026-12-08",
    });
  });

  it("ru-152fz: a demand to stop is met in ten working days", () => {
    expect(clocks("ru-152fz", "2026-11-27", "restriction")).toMatchObject({ stop_demanded: "2026-12-11" });
    expect(clocks("ru-152fz", "2026-11-27", "objection")).toMatchObject({ stop_demanded: "2026-12-11" });
  });

  it("do not move when the answer is put off", () => {
    const question = ask("ccpa", "2026-11-27");
    const extension = { notifiedAt: "2026-12-01T20:00:00Z", reason: "Many records." };
    expect(clockDates({ ...question, extension })).toEqual(clockDates(question));
  });
});

describe("several regimes for one request", () => {
  const common = (
    keys: readonly string[],
    received: string,
    kind: RequestKind = "access",
  ): CommonQuestion => ({
    kind,
    receivedAt: noon(received, "UTC"),
    timeZone: "UTC",
    regimes: keys.map((key) => ({ regime: regimeOf(key), calendar: calendarOf(regimeOf(key)) })),
  });
  const told = (day: string): Extension => ({ notifiedAt: noon(day, "UTC"), reason: "Many records." });

  it("the earliest date wins, and the steps say so after showing each", () => {
    const deadline = earliestDueDate(common(["gdpr", "ru-152fz", "ccpa"], "2026-11-27"));
    expect(deadline).toMatchObject({ regime: "ru-152fz", lastDay: "2026-12-11" });
    const { steps } = deadline;
    expect(steps.filter(({ rule }) => rule === "received")).toHaveLength(3);
    expect(steps.filter(({ rule }) => rule === "last_day").map(({ day }) => day)).toEqual([
      "2026-12-28",
      "2026-12-11",
      "2027-01-11",
    ]);
    expect(steps.at(-1)).toEqual({ rule: "earliest", day: "2026-12-11", regime: "ru-152fz" });
  });

  it("one regime counts as it does alone", () => {
    expect(earliestDueDate(common(["gdpr"], "2026-11-27"))).toEqual({
      ...dueDate({ ...ask("gdpr", "2026-11-27"), receivedAt: noon("2026-11-27", "UTC"), timeZone: "UTC" }),
      regime: "gdpr",
    });
  });

  it("an unknown date refuses them all: it may be the earliest", () => {
    expect(refusal(() => earliestDueDate(common(["gdpr", "ru-152fz"], "2027-12-20"))).detail).toContain(
      "2028",
    );
  });

  it("an extension moves each that allows it, and the earliest of the new dates wins", () => {
    expect(extendEarliest(common(["gdpr", "ru-152fz"], "2026-11-27"), told("2026-12-11"))).toMatchObject({
      regime: "ru-152fz",
      lastDay: "2026-12-18",
    });
  });

  it("an extension that one regime does not allow is refused when that one holds the date", () => {
    const error = refusal(() => extendEarliest(common(["gdpr", "lgpd"], "2026-11-27"), told("2026-12-01")));
    expect(error.code).toBe("conflict");
    expect(error.detail).toContain("lgpd");
  });

  it("a pause stops nothing where another regime goes on and holds the date", () => {
    const pause = { askedAt: noon("2026-01-20", "UTC"), answeredAt: noon("2026-01-22", "UTC") };
    expect(pauseEarliest(common(["uk-gdpr"], "2026-01-10"), pause).lastDay).toBe("2026-02-13");
    expect(refusal(() => pauseEarliest(common(["uk-gdpr", "gdpr"], "2026-01-10"), pause)).code).toBe(
      "conflict",
    );
  });

  it("all clocks are told, the earliest first", () => {
    const clocks = clocksOf(common(["ccpa", "ru-152fz"], "2026-11-27", "erasure"));
    expect(clocks.map(({ regime, key }) => `${regime} ${key}`)).toEqual([
      "ru-152fz unlawful_stop",
      "ru-152fz needless_destroy",
      "ccpa acknowledge",
      "ru-152fz unlawful_destroy",
      "ru-152fz consent_withdrawn",
    ]);
  });
});

describe("for every regime, kind and instant", () => {
  const instants = fc
    .integer({ min: Date.parse("2025-01-01T00:00:00Z"), max: Date.parse("2027-09-01T00:00:00Z") })
    .map((milliseconds) => new Date(milliseconds).toISOString());
  const timeZones = fc.constantFrom(
    "Europe/London",
    "Europe/Moscow",
    "America/Los_Angeles",
    "Asia/Kamchatka",
  );
  const questions = fc
    .record({
      key: fc.constantFrom(...regimeKeys),
      kind: fc.constantFrom(...requestKinds),
      receivedAt: instants,
      timeZone: timeZones,
    })
    .map(({ key, ...question }): DeadlineQuestion => {
      const regime = regimeOf(key);
      return { ...question, regime, calendar: calendarOf(regime) };
    });
  const dayOf = (instant: string, timeZone: string) =>
    Temporal.Instant.from(instant).toZonedDateTimeISO(timeZone).toPlainDate();
  const atLeast = (from: Temporal.PlainDate, term: Term): string =>
    from.add("workingDays" in term ? { days: term.workingDays } : term).toString();
  const told = (question: DeadlineQuestion, daysLater: number): Extension => ({
    notifiedAt: Temporal.Instant.from(question.receivedAt)
      .add({ hours: 24 * daysLater })
      .toString(),
    reason: "Many records.",
    until: "2029-01-01",
  });

  it("the due date is never before the term that the law gives", () => {
    fc.assert(
      fc.property(questions, (question) => {
        const received = dayOf(question.receivedAt, question.timeZone);
        expect(dueDate(question).lastDay >= atLeast(received, question.regime.terms[question.kind])).toBe(
          true,
        );
      }),
    );
  });

  it("a later receipt is never due earlier", () => {
    fc.assert(
      fc.property(questions, instants, (question, other) => {
        const [first, second] = [question.receivedAt, other].sort();
        const due = (receivedAt: string | undefined) =>
          dueDate({ ...question, receivedAt: receivedAt ?? "" });
        expect(due(first).dueAt <= due(second).dueAt).toBe(true);
      }),
    );
  });

  it("an extension that is taken makes the date later, and one that is not changes nothing", () => {
    fc.assert(
      fc.property(questions, fc.integer({ min: 0, max: 60 }), (question, daysLater) => {
        const before = dueDate(question);
        const extension = told(question, daysLater);
        const after = dueDate({ ...question, extension });
        let isTaken = true;
        try {
          extendDeadline(question, extension);
        } catch (error) {
          if (!(error instanceof SaysoError)) throw error;
          isTaken = false;
        }
        expect(after.lastDay > before.lastDay).toBe(isTaken);
        expect(isTaken || after.lastDay === before.lastDay).toBe(true);
        if (isTaken) {
          expect(dayOf(extension.notifiedAt, question.timeZone).toString() <= before.lastDay).toBe(true);
        }
      }),
    );
  });

  it("a pause that is taken leaves at least as many days after the answer as there were when it was asked", () => {
    fc.assert(
      fc.property(
        instants,
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 90 }),
        (receivedAt, askedAfter, answeredAfter) => {
          const question = { ...ask("uk-gdpr", "2026-01-10"), receivedAt };
          const received = dayOf(receivedAt, question.timeZone);
          const asked = received.add({ days: askedAfter });
          const answered = asked.add({ days: answeredAfter });
          const before = dueDate(question).lastDay;
          fc.pre(asked.toString() <= before);
          const pause = {
            askedAt: noon(asked.toString(), question.timeZone),
            answeredAt: noon(answered.toString(), question.timeZone),
          };
          fc.pre(pause.askedAt >= receivedAt);
          const after = pauseDeadline(question, pause).lastDay;
          expect(after > answered.toString()).toBe(true);
          expect(after >= before).toBe(true);
        },
      ),
    );
  });

  it("the earliest of several is that of one of them, and no other is earlier", () => {
    fc.assert(
      fc.property(
        questions,
        fc.uniqueArray(fc.constantFrom(...regimeKeys), { minLength: 1 }),
        (question, keys) => {
          const regimes = keys.map((key) => ({ regime: regimeOf(key), calendar: calendarOf(regimeOf(key)) }));
          const each = regimes.map((one) => dueDate({ ...question, ...one }).dueAt).sort();
          const { regime, dueAt } = earliestDueDate({ ...question, regimes });
          expect(dueAt).toBe(each[0]);
          expect(keys).toContain(regime);
        },
      ),
    );
  });
});
