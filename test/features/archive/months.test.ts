import fc from "fast-check";
import { expect, test } from "vitest";
import { monthsBetween } from "../../../src/features/archive/domain/months.ts";

test.each([
  ["2026-10-31T22:59:59Z", "2026-10-31T22:59:59Z", "Europe/Berlin", ["2026-10 2026-09-30T22:00:00.000Z"]],
  ["2026-10-31T23:00:00Z", "2026-10-31T23:00:00Z", "Europe/Berlin", ["2026-11 2026-10-31T23:00:00.000Z"]],
  [
    "2025-12-31T21:00:00Z",
    "2026-02-28T21:00:00Z",
    "Europe/Moscow",
    [
      "2026-01 2025-12-31T21:00:00.000Z",
      "2026-02 2026-01-31T21:00:00.000Z",
      "2026-03 2026-02-28T21:00:00.000Z",
    ],
  ],
])("from %s to %s in %s are the months that a calendar has there", (first, last, zone, wanted) => {
  const months = monthsBetween(new Date(first), new Date(last), zone);
  expect(months.map(({ name, start }) => `${name} ${start.toISOString()}`)).toEqual(wanted);
});

test("every instant between the first and the last is in exactly one month, in every zone", () => {
  const instant = fc.date({
    min: new Date("1990-01-01"),
    max: new Date("2040-01-01"),
    noInvalidDate: true,
  });
  const zone = fc.constantFrom("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu");
  fc.assert(
    fc.property(instant, instant, zone, (one, other, timeZone) => {
      const [first, last] = one < other ? [one, other] : [other, one];
      const months = monthsBetween(first, last, timeZone);
      expect(new Set(months.map(({ name }) => name)).size).toBe(months.length);
      expect(months[0]?.start.getTime()).toBeLessThanOrEqual(first.getTime());
      expect(months.at(-1)?.start.getTime()).toBeLessThanOrEqual(last.getTime());
      for (const [index, { start }] of months.entries()) {
        const next = months[index + 1];
        if (next !== undefined) expect(start.getTime()).toBeLessThan(next.start.getTime());
        if (index > 0) expect(start.getTime()).toBeGreaterThan(first.getTime());
      }
    }),
  );
});
