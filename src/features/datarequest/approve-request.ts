import type { Context } from "../../context.ts";
import { answerOnce } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { seal } from "../../kernel/seal.ts";
import { readPerson } from "../subject/index.ts";
import { nextStatus } from "./domain/life.ts";
import { findRequest } from "./present-request.ts";
import { approve } from "./store.ts";

/** How staff made sure who asks (GDPR Art. 12(6)): met in person, account sign-in, document seen but not kept. */
export interface IdentityNote {
  readonly method: string;
  readonly note?: string | undefined;
}

type Approved = NonNullable<Awaited<ReturnType<typeof approve>>>;

/**
 * Staff made sure who asks: the archive is built in the background. How they did is sealed under the person's evidence
 * key. Throws `not_found`, `gone`, and `conflict` when the request is past that.
 */
export async function approveRequest(ctx: Context, id: string, input: { identity: IdentityNote }) {
  const approved = await answerOnce(ctx, () => record(ctx, id, input.identity));
  return {
    id: formatId("req", approved.id),
    status: approved.status,
    archive: { id: formatId("arc", approved.archive_id), state: "building" as const },
  };
}

async function record(ctx: Context, id: string, identity: IdentityNote): Promise<Approved> {
  const request = await findRequest(ctx, id);
  const to = nextStatus(request.status, { kind: "identity_noted" });
  const { keys } = await readPerson(ctx, formatId("sub", request.subjectId));
  const owner = keys.get(request.subjectId);
  if (owner === undefined) throw new SaysoError("internal", "A request's person has no keys.");
  const eventId = ctx.services.newId("evt");
  const approved = await approve(ctx, {
    requestId: request.id,
    from: request.status,
    to,
    archiveId: ctx.services.newId("arc"),
    eventId,
    sealed: seal(
      owner.evidenceKey,
      `request_event:${request.id}:${eventId}`,
      Buffer.from(JSON.stringify(identity)),
    ),
  });
  if (approved === undefined) {
    throw new SaysoError("conflict", "This data request was moved on by somebody else. Look at it again.");
  }
  return approved;
}
