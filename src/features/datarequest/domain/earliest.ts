import { SaysoError } from "../../../kernel/errors.ts";
import type { HolidayCalendar } from "./calendar.ts";
import {
  clockDates,
  type Deadline,
  type DeadlineQuestion,
  dueDate,
  type Extension,
  extendDeadline,
  type Pause,
  pauseDeadline,
} from "./deadline.ts";
import type { Regime } from "./regime.ts";

/** A question about a request that several regimes may apply to; each with the days off that it counts by. */
export type CommonQuestion = Omit<DeadlineQuestion, "regime" | "calendar"> & {
  readonly regimes: readonly { readonly regime: Regime; readonly calendar: HolidayCalendar | undefined }[];
};

/** The earliest date, with the regime that it comes from. */
export type CommonDeadline = Deadline & { readonly regime: string };

/** Another clock of a request: what must be done by when, under which regime. */
export interface Clock {
  readonly key: string;
  readonly regime: string;
  readonly dueAt: string;
  readonly lastDay: string;
}

/**
 * The due date where several regimes apply: the earliest of their dates, for an answer then is in time for all. The steps
 * show how each was counted, and which one counts. Throws as `dueDate` when any of them cannot be counted: a date that
 * is not known may be the earliest.
 */
export function earliestDueDate(question: CommonQuestion): CommonDeadline {
  return earliest(eachOf(question).map((one) => [one.regime.key, dueDate(one)]));
}

/**
 * The earliest date after the person was told that the answer takes longer. It moves the date of every regime that
 * allows it. Throws the refusal of the regime that holds the date where it is, when it does not move at all.
 */
export function extendEarliest(question: CommonQuestion, extension: Extension): CommonDeadline {
  return change(question, (one) => extendDeadline(one, extension));
}

/** The earliest date after a time for which the clock stood, where a regime stops it. Throws as `extendEarliest`. */
export function pauseEarliest(question: CommonQuestion, pause: Pause): CommonDeadline {
  return change(question, (one) => pauseDeadline(one, pause));
}

/** The other clocks of the request, the earliest first. */
export function clocksOf(question: CommonQuestion): Clock[] {
  return eachOf(question)
    .flatMap((one) =>
      clockDates(one).map(({ key, dueAt, lastDay }) => ({ key, regime: one.regime.key, dueAt, lastDay })),
    )
    .sort((a, b) => (a.dueAt < b.dueAt ? -1 : a.dueAt > b.dueAt ? 1 : 0));
}

function eachOf({ regimes, ...question }: CommonQuestion): DeadlineQuestion[] {
  return regimes.map(({ regime, calendar }) => ({ ...question, regime, calendar }));
}

function change(question: CommonQuestion, step: (one: DeadlineQuestion) => Deadline): CommonDeadline {
  const before = earliestDueDate(question);
  const refusals = new Map<string, SaysoError>();
  const after = earliest(
    eachOf(question).map((one) => {
      try {
        return [one.regime.key, step(one)];
      } catch (error) {
        if (!(error instanceof SaysoError)) throw error;
        refusals.set(one.regime.key, error);
        return [one.regime.key, dueDate(one)];
      }
    }),
  );
  const refusal = after.lastDay > before.lastDay ? undefined : refusals.get(after.regime);
  if (refusal !== undefined) throw refusal;
  return after;
}

function earliest(dates: readonly (readonly [regime: string, deadline: Deadline])[]): CommonDeadline {
  const [first, ...others] = dates;
  if (first === undefined) throw new SaysoError("internal", "A due date was asked for under no regime.");
  let [regime, deadline] = first;
  for (const [key, date] of others) if (date.dueAt < deadline.dueAt) [regime, deadline] = [key, date];
  if (others.length === 0) return { ...deadline, regime };
  return {
    ...deadline,
    regime,
    steps: [...dates.flatMap(([, date]) => date.steps), { rule: "earliest", day: deadline.lastDay, regime }],
  };
}
