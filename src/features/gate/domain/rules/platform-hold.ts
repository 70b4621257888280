import { limits } from "../../../../kernel/limits.ts";
import { formatInstant, readInstant } from "../instants.ts";
import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/**
 * The platform has not held back marketing to this person within 24 hours (error 131049: the person gets enough of it;
 * 130472: the number is part of an experiment). Sooner it only fails again, and counts against the sender.
 */
export const platformHold: Rule = {
  name: "platform_hold",
  judge: ({ category, now, facts: { holds } }) => {
    if (category !== "marketing") return notApplicable;
    const ends = holds.map(({ at }) => readInstant(at) + limits.platformHoldSeconds * 1000);
    const standing = ends.filter((end) => !(now >= end));
    // NaN, and so no retry, as soon as one of them cannot be read.
    return standing.length === 0 ? pass : fail("platform_hold", [], formatInstant(Math.max(...standing)));
  },
};
