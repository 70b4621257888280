import { SaysoError } from "../../../kernel/errors.ts";

/**
 * What failed at a source, in words for staff. None of the source's own words: they can quote a person's value. They are
 * kept as the cause, for `sayso source check`, which asks about nobody.
 */
export function sourceTrouble(
  code: "unavailable" | "invalid" | "malformed" | "too_large",
  detail: string,
  cause?: unknown,
): SaysoError {
  return new SaysoError(code, detail, { cause });
}

/** It took too long, and may not do so the next time. */
export function tooSlow(seconds: number): SaysoError {
  return sourceTrouble("unavailable", `It took longer than ${seconds} s.`);
}

/**
 * Runs work that must be over by then. Past it `end` is called, which makes the work fail, and the answer is that it took
 * too long, whatever the work says.
 */
export async function withinTime<T>(seconds: number, work: () => Promise<T>, end: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(tooSlow(seconds));
      end();
    }, seconds * 1000);
  });
  const working = work();
  // What fails after its time was over has been answered already.
  working.catch(() => {});
  try {
    return await Promise.race([working, late]);
  } finally {
    clearTimeout(timer);
  }
}
