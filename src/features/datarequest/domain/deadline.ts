import { Temporal } from "temporal-polyfill";
import { invalid, SaysoError } from "../../../kernel/errors.ts";
import type { HolidayCalendar } from "./calendar.ts";
import type { RequestKind } from "./kind.ts";
import type { Regime } from "./regime.ts";

export type DayOff = "saturday" | "sunday" | "public_holiday";

/** One step of the reckoning, kept with the request so that its date can be explained years later. */
export type DeadlineStep =
  /** The day of receipt in the organization's zone, which is not counted (Regulation 1182/71 Art. 3(1)). */
  | { readonly rule: "received"; readonly day: string; readonly timeZone: string }
  /** The same date some months on (Art. 3(2)(c), first paragraph). */
  | { readonly rule: "same_date"; readonly day: string; readonly months: number }
  /** The month's last day, because it has no such date (Art. 3(2)(c), second paragraph). */
  | { readonly rule: "last_of_month"; readonly day: string; readonly months: number }
  /** A day on which a term cannot end (Art. 3(4)). */
  | { readonly rule: "day_off"; readonly day: string; readonly because: DayOff }
  | { readonly rule: "last_day"; readonly day: string };

export interface Deadline {
  /** The last millisecond of `lastDay` in the organization's zone, in UTC: an answer at this instant is on time. */
  readonly dueAt: string;
  /** YYYY-MM-DD. */
  readonly lastDay: string;
  readonly steps: readonly DeadlineStep[];
}

/**
 * When a data request must be answered at the latest, by Regulation (EEC, Euratom) No 1182/71 Art. 3: the day
 * of receipt is not counted; the term ends with the same date, or with the month's last day where there is no
 * such date; when that day is a Saturday, a Sunday or a public holiday, with the next working day. Days are
 * those of the organization's zone. Art. 3(5), two working days at least, always holds for a month.
 *
 * `receivedAt` is an ISO 8601 instant with offset, `timeZone` an IANA name. Throws `invalid` with a pointer
 * when either cannot be read, and `invalid` with what to load when the calendar is missing or does not cover a
 * day that must be known.
 */
export function dueDate(question: {
  readonly regime: Regime;
  readonly kind: RequestKind;
  readonly receivedAt: string;
  readonly timeZone: string;
  /** Undefined when nothing is known about the organization's country. */
  readonly calendar: HolidayCalendar | undefined;
}): Deadline {
  const { regime, kind, timeZone, calendar } = question;
  if (calendar === undefined) throw noCalendar();

  const received = localDay(question.receivedAt, timeZone);
  const { months } = regime.terms[kind];
  let last = orInvalid("/receivedAt", notAnInstant, () => received.add({ months }));
  const steps: DeadlineStep[] = [
    { rule: "received", day: received.toString(), timeZone },
    { rule: last.day === received.day ? "same_date" : "last_of_month", day: last.toString(), months },
  ];
  for (let why = dayOff(last, calendar); why !== undefined; why = dayOff(last, calendar)) {
    steps.push({ rule: "day_off", day: last.toString(), because: why });
    last = last.add({ days: 1 });
  }
  steps.push({ rule: "last_day", day: last.toString() });

  // The zone decides when a day begins: some days have no midnight, and few instants are 24 hours apart.
  const nextDay = last.add({ days: 1 }).toZonedDateTime({ timeZone });
  const dueAt = nextDay.toInstant().subtract({ milliseconds: 1 });
  return { dueAt: dueAt.toString(), lastDay: last.toString(), steps };
}

const notAnInstant = "Not an instant that can be counted from. Write it as 2026-01-31T09:30:00+01:00.";

function localDay(receivedAt: string, timeZone: string): Temporal.PlainDate {
  const instant = orInvalid("/receivedAt", notAnInstant, () => Temporal.Instant.from(receivedAt));
  return orInvalid("/timeZone", "Not a time zone. Write its IANA name, such as Europe/Berlin.", () =>
    instant.toZonedDateTimeISO(timeZone).toPlainDate(),
  );
}

function orInvalid<T>(pointer: string, message: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw invalid(pointer, message);
    throw error;
  }
}

const saturday = 6;
const sunday = 7;

function dayOff(day: Temporal.PlainDate, calendar: HolidayCalendar): DayOff | undefined {
  const holidays = calendar.years[day.year];
  if (holidays === undefined || holidays.length === 0) throw noYear(calendar.country, day.year);
  if (holidays.includes(day.toString())) return "public_holiday";
  if (day.dayOfWeek === saturday) return "saturday";
  if (day.dayOfWeek === sunday) return "sunday";
  return undefined;
}

function noCalendar(): SaysoError {
  return new SaysoError(
    "invalid",
    "The due date is refused, not guessed: no public holidays are loaded for the organization's country. " +
      "Set a country of the European Economic Area, or load the public holidays of this one.",
  );
}

function noYear(country: string, year: number): SaysoError {
  return new SaysoError(
    "invalid",
    `The due date is refused, not guessed: no public holidays are loaded for ${country} in ${year}. ` +
      `Load the public holidays of ${country} for ${year}, then try again.`,
  );
}
