import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { earliestDueDate } from "./domain/earliest.ts";
import { questionOfRequest } from "./due-date.ts";
import { saidTime, takeStaffStep } from "./staff-step.ts";

/**
 * Notes that the person was asked what they mean, and what. Under a regime that stops its clock for that (United
 * Kingdom) the due date moves once they answer. Throws `not_found`, `invalid` for a time in the future, and `conflict`
 * when they were asked already or have their answer.
 */
export function askClarification(
  ctx: Context,
  id: string,
  input: { reason: string; askedAt?: string | undefined },
) {
  const askedAt = saidTime(ctx, input.askedAt, "/askedAt");
  return takeStaffStep(ctx, id, () => ({
    event: { kind: "clarification_asked", reason: input.reason },
    details: { askedAt },
    audit: { action: "data_request.clarification_asked" },
  }));
}

/**
 * Notes that the person answered, and moves the due date where the clock stood. Throws `not_found`, `invalid` for a time
 * in the future or before they were asked, and `conflict` when they were not.
 */
export function receiveClarification(ctx: Context, id: string, input: { answeredAt?: string | undefined }) {
  const answeredAt = saidTime(ctx, input.answeredAt, "/answeredAt");
  return takeStaffStep(ctx, id, async (request) => {
    const { pauses, asked, ...question } = await questionOfRequest(ctx, request);
    const askedAt = asked ?? answeredAt;
    if (answeredAt < askedAt) {
      throw new SaysoError("invalid", "The answer lies before the question.", {
        errors: [{ pointer: "/answeredAt", message: `The person was asked at ${askedAt}.` }],
      });
    }
    const due = earliestDueDate({ ...question, pauses: [...pauses, { askedAt, answeredAt }] });
    return {
      event: { kind: "clarification_received" },
      details: { answeredAt, lastDay: due.lastDay },
      audit: { action: "data_request.clarification_received", details: { lastDay: due.lastDay } },
      due,
    };
  });
}
