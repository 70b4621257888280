import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { type Key, open, seal } from "../../kernel/seal.ts";
import { readPeople } from "../subject/index.ts";
import type { DataRequestRow, RequestEventRow } from "./store.ts";

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

/**
 * The key that the proof of a request is sealed under: it outlives an erasure, so that the request can still be ended and
 * its person told. Throws `gone` when it was destroyed, too.
 */
export async function evidenceKeyOf(
  ctx: Context,
  { subjectId }: Pick<DataRequestRow, "subjectId">,
): Promise<Key> {
  const key = (await readPeople(ctx, [subjectId])).get(subjectId)?.evidenceKey;
  if (key === undefined)
    throw new SaysoError("gone", "What proves how this request was answered was erased.");
  return key;
}

function placeOf(requestId: string, eventId: string): string {
  return `request_event:${requestId}:${eventId}`;
}

/** Where who asks for a person is sealed. */
export function requesterPlace(requestId: string): string {
  return `data_request:${requestId}:requester`;
}

/**
 * Opens what was sealed about a request: what staff gave as reasons, by the event's id, and who asks for the person.
 * Nothing of somebody who was erased.
 */
export async function openSealed(
  ctx: Context,
  request: Belongs & Pick<DataRequestRow, "requesterSealed">,
  events: readonly Pick<RequestEventRow, "id" | "event" | "sealed">[],
): Promise<{ reasons: ReadonlyMap<string, string>; requester: Requester }> {
  // How identity was made sure of is for nobody to read who looks at a request.
  const sealed = events.flatMap(({ id, event, sealed }) =>
    sealed === null || event === "identity_noted" ? [] : [{ id, sealed }],
  );
  const key =
    sealed.length === 0 && request.requesterSealed === null
      ? undefined
      : (await readPeople(ctx, [request.subjectId])).get(request.subjectId)?.evidenceKey;
  if (key === undefined) return { reasons: new Map(), requester: {} };
  const read = (place: string, bytes: Uint8Array) => JSON.parse(open(key, place, bytes).toString("utf8"));
  return {
    reasons: new Map(
      sealed.flatMap(({ id, sealed: bytes }) => {
        const { reason } = read(placeOf(request.id, id), bytes) as { reason?: unknown };
        return typeof reason === "string" ? [[id, reason]] : [];
      }),
    ),
    requester:
      request.requesterSealed === null
        ? {}
        : (read(requesterPlace(request.id), request.requesterSealed) as Requester),
  };
}

/** What somebody said who asks for a person. */
interface Requester {
  readonly evidence?: string;
  readonly deliverTo?: string;
}
