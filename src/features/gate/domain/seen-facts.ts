import type { Facts } from "./facts.ts";
import type { Policy } from "./policy.ts";
import { ceilingsOn } from "./rules/sender-limit.ts";

/**
 * The facts of a decision without those that its own policy did not have looked at: what stands there says nothing, and
 * a policy that rests on them finds them missing. Sends are the affair of the caps (see supposed-sends.ts).
 */
export function seenUnder(own: Policy, facts: Facts): Facts {
  const { intake, recipient, reach, senderUse, ...rest } = facts;
  const { hasSavedNumber, ...otherwiseKnown } = recipient;
  // Facts from before there was such a rule have none of it.
  const { seenAt, ...failed } = reach ?? {};
  const isSeenAt = own.silenceMonths !== null || (failed.failures ?? []).length > 0;
  return {
    ...rest,
    recipient: { ...otherwiseKnown, ...(own.onlyToPeopleWhoWrote && { hasSavedNumber }) },
    ...(reach !== undefined && { reach: { ...failed, ...(isSeenAt && { seenAt }) } }),
    ...(senderUse !== undefined && {
      senderUse: ceilingsOn(own, facts.sender).length > 0 ? senderUse : { account: senderUse.account },
    }),
    ...(Object.keys(own.intakeSilenceHours).length > 0 && { intake }),
  } as Facts;
}
