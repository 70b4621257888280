import { Temporal } from "temporal-polyfill";
import { invalid, SaysoError } from "../../../kernel/errors.ts";
import type { HolidayCalendar } from "./calendar.ts";
import type { RequestKind } from "./kind.ts";
import type { Regime, Term } from "./regime.ts";

export type DayOff = "saturday" | "sunday" | "public_holiday";

/**
 * One step of the reckoning, kept with the request so that its date can be explained years later. `received` begins the
 * reckoning of one regime; one without `regime` is of a time when there was only `gdpr`.
 */
export type DeadlineStep =
  /** The day of receipt in the organization's zone, which is not counted (Regulation 1182/71 Art. 3(1)). */
  | {
      readonly rule: "received";
      readonly day: string;
      readonly timeZone: string;
      readonly regime?: string;
      readonly counting?: Regime["counting"];
    }
  /** The answer is put off: the person was told on this day. */
  | { readonly rule: "extended"; readonly day: string }
  /** The same date some months on (Art. 3(2)(c), first paragraph). */
  | { readonly rule: "same_date"; readonly day: string; readonly months: number }
  /** The month's last day, because it has no such date (Art. 3(2)(c), second paragraph). */
  | { readonly rule: "last_of_month"; readonly day: string; readonly months: number }
  /** The last of some days that follow the day of receipt. */
  | { readonly rule: "days"; readonly day: string; readonly days: number }
  /** The last of some working days that follow it, and the days off and worked weekends that were met. */
  | {
      readonly rule: "working_days";
      readonly day: string;
      readonly workingDays: number;
      readonly country: string;
      readonly holidays: readonly string[];
      readonly workedWeekends: readonly string[];
    }
  /** The date that the person was told when the answer was put off. */
  | { readonly rule: "named_date"; readonly day: string }
  /** The clock stood from one day to another, both included, so the end lies that many days later. */
  | {
      readonly rule: "paused";
      readonly day: string;
      readonly from: string;
      readonly to: string;
      readonly days: number;
    }
  /** A day on which a term cannot end (Art. 3(4)). */
  | { readonly rule: "day_off"; readonly day: string; readonly because: DayOff }
  | { readonly rule: "last_day"; readonly day: string }
  /** Of several regimes this one's date is the earliest. */
  | { readonly rule: "earliest"; readonly day: string; readonly regime: string };

export interface Deadline {
  /** The last millisecond of `lastDay` in the organization's zone, in UTC: an answer at this instant is on time. */
  readonly dueAt: string;
  /** YYYY-MM-DD. */
  readonly lastDay: string;
  readonly steps: readonly DeadlineStep[];
}

/** A time for which the clock stood: something was asked of the person, and they answered. ISO 8601 with offset. */
export interface Pause {
  readonly askedAt: string;
  readonly answeredAt: string;
}

/** The person was told that the answer takes longer. */
export interface Extension {
  /** ISO 8601 with offset. */
  readonly notifiedAt: string;
  /** Why, as the person was told. */
  readonly reason?: string | undefined;
  /** The date that they were told (YYYY-MM-DD), for a regime that sets no length. */
  readonly until?: string | undefined;
}

export interface DeadlineQuestion {
  readonly regime: Regime;
  readonly kind: RequestKind;
  /** ISO 8601 with offset. */
  readonly receivedAt: string;
  /** The organization's zone, by its IANA name: days are its days. */
  readonly timeZone: string;
  /** Days off by which the regime counts; undefined when none are known. */
  readonly calendar: HolidayCalendar | undefined;
  /** Counted only under a regime that stops its clock. */
  readonly pauses?: readonly Pause[] | undefined;
  /** Counted only where `extendDeadline` would take it. */
  readonly extension?: Extension | undefined;
}

/**
 * When a data request must be answered at the latest. The day of receipt is not counted. A term of months ends with the
 * same date, or with the month's last day where there is no such date; one of days or working days with the last
 * of them. Then come the days for which the clock stood, and where the regime counts by Regulation (EEC, Euratom)
 * No 1182/71 Art. 3 or by the United Kingdom's corresponding date, an end on a Saturday, a Sunday or a public holiday
 * moves to the next working day. Art. 3(5), two working days at least, always holds for a month.
 *
 * An extension prolongs the term from its beginning: one month and two more are three months from receipt.
 *
 * Throws `invalid` with a pointer when an instant or the zone cannot be read, and `invalid` with what to load when
 * the calendar is missing or does not cover a day that must be known.
 */
export function dueDate(question: DeadlineQuestion): Deadline {
  const { extension, ...before } = question;
  const isExtended = extension !== undefined && extensionRefusal(before, extension) === undefined;
  return count(question, question.regime.terms[question.kind], isExtended ? extension : undefined);
}

/**
 * The due date after the person was told that the answer takes longer. The notice may come until the end of the last day
 * that the regime gives for it. Throws `conflict` when the regime has no extension or the notice came later,
 * `invalid` without a reason where one must be given, without a date where the regime sets no length, and as `dueDate`.
 */
export function extendDeadline(question: DeadlineQuestion, extension: Extension): Deadline {
  const { extension: earlier, ...before } = question;
  if (earlier !== undefined && dueDate(question).lastDay !== dueDate(before).lastDay) {
    throw new SaysoError("conflict", `Under ${question.regime.key} an answer is put off once, and it was.`);
  }
  const refusal = extensionRefusal(before, extension);
  if (refusal !== undefined) throw refusal;
  return dueDate({ ...before, extension });
}

/**
 * The due date after a time for which the clock stood: from the day on which something was asked of the person to the
 * day on which they answered, both included. Days that were counted before are not counted twice. While the person has
 * not answered, the date before stands. Throws `conflict` when the regime stops no clock or the term was over before it
 * was asked, `invalid` when the days are in the wrong order, and as `dueDate`.
 */
export function pauseDeadline(question: DeadlineQuestion, pause: Pause): Deadline {
  const { regime, timeZone } = question;
  if (regime.pause === null) {
    throw new SaysoError("conflict", `Under ${regime.key} the clock does not stop: the date stays as it is.`);
  }
  const asked = localDay("/askedAt", pause.askedAt, timeZone);
  const answered = localDay("/answeredAt", pause.answeredAt, timeZone);
  const { lastDay } = dueDate(question);
  if (Temporal.PlainDate.compare(answered, asked) < 0) {
    throw invalid("/answeredAt", "The answer lies before the question.");
  }
  if (Temporal.PlainDate.compare(asked, localDay("/receivedAt", question.receivedAt, timeZone)) < 0) {
    throw invalid("/askedAt", "Nothing can be asked before the request was received.");
  }
  if (Temporal.PlainDate.compare(asked, lastDay) > 0) {
    throw new SaysoError("conflict", `The term was over on ${lastDay}: asking later stops no clock.`);
  }
  return dueDate({ ...question, pauses: [...(question.pauses ?? []), pause] });
}

/** The days by which another clock of the regime runs out, such as the acknowledgement under `ccpa`. */
export function clockDates(question: DeadlineQuestion): readonly (Deadline & { readonly key: string })[] {
  const { regime, kind } = question;
  return regime.clocks
    .filter((clock) => clock.kinds.includes(kind))
    .map((clock) => ({ key: clock.key, ...count({ ...question, pauses: [] }, clock.term, undefined) }));
}

function extensionRefusal(question: DeadlineQuestion, extension: Extension): SaysoError | undefined {
  const { regime, kind, timeZone } = question;
  if (regime.extension === null || regime.extension.kinds?.includes(kind) === false) {
    return new SaysoError(
      "conflict",
      `Under ${regime.key} an answer to this kind of request cannot be put off.`,
    );
  }
  const { noticeWithin, reasonsRequired, by } = regime.extension;
  const notified = localDay("/notifiedAt", extension.notifiedAt, timeZone);
  if (Temporal.PlainDate.compare(notified, localDay("/receivedAt", question.receivedAt, timeZone)) < 0) {
    return invalid("/notifiedAt", "Nobody can be told before the request was received.");
  }
  if (reasonsRequired && !extension.reason?.trim()) {
    return invalid("/reason", `Say why: under ${regime.key} the person must be told the reasons.`);
  }
  // What is asked after the notice cannot make it timely.
  const pauses = question.pauses?.filter(
    ({ askedAt }) => Temporal.PlainDate.compare(localDay("/askedAt", askedAt, timeZone), notified) <= 0,
  );
  const term = noticeWithin === "term" ? regime.terms[kind] : noticeWithin;
  const { lastDay: noticeBy } = count({ ...question, pauses }, term, undefined);
  if (Temporal.PlainDate.compare(notified, noticeBy) > 0) {
    return new SaysoError(
      "conflict",
      `Too late to put the answer off: under ${regime.key} the person had to be told by ${noticeBy}.`,
    );
  }
  if (by !== "named_date") return undefined;
  if (extension.until === undefined) {
    return invalid("/until", `Say until when: ${regime.key} sets no length, the person is told a date.`);
  }
  const { lastDay } = count(question, regime.terms[kind], undefined);
  return isDay(extension.until) && extension.until > lastDay
    ? undefined
    : invalid("/until", `Not a date later than ${lastDay}, by which the answer is due anyway.`);
}

/** Whether this is a day of the calendar, written as 2026-03-31. */
function isDay(text: string): boolean {
  try {
    return Temporal.PlainDate.from(text, { overflow: "reject" }).toString() === text;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function count(question: DeadlineQuestion, term: Term, extension: Extension | undefined): Deadline {
  const { regime, timeZone, calendar } = question;
  const received = localDay("/receivedAt", question.receivedAt, timeZone);
  const steps: DeadlineStep[] = [
    {
      rule: "received",
      day: received.toString(),
      timeZone,
      regime: regime.key,
      counting: regime.counting,
    },
  ];
  if (extension !== undefined) {
    steps.push({
      rule: "extended",
      day: localDay("/notifiedAt", extension.notifiedAt, timeZone).toString(),
    });
  }
  const by = extension === undefined ? undefined : regime.extension?.by;
  const ends =
    by === "named_date"
      ? [namedDate(extension?.until)]
      : addTerm(received, by === undefined ? [term] : sumOf(term, by), regime, calendar);
  steps.push(...ends.map(({ step }) => step));
  let last = ends.at(-1)?.last ?? received;

  const moveOn = () => {
    if (regime.counting === "from_receipt") return;
    const known = calendarOf(regime, calendar);
    for (let why = dayOff(last, known); why !== undefined; why = dayOff(last, known)) {
      steps.push({ rule: "day_off", day: last.toString(), because: why });
      last = last.add({ days: 1 });
    }
  };
  if (regime.pause !== null) {
    for (const { from, to, days } of spansOf(question.pauses ?? [], timeZone)) {
      // Asked on a day that only a day off had given: there was that day left, and it is left afterwards.
      if (Temporal.PlainDate.compare(from, last) > 0) moveOn();
      last = last.add({ days });
      steps.push({ rule: "paused", day: last.toString(), from: from.toString(), to: to.toString(), days });
    }
  }
  moveOn();
  steps.push({ rule: "last_day", day: last.toString() });

  // The zone decides when a day begins: some days have no midnight, and few instants are 24 hours apart.
  const nextDay = last.add({ days: 1 }).toZonedDateTime({ timeZone });
  const dueAt = nextDay.toInstant().subtract({ milliseconds: 1 });
  return { dueAt: dueAt.toString(), lastDay: last.toString(), steps };
}

interface End {
  readonly last: Temporal.PlainDate;
  readonly step: DeadlineStep;
}

function namedDate(until: string | undefined): End {
  const last = Temporal.PlainDate.from(until ?? "");
  return { last, step: { rule: "named_date", day: last.toString() } };
}

/** Two terms of one unit are one: the month's end is looked for once, not twice. */
function sumOf(term: Term, by: Term): readonly Term[] {
  if ("months" in term && "months" in by) return [{ months: term.months + by.months }];
  if ("days" in term && "days" in by) return [{ days: term.days + by.days }];
  if ("workingDays" in term && "workingDays" in by) {
    return [{ workingDays: term.workingDays + by.workingDays }];
  }
  return [term, by];
}

function addTerm(
  from: Temporal.PlainDate,
  terms: readonly Term[],
  regime: Regime,
  calendar: HolidayCalendar | undefined,
): End[] {
  const ends: End[] = [];
  for (const term of terms) ends.push(endOf(ends.at(-1)?.last ?? from, term, regime, calendar));
  return ends;
}

function endOf(
  from: Temporal.PlainDate,
  term: Term,
  regime: Regime,
  calendar: HolidayCalendar | undefined,
): End {
  if ("workingDays" in term) return endOfWorkingDays(from, term.workingDays, calendarOf(regime, calendar));
  const last = orInvalid("/receivedAt", notAnInstant, () => from.add(term));
  const day = last.toString();
  if ("days" in term) return { last, step: { rule: "days", day, days: term.days } };
  return {
    last,
    step: { rule: last.day === from.day ? "same_date" : "last_of_month", day, months: term.months },
  };
}

function endOfWorkingDays(from: Temporal.PlainDate, workingDays: number, calendar: HolidayCalendar): End {
  const holidays: string[] = [];
  const workedWeekends: string[] = [];
  let last = from;
  for (let left = workingDays; left > 0; ) {
    last = last.add({ days: 1 });
    const why = dayOff(last, calendar);
    if (why === undefined) left -= 1;
    if (why === undefined && last.dayOfWeek >= saturday) workedWeekends.push(last.toString());
    if (why === "public_holiday") holidays.push(last.toString());
  }
  return {
    last,
    step: {
      rule: "working_days",
      day: last.toString(),
      workingDays,
      country: calendar.country,
      holidays,
      workedWeekends,
    },
  };
}

interface Span {
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
  readonly days: number;
}

/** Pauses as spans of whole days in their order; a day that belongs to two is counted with the first. */
function spansOf(pauses: readonly Pause[], timeZone: string): Span[] {
  const spans: Span[] = [];
  const sorted = pauses
    .map(({ askedAt, answeredAt }) => ({
      from: localDay("/askedAt", askedAt, timeZone),
      to: localDay("/answeredAt", answeredAt, timeZone),
    }))
    .sort((a, b) => Temporal.PlainDate.compare(a.from, b.from));
  for (const { from, to } of sorted) {
    const counted = spans.at(-1)?.to.add({ days: 1 });
    const first = counted !== undefined && Temporal.PlainDate.compare(from, counted) < 0 ? counted : from;
    const days = first.until(to).days + 1;
    if (days > 0) spans.push({ from: first, to, days });
  }
  return spans;
}

const notAnInstant = "Not an instant that can be counted from. Write it as 2026-01-31T09:30:00+01:00.";

function localDay(pointer: string, instantWithOffset: string, timeZone: string): Temporal.PlainDate {
  const instant = orInvalid(pointer, notAnInstant, () => Temporal.Instant.from(instantWithOffset));
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
  if (calendar.workingWeekends?.[day.year]?.includes(day.toString())) return undefined;
  if (day.dayOfWeek === saturday) return "saturday";
  if (day.dayOfWeek === sunday) return "sunday";
  return undefined;
}

function calendarOf(regime: Regime, calendar: HolidayCalendar | undefined): HolidayCalendar {
  if (calendar !== undefined) return calendar;
  throw new SaysoError(
    "invalid",
    regime.calendar === "member_state"
      ? "The due date is refused, not guessed: no public holidays are loaded for the organization's country. " +
          "Set a country of the European Economic Area, or load the public holidays of this one " +
          "(PUT /v1/holiday-calendars/{country}/{year})."
      : `The due date is refused, not guessed: no public holidays are loaded for ${regime.calendar}. ` +
          `Load them (PUT /v1/holiday-calendars/${regime.calendar}/{year}), then try again.`,
  );
}

function noYear(country: string, year: number): SaysoError {
  return new SaysoError(
    "invalid",
    `The due date is refused, not guessed: no public holidays are loaded for ${country} in ${year}. ` +
      `Load the public holidays of ${country} for ${year} (PUT /v1/holiday-calendars/${country}/${year}), ` +
      "then try again.",
  );
}
