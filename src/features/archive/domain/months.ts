import { Temporal } from "temporal-polyfill";

/** A calendar month in a time zone. */
export interface Month {
  /** `2026-11` */
  readonly name: string;
  readonly start: Date;
}

/** The months from one instant to another, both included, as a calendar in `timeZone` (IANA name) has them. */
export function monthsBetween(first: Date, last: Date, timeZone: string): readonly Month[] {
  const monthOf = (instant: Date) =>
    Temporal.Instant.fromEpochMilliseconds(instant.getTime())
      .toZonedDateTimeISO(timeZone)
      .toPlainDate()
      .toPlainYearMonth();
  const end = monthOf(last);
  const months: Month[] = [];
  for (
    let month = monthOf(first);
    Temporal.PlainYearMonth.compare(month, end) <= 0;
    month = month.add({ months: 1 })
  ) {
    const start = month.toPlainDate({ day: 1 }).toZonedDateTime({ timeZone });
    months.push({ name: month.toString(), start: new Date(start.epochMilliseconds) });
  }
  return months;
}
