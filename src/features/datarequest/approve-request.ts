import type { Context } from "../../context.ts";
import { answerOnce } from "../../db/write.ts";
import { actorName } from "../../kernel/actor.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { isAnsweredByArchive, type Life, takeStep } from "./domain/life.ts";
import { recordSteps } from "./life-store.ts";
import { findRequest } from "./present-request.ts";
import { sealForRequest } from "./sealed-text.ts";
import { type DataRequestRow, recordBuild, selectArchivesOf } from "./store.ts";

/** How staff made sure who asks (GDPR Art. 12(6)): met in person, account sign-in, document seen but not kept. */
export interface IdentityNote {
  readonly method: string;
  readonly note?: string | undefined;
}

/** What staff say when they approve. */
interface Approval {
  readonly identity?: IdentityNote | undefined;
  /** How the person was told that somebody asks for them, or why that is not possible. */
  readonly personTold?: string | undefined;
}

/**
 * Staff approve a request. Before its identity check is over they say how they made sure who asks, kept sealed under
 * the person's evidence key, and the archive is built in the background. After it, this is the approval that is still
 * missing: the second where two are needed, or the first where the person proved themself.
 *
 * Throws `not_found`; `invalid` when it must be said how identity was made sure of; `conflict` when the request is
 * past that, needs no approval, has this actor's already, or whoever asks may not ask for the person any more.
 */
export async function approveRequest(ctx: Context, id: string, input: Approval) {
  const { answer } = await answerOnce(ctx, () => record(ctx, id, input));
  return answer;
}

async function record(ctx: Context, id: string, { identity, personTold }: Approval) {
  const request = await findRequest(ctx, id);
  mandateMustHold(ctx, request);
  const done =
    identity === undefined
      ? await recordApproval(ctx, request)
      : await recordIdentity(ctx, request, identity, personTold);
  if (done === undefined) {
    throw new SaysoError("conflict", "This data request was moved on by somebody else. Look at it again.");
  }
  return done;
}

async function recordIdentity(
  ctx: Context,
  request: DataRequestRow,
  identity: IdentityNote,
  personTold: string | undefined,
) {
  const isOwn = request.requesterCapacity === "self";
  if (isOwn !== (personTold === undefined)) {
    throw invalid(
      "/personTold",
      isOwn
        ? "The person asks themself. Leave this out."
        : "Say how the person was told that somebody asks for them, or why that is not possible.",
    );
  }
  const known = takeStep(request, { kind: "identity_noted" });
  const after = takeStep(known, { kind: "approved", by: actorName(ctx.actor) });
  const noted = await sealForRequest(ctx, request, isOwn ? identity : { ...identity, personTold });
  const events = [{ kind: "identity_noted", ...noted }, { kind: "approved" }] as const;
  const audit = { action: "data_request.approved" } as const;
  if (!isAnsweredByArchive(request.kind)) {
    return recordSteps(ctx, request, after, { events, audit, answer: present(request, after, null) });
  }
  const archiveId = ctx.services.newId("arc");
  const answer = present(request, after, { id: archiveId, state: "building" });
  return recordBuild(ctx, request, after, { events, audit, archiveId, answer });
}

async function recordApproval(ctx: Context, request: DataRequestRow) {
  if (request.status === "received" || request.status === "identity_check") {
    throw invalid("/identity", "Say how you made sure who asks: method, and what you saw as a note.");
  }
  const after = takeStep(request, { kind: "approved", by: actorName(ctx.actor) });
  const archive = (await selectArchivesOf(ctx, [request.id])).get(request.id) ?? null;
  return recordSteps(ctx, request, after, {
    events: [{ kind: "approved" }],
    audit: { action: "data_request.approved" },
    answer: present(request, after, archive),
  });
}

function present(
  { id, approvalsNeeded }: DataRequestRow,
  { status, approvals }: Life,
  archive: { readonly id: string; readonly state: string } | null,
) {
  return {
    id: formatId("req", id),
    status,
    approvals: { needed: approvalsNeeded, given: approvals.length },
    archive: archive && { id: formatId("arc", archive.id), state: archive.state },
  };
}

/** Throws `conflict` when somebody asks for the person whose right to do so is over. */
export function mandateMustHold(ctx: Context, { requesterUntil }: DataRequestRow): void {
  if (requesterUntil !== null && requesterUntil <= ctx.services.now()) {
    throw new SaysoError(
      "conflict",
      "Whoever asks may not ask for this person any more: their mandate is over. Refuse the request, or have them ask anew.",
    );
  }
}
