import { limits } from "../../../kernel/limits.ts";
import type { Category, Facts, Question } from "./facts.ts";
import { readInstant } from "./instants.ts";

/**
 * Whether the message is one that the person asked for: the question names a cause that is on record for this very
 * person, less than 15 minutes old, not used up, and fit for the message. Never marketing; a sign-in code only as
 * an authentication template.
 */
export function isCauseValid(question: Question, facts: Facts, category: Category | null): boolean {
  const { cause } = facts;
  if (cause === null || cause.kind !== question.cause?.kind || cause.id !== question.cause.id) return false;
  if (cause.usedAt !== null || category === null) return false;
  // These come as often as a caller reports opt-outs or asks for consent; messages by them must not. Sign-ins are
  // counted when they are opened.
  if (cause.kind !== "sign_in" && !(cause.usedOfLate < limits.causedMessagesPerDay)) return false;
  const now = readInstant(facts.now);
  const openedAt = readInstant(cause.openedAt);
  const isFresh =
    openedAt <= now + limits.clockSkewSeconds * 1000 && now < openedAt + limits.causeLifeSeconds * 1000;
  if (!isFresh) return false;
  switch (cause.kind) {
    case "data_request":
    case "opt_out_confirmation":
    case "double_opt_in":
      return category !== "marketing";
    case "sign_in":
      return question.message.kind === "template" && category === "authentication";
    default:
      return false;
  }
}
