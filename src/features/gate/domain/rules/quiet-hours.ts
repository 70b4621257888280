import { formatInstant } from "../instants.ts";
import { areOpen, nextOpening, schedulesFor } from "../local-hours.ts";
import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/**
 * It is an hour at which the policy lets people be written to, wherever in the countries of their numbers they are.
 * A person whose country or time is not known is not written to. What the person asked for a moment ago still arrives.
 */
export const quietHours: Rule = {
  name: "quiet_hours",
  judge: ({ policy, facts: { recipient }, category, now, isCaused }) => {
    const isLimited = policy.allowedHours.some(({ categories }) => categories.some((c) => c === category));
    if (category === null || !isLimited || isCaused) return notApplicable;
    const schedules = recipient.countries.map((country) => schedulesFor(policy, category, country));
    const known = schedules.flatMap((schedule) => schedule ?? []);
    if (schedules.length === 0 || schedules.includes(null)) return fail("quiet_hours");
    if (known.length === 0) return notApplicable;
    return areOpen(known, now) ? pass : fail("quiet_hours", [], formatInstant(nextOpening(known, now)));
  },
};
