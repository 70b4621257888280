import { formatInstant, readInstant } from "../instants.ts";
import { fail, pass, type Rule } from "./rule.ts";

/** No block of any identifier of the recipient is active. Nothing exempts from it. */
export const block: Rule = {
  name: "block",
  judge: ({ facts, now }) => {
    const active = facts.blocks.filter(
      ({ expiresAt }) => expiresAt === null || !(readInstant(expiresAt) <= now),
    );
    if (active.length === 0) return pass;
    // NaN, and so no retry, as soon as one of them never expires.
    const lastExpiry = Math.max(...active.map(({ expiresAt }) => readInstant(expiresAt)));
    return fail(
      "recipient_blocked",
      active.map(({ id }) => id),
      formatInstant(lastExpiry),
    );
  },
};
