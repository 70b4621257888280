import { Temporal } from "temporal-polyfill";
import { zonesOf } from "./country-zones.ts";
import type { Category } from "./facts.ts";
import type { PolicyDocument } from "./policy.ts";

const dayMs = 24 * 3_600_000;
const weekMs = 7 * dayMs;

/** A stretch of every week in local time: where it begins, in milliseconds from Monday 0:00, and how long it is. */
export interface Stretch {
  readonly start: number;
  readonly length: number;
}

/** The stretches of the week in which one zone may be written to. */
export interface Schedule {
  readonly zone: string;
  readonly open: readonly Stretch[];
}

/**
 * When a country's numbers may get messages of a category: one schedule for each zone, all of which must be open.
 * Entries that name the country take the place of those that name none. The zones are the person's own, else the one
 * that the policy takes for the country, else all of the country. Empty: at any hour. Null: nobody can say, because the
 * zones are not known.
 */
export function schedulesFor(
  policy: PolicyDocument,
  category: Category,
  country: string,
  ownZones: readonly string[] = [],
): readonly Schedule[] | null {
  const entries = policy.allowedHours.filter(({ categories }) => categories.includes(category));
  const own = entries.filter(({ countries }) => countries?.includes(country));
  const applying = own.length > 0 ? own : entries.filter(({ countries }) => countries === undefined);
  const named = Object.hasOwn(policy.timeZones, country) ? policy.timeZones[country] : undefined;
  const zones = ownZones.length > 0 ? ownZones : named === undefined ? zonesOf(country) : [named];
  if (zones === null) return null;
  if (applying.length === 0) return [];
  const open = applying.flatMap(stretchesOf);
  return zones.map((zone) => ({ zone, open }));
}

const everyDay = [1, 2, 3, 4, 5, 6, 7];

function stretchesOf({ days, from, to }: PolicyDocument["allowedHours"][number]): Stretch[] {
  const length = timeOfDay(to) - timeOfDay(from);
  return (days ?? everyDay).map((day) => ({
    start: (day - 1) * dayMs + timeOfDay(from),
    length: length < 0 ? length + dayMs : length,
  }));
}

function timeOfDay(text: string): number {
  const [hours = Number.NaN, minutes = Number.NaN] = text.split(":").map(Number);
  return (hours * 60 + minutes) * 60_000;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

/** Whether a moment of the local week (milliseconds from Monday 0:00) is within one of the stretches; never for NaN. */
function isWithin(moment: number, open: readonly Stretch[]): boolean {
  return open.some(({ start, length }) => modulo(moment - start, weekMs) < length);
}

/** Whether every schedule is open at an instant (milliseconds since 1970). An unknown zone is never open. */
export function areOpen(schedules: readonly Schedule[], at: number): boolean {
  return schedules.every(({ zone, open }) => isWithin(localMoment(at, offsetOf(zone, at)), open));
}

/** The next instant at which every schedule is open; NaN when there is none within eight days. */
export function nextOpening(schedules: readonly Schedule[], from: number): number {
  const horizon = from + weekMs + dayMs;
  let at = from;
  while (at <= horizon) {
    const latest = Math.max(...schedules.map((schedule) => openingOf(schedule, at)));
    if (latest === at) return at;
    if (Number.isNaN(latest)) return Number.NaN;
    at = latest;
  }
  return Number.NaN;
}

/** The first instant from `at` on at which one zone is open: by the wall clock, so also across a change of the clocks. */
function openingOf({ zone, open }: Schedule, at: number): number {
  const offset = offsetOf(zone, at);
  const moment = localMoment(at, offset);
  if (isWithin(moment, open)) return at;
  const waits = open.filter(({ length }) => length > 0).map(({ start }) => modulo(start - moment, weekMs));
  if (waits.length === 0 || Number.isNaN(offset)) return Number.NaN;
  const opening = at + Math.min(...waits);
  if (offsetOf(zone, opening) === offset) return opening;
  const change = zoned(zone, at).getTimeZoneTransition("next")?.epochMilliseconds;
  return change === undefined || change > opening ? opening : openingOf({ zone, open }, change);
}

/** Monday 0:00 is where the local week begins; 1970 began on a Thursday. */
function localMoment(at: number, offset: number): number {
  return modulo(at + offset + 3 * dayMs, weekMs);
}

function zoned(zone: string, at: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
}

const quarterMs = 15 * 60_000;
const quartersKept = 64;
/** Answers for each zone and quarter of an hour in UTC: clocks change between two of them only. */
const knownOffsets = new Map<string, Map<number, number>>();

/** How far a zone's clocks are ahead of UTC at an instant, in milliseconds; NaN for an unknown zone or instant. */
export function offsetOf(zone: string, at: number): number {
  const quarter = Math.floor(at / quarterMs);
  const known = knownOffsets.get(zone);
  const offset = known?.get(quarter);
  if (offset !== undefined) return offset;
  try {
    const told = zoned(zone, at).offsetNanoseconds / 1_000_000;
    if (known === undefined) knownOffsets.set(zone, new Map([[quarter, told]]));
    else {
      if (known.size >= quartersKept) known.clear();
      known.set(quarter, told);
    }
    return told;
  } catch {
    return Number.NaN;
  }
}
