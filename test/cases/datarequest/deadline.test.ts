import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import type { HolidayCalendar } from "../../../src/features/datarequest/domain/calendar.ts";
import { type Deadline, dueDate } from "../../../src/features/datarequest/domain/deadline.ts";
import { requestKinds } from "../../../src/features/datarequest/domain/kind.ts";
import type { Regime } from "../../../src/features/datarequest/domain/regime.ts";
import { calendarCountries, loadCalendar } from "../../../src/features/datarequest/holidays.ts";
import { findRegime } from "../../../src/features/datarequest/regimes.ts";
import { SaysoError } from "../../../src/kernel/errors.ts";

const gdpr = required(findRegime("gdpr"));

function required(regime: Regime | undefined): Regime {
  if (regime === undefined) throw new Error("There is no gdpr regime.");
  return regime;
}

function gdprDue(receivedAt: string, timeZone: string, calendar: HolidayCalendar | undefined): Deadline {
  return dueDate({ regime: gdpr, kind: "access", receivedAt, timeZone, calendar });
}

function refusal(question: () => unknown): SaysoError {
  try {
    question();
  } catch (error) {
    if (error instanceof SaysoError) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}

interface Case {
  readonly guarantee: string;
  /** A day is received at noon in the country's zone. */
  readonly received: string;
  readonly country?: string;
  readonly zone?: string;
  readonly lastDay: string;
  /** The rules that led there, without the first and the last one, which are always the same. */
  readonly by: readonly string[];
}

const cases: readonly Case[] = [
  {
    guarantee: "the day of receipt is not counted: the term ends with the same date of the next month",
    received: "2026-03-10",
    lastDay: "2026-04-10",
    by: ["same_date 2026-04-10"],
  },
  {
    guarantee: "31 January ends with 28 February, and when that is a Saturday, with Monday",
    received: "2026-01-31",
    lastDay: "2026-03-02",
    by: ["last_of_month 2026-02-28", "saturday 2026-02-28", "sunday 2026-03-01"],
  },
  {
    guarantee: "31 January of a leap year ends with 29 February",
    received: "2028-01-31",
    lastDay: "2028-02-29",
    by: ["last_of_month 2028-02-29"],
  },
  {
    guarantee: "29 January of a leap year ends with the same date",
    received: "2028-01-29",
    lastDay: "2028-02-29",
    by: ["same_date 2028-02-29"],
  },
  {
    guarantee:
      "29 January of another year ends with the last of February, and when that is a Sunday, with Monday",
    received: "2027-01-29",
    lastDay: "2027-03-01",
    by: ["last_of_month 2027-02-28", "sunday 2027-02-28"],
  },
  {
    guarantee: "29 February ends with 29 March",
    received: "2028-02-29",
    lastDay: "2028-03-29",
    by: ["same_date 2028-03-29"],
  },
  {
    guarantee: "28 February ends with 28 March and not with the month's last day",
    received: "2028-02-28",
    lastDay: "2028-03-28",
    by: ["same_date 2028-03-28"],
  },
  {
    guarantee: "31 August ends with 30 September",
    received: "2026-08-31",
    lastDay: "2026-09-30",
    by: ["last_of_month 2026-09-30"],
  },
  {
    guarantee: "receipt on a public holiday changes nothing",
    received: "2026-12-25",
    lastDay: "2027-01-25",
    by: ["same_date 2027-01-25"],
  },
  {
    guarantee: "receipt on a Sunday changes nothing",
    received: "2026-11-01",
    lastDay: "2026-12-01",
    by: ["same_date 2026-12-01"],
  },
  {
    guarantee: "days off inside the term are counted: Christmas makes it no longer",
    received: "2026-12-08",
    lastDay: "2027-01-08",
    by: ["same_date 2027-01-08"],
  },
  {
    guarantee: "a term that ends on a Saturday ends with Monday",
    received: "2026-02-07",
    lastDay: "2026-03-09",
    by: ["same_date 2026-03-07", "saturday 2026-03-07", "sunday 2026-03-08"],
  },
  {
    guarantee: "a term that ends on a Sunday ends with Monday",
    received: "2026-02-08",
    lastDay: "2026-03-09",
    by: ["same_date 2026-03-08", "sunday 2026-03-08"],
  },
  {
    guarantee: "a term that ends on a Friday holiday ends after the weekend",
    received: "2026-04-01",
    lastDay: "2026-05-04",
    by: ["same_date 2026-05-01", "public_holiday 2026-05-01", "saturday 2026-05-02", "sunday 2026-05-03"],
  },
  {
    guarantee: "a term that ends on Good Friday ends after Easter Monday",
    received: "2026-03-03",
    lastDay: "2026-04-07",
    by: [
      "same_date 2026-04-03",
      "public_holiday 2026-04-03",
      "saturday 2026-04-04",
      "sunday 2026-04-05",
      "public_holiday 2026-04-06",
    ],
  },
  {
    guarantee: "a term that ends on New Year's Day ends in the new year",
    received: "2026-12-01",
    lastDay: "2027-01-04",
    by: ["same_date 2027-01-01", "public_holiday 2027-01-01", "saturday 2027-01-02", "sunday 2027-01-03"],
  },
  {
    guarantee: "31 December ends with 31 January of the next year, and when that is a Sunday, with Monday",
    received: "2026-12-31",
    lastDay: "2027-02-01",
    by: ["same_date 2027-01-31", "sunday 2027-01-31"],
  },
  {
    guarantee: "another country's holiday moves nothing: 14 July in Germany",
    received: "2026-06-14",
    lastDay: "2026-07-14",
    by: ["same_date 2026-07-14"],
  },
  {
    guarantee: "the own country's holiday moves the end: 14 July in France",
    received: "2026-06-14",
    country: "FR",
    zone: "Europe/Paris",
    lastDay: "2026-07-15",
    by: ["same_date 2026-07-14", "public_holiday 2026-07-14"],
  },
  {
    guarantee: "Easter is the Orthodox one where the country's law says so",
    received: "2026-03-13",
    country: "GR",
    zone: "Europe/Athens",
    lastDay: "2026-04-14",
    by: ["same_date 2026-04-13", "public_holiday 2026-04-13"],
  },
];

describe("the due date under Regulation 1182/71", () => {
  it.each(cases)("$guarantee", async ({ received, country = "DE", zone = "Europe/Berlin", lastDay, by }) => {
    const noon = Temporal.PlainDate.from(received).toZonedDateTime({ timeZone: zone, plainTime: "12:00" });
    const calendar = await loadCalendar(country);
    const due = gdprDue(noon.toInstant().toString(), zone, calendar);
    expect(due.lastDay).toBe(lastDay);
    const rules = due.steps.map(
      (step) => `${step.rule === "day_off" ? step.because : step.rule} ${step.day}`,
    );
    expect(rules).toEqual([`received ${received}`, ...by, `last_day ${lastDay}`]);
  });

  it.each(requestKinds)("counts %s by the term that the regime gives it", (kind) => {
    const only = { ...gdpr, terms: { ...gdpr.terms, [kind]: { months: 2 } } };
    const calendar = { country: "DE", years: { 2026: ["2026-01-01"] } };
    const question = { receivedAt: "2026-06-10T10:00:00Z", timeZone: "Europe/Berlin", calendar };
    expect(dueDate({ ...question, regime: gdpr, kind }).lastDay).toBe("2026-07-10");
    expect(dueDate({ ...question, regime: only, kind }).lastDay).toBe("2026-08-10");
  });
});

describe("days are those of the organization's time zone", () => {
  const zoned: readonly (readonly [guarantee: string, receivedAt: string, zone: string, dueAt: string])[] = [
    [
      "the last millisecond of a day is that day",
      "2026-06-09T23:59:59.999+02:00",
      "Europe/Berlin",
      "2026-07-09T21:59:59.999Z",
    ],
    ["midnight is the next day", "2026-06-10T00:00:00+02:00", "Europe/Berlin", "2026-07-10T21:59:59.999Z"],
    [
      "one instant, a day earlier in the west",
      "2026-06-09T23:30:00Z",
      "Atlantic/Azores",
      "2026-07-09T23:59:59.999Z",
    ],
    [
      "one instant, a day later in the east",
      "2026-06-09T23:30:00Z",
      "Europe/Helsinki",
      "2026-07-10T20:59:59.999Z",
    ],
    [
      "the offset of the caller does not count",
      "2026-06-10T08:59:59+14:00",
      "Europe/Berlin",
      "2026-07-09T21:59:59.999Z",
    ],
    [
      "received in winter, due in summer time",
      "2026-03-09T23:30:00+01:00",
      "Europe/Berlin",
      "2026-04-09T21:59:59.999Z",
    ],
    [
      "received in summer time, due in winter",
      "2026-10-09T23:30:00+02:00",
      "Europe/Berlin",
      "2026-11-09T22:59:59.999Z",
    ],
    [
      "before midnight as the clocks go forward",
      "2026-03-29T23:59:59+02:00",
      "Europe/Berlin",
      "2026-04-29T21:59:59.999Z",
    ],
    [
      "the hour that comes twice, the first time",
      "2026-10-25T02:30:00+02:00",
      "Europe/Berlin",
      "2026-11-25T22:59:59.999Z",
    ],
    [
      "the hour that comes twice, the second time",
      "2026-10-25T02:30:00+01:00",
      "Europe/Berlin",
      "2026-11-25T22:59:59.999Z",
    ],
    [
      "a next day without midnight begins at one",
      "2026-03-23T12:00:00Z",
      "Africa/Cairo",
      "2026-04-23T21:59:59.999Z",
    ],
    ["a last day of 23 hours", "2026-03-24T12:00:00Z", "Africa/Cairo", "2026-04-24T20:59:59.999Z"],
    ["a last day of 25 hours", "2026-09-29T12:00:00Z", "Africa/Cairo", "2026-10-29T21:59:59.999Z"],
  ];

  it.each(zoned)("%s", (_guarantee, receivedAt, zone, dueAt) => {
    const due = gdprDue(receivedAt, zone, { country: "XX", years: { 2026: ["2026-01-01"] } });
    expect(due.dueAt).toBe(dueAt);
    expect(Temporal.Instant.from(dueAt).toZonedDateTimeISO(zone).toPlainDate().toString()).toBe(due.lastDay);
  });
});

describe("what is not known is refused, not guessed", () => {
  const only2026: HolidayCalendar = { country: "DE", years: { 2026: ["2026-12-25"] } };

  it("refuses a term that ends in a year without a calendar, and says which to load", () => {
    const error = refusal(() => gdprDue("2026-12-15T10:00:00Z", "Europe/Berlin", only2026));
    expect(error.code).toBe("invalid");
    expect(error.detail).toContain("Load the public holidays of DE for 2027");
  });

  it("refuses when the next working day may lie in a year without a calendar", () => {
    const only2028: HolidayCalendar = { country: "DE", years: { 2028: ["2028-01-01"] } };
    expect(gdprDue("2028-11-29T10:00:00Z", "Europe/Berlin", only2028).lastDay).toBe("2028-12-29");
    const error = refusal(() => gdprDue("2028-11-30T10:00:00Z", "Europe/Berlin", only2028));
    expect(error.detail).toContain("for 2029");
  });

  it("decides by the organization's zone in which year a term ends", () => {
    const newYearsEve = "2026-11-30T23:30:00Z";
    expect(gdprDue(newYearsEve, "Atlantic/Azores", only2026).lastDay).toBe("2026-12-30");
    expect(refusal(() => gdprDue(newYearsEve, "Europe/Berlin", only2026)).detail).toContain("for 2027");
  });

  it("does not ask for the next year's calendar when the term ends before", () => {
    expect(gdprDue("2026-11-30T10:00:00Z", "Europe/Berlin", only2026).lastDay).toBe("2026-12-30");
  });

  it("takes a year with an empty list for a year that is not known", () => {
    const empty: HolidayCalendar = { country: "DE", years: { 2026: [] } };
    expect(refusal(() => gdprDue("2026-06-10T10:00:00Z", "Europe/Berlin", empty)).detail).toContain(
      "for 2026",
    );
  });

  it("refuses a country without a calendar and says what to set", async () => {
    const russia = await loadCalendar("RU");
    const error = refusal(() => gdprDue("2026-06-10T10:00:00Z", "Europe/Moscow", russia));
    expect(error.code).toBe("invalid");
    expect(error.detail).toContain("Set a country of the European Economic Area");
  });

  it.each([
    "",
    "yesterday",
    "2026-01-31",
    "2026-01-31T10:00:00",
    "2026-02-30T10:00:00Z",
    "2026-01-31T25:00:00Z",
    "+275760-09-12T00:00:00Z",
  ])("points to receivedAt when it is no instant with an offset or too far away: %j", (receivedAt) => {
    const error = refusal(() => gdprDue(receivedAt, "Europe/Berlin", only2026));
    expect(error.errors.map((field) => field.pointer)).toEqual(["/receivedAt"]);
  });

  it("points to timeZone when there is no such zone", () => {
    const error = refusal(() => gdprDue("2026-01-31T10:00:00Z", "Europe/Atlantis", only2026));
    expect(error.errors.map((field) => field.pointer)).toEqual(["/timeZone"]);
  });
});

describe("for every country and every instant", () => {
  const instants = fc
    .integer({ min: Date.parse("2025-01-01T00:00:00Z"), max: Date.parse("2028-11-20T00:00:00Z") })
    .map((milliseconds) => new Date(milliseconds).toISOString());
  const zones = fc.constantFrom("Europe/Berlin", "Atlantic/Reykjavik", "Atlantic/Azores", "Asia/Nicosia");
  const countries = fc.constantFrom(...calendarCountries);

  it("the last day is a working day, and every day between it and the same date is a day off", async () => {
    await fc.assert(
      fc.asyncProperty(countries, instants, zones, async (country, receivedAt, zone) => {
        const calendar = await loadCalendar(country);
        const { lastDay } = gdprDue(receivedAt, zone, calendar);
        const received = Temporal.Instant.from(receivedAt).toZonedDateTimeISO(zone).toPlainDate();
        const isOff = (day: Temporal.PlainDate) =>
          day.dayOfWeek >= 6 || calendar?.years[day.year]?.includes(day.toString()) === true;
        let day = received.add({ months: 1 });
        for (; isOff(day); day = day.add({ days: 1 }));
        expect(lastDay).toBe(day.toString());
      }),
    );
  });

  it("a later receipt is never due earlier", async () => {
    await fc.assert(
      fc.asyncProperty(countries, instants, instants, zones, async (country, one, other, zone) => {
        const calendar = await loadCalendar(country);
        const [earlier, later] = one < other ? [one, other] : [other, one];
        expect(gdprDue(earlier, zone, calendar).dueAt <= gdprDue(later, zone, calendar).dueAt).toBe(true);
      }),
    );
  });

  it("a holiday that is left out never makes the answer due later", async () => {
    await fc.assert(
      fc.asyncProperty(countries, instants, fc.nat(), async (country, receivedAt, pick) => {
        const calendar = await loadCalendar(country);
        if (calendar === undefined) throw new Error(`No calendar for ${country}.`);
        const less = Object.fromEntries(
          Object.entries(calendar.years).map(([year, days]) => [
            year,
            days.filter((_, i) => i !== pick % days.length),
          ]),
        );
        const all = gdprDue(receivedAt, "Europe/Berlin", calendar);
        const without = gdprDue(receivedAt, "Europe/Berlin", { country, years: less });
        expect(without.dueAt <= all.dueAt).toBe(true);
      }),
    );
  });
});
