import { invalid } from "./errors.ts";
import { limits } from "./limits.ts";

/** The whole second an instant lies in, in milliseconds. Platform timestamps count whole seconds. */
export function wholeSecond(instant: Date): number {
  return Math.floor(instant.getTime() / 1000) * 1000;
}

/** An instant some seconds later (or earlier, with a negative number). */
export function addSeconds(instant: Date, seconds: number): Date {
  return new Date(instant.getTime() + seconds * 1000);
}

/** Whether a name is a time zone's of the IANA database; an offset such as +03:00 is none. */
export function isTimeZone(name: string): boolean {
  // Newer versions of Node take offsets as well.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** An instant that has come, within the skew that clocks may have. Throws `invalid` at the pointer otherwise. */
export function notInFuture(instant: string, now: Date, pointer: string): Date {
  const date = new Date(instant);
  if (date.getTime() > addSeconds(now, limits.clockSkewSeconds).getTime()) {
    throw invalid(pointer, `This lies more than ${limits.clockSkewSeconds / 60} minutes in the future.`);
  }
  return date;
}
