import { countedCategory } from "./category.ts";
import { isCauseValid } from "./cause.ts";
import type { Category, Facts, Question } from "./facts.ts";
import { readInstant } from "./instants.ts";
import type { Policy } from "./policy.ts";
import { type ServiceWindow, serviceWindow } from "./service-window.ts";

/** The question, the facts and the policy, with what several rules need to know of them. */
export interface Situation {
  readonly question: Question;
  readonly facts: Facts;
  readonly policy: Policy;
  /** In milliseconds; NaN when unreadable. */
  readonly now: number;
  /** The category that counts. */
  readonly category: Category | null;
  readonly window: ServiceWindow;
  /** The person asked for this very message a moment ago. */
  readonly isCaused: boolean;
  /** A free-form answer in service, while the person's window is open. */
  readonly isServiceReply: boolean;
}

export function situationOf(question: Question, facts: Facts, policy: Policy): Situation {
  const now = readInstant(facts.now);
  const category = countedCategory(question, facts);
  const window = serviceWindow(facts.window, now);
  return {
    question,
    facts,
    policy,
    now,
    category,
    window,
    isCaused: isCauseValid(question, facts, category),
    isServiceReply: question.message.kind === "free_form" && category === "service" && window.open,
  };
}
