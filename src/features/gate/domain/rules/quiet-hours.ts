import { unknownCountry } from "../../../../kernel/identifier.ts";
import { formatInstant } from "../instants.ts";
import { areOpen, nextOpening, schedulesFor } from "../local-hours.ts";
import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/**
 * It is an hour at which the policy lets people be written to: by their own time zone, or wherever in the countries of
 * their numbers they are. A person whose time is not known is not written to; whose country is not known may be in any
 * that the policy has hours for. What the person asked for a moment ago still arrives.
 */
export const quietHours: Rule = {
  name: "quiet_hours",
  judge: ({ policy, facts: { recipient }, category, now, isCaused }) => {
    const hours = policy.allowedHours.filter(({ categories }) => categories.some((c) => c === category));
    if (category === null || hours.length === 0 || isCaused) return notApplicable;
    const { countries, timeZones } = recipient;
    const isKnown = countries.length > 0 && !countries.includes(unknownCountry);
    const maybeIn =
      isKnown || timeZones.length === 0
        ? countries
        : [...countries, unknownCountry, ...hours.flatMap((entry) => entry.countries ?? [])];
    const schedules = [...new Set(maybeIn)].map((country) =>
      schedulesFor(policy, category, country, timeZones),
    );
    const known = schedules.flatMap((schedule) => schedule ?? []);
    if (schedules.length === 0 || schedules.includes(null)) return fail("quiet_hours");
    if (known.length === 0) return notApplicable;
    return areOpen(known, now) ? pass : fail("quiet_hours", [], formatInstant(nextOpening(known, now)));
  },
};
