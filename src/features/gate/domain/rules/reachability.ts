import { Temporal } from "temporal-polyfill";
import { limits } from "../../../../kernel/limits.ts";
import type { Facts } from "../facts.ts";
import { isInLaterSecond, readInstant } from "../instants.ts";
import type { Policy } from "../policy.ts";
import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/**
 * Marketing reaches the person: the platform has not failed to deliver two messages within seven days (error 131026),
 * there was a sign of life within the policy's months, and where the policy asks for it they wrote to this sender once
 * or saved its number. A message or call from the person and a message that was delivered to them or read are signs of
 * life, and end what was undeliverable before; a yes of theirs is one too, but says nothing of whether their number
 * works. Dead numbers get senders banned.
 */
export const reachability: Rule = {
  name: "reachability",
  judge: ({ category, policy, now, facts }) => {
    if (category !== "marketing") return notApplicable;
    const failures = undeliverable(facts.reach);
    if (failures.length > 0) {
      return fail(
        "recipient_unreachable",
        failures.map(({ messageId }) => messageId),
      );
    }
    return isStranger(policy, facts) || isSilent(policy, facts, now) ? fail("recipient_unreachable") : pass;
  },
};

/** The failures that lie close enough to another one, with no sign of life since either. Unreadable times are close. */
function undeliverable(reach: Facts["reach"]): Facts["reach"]["failures"] {
  const standing = reach.failures.filter(
    ({ at }) => !isInLaterSecond(readInstant(reach.seenAt), readInstant(at)),
  );
  const areClose = (one: string, other: string) =>
    !(Math.abs(readInstant(one) - readInstant(other)) > limits.undeliverableWithinSeconds * 1000);
  return standing.filter(({ at }, index) =>
    standing.some((other, place) => place !== index && areClose(at, other.at)),
  );
}

function isStranger({ onlyToPeopleWhoWrote }: Policy, { window, recipient }: Facts): boolean {
  return onlyToPeopleWhoWrote && window === null && !recipient.hasSavedNumber;
}

function isSilent({ silenceMonths }: Policy, { reach, consents }: Facts, now: number): boolean {
  if (silenceMonths === null) return false;
  const signs = [reach.seenAt, ...consents.flatMap(({ given }) => given?.at ?? [])];
  return !signs.some((sign) => now < monthsAfter(readInstant(sign), silenceMonths));
}

/** By the calendar in UTC: a month after the 31st is the last of the next month. NaN for NaN. */
function monthsAfter(instant: number, months: number): number {
  if (Number.isNaN(instant)) return Number.NaN;
  const start = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO("UTC");
  return start.add({ months }).epochMilliseconds;
}
