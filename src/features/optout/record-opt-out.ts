import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { notInFuture } from "../../kernel/time.ts";
import { findPurpose } from "../organization/index.ts";
import {
  findSubjects,
  hashIdentifier,
  onceMoreIfErased,
  readReference,
  resolveSubject,
  type SubjectReference,
} from "../subject/index.ts";
import {
  insertOptOut,
  type OptOutRow,
  type OptOutScope,
  type RecordedOptOut,
  selectOptOuts,
  selectStands,
} from "./store.ts";

export interface OptOutInput {
  readonly subject: SubjectReference;
  readonly scope: OptOutScope;
  readonly purpose?: string | undefined;
  readonly channel?: string | undefined;
  readonly source: string;
  readonly occurredAt: string;
}

/**
 * Takes a person's no, at once and for every identifier of theirs. Identifiers of two people: it holds for both.
 * Somebody unknown is made known, so that their no cannot get lost.
 *
 * Answers whether it is in force: a no to one purpose is not when the person demonstrably opted in again after it
 * happened. Throws `invalid` for an unknown purpose, a scope without its purpose and a time in the future.
 */
export async function recordOptOut(ctx: Context, input: OptOutInput) {
  const row = (await replay<RecordedOptOut>(ctx)) ?? (await take(ctx, input));
  if (row === undefined) throw new SaysoError("internal", "The opt-out was not recorded.");
  return present(row);
}

/**
 * Takes a no that may be told several times: it is recorded unless it, or a later one, stands for everybody named.
 * Answers whether it was. Throws what recordOptOut throws.
 */
export async function keepOptOut(ctx: Context, input: OptOutInput): Promise<boolean> {
  return (await take(ctx, input, { unlessStanding: true })) !== undefined;
}

/** Whether keepOptOut would record it, and throws what that would throw; changes nothing. */
export async function isNewOptOut(ctx: Context, input: OptOutInput): Promise<boolean> {
  const occurredAt = await readOccurredAt(ctx, input);
  const { roots, hashes } = await findSubjects(ctx, input.subject, "/subject");
  const { scope, purpose, channel } = input;
  return !(await selectStands(ctx, { scope, purpose, channel, occurredAt, roots, named: hashes }));
}

/** When a no was said. Throws for a purpose that does not fit its scope, an unknown one, and a time in the future. */
async function readOccurredAt(ctx: Context, input: OptOutInput): Promise<string> {
  if (input.scope === "purpose") {
    if (input.purpose === undefined) throw invalid("/purpose", "Say which purpose, or use the scope all.");
    if ((await findPurpose(ctx, input.purpose)) === undefined)
      throw invalid("/purpose", "There is no such purpose.");
  } else if (input.purpose !== undefined)
    throw invalid("/purpose", `The scope ${input.scope} has no purpose.`);
  return notInFuture(input.occurredAt, ctx.services.now(), "/occurredAt").toISOString();
}

/** Whoever was erased at this very moment is found no more by their identifiers: then the no is a newcomer's. */
async function take(ctx: Context, input: OptOutInput, options: { unlessStanding?: boolean } = {}) {
  return onceMoreIfErased(() => takeOnce(ctx, input, options));
}

async function takeOnce(ctx: Context, input: OptOutInput, { unlessStanding = false }) {
  const occurredAt = await readOccurredAt(ctx, input);
  const read = readReference(input.subject, "/subject");
  const people = await peopleOf(ctx, input.subject);
  const events = people.map((subjectId) => ({ id: ctx.services.newId("opt"), subjectId }));
  return insertOptOut(ctx, {
    ...input,
    unlessStanding,
    purpose: input.purpose,
    channel: input.channel,
    occurredAt,
    events,
    publicId: formatId("opt", events[0]?.id ?? ""),
    named: "identifiers" in read ? read.identifiers.map((named) => hashIdentifier(ctx, named)) : [],
  });
}

/** Everybody whom a reference names; somebody unknown is made. */
async function peopleOf(ctx: Context, reference: SubjectReference): Promise<readonly string[]> {
  try {
    return [(await resolveSubject(ctx, reference, "/subject")).id];
  } catch (error) {
    if (!(error instanceof SaysoError) || error.code !== "conflict") throw error;
    return (await findSubjects(ctx, reference, "/subject")).roots;
  }
}

function present(row: RecordedOptOut) {
  return {
    id: formatId("opt", row.id),
    inForce: row.superseded_by === null,
    ...(row.superseded_by === null ? {} : { supersededBy: formatId("cns", row.superseded_by) }),
    recordedAt: new Date(row.recorded_at).toISOString(),
  };
}

export async function listOptOuts(ctx: Context, before: string | undefined, limit: number) {
  return (await selectOptOuts(ctx, before, limit)).map(presentOptOut);
}

function presentOptOut(row: OptOutRow) {
  return {
    id: formatId("opt", row.id),
    subjectId: row.subjectId === null ? null : formatId("sub", row.subjectId),
    kind: row.kind,
    scope: row.scope,
    purpose: row.purpose,
    channel: row.channel,
    source: row.source,
    occurredAt: row.occurredAt.toISOString(),
    recordedAt: row.recordedAt.toISOString(),
    undoes: row.undoes === null ? null : formatId("opt", row.undoes),
  };
}
