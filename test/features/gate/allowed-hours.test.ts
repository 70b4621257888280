import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import { knownCountries, zonesOf } from "../../../src/features/gate/domain/country-zones.ts";
import {
  areOpen,
  nextOpening,
  offsetOf,
  type Schedule,
  schedulesFor,
} from "../../../src/features/gate/domain/local-hours.ts";
import { builtInPolicy, policyProblems, policySchema } from "../../../src/features/gate/domain/policy.ts";
import { presets } from "../../../src/features/gate/domain/presets.ts";

const minute = 60_000;
const zones = [
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Chatham",
  "America/St_Johns",
  "Africa/Casablanca",
  "Pacific/Apia",
  "UTC",
];
const formats = new Map(
  zones.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat("en-GB", {
      timeZone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }),
  ]),
);

/** What a clock on the wall shows, told by another library: the weekday's number and the minute of the day. */
function wallClock(zone: string, at: number): { day: number; minute: number } {
  const parts = new Map(
    formats
      .get(zone)
      ?.formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  return {
    day: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(parts.get("weekday") ?? "") + 1,
    minute: Number(parts.get("hour")) * 60 + Number(parts.get("minute")),
  };
}

interface Entry {
  readonly days: number[];
  readonly from: number;
  readonly to: number;
}

const text = (minuteOfDay: number) =>
  `${String(Math.floor(minuteOfDay / 60)).padStart(2, "0")}:${String(minuteOfDay % 60).padStart(2, "0")}`;

function isOpenOnTheWall(zone: string, at: number, entries: readonly Entry[]): boolean {
  const { day, minute: now } = wallClock(zone, at);
  const yesterday = day === 1 ? 7 : day - 1;
  return entries.some(({ days, from, to }) =>
    from <= to
      ? days.includes(day) && from <= now && now < to
      : (days.includes(day) && from <= now) || (days.includes(yesterday) && now < to),
  );
}

function schedulesOf(named: readonly string[], entries: readonly Entry[]): Schedule[] {
  return named.flatMap((zone) => {
    const policy = policySchema.parse({
      allowedHours: entries.map(({ days, from, to }) => ({
        categories: ["marketing"],
        days,
        from: text(from),
        to: text(to),
      })),
      timeZones: { DE: zone },
    });
    return schedulesFor(policy, "marketing", "DE") ?? [];
  });
}

const someEntry: fc.Arbitrary<Entry> = fc.record({
  days: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
  from: fc.integer({ min: 0, max: 1439 }),
  to: fc.integer({ min: 0, max: 1440 }),
});
/** Days about which clocks change somewhere, and any other. */
const someInstant = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        "2026-03-08",
        "2026-03-29",
        "2026-04-05",
        "2026-10-25",
        "2026-11-01",
        "2027-02-07",
        "2028-02-29",
      ),
      fc.integer({ min: -2 * 1440, max: 2 * 1440 }),
    )
    .map(([day, minutes]) => Date.parse(`${day}T00:00:00Z`) + minutes * minute),
  fc
    .integer({
      min: Date.parse("2025-01-01T00:00:00Z") / minute,
      max: Date.parse("2031-01-01T00:00:00Z") / minute,
    })
    .map((minutes) => minutes * minute),
);

describe("allowed hours", () => {
  it("are what a clock on the wall shows, in every zone, on every day", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.array(someEntry, { minLength: 1, maxLength: 3 }),
        someInstant,
        (zone, entries, at) => {
          expect(areOpen(schedulesOf([zone], entries), at)).toBe(isOpenOnTheWall(zone, at, entries));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("open next at the first minute at which every zone's clock is inside", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom(...zones), { minLength: 1, maxLength: 3 }),
        fc.array(someEntry, { minLength: 1, maxLength: 2 }),
        someInstant,
        (named, entries, from) => {
          const opening = nextOpening(schedulesOf(named, entries), from);
          const isOpenAt = (at: number) => named.every((zone) => isOpenOnTheWall(zone, at, entries));
          if (!Number.isNaN(opening)) expect(isOpenAt(opening)).toBe(true);
          const end = Number.isNaN(opening) ? from + 8 * 24 * 60 * minute : opening;
          for (let at = from; at < end; at += 5 * minute)
            expect(isOpenAt(at), new Date(at).toISOString()).toBe(false);
          if (opening > from) expect(isOpenAt(opening - minute)).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("do not depend on what was asked before, however the clock jumps", () => {
    const asked = Array.from(
      { length: 400 },
      (_, n) => Date.parse("2026-10-24T00:00:00Z") + ((n * 7919) % 400) * 7 * minute,
    );
    for (const zone of zones) {
      for (const at of asked) {
        const { minute: shown } = wallClock(zone, at);
        expect(((((at + offsetOf(zone, at)) / minute) % 1440) + 1440) % 1440).toBe(shown);
      }
    }
  });

  it("never open where or when nobody knows the time", () => {
    const open = [{ start: 0, length: 7 * 24 * 3_600_000 }];
    expect(areOpen([{ zone: "Mars/Olympus", open }], 0)).toBe(false);
    expect(areOpen([{ zone: "UTC", open }], Number.NaN)).toBe(false);
    expect(nextOpening([{ zone: "Mars/Olympus", open }], 0)).toBeNaN();
    expect(nextOpening([{ zone: "UTC", open }], Number.NaN)).toBeNaN();
  });
});

describe("the table of zones", () => {
  it("names zones that this system knows, and every zone's clocks change on a quarter of an hour", () => {
    for (const country of knownCountries()) {
      const names = zonesOf(country) ?? [];
      expect(names.length, country).toBeGreaterThan(0);
      for (const zone of names) {
        expect(() => new Intl.DateTimeFormat("en", { timeZone: zone }), zone).not.toThrow();
        let change = Temporal.Instant.from("2026-01-01T00:00:00Z")
          .toZonedDateTimeISO(zone)
          .getTimeZoneTransition("next");
        while (change && change.year < 2032) {
          expect(change.epochMilliseconds % (15 * minute), `${change}`).toBe(0);
          change = change.getTimeZoneTransition("next");
        }
      }
    }
    expect(zonesOf("RU")).toHaveLength(11);
    expect(zonesOf("ZZ")).toBeNull();
    expect(zonesOf("ru")).toBeNull();
  });
});

describe("a policy's document", () => {
  const marketing = (rest: object) => ({ categories: ["marketing"], from: "09:00", to: "21:00", ...rest });
  const problems = (input: object) => policyProblems(policySchema.parse(input));

  it("has a default for everything, which is the built-in policy", () => {
    const { version, ...document } = builtInPolicy;
    expect(version).toBe("built-in/1");
    expect(policySchema.parse({})).toEqual(document);
    expect(document).toEqual({
      permitTtlSeconds: 60,
      allowedHours: [],
      timeZones: {},
      caps: [],
      closedDestinations: [],
      openedDestinations: [],
      senderCeilings: [],
      complaintLimits: {
        hours: 24,
        leastSends: 200,
        mostPerThousand: 50,
        mostSpamErrors: 0,
        redNumber: true,
        redTemplate: false,
      },
      platformStopScope: "organization",
      serviceMessagesPerInbound: null,
      silenceMonths: null,
      onlyToPeopleWhoWrote: false,
      intakeSilenceHours: {},
      retention: {},
      optOutKeywords: [],
    });
  });

  it.each([
    { unheardOf: 1 },
    { permitTtlSeconds: 0 },
    { permitTtlSeconds: 601 },
    { optOutKeywords: ["!!"] },
    { optOutKeywords: [" "] },
    { allowedHours: [marketing({ from: "24:00" })] },
    { allowedHours: [marketing({ to: "24:01" })] },
    { allowedHours: [marketing({ to: "9:00" })] },
    { allowedHours: [marketing({ days: [0] })] },
    { allowedHours: [marketing({ days: [] })] },
    { allowedHours: [marketing({ categories: ["promo"] })] },
    { allowedHours: [marketing({ countries: ["de"] })] },
    { caps: Array.from({ length: 9 }, () => ({ most: 1, hours: 1 })) },
    { caps: [{ most: 0, hours: 1 }] },
    { caps: [{ most: 101, hours: 1 }] },
    { caps: [{ most: 1, hours: 24 * 31 + 1 }] },
    { closedDestinations: [{ country: "US", categories: ["marketing"] }] },
    {
      openedDestinations: [
        { country: "US", categories: ["marketing"], reason: "A", until: "2027-01-01T00:00:00Z" },
      ],
    },
    ...["2027-01-01", "2027-01-01T00:00Z", "2027-01-01T00:00:00"].map((until) => ({
      openedDestinations: [
        { country: "US", categories: ["marketing"], reason: "A", legalReference: "B", until },
      ],
    })),
  ])("is refused as %j", (input) => {
    expect(policySchema.safeParse(input).success).toBe(false);
  });

  it("may not leave a country less than four hours a day in all its zones", () => {
    const [problem, ...more] = problems({ allowedHours: [marketing({ countries: ["DE"] }), marketing({})] });
    expect(more).toEqual([]);
    expect(problem?.pointer).toBe("/allowedHours/1");
    expect(problem?.message).toMatch(/^Leaves less than 4 hours a day .*\bRU\b.*\/timeZones\.$/);
    expect(problem?.message).not.toMatch(/\b(DE|IN|BR)\b/);
  });

  it.each([
    ["nine to nine in all of Russia", marketing({ countries: ["RU"] }), false],
    [
      "exactly four hours in all of Russia",
      marketing({ countries: ["RU"], from: "08:00", to: "22:00" }),
      true,
    ],
    ["a minute less", marketing({ countries: ["RU"], from: "08:00", to: "21:59" }), false],
    ["four hours over midnight", marketing({ countries: ["DE"], from: "22:00", to: "02:00" }), true],
    [
      "four hours of one night a week",
      marketing({ countries: ["DE"], days: [1], from: "22:00", to: "02:00" }),
      true,
    ],
    ["less over midnight", marketing({ countries: ["DE"], from: "22:01", to: "02:00" }), false],
    ["four hours on one day of the week", marketing({ countries: ["DE"], days: [1], to: "13:00" }), true],
    ["no time at all", marketing({ countries: ["DE"], to: "09:00" }), false],
  ])("with %s: %j → %s", (_name, entry, isFine) => {
    expect(problems({ allowedHours: [entry] }).length === 0).toBe(isFine);
  });

  it("counts hours of one day together", () => {
    const parts = [
      marketing({ countries: ["FR"], to: "11:00" }),
      marketing({ countries: ["FR"], from: "14:00", to: "16:00" }),
    ];
    expect(problems({ allowedHours: parts })).toEqual([]);
    expect(problems({ allowedHours: parts.slice(1) })).toHaveLength(1);
  });

  it("takes the zone that the policy names for all of the country", () => {
    const allowedHours = [marketing({ countries: ["RU"] })];
    expect(problems({ allowedHours, timeZones: { RU: "Europe/Moscow" } })).toEqual([]);
  });

  it("names no country and no zone that there is not", () => {
    const gone = { categories: ["marketing"], reason: "A" };
    const found = problems({
      allowedHours: [marketing({ countries: ["DE", "XX"] })],
      timeZones: { RU: "Europe/Moskau", XY: "UTC" },
      closedDestinations: [{ country: "ZZ", ...gone }],
      openedDestinations: [{ country: "QQ", ...gone, legalReference: "B", until: "2027-01-01T00:00:00Z" }],
    });
    expect(found.map(({ pointer }) => pointer)).toEqual([
      "/allowedHours/0/countries/1",
      "/timeZones/XY",
      "/closedDestinations/0/country",
      "/openedDestinations/0/country",
      "/timeZones/RU",
    ]);
  });

  it.each(Object.entries(presets))("can start from the preset %s", (_name, preset) => {
    expect(policySchema.parse(preset)).toEqual(preset);
    expect(policyProblems(preset)).toEqual([]);
  });

  it("closes the United States in every preset but the one for the app, which sends no templates", () => {
    const open = Object.entries(presets).filter(
      ([, { closedDestinations }]) => !closedDestinations.some(({ country }) => country === "US"),
    );
    expect(open.map(([name]) => name)).toEqual(["whatsapp-business-app"]);
  });

  it("closes marketing to Russian numbers in the preset ru, and nothing else there", () => {
    expect(presets.ru.closedDestinations).toContainEqual({
      country: "RU",
      categories: ["marketing"],
      reason: expect.any(String),
    });
  });
});
