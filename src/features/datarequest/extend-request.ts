import type { Context } from "../../context.ts";
import { extendEarliest } from "./domain/earliest.ts";
import { takeStep } from "./domain/life.ts";
import { questionOfRequest } from "./due-date.ts";
import { saidTime, takeStaffStep } from "./staff-step.ts";

/**
 * Puts the answer off as far as the regime lets it, once, because of `reason`, of which the person was told at
 * `notifiedAt` (now without it). `until` is the date that they were told, for a regime that sets no length. Throws
 * `not_found`; `invalid` for a time in the future, and a date that is missing; `conflict` when the regime does not allow
 * it, the notice came too late, or the time was extended before. The letter that tells of it is left as a draft, and must
 * be with the person by the date that stood before; one that went out otherwise is marked as sent.
 */
export function extendRequest(
  ctx: Context,
  id: string,
  input: { reason: string; notifiedAt?: string | undefined; until?: string | undefined },
) {
  const notifiedAt = saidTime(ctx, input.notifiedAt, "/notifiedAt");
  return takeStaffStep(ctx, id, async (request) => {
    const event = { kind: "extended", reason: input.reason } as const;
    takeStep(request, event);
    const { asked: _asked, ...question } = await questionOfRequest(ctx, request);
    const { reason, until } = input;
    const due = extendEarliest(question, { notifiedAt, reason, until });
    const details = { notifiedAt, ...(until === undefined ? {} : { until }), lastDay: due.lastDay };
    return {
      event,
      details,
      audit: { action: "data_request.extended", details: { lastDay: due.lastDay } },
      due,
      letter: {
        content: { kind: "extension", reason, earlierLastDay: request.lastDay, lastDay: due.lastDay },
        neededBy: request.dueAt,
      },
    };
  });
}
