import Holidays from "date-holidays";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { HolidayCalendar } from "../../../src/features/datarequest/domain/calendar.ts";
import { calendarCountries, loadCalendar } from "../../../src/features/datarequest/holidays.ts";

async function calendarOf(country: string): Promise<HolidayCalendar> {
  const calendar = await loadCalendar(country);
  if (calendar === undefined) throw new Error(`No calendar for ${country}.`);
  return calendar;
}

describe("public holidays", () => {
  it("are known for the 27 states of the European Union and the 3 others of the Economic Area", () => {
    expect(calendarCountries).toHaveLength(30);
    expect(calendarCountries).toEqual(expect.arrayContaining(["DE", "FR", "IS", "LI", "NO"]));
  });

  it.each([
    ["DE", "2026-04-03 2026-04-06 2026-05-01 2026-05-14 2026-05-25 2026-12-25 2028-10-03"],
    ["FR", "2026-04-06 2026-05-01 2026-05-08 2026-07-14 2026-11-11"],
    ["IE", "2026-02-02 2026-03-17 2026-04-06 2026-05-04 2026-06-01 2026-08-03 2026-10-26 2027-02-01"],
    ["NL", "2026-04-06 2026-04-27 2026-05-14 2026-05-25 2026-12-25"],
    ["ES", "2026-01-01 2026-04-03 2026-05-01 2026-10-12 2026-12-08"],
    ["PL", "2026-01-06 2026-04-06 2026-05-01 2026-06-04 2026-11-11 2026-12-24"],
    ["GR", "2026-02-23 2026-04-10 2026-04-13 2026-06-01 2026-10-28"],
    ["CY", "2026-02-23 2026-04-01 2026-04-13 2026-06-01 2026-10-01"],
    ["IS", "2026-04-02 2026-04-23 2026-06-17 2026-08-03"],
    ["IT", "2026-01-06 2026-04-06 2026-06-02 2027-10-04"],
    ["BG", "2026-03-03 2026-04-10 2026-04-13 2028-12-26"],
    ["RO", "2026-01-02 2026-01-06 2026-01-07 2026-04-10 2026-06-01 2026-11-30"],
    ["CZ", "2026-04-03 2026-07-06 2026-09-28 2026-11-17 2026-12-24"],
    ["SE", "2026-01-06 2028-06-06 2026-12-25"],
  ])("of %s have the well-known days", async (country, days) => {
    const { years } = await calendarOf(country);
    expect(Object.values(years).flat()).toEqual(expect.arrayContaining(days.split(" ")));
  });

  it.each([
    ["DE", "regional", "2026-01-06 2026-06-04 2025-10-31 2027-11-01"],
    ["ES", "regional", "2026-01-06 2026-04-02 2026-03-19"],
    ["IS", "half", "2026-12-24 2026-12-31"],
    ["LI", "bank and bridge", "2026-04-03 2026-05-15 2026-06-05"],
    ["NL", "partly observed", "2026-04-03 2026-05-05"],
    ["SK", "abolished", "2025-11-17 2026-05-08 2026-09-15"],
    ["DK", "abolished", "2026-05-01 2026-06-05"],
    ["LV", "substitute", "2025-05-05 2028-11-20"],
    ["IE", "bank", "2026-04-03"],
  ])(
    "of %s leave out %s days, so that the answer is due earlier and never later",
    async (country, _what, days) => {
      const { years } = await calendarOf(country);
      const counted = Object.values(years).flat();
      expect(days.split(" ").filter((day) => counted.includes(day))).toEqual([]);
    },
  );

  it.each(calendarCountries)(
    "of %s are sorted days of their year, for every year that is known",
    async (country) => {
      const calendar = await calendarOf(country);
      expect(calendar.country).toBe(country);
      expect(Object.keys(calendar.years)).toEqual(["2025", "2026", "2027", "2028"]);
      for (const [year, days] of Object.entries(calendar.years)) {
        expect(days.every((day) => /^\d{4}-\d\d-\d\d$/.test(day) && day.startsWith(year))).toBe(true);
        expect(days).toEqual([...new Set(days)].sort());
        expect(days).toContain(`${year}-01-01`);
        expect(days).toContain(`${year}-12-25`);
      }
    },
  );

  it.each(["RU", "GB", "CH", "US", "XX", "", "de", "DEU", "__proto__", "constructor"])(
    "of %j are not known, so that a due date is refused",
    async (country) => {
      expect(await loadCalendar(country)).toBeUndefined();
    },
  );
});

describe("a second opinion", () => {
  // Days of law that the library has on another date, as another kind of day, or not at all.
  const known: Readonly<Record<string, readonly string[]>> = {
    BG: ["12-26"],
    CY: ["orthodox -48", "orthodox 50"],
    LI: ["08-15", "11-01"],
  };

  it.each(calendarCountries)(
    "the library's own list of %s has every weekday that we count",
    async (country) => {
      const { years } = await calendarOf(country);
      const theirs = new Set<string>();
      const excepted = new Set<string>();
      const library = new Holidays(country, { types: ["public"] });
      const exceptions = new Holidays();
      for (const rule of known[country] ?? []) exceptions.setHoliday(rule, rule);
      for (const year of Object.keys(years)) {
        for (const holiday of library.getHolidays(year)) for (const day of daysOf(holiday)) theirs.add(day);
        for (const holiday of exceptions.getHolidays(year)) excepted.add(holiday.date.slice(0, 10));
      }
      const unknown = Object.values(years)
        .flat()
        .filter((day) => isWeekday(day) && !theirs.has(day) && !excepted.has(day));
      expect(unknown).toEqual([]);
    },
  );

  function daysOf(holiday: { date: string; start: Date; end: Date }): string[] {
    const first = Date.parse(holiday.date.slice(0, 10));
    const count = Math.round((holiday.end.getTime() - holiday.start.getTime()) / 86_400_000);
    return Array.from({ length: Math.max(count, 1) }, (_, i) =>
      new Date(first + i * 86_400_000).toISOString().slice(0, 10),
    );
  }

  function isWeekday(day: string): boolean {
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
    return weekday !== 0 && weekday !== 6;
  }
});

describe("the machine's own time zone", () => {
  const before = process.env.TZ;

  afterEach(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });

  it.each(["Pacific/Kiritimati", "America/Los_Angeles"])("changes no holiday: %s", async (zone) => {
    const here = await calendarOf("DE");
    process.env.TZ = zone;
    vi.resetModules();
    const fresh = await import("../../../src/features/datarequest/holidays.ts");
    expect(await fresh.loadCalendar("DE")).toEqual(here);
  });
});
