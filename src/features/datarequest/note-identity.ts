import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import type { IdentityNote } from "./approve-request.ts";
import { isAnsweredByArchive, takeStep } from "./domain/life.ts";
import { recordSteps } from "./life-store.ts";
import { findRequest } from "./present-request.ts";
import { sealForRequest } from "./sealed-text.ts";
import { recordBuild } from "./store.ts";

/**
 * Notes that the person showed who they are, and how, sealed under their evidence key: the archive is built where one
 * answers the request. It approves nothing: staff still do, before anything leaves or is changed. A request whose identity
 * check is over is left where it is. Throws `not_found`, and `conflict` when it was moved on meanwhile.
 */
export async function noteIdentity(ctx: Context, id: string, identity: IdentityNote): Promise<void> {
  const request = await findRequest(ctx, id);
  if (!isUnproven(request)) return;
  const after = takeStep(request, { kind: "identity_noted" });
  const events = [{ kind: "identity_noted", ...(await sealForRequest(ctx, request, identity)) }] as const;
  const audit = { action: "data_request.identity_noted" } as const;
  const answer = { id: formatId("req", request.id) };
  const done = isAnsweredByArchive(request.kind)
    ? await recordBuild(ctx, request, after, { events, audit, archiveId: ctx.services.newId("arc"), answer })
    : await recordSteps(ctx, request, after, { events, audit, answer });
  if (done === undefined && isUnproven(await findRequest(ctx, id)))
    throw new SaysoError("conflict", "This data request was moved on by somebody else. Look at it again.");
}

const isUnproven = ({ status }: { readonly status: string }) =>
  status === "received" || status === "identity_check";
