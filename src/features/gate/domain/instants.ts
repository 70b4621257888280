import { wholeSecond } from "../../../kernel/time.ts";

const isoInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Milliseconds since 1970 of an ISO 8601 instant with offset. NaN for null and for what cannot be read, so that
 * every comparison with it is false: write comparisons such that false denies.
 */
export function readInstant(text: string | null): number {
  return text !== null && isoInstant.test(text) ? Date.parse(text) : Number.NaN;
}

/** The ISO 8601 form of an instant in milliseconds; null for NaN. */
export function formatInstant(instant: number): string | null {
  return Number.isNaN(instant) ? null : new Date(instant).toISOString();
}

/**
 * Whether one instant lies in a later whole second than another. Platform timestamps count whole seconds, so
 * within the same second nobody can say what came first. False when either is NaN.
 */
export function isInLaterSecond(instant: number, other: number): boolean {
  return wholeSecond(new Date(instant)) > wholeSecond(new Date(other));
}
