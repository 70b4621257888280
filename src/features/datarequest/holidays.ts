import { z } from "zod";
import { SaysoError } from "../../kernel/errors.ts";
import calendars from "./calendars/eea.json" with { type: "json" };
import gb from "./calendars/gb.json" with { type: "json" };
import ru from "./calendars/ru.json" with { type: "json" };
import usCa from "./calendars/us-ca.json" with { type: "json" };
import {
  type CalendarYear,
  calendarCountry,
  calendarYearSchema,
  type HolidayCalendar,
  wrongDays,
} from "./domain/calendar.ts";

/**
 * Our own list of days, in date-holidays' notation of rules. Not that library's list of countries: it is kept
 * for wall calendars, and has bridge days, half days and, for some states, wrong dates, any of which would
 * make an answer late. So the days are ours and the library computes when they fall.
 */
const calendarSchema = z.strictObject({
  version: z.iso.date(),
  source: z.string().min(1),
  note: z.strictObject({ en: z.string().min(1), ru: z.string().min(1) }),
  /** The years that the list was compared for. Laws change: outside them nothing is known. */
  years: z.strictObject({ first: z.int(), last: z.int() }),
  countries: z.record(z.string().regex(/^[A-Z]{2}$/), z.string().min(1)),
});

const { years, countries } = calendarSchema.parse(calendars);

/** A calendar that is written down day by day, because its days are decreed or proclaimed and cannot be computed. */
const listedCalendarSchema = z.strictObject({
  version: z.iso.date(),
  country: calendarCountry,
  note: z.strictObject({ en: z.string().min(1), ru: z.string().min(1) }),
  years: z.record(z.string().regex(/^\d{4}$/), calendarYearSchema),
});

const listedFiles = [gb, ru, usCa].map((file) => {
  const calendar = listedCalendarSchema.parse(file);
  for (const [year, days] of Object.entries(calendar.years)) {
    const [wrong] = wrongDays(Number(year), days);
    if (wrong !== undefined) {
      throw new SaysoError(
        "internal",
        `The calendar of ${calendar.country} for ${year}: ${wrong.pointer} ${wrong.message}`,
      );
    }
  }
  return calendar;
});

const listed: ReadonlyMap<string, HolidayCalendar> = new Map(
  listedFiles.map(({ country, years }) => [country, calendarFrom(country, Object.entries(years))]),
);

/** Every year that is written down here. */
export function listedYears(): (CalendarYear & { country: string; year: number })[] {
  return listedFiles.flatMap(({ country, years }) =>
    Object.entries(years).map(([year, days]) => ({ ...days, country, year: Number(year) })),
  );
}

/** Years as they are written down, as one calendar. */
function calendarFrom(
  country: string,
  written: readonly (readonly [year: string, days: Omit<CalendarYear, "source">])[],
): HolidayCalendar {
  return {
    country,
    years: Object.fromEntries(written.map(([year, { daysOff }]) => [year, daysOff])),
    workingWeekends: Object.fromEntries(written.map(([year, { workingDays }]) => [year, workingDays])),
  };
}

/** The calendar of a regime that counts by one country's days wherever the organization is, where we have it. */
export function listedCalendar(country: string): HolidayCalendar | undefined {
  return listed.get(country);
}

/** Countries (ISO 3166-1 alpha-2) whose public holidays are known: the European Economic Area. */
export const calendarCountries: readonly string[] = Object.keys(countries);

const computed = new Map<string, Promise<HolidayCalendar>>();

/**
 * The nationwide public holidays of a country, or undefined when they are not known; a due date is then
 * refused, not guessed. Regional holidays are not counted: an organization whose region has more of them
 * answers a day earlier than it must, never later.
 */
export async function loadCalendar(country: string): Promise<HolidayCalendar | undefined> {
  const rules = Object.hasOwn(countries, country) ? countries[country]?.split(" | ") : undefined;
  if (rules === undefined) return undefined;
  let calendar = computed.get(country);
  if (calendar === undefined) {
    calendar = computeCalendar(country, rules);
    computed.set(country, calendar);
  }
  return calendar;
}

async function computeCalendar(country: string, rules: readonly string[]): Promise<HolidayCalendar> {
  // Loaded when first needed: it brings the data of 200 countries with it.
  const { default: Holidays } = await import("date-holidays");
  const holidays = new Holidays();
  for (const rule of rules) {
    if (!holidays.setHoliday(rule, { name: rule, type: "public" })) {
      throw new SaysoError("internal", `The calendar of ${country} has a rule that cannot be read: ${rule}`);
    }
  }
  const byYear: Record<number, readonly string[]> = {};
  for (let year = years.first; year <= years.last; year++) {
    byYear[year] = [
      ...new Set(holidays.getHolidays(year).map((holiday) => holiday.date.slice(0, 10))),
    ].sort();
  }
  return { country, years: byYear };
}

/** A calendar with some years in place of its own. */
export function withYears(
  calendar: HolidayCalendar | undefined,
  country: string,
  written: readonly (Omit<CalendarYear, "source"> & { readonly year: number })[],
): HolidayCalendar | undefined {
  if (written.length === 0) return calendar;
  const own = calendarFrom(
    country,
    written.map((days) => [String(days.year), days]),
  );
  return {
    country,
    years: { ...calendar?.years, ...own.years },
    workingWeekends: { ...calendar?.workingWeekends, ...own.workingWeekends },
  };
}
