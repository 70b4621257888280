/** The whole second an instant lies in, in milliseconds. Platform timestamps count whole seconds. */
export function wholeSecond(instant: Date): number {
  return Math.floor(instant.getTime() / 1000) * 1000;
}

/** An instant some seconds later (or earlier, with a negative number). */
export function addSeconds(instant: Date, seconds: number): Date {
  return new Date(instant.getTime() + seconds * 1000);
}
