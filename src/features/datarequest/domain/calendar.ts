/**
 * A country's nationwide public holidays. A year that is not in `years`, or has no days, is unknown: what falls
 * into it is refused, not guessed. Weekends are not listed.
 */
export interface HolidayCalendar {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** Days as YYYY-MM-DD, by year. */
  readonly years: Readonly<Record<number, readonly string[]>>;
}
