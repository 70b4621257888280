import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/** Free-form messages go out in the person's open customer service window only; templates need none. */
export const window: Rule = {
  name: "window",
  judge: ({ question, facts, window }) => {
    if (question.message.kind === "template") return notApplicable;
    if (window.open) return pass;
    return fail("window_closed", facts.window === null ? [] : [facts.window.messageId]);
  },
};
