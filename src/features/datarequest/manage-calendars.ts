import type { Context } from "../../context.ts";
import { notFound, SaysoError } from "../../kernel/errors.ts";
import { type LoadedYear, putLoadedYear, selectLoadedYears } from "./calendar-store.ts";
import { type CalendarYear, wrongDays } from "./domain/calendar.ts";
import { listedYears } from "./holidays.ts";

/** A year of days off as it is shown: ours, or the organization's own in its place. */
export interface ShownYear extends CalendarYear {
  readonly country: string;
  readonly year: number;
  readonly loadedBy: "organization" | "sayso";
  readonly loadedAt: string | null;
}

/**
 * Loads a country's days off of a year for this organization, in place of ours and of what was loaded before. Due dates that
 * are counted afterwards use it; those that stand already do not move. Throws `invalid` with the places of days that are
 * of another year, named twice, or worked although no weekend.
 */
export async function loadYear(
  ctx: Context,
  country: string,
  year: number,
  days: CalendarYear,
): Promise<ShownYear> {
  const wrong = wrongDays(year, days);
  if (wrong.length > 0) {
    throw new SaysoError("invalid", "The calendar has days that cannot be; see errors.", { errors: wrong });
  }
  const sorted = {
    ...days,
    daysOff: days.daysOff.toSorted(),
    workingDays: days.workingDays.toSorted(),
  };
  await putLoadedYear(ctx, country, year, sorted);
  const loaded = (await selectLoadedYears(ctx, country)).find((row) => row.year === year);
  if (loaded === undefined) throw notFound("holiday calendar");
  return present(loaded);
}

/**
 * The years that are written down, ours and the organization's own. Countries of the European Economic Area whose days
 * we compute are not among them.
 */
export async function listYears(ctx: Context): Promise<ShownYear[]> {
  const own = (await selectLoadedYears(ctx)).map(present);
  const isOwn = new Set(own.map(({ country, year }) => `${country}/${year}`));
  const ours = listedYears()
    .filter(({ country, year }) => !isOwn.has(`${country}/${year}`))
    .map((year) => ({ ...year, loadedBy: "sayso" as const, loadedAt: null }));
  return [...ours, ...own].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

const keyOf = ({ country, year }: ShownYear) => `${country}/${year}`;

function present({ country, year, source, daysOff, workingDays, loadedAt }: LoadedYear): ShownYear {
  return {
    country,
    year,
    source,
    daysOff,
    workingDays,
    loadedBy: "organization",
    loadedAt: loadedAt.toISOString(),
  };
}
