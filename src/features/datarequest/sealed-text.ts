import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { type Key, seal } from "../../kernel/seal.ts";
import { readPerson } from "../subject/index.ts";
import type { DataRequestRow } from "./store.ts";

type Belongs = Pick<DataRequestRow, "id" | "subjectId">;

/**
 * What staff wrote about a person and their request, sealed for a new event of it under the person's evidence key, so
 * that the proof of how a request was answered outlives an erasure. Gives the event's id, which it opens with alone.
 */
export async function sealForRequest(ctx: Context, request: Belongs, value: object) {
  const id = ctx.services.newId("evt");
  const key = await evidenceKeyOf(ctx, request);
  return { id, sealed: seal(key, placeOf(request.id, id), Buffer.from(JSON.stringify(value))) };
}

async function evidenceKeyOf(ctx: Context, { subjectId }: Belongs): Promise<Key> {
  const { keys } = await readPerson(ctx, formatId("sub", subjectId));
  const owner = keys.get(subjectId);
  if (owner === undefined) throw new SaysoError("internal", "A request's person has no keys.");
  return owner.evidenceKey;
}

function placeOf(requestId: string, eventId: string): string {
  return `request_event:${requestId}:${eventId}`;
}
