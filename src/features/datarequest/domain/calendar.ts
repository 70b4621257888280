import { z } from "zod";

/**
 * One country's days off, as a whole: public holidays and, where the law moves days of rest, the weekdays that became
 * days off and the weekend days that are worked. A year that is not in `years`, or has no days, is unknown: what falls
 * into it is refused, not guessed. Ordinary weekends are not listed.
 */
export interface HolidayCalendar {
  /** ISO 3166-1 alpha-2, or a part of a country by ISO 3166-2 (`US-CA`). */
  readonly country: string;
  /** Days off as YYYY-MM-DD, by year. */
  readonly years: Readonly<Record<number, readonly string[]>>;
  /** Saturdays and Sundays that are worked, by year. */
  readonly workingWeekends?: Readonly<Record<number, readonly string[]>>;
}

/** ISO 3166-1 alpha-2, or a part of a country by ISO 3166-2. */
export const calendarCountry = z.string().regex(/^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/);

const day = z.iso.date();

/** A year as somebody who read the decree writes it down; each day belongs to the year and is named once. */
export const calendarYearSchema = z.strictObject({
  /** The decree or law that the days were taken from, so that another can look them up. */
  source: z.string().trim().min(1).max(500),
  daysOff: z.array(day).min(1).max(200).meta({
    description: "Public holidays, and weekdays that became days off. Ordinary weekends need not be named.",
  }),
  workingDays: z
    .array(day)
    .max(104)
    .default([])
    .meta({ description: "Saturdays and Sundays that are worked." }),
});

export type CalendarYear = z.infer<typeof calendarYearSchema>;

/**
 * What is wrong with a year's days, each with its place in the document; empty when nothing is. Days of another year,
 * days named twice, days both off and worked, and working days that are no weekend: a slip of the pen in any of them
 * would make an answer late.
 */
export function wrongDays(year: number, days: CalendarYear): { pointer: string; message: string }[] {
  const wrong: { pointer: string; message: string }[] = [];
  const seen = new Set<string>();
  for (const list of ["daysOff", "workingDays"] as const) {
    days[list].forEach((date, i) => {
      const pointer = `/${list}/${i}`;
      if (!date.startsWith(`${year}-`)) wrong.push({ pointer, message: `This day is not in ${year}.` });
      if (seen.has(date)) wrong.push({ pointer, message: "This day is named before." });
      if (list === "workingDays" && !isWeekend(date)) {
        wrong.push({ pointer, message: "Only a Saturday or a Sunday needs to be named as worked." });
      }
      seen.add(date);
    });
  }
  return wrong;
}

function isWeekend(date: string): boolean {
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6;
}
