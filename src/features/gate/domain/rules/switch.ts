import { fail, pass, type Rule } from "./rule.ts";

/** Staff have not paused the organization, the sender or the purpose. Nothing exempts from it. */
export const pausing: Rule = {
  name: "switch",
  judge: ({ facts: { switches } }) =>
    switches.length === 0
      ? pass
      : fail(
          "sending_paused",
          switches.map(({ id }) => id),
        ),
};
