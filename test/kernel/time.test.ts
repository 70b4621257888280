import { expect, test } from "vitest";
import { SaysoError } from "../../src/kernel/errors.ts";
import { addSeconds, notInFuture, wholeSecond } from "../../src/kernel/time.ts";

const now = new Date("2026-11-22T12:00:00.000Z");

test("an instant up to five minutes ahead of our clock is taken, one millisecond more is not", () => {
  expect(notInFuture("2026-11-22T12:05:00.000Z", now, "/occurredAt").toISOString()).toBe(
    "2026-11-22T12:05:00.000Z",
  );
  expect(notInFuture("2026-11-22T15:05:00.000+03:00", now, "/occurredAt").getTime()).toBe(
    addSeconds(now, 300).getTime(),
  );
  const tooLate = () => notInFuture("2026-11-22T12:05:00.001Z", now, "/occurredAt");
  expect(tooLate).toThrow(SaysoError);
  expect(tooLate).toThrow(
    expect.objectContaining({ errors: [expect.objectContaining({ pointer: "/occurredAt" })] }),
  );
});

test("the whole second of an instant is the one it lies in, before 1970 too", () => {
  expect(wholeSecond(new Date("2026-11-22T12:00:00.999Z"))).toBe(now.getTime());
  expect(wholeSecond(new Date(-1))).toBe(-1000);
});
