import type { Context } from "../../context.ts";
import { answerOnce } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { notInFuture } from "../../kernel/time.ts";
import { nextStep, type RequestEvent, takeStep } from "./domain/life.ts";
import { recordSteps } from "./life-store.ts";
import { findRequest } from "./present-request.ts";
import { sealForRequest } from "./sealed-text.ts";
import type { DataRequestRow } from "./store.ts";

type Recorded = Parameters<typeof recordSteps>[3];

/** A step that staff take, and what is recorded of it. */
export interface StaffStep extends Pick<Recorded, "audit" | "parts" | "tells" | "due"> {
  readonly event: RequestEvent;
  /** Ids, times and words of ours. */
  readonly details?: object;
}

/**
 * Takes one step of a request: `think` says which, from where the request stands. What staff wrote as its reason is
 * sealed under the person's evidence key. Answers where the request stands then. Throws `not_found`, and `conflict` when
 * the step is not allowed now or somebody else moved the request on in the meantime.
 */
export async function takeStaffStep(
  ctx: Context,
  id: string,
  think: (request: DataRequestRow) => Promise<StaffStep> | StaffStep,
) {
  const { answer } = await answerOnce(ctx, async () => {
    const request = await findRequest(ctx, id);
    const { event, details = {}, ...rest } = await think(request);
    const after = takeStep(request, event);
    const said =
      event.reason === undefined ? {} : await sealForRequest(ctx, request, { reason: event.reason });
    const recorded = await recordSteps(ctx, request, after, {
      ...rest,
      events: [{ kind: event.kind, details, ...said }],
      answer: {
        id: formatId("req", request.id),
        status: after.status,
        owner: after.owner,
        isClarifying: after.isClarifying,
        isExtended: after.isExtended,
        dueAt: rest.due?.dueAt ?? request.dueAt.toISOString(),
        lastDay: rest.due?.lastDay ?? request.lastDay,
        next: nextStep(after),
      },
    });
    if (recorded === undefined) {
      throw new SaysoError("conflict", "This data request was moved on by somebody else. Look at it again.");
    }
    return recorded;
  });
  return answer;
}

/** When something happened: as said, or now. Throws `invalid` for a time in the future. */
export function saidTime(ctx: Context, at: string | undefined, pointer: string): string {
  const now = ctx.services.now();
  return (at === undefined ? now : notInFuture(at, now, pointer)).toISOString();
}
