import { readInstant } from "../instants.ts";
import type { Situation } from "../situation.ts";
import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/**
 * Free-form messages go out in the person's open customer service window only; templates need none. In service at most
 * so many as the policy has for each message of theirs; what they ask for at this moment is exempt.
 */
export const window: Rule = {
  name: "window",
  judge: (situation) => {
    const { question, facts, window, isCaused } = situation;
    if (question.message.kind === "template") return notApplicable;
    if (!window.open) return fail("window_closed", facts.window === null ? [] : [facts.window.messageId]);
    const { serviceMessagesPerInbound: most } = situation.policy;
    if (most === null || !situation.isServiceReply || isCaused) return pass;
    const replies = repliesIn(situation);
    if (replies.length < most) return pass;
    return fail("service_limit_reached", [
      ...(facts.window === null ? [] : [facts.window.messageId]),
      ...replies.flatMap(({ decisionId }) => decisionId ?? []),
    ]);
  },
};

/** What was sent in service since the person's latest message; what cannot be dated or is of unknown kind counts. */
function repliesIn({ facts, window }: Situation) {
  return facts.sends.filter(
    ({ at, category }) =>
      (category === null || category === "service") && !(readInstant(at) <= window.openedAt),
  );
}
