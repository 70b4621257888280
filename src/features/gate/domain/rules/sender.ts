import { formatInstant, readInstant } from "../instants.ts";
import type { Situation } from "../situation.ts";
import { fail, pass, type Rule } from "./rule.ts";

/** Restrictions that Meta imposes for a time (`account_update`, restriction_info); others end by staff or platform only. */
const timed: readonly string[] = ["restricted_business_initiated", "restricted_replies", "restricted"];

/** The sender is registered and the platform lets it send this kind of message. An unknown state restricts all. */
export const sender: Rule = {
  name: "sender",
  judge: (situation) => {
    const { sender } = situation.facts;
    if (sender === null) return fail("sender_unknown");
    if (!isRestricted(sender.state, situation)) return pass;
    const until = timed.includes(sender.state) ? readInstant(sender.restrictedUntil) : Number.NaN;
    if (situation.now >= until) return pass;
    return fail("sender_restricted", [sender.id], formatInstant(until));
  },
};

function isRestricted(state: string, { question, isServiceReply }: Situation): boolean {
  switch (state) {
    case "active":
      return false;
    case "restricted_business_initiated":
      return !isServiceReply;
    case "restricted_replies":
      return question.message.kind !== "template";
    default:
      return true;
  }
}
