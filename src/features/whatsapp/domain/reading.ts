import { z } from "zod";
import { limits } from "../../../kernel/limits.ts";
import { addSeconds } from "../../../kernel/time.ts";
import type { People } from "./person.ts";
import type { Ignored, Origin, Stamp, Unreadable } from "./update.ts";

/** What an element is read with: where it stands and what the body says around it. */
export interface Setting extends Origin {
  readonly receivedAt: Date;
  /** `time` of the entry; the only timestamp that account and template updates have. */
  readonly entryTime: unknown;
  /** The sender's own number as digits, or null. */
  readonly ownNumber: string | null;
  /** The people that `contacts` names beside the element. */
  readonly contacts: People;
}

/** Ids of the platform: printable ASCII without spaces, so that they can be stored and logged as they are. */
export const platformId = z.union([
  z.string().regex(/^[\x21-\x7e]{1,256}$/),
  z.int().nonnegative().transform(String),
]);

/** Text of the platform that is kept: without control characters and lone surrogates, which no column takes. */
export const keptText = z
  .string()
  .max(512)
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text));

/** The platform's constants, such as RESTRICTED_BIZ_INITIATED_MESSAGING. */
export const constant = z
  .string()
  .regex(/^[A-Za-z0-9_]{1,100}$/)
  .transform((text) => text.toUpperCase());

/** A member that is read later or may be anything. */
export const anything = z.unknown().optional();

/** A member that is not needed: when it is missing or odd, the update stands without it. */
export function lenient<T>(schema: z.ZodType<T>) {
  return schema.optional().catch(undefined);
}

/** Where an update stood, without the rest of the setting. */
export function originOf({ position, wabaId, phoneNumberId }: Setting): Origin {
  return { position, wabaId, phoneNumberId };
}

/** The same setting, some steps further down the body. */
export function within(setting: Setting, ...steps: readonly (string | number)[]): Setting {
  return { ...setting, position: [setting.position, ...steps].join("/") };
}

/** Whether a member is there at all; null is how Meta sometimes leaves one out. */
export function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

export function ignored(setting: Setting, reason: Ignored["reason"]): Ignored {
  return { ...originOf(setting), type: "ignored", reason };
}

/** An update that could not be understood because of the member that `path` leads to, from its own position. */
export function unreadable(
  setting: Setting,
  reason: Unreadable["reason"],
  path: readonly PropertyKey[] = [],
): Unreadable {
  const steps = path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`);
  const place = setting.position === "" ? "" : `/${setting.position}`;
  return { ...originOf(setting), type: "unreadable", reason, pointer: `${place}${steps.join("")}` };
}

/** An update of the wrong shape, pointing to the first thing wrong in it. */
export function malformed(setting: Setting, error: z.ZodError): Unreadable {
  return unreadable(setting, "malformed", error.issues[0]?.path);
}

/** No message is older than WhatsApp (2009): smaller numbers are placeholders or no seconds at all. */
const earliestSeconds = Date.UTC(2009, 0, 1) / 1000;

/**
 * When something happened, by the platform's Unix timestamp in whole seconds, a number or a string (Meta sends
 * both). A little ahead of us is clock skew and is cut to the receipt; missing, before 2009, milliseconds and the
 * far future are no timestamp, and the receipt stands in.
 */
export function stamp(timestamp: unknown, receivedAt: Date): Stamp {
  const seconds = wholeSeconds(timestamp);
  const latest = addSeconds(receivedAt, limits.clockSkewSeconds).getTime();
  if (seconds === undefined || seconds < earliestSeconds || seconds * 1000 > latest) {
    return { at: receivedAt.toISOString(), atFrom: "received" };
  }
  return {
    at: new Date(Math.min(seconds * 1000, receivedAt.getTime())).toISOString(),
    atFrom: "platform",
  };
}

/** An instant that may lie ahead: Unix seconds (number or string) or ISO 8601, as the platform has both; or null. */
export function futureInstant(value: unknown): string | null {
  const seconds = wholeSeconds(value);
  const instant = seconds === undefined ? isoInstant(value) : new Date(seconds * 1000);
  const isSane = instant.getTime() >= earliestSeconds * 1000 && instant.getUTCFullYear() < 3000;
  return isSane ? instant.toISOString() : null;
}

function isoInstant(value: unknown): Date {
  return new Date(typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? value : Number.NaN);
}

function wholeSeconds(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
}
