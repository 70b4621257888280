import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/**
 * No breaker stops the sender's marketing. Complaints open it when they pass the policy's limits; it stays open, however
 * quiet it gets, until staff close it.
 */
export const complaints: Rule = {
  name: "complaints",
  judge: ({ category, facts: { breaker } }) => {
    if (category !== "marketing") return notApplicable;
    return breaker === null ? pass : fail("complaint_rate_exceeded", [breaker.id]);
  },
};
