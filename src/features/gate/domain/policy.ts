import { z } from "zod";
import { limits } from "../../../kernel/limits.ts";
import { webhookFields } from "../../../kernel/webhook-fields.ts";
import { knownCountries, zonesOf } from "./country-zones.ts";
import { readInstant } from "./instants.ts";
import { offsetOf, type Schedule, type Stretch, schedulesFor } from "./local-hours.ts";

const allCategories = ["marketing", "utility", "authentication", "service"] as const;
const categories = z.array(z.enum(allCategories)).min(1).max(allCategories.length);
const country = z.string().regex(/^[A-Z]{2}$/, "A country's two letters as in ISO 3166-1, such as RU.");
const purposes = z.array(z.string().min(1).max(limits.keyLength)).min(1).max(limits.policyEntries);
const reason = z.string().trim().min(1).max(limits.nameLength);

const allowedHours = z.strictObject({
  categories,
  countries: z.array(country).min(1).max(limits.policyEntries).optional().meta({
    description:
      "Left out: every country that no other entry names for the category. Entries for the same country and category add up.",
  }),
  days: z
    .array(z.int().min(1).max(7))
    .min(1)
    .max(7)
    .optional()
    .meta({ description: "ISO weekdays on which these hours begin, 1 is Monday. Left out: every day." }),
  from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "A time of day such as 09:00."),
  to: z
    .string()
    .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, "A time of day such as 21:00, at most 24:00.")
    .meta({
      description: "Excluded. Earlier than `from`: on the next day. The same as `from`: no time at all.",
    }),
});

const cap = z.strictObject({
  categories: categories.optional(),
  purposes: purposes.optional(),
  most: z.int().min(1).max(100),
  hours: z
    .int()
    .min(1)
    .max(24 * 31),
});

const keptMonths = z.int().min(limits.retentionLeastMonths).max(limits.retentionMostMonths);

/**
 * What an organization sets about the rules of the gate. Everything has a default, and `{}` is the built-in policy.
 * What the schema cannot tell, `policyProblems` does.
 */
export const policySchema = z.strictObject({
  permitTtlSeconds: z
    .int()
    .min(1)
    .max(600)
    .default(limits.permitLifeSeconds)
    .meta({ description: "How long a permit may be redeemed." }),
  allowedHours: z.array(allowedHours).max(limits.policyEntries).default([]).meta({
    description:
      "When messages of a category may go out, in the recipient's local time. A category without an entry may go out at any hour.",
  }),
  timeZones: z.record(country, z.string().min(1).max(64)).default({}).meta({
    description:
      "The time zone (IANA) to take for a country's numbers. Without one all zones of the country must be inside the hours.",
  }),
  caps: z
    .array(cap)
    .max(8)
    .default([])
    .meta({ description: "At most so many messages to one person in so many rolling hours." }),
  senderCeilings: z
    .array(
      z.strictObject({
        sender: z
          .string()
          .regex(/^snd_[0-9a-z]{26}$/, "A sender's id, such as snd_….")
          .optional()
          .meta({ description: "Left out: every sender, each for itself." }),
        people: z.int().min(1).max(1_000_000),
      }),
    )
    .max(limits.policyEntries)
    .default([])
    .meta({
      description:
        "At most so many people in 24 rolling hours that a sender writes to outside an open window, beside the platform's own limit.",
    }),
  complaintLimits: z
    .strictObject({
      hours: z.int().min(1).max(limits.complaintHours).default(24),
      leastSends: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(200)
        .meta({ description: "With fewer marketing messages in these hours the rate says nothing." }),
      mostPerThousand: z.int().min(0).max(1000).default(50).meta({
        description:
          "People who opted out or stopped marketing in WhatsApp after a marketing message, for each thousand sent.",
      }),
      mostSpamErrors: z
        .int()
        .min(0)
        .max(1_000_000)
        .default(0)
        .meta({ description: "Messages that the platform refused with error 131048 (spam rate limit)." }),
      redNumber: z
        .boolean()
        .default(true)
        .meta({ description: "Whether a number that the platform flagged is past the limit." }),
      redTemplate: z
        .boolean()
        .default(false)
        .meta({ description: "Whether a marketing template of red quality is past the limit." }),
    })
    .prefault({})
    .meta({
      description:
        "Past any of these the breaker opens: the sender's marketing stops until staff close it. What counts is what happened within the hours, and since it was last closed.",
    }),
  optOutKeywords: z
    .array(
      z
        .string()
        .trim()
        .max(limits.nameLength)
        .regex(/[\p{L}\p{N}]/u, "A word or phrase with a letter or a digit."),
    )
    .max(limits.policyEntries)
    .default([])
    .meta({
      description:
        "Words and phrases that are a no when a person sends them as the whole message, beside STOP and its like in fifteen languages, whatever their case, accents and punctuation.",
    }),
  closedDestinations: z
    .array(z.strictObject({ country, categories, reason }))
    .max(limits.policyEntries)
    .default([])
    .meta({ description: "Countries whose numbers get no messages of these categories." }),
  openedDestinations: z
    .array(
      z.strictObject({
        country,
        categories,
        reason,
        legalReference: reason,
        until: z.iso
          .datetime({ offset: true })
          .refine((text) => !Number.isNaN(readInstant(text)), "An instant with its seconds and offset."),
      }),
    )
    .max(limits.policyEntries)
    .default([])
    .meta({ description: "Closed destinations that are open again until a time, and on what ground." }),
  platformStopScope: z.enum(["organization", "account"]).default("organization").meta({
    description:
      "How far a stop of marketing in WhatsApp itself reaches: all senders of the organization, or only those of the WhatsApp Business Account that it was said to. The platform means the account; people may mean the business.",
  }),
  serviceMessagesPerInbound: z.int().min(1).max(1_000).nullable().default(null).meta({
    description:
      "At most so many free-form messages in service to a person after each message or call of theirs, all your senders' together. Null: as many as the window lets through.",
  }),
  silenceMonths: z.int().min(1).max(120).nullable().default(null).meta({
    description:
      "No marketing to people of whom there was no sign of life for so many months: no message, call or yes of theirs, and none of yours delivered to them or read. Null: however long.",
  }),
  onlyToPeopleWhoWrote: z.boolean().default(false).meta({
    description:
      "Marketing only to people who once wrote to this sender or called it, or who are recorded to have saved its number (savedSenders of a person).",
  }),
  intakeSilenceHours: z
    .partialRecord(
      z.enum(webhookFields),
      z
        .int()
        .min(1)
        .max(24 * 31),
    )
    .default({})
    .meta({
      description:
        "No marketing and no free-form messages while a field of the platform's webhooks that has come before is silent for longer than so many hours: stops may be getting lost. How often a field comes depends on your traffic, so none is watched by default. Senders whose webhooks never came are not held up.",
    }),
  retention: z
    .strictObject({ decisionMonths: keptMonths.optional(), inboundMonths: keptMonths.optional() })
    .default({})
    .meta({
      description:
        "How many whole calendar months (UTC) after its own a decision, with what became of its permit, and the record of a person's message are kept. Left out: for ever. What an open data request or the proof of a consent may need stays longer. What is removed cannot be had back, so a shorter time counts from the next night on.",
    }),
});

/** A policy's document with every default filled in. */
export type PolicyDocument = z.output<typeof policySchema>;

/** What an organization sets about the rules. Versioned: a decision names the version it was made under. */
export type Policy = PolicyDocument & { readonly version: string };

/** The policy of an organization that has not set its own. */
export const builtInPolicy: Policy = { ...policySchema.parse({}), version: "built-in/1" };

/** A place in a policy's document (JSON pointer), and what is wrong there. */
export interface PolicyProblem {
  readonly pointer: string;
  readonly message: string;
}

const leastHoursADay = 4;

/**
 * What is wrong with a document although the schema takes it: a word that is no country or no time zone, and hours
 * that leave a country less than four in every 24. All zones of a country must be inside the hours at the same time,
 * unless the policy names one: Russia spans ten hours, so that from 9 to 21 leaves it two.
 */
export function policyProblems(document: PolicyDocument): PolicyProblem[] {
  const unreadable = [...countryProblems(document), ...zoneProblems(document)];
  return unreadable.length > 0 ? unreadable : hoursProblems(document);
}

function countryProblems(document: PolicyDocument): PolicyProblem[] {
  const { allowedHours, timeZones, closedDestinations, openedDestinations } = document;
  const named = [
    ...allowedHours.flatMap(({ countries }, n) =>
      (countries ?? []).map((country, at) => [`/allowedHours/${n}/countries/${at}`, country] as const),
    ),
    ...Object.keys(timeZones).map((country) => [`/timeZones/${country}`, country] as const),
    ...closedDestinations.map(({ country }, n) => [`/closedDestinations/${n}/country`, country] as const),
    ...openedDestinations.map(({ country }, n) => [`/openedDestinations/${n}/country`, country] as const),
  ];
  return named.flatMap(([pointer, country]) =>
    zonesOf(country) === null
      ? [{ pointer, message: `${country} is not a country's code (ISO 3166-1).` }]
      : [],
  );
}

function zoneProblems({ timeZones }: PolicyDocument): PolicyProblem[] {
  return Object.entries(timeZones).flatMap(([country, zone]) =>
    Number.isNaN(offsetOf(zone, 0))
      ? [{ pointer: `/timeZones/${country}`, message: "Not a time zone. It looks like Europe/Moscow." }]
      : [],
  );
}

function hoursProblems(document: PolicyDocument): PolicyProblem[] {
  const isShort = shortageOf();
  const tooFew = allCategories.flatMap((category) =>
    knownCountries()
      .filter((country) => isShort(schedulesFor(document, category, country)))
      .map((country) => ({ category, country })),
  );
  return document.allowedHours.flatMap(({ categories: own, countries }, n) => {
    const here = tooFew
      .filter(({ category, country }) => own.includes(category) && (countries?.includes(country) ?? true))
      .map(({ country }) => country);
    const list = [...new Set(here)];
    return list.length === 0
      ? []
      : [
          {
            pointer: `/allowedHours/${n}`,
            message: `Leaves less than ${leastHoursADay} hours a day that are inside in every time zone of ${list.join(", ")}. Widen the hours, or name the zone to take under /timeZones.`,
          },
        ];
  });
}

const minutesOfDay = 24 * 60;
const minutesOfWeek = 7 * minutesOfDay;
/** One moment of the northern summer and one of the northern winter, for the zones that change their clocks. */
const seasons = [Date.parse("2026-01-15T12:00:00Z"), Date.parse("2026-07-15T12:00:00Z")];

/**
 * Says of a country's schedules whether no 24 hours of a week hold enough minutes that are inside in every zone. Never
 * for a country without limits. Countries with the same hours whose zones lie as far apart have the same answer.
 */
function shortageOf(): (schedules: readonly Schedule[] | null) => boolean {
  const answers = new Map<string, boolean>();
  return (schedules) => {
    const [first] = schedules ?? [];
    if (schedules === null || first === undefined) return false;
    return seasons.some((season) => {
      const offsets = schedules.map(({ zone }) => offsetOf(zone, season) / 60_000);
      const apart = [...new Set(offsets.map((offset) => offset - Math.min(...offsets)))].sort(
        (a, b) => a - b,
      );
      const key = JSON.stringify([first.open, apart]);
      const answer = answers.get(key) ?? isTooLittle(first.open, apart);
      answers.set(key, answer);
      return answer;
    });
  };
}

/** All zones of a country have the same stretches, each by its own clocks, so many minutes apart. */
function isTooLittle(open: readonly Stretch[], apart: readonly number[]): boolean {
  const isOpenAt = new Uint8Array(minutesOfWeek);
  for (const { start, length } of open) {
    for (let minute = start / 60_000; minute < (start + length) / 60_000; minute += 1)
      isOpenAt[minute % minutesOfWeek] = 1;
  }
  const inAll = isOpenAt.map((_, minute) =>
    Number(apart.every((offset) => isOpenAt[(minute + offset) % minutesOfWeek] === 1)),
  );
  let inDay = inAll.slice(0, minutesOfDay).reduce((sum, isIn) => sum + isIn, 0);
  return inAll.every((isIn, minute) => {
    const isShort = inDay < leastHoursADay * 60;
    inDay += (inAll[(minute + minutesOfDay) % minutesOfWeek] ?? 0) - isIn;
    return isShort;
  });
}
