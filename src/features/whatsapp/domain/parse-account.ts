import { z } from "zod";
import { digits } from "./person.ts";
import {
  anything,
  constant,
  futureInstant,
  ignored,
  lenient,
  malformed,
  originOf,
  type Setting,
  stamp,
  unreadable,
  within,
} from "./reading.ts";
import type { AccountRestriction, DailyLimit, NumberQuality, RestrictedDirection, Update } from "./update.ts";

const bothDirections: readonly RestrictedDirection[] = ["business_initiated", "replies"];

/**
 * What each kind of restriction forbids. Calling, new numbers and the making of templates are not messages. A kind
 * that is not in the table forbids everything: unknown denies.
 */
const directionsOfRestriction: ReadonlyMap<string, readonly RestrictedDirection[]> = new Map([
  ["RESTRICTED_BIZ_INITIATED_MESSAGING", ["business_initiated"]],
  ["RESTRICTED_CUSTOMER_INITIATED_MESSAGING", ["replies"]],
  ["RESTRICTED_ADD_PHONE_NUMBER_ACTION", []],
  ["RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING", []],
  ["RESTRICTED_BUSINESS_INITIATED_CALLING", []],
  ["RESTRICTED_USER_INITIATED_CALLING", []],
  ["RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN", []],
  ["RESTRICTED_DIRECT_SEND_UTILITY_TEMPLATES", []],
  ["RESTRICTED_UTILITY_TEMPLATES", []],
]);

const accountSchema = z.object({
  event: constant,
  restriction_info: lenient(z.array(z.unknown())),
  violation_info: lenient(z.object({ violation_type: lenient(constant) })),
  ban_info: lenient(z.object({ waba_ban_state: lenient(constant) })),
});

/**
 * Reads an `account_update`: one update for each restriction, one for a ban, a violation, a deletion or an
 * off-boarding; partners, prices and the like have no effect. Source: Meta, "account_update webhook reference".
 */
export function parseAccountUpdate(value: unknown, setting: Setting): readonly Update[] {
  const read = accountSchema.safeParse(value);
  if (!read.success) return [malformed(setting, read.error)];
  const { event, restriction_info: restrictions, violation_info, ban_info } = read.data;
  switch (event) {
    case "ACCOUNT_RESTRICTION":
      // A restriction that does not say of what could be any.
      return restrictions === undefined || restrictions.length === 0
        ? [restriction(setting, { cause: "restriction", directions: bothDirections })]
        : restrictions.map((element, index) =>
            parseRestriction(element, within(setting, "restriction_info", index)),
          );
    case "ACCOUNT_VIOLATION":
      return [
        restriction(setting, {
          state: "warned",
          cause: "violation",
          detail: violation_info?.violation_type ?? null,
        }),
      ];
    case "DISABLED_UPDATE":
      return [ban(setting, ban_info?.waba_ban_state ?? null)];
    case "ACCOUNT_DELETED":
      return [restriction(setting, { cause: "deleted", directions: bothDirections })];
    case "ACCOUNT_OFFBOARDED":
      return [restriction(setting, { cause: "offboarded", directions: bothDirections })];
    case "ACCOUNT_RECONNECTED":
      return [restriction(setting, { state: "reinstated", cause: "offboarded" })];
    default:
      return [ignored(setting, "account_event")];
  }
}

const restrictionSchema = z.object({ restriction_type: constant, expiration: anything });

function parseRestriction(element: unknown, setting: Setting): Update {
  const read = restrictionSchema.safeParse(element);
  if (!read.success) return malformed(setting, read.error);
  const { restriction_type: kind, expiration } = read.data;
  const directions = directionsOfRestriction.get(kind) ?? bothDirections;
  if (directions.length === 0) return ignored(setting, "restriction_of_other_things");
  return restriction(setting, {
    cause: "restriction",
    directions,
    until: futureInstant(expiration),
    detail: kind,
  });
}

/** A scheduled ban forbids nothing yet; a state that nobody has told us of forbids everything. */
function ban(setting: Setting, state: string | null): Update {
  if (state === "REINSTATE")
    return restriction(setting, { state: "reinstated", cause: "ban", detail: state });
  if (state === "SCHEDULE_FOR_DISABLE") {
    return restriction(setting, { state: "warned", cause: "ban", detail: state });
  }
  return restriction(setting, { cause: "ban", directions: bothDirections, detail: state });
}

function restriction(
  setting: Setting,
  what: Pick<AccountRestriction, "cause"> & Partial<AccountRestriction>,
): AccountRestriction {
  return {
    ...originOf(setting),
    ...stamp(setting.entryTime, setting.receivedAt),
    type: "account_restriction",
    state: "restricted",
    directions: [],
    until: null,
    detail: null,
    ...what,
  };
}

const qualitySchema = z.object({
  display_phone_number: z.string(),
  event: constant,
  current_limit: lenient(constant),
  max_daily_conversations_per_business: lenient(constant),
});

const qualityEvents: ReadonlyMap<string, NumberQuality["event"]> = new Map([
  ["FLAGGED", "flagged"],
  ["UNFLAGGED", "unflagged"],
  ["UPGRADE", "upgrade"],
  ["DOWNGRADE", "downgrade"],
]);

/** Reads a `phone_number_quality_update`. Source: Meta's webhook reference of that name. */
export function parseNumberQuality(value: unknown, setting: Setting): Update {
  const read = qualitySchema.safeParse(value);
  if (!read.success) return malformed(setting, read.error);
  const { event, current_limit: current, max_daily_conversations_per_business: daily } = read.data;
  const number = digits(read.data.display_phone_number);
  if (number === undefined || !/^\d{3,15}$/.test(number)) {
    return unreadable(setting, "malformed", ["display_phone_number"]);
  }
  return {
    ...originOf(setting),
    ...stamp(setting.entryTime, setting.receivedAt),
    type: "number_quality",
    displayPhoneNumber: number,
    event: qualityEvents.get(event) ?? "other",
    dailyLimit: tierLimit(daily ?? current),
  };
}

const limitSchema = z.union([z.number(), z.string()]).transform(String);
const capabilitySchema = z.object({
  max_daily_conversations_per_business: lenient(limitSchema),
  max_daily_conversation_per_phone: lenient(limitSchema),
});

/**
 * Reads a `business_capability_update`. The limit of each phone is the portfolio's own, from before the two were one.
 * Source: Meta's webhook reference of that name.
 */
export function parseAccountCapability(value: unknown, setting: Setting): Update {
  const read = capabilitySchema.safeParse(value);
  if (!read.success) return malformed(setting, read.error);
  const { max_daily_conversations_per_business: business, max_daily_conversation_per_phone: phone } =
    read.data;
  const dailyLimit = tierLimit(business ?? phone);
  if (dailyLimit === null) return ignored(setting, "account_event");
  return {
    ...originOf(setting),
    ...stamp(setting.entryTime, setting.receivedAt),
    type: "account_capability",
    dailyLimit,
  };
}

/** TIER_250, TIER_10K, TIER_UNLIMITED, 2000, -1 (no limit): unique people per rolling 24 hours. */
function tierLimit(tier: string | undefined): DailyLimit | null {
  if (tier === "TIER_UNLIMITED" || tier === "-1") return "unlimited";
  const [, count, thousands] = /^(?:TIER_)?([1-9]\d{0,5})(K?)$/.exec(tier ?? "") ?? [];
  return count === undefined ? null : Number(count) * (thousands === "K" ? 1000 : 1);
}
