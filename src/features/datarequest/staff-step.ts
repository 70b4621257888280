import type { Context } from "../../context.ts";
import { answerOnce } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { notInFuture } from "../../kernel/time.ts";
import type { LetterContent } from "./domain/letter.ts";
import { nextStep, type RequestEvent, takeStep } from "./domain/life.ts";
import { prepareLetter } from "./draft-letter.ts";
import { draftParts, type NewLetter } from "./letter-store.ts";
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
  /** What the person must be told of it, and by when. It is left as a draft, in the place of an earlier one. */
  readonly letter?: { readonly content: LetterContent; readonly neededBy: Date };
}

/**
 * Takes one step of a request: `think` says which, from where the request stands. What staff wrote as its reason is
 * sealed under the person's evidence key; its letter, if it needs one, is left in the same statement, and is what has to be
 * done next. Answers where the request stands then. Throws `not_found`; `conflict` when the step is not allowed now or
 * somebody else moved the request on in the meantime; `invalid` when the organization has not said whom its letters name.
 */
export async function takeStaffStep(
  ctx: Context,
  id: string,
  think: (request: DataRequestRow) => Promise<StaffStep> | StaffStep,
) {
  const { answer } = await answerOnce(ctx, async () => {
    const request = await findRequest(ctx, id);
    const { event, details = {}, letter, parts, ...rest } = await think(request);
    const after = takeStep(request, event);
    const lastDay = rest.due?.lastDay ?? request.lastDay;
    const draft = letter && (await prepareLetter(ctx, { ...request, lastDay }, letter.content, letter));
    const said =
      event.reason === undefined ? {} : await sealForRequest(ctx, request, { reason: event.reason });
    const recorded = await recordSteps(ctx, request, after, {
      ...rest,
      parts: (sql) => [
        ...(parts?.(sql) ?? []),
        ...(draft === undefined ? [] : draftParts(sql, ctx, draft, { of: "moved", replaces: true })),
      ],
      events: [{ kind: event.kind, details, ...said }],
      answer: {
        id: formatId("req", request.id),
        status: after.status,
        owner: after.owner,
        isClarifying: after.isClarifying,
        isExtended: after.isExtended,
        dueAt: rest.due?.dueAt ?? request.dueAt.toISOString(),
        lastDay,
        next: draft === undefined ? nextStep(after) : sendingOf(draft),
      },
    });
    if (recorded === undefined) {
      throw new SaysoError("conflict", "This data request was moved on by somebody else. Look at it again.");
    }
    return recorded;
  });
  return answer;
}

function sendingOf({ id, neededBy }: NewLetter) {
  const letterId = formatId("let", id);
  return { by: "staff", event: "letter_sent", letterId, neededBy: neededBy?.toISOString() ?? null } as const;
}

/** When something happened: as said, or now. Throws `invalid` for a time in the future. */
export function saidTime(ctx: Context, at: string | undefined, pointer: string): string {
  const now = ctx.services.now();
  return (at === undefined ? now : notInFuture(at, now, pointer)).toISOString();
}
