import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/** The person has not stopped marketing on the platform (`user_preferences` stop, error 131050) without resuming. */
export const platformStop: Rule = {
  name: "platform_stop",
  judge: ({ category, facts: { platformStops } }) => {
    if (category !== "marketing") return notApplicable;
    if (platformStops.length === 0) return pass;
    return fail(
      "platform_marketing_stopped",
      platformStops.map(({ wabaId }) => wabaId),
    );
  },
};
