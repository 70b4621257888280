import type { Facts, PeopleReached } from "../facts.ts";
import { formatInstant, readInstant } from "../instants.ts";
import type { Policy } from "../policy.ts";
import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/** So many people may be written to first in 24 hours; `reached` null: nobody counted how many were. */
interface Limit {
  readonly of: "account" | "sender";
  readonly id: string;
  readonly most: number;
  readonly reached: PeopleReached | null;
}

/** The limits that the sender is under: the platform's, which its portfolio shares, and the policy's own for it. */
export function limitsOn(policy: Policy, { sender, senderUse }: Facts): readonly Limit[] {
  if (sender === null) return [];
  const { account } = senderUse;
  return [
    ...(account === null
      ? []
      : [{ of: "account", id: account.id, most: account.most, reached: account } as const]),
    ...ceilingsOn(policy, sender).map(
      ({ people }) => ({ of: "sender", id: sender.id, most: people, reached: senderUse.sender }) as const,
    ),
  ];
}

/** The policy's own ceilings for a sender. */
export function ceilingsOn({ senderCeilings }: Policy, sender: Facts["sender"]): Policy["senderCeilings"] {
  return senderCeilings.filter((ceiling) => ceiling.sender === undefined || ceiling.sender === sender?.id);
}

/**
 * Every limit of the sender leaves room for one more person, or counts this one already. Only messages outside an open
 * customer service window count (Meta, "Messaging limits"), templates in it do not; what the person asks for at this
 * moment counts and goes out all the same.
 */
export const senderLimit: Rule = {
  name: "sender_limit",
  judge: ({ policy, facts, window, isCaused }) => {
    const limits = limitsOn(policy, facts);
    if (limits.length === 0 || window.open || isCaused) return notApplicable;
    const full = limits.filter(
      ({ reached, most }) => reached === null || !(reached.isCounted || reached.people < most),
    );
    if (full.length === 0) return pass;
    // One leaves first, so nobody can say when there is room where more are in than may be.
    const roomAt = full.map(({ reached, most }) =>
      reached?.people === most ? readInstant(reached.leavesAt) : Number.NaN,
    );
    return fail(
      "sender_limit_reached",
      full.map(({ id }) => id),
      formatInstant(Math.max(...roomAt)),
    );
  },
};
