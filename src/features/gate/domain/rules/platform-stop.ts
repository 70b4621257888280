import type { Facts } from "../facts.ts";
import type { Policy } from "../policy.ts";
import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/** The stops that reach this sender; of a sender that nobody knows all. */
function stopsOn({ platformStopScope }: Policy, { platformStops, sender }: Facts): Facts["platformStops"] {
  return platformStopScope === "organization" || sender === null
    ? platformStops
    : platformStops.filter(({ wabaId }) => wabaId === sender.wabaId);
}

/** The person has not stopped marketing on the platform (`user_preferences` stop, error 131050) without resuming. */
export const platformStop: Rule = {
  name: "platform_stop",
  judge: ({ category, facts, policy }) => {
    if (category !== "marketing") return notApplicable;
    const stops = stopsOn(policy, facts);
    if (stops.length === 0) return pass;
    return fail(
      "platform_marketing_stopped",
      stops.map(({ wabaId }) => wabaId),
    );
  },
};
