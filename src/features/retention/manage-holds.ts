import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { type Key, open, seal } from "../../kernel/seal.ts";
import { ambiguous, erased, findSubjects, readPeople, type SubjectReference } from "../subject/index.ts";
import {
  type HoldEventRow,
  type HoldRow,
  insertHold,
  type PlacedHold,
  releaseHold,
  reviewHold,
  selectHold,
  selectHoldEvents,
  selectHolds,
  selectStandingHolds,
} from "./hold-store.ts";

/** What must be kept, why, and when somebody looks at it again. */
export type HoldInput = { readonly reason: string; readonly reviewAt: string } & (
  | { readonly scope: "organization" }
  | { readonly scope: "person"; readonly subject: SubjectReference }
);

/**
 * Places a hold (GDPR Art. 17(3), 18(2): claims, a legal duty): from the answer on nothing of the person, or of
 * anybody, is erased, and nothing of theirs is removed because its time is over. It stands until staff release it, also
 * past its review. Throws `invalid` for a review that is past, `not_found` for somebody unknown, `conflict` when two people
 * are named.
 */
export async function placeHold(ctx: Context, input: HoldInput) {
  const row = (await replay<PlacedHold>(ctx)) ?? (await place(ctx, input));
  if (row === undefined) throw new SaysoError("internal", "The hold was not placed.");
  return {
    id: formatId("hld", row.id),
    scope: row.subjectId === null ? "organization" : "person",
    subjectId: row.subjectId === null ? null : formatId("sub", row.subjectId),
    placedAt: new Date(row.placedAt).toISOString(),
    reviewAt: new Date(row.reviewAt).toISOString(),
  };
}

async function place(ctx: Context, input: HoldInput): Promise<PlacedHold | undefined> {
  const reviewAt = inFuture(ctx, input.reviewAt);
  const subjectId = input.scope === "person" ? await personOf(ctx, input.subject) : null;
  const id = ctx.services.newId("hld");
  return insertHold(ctx, { ...(await stepOf(ctx, { id, subjectId }, input.reason)), subjectId, reviewAt });
}

async function personOf(ctx: Context, reference: SubjectReference): Promise<string> {
  const { roots } = await findSubjects(ctx, reference, "/subject");
  const [root] = roots;
  if (root === undefined) throw notFound("subject");
  if (roots.length > 1) throw ambiguous();
  return root;
}

function inFuture(ctx: Context, reviewAt: string): string {
  const at = new Date(reviewAt);
  if (at <= ctx.services.now()) throw invalid("/reviewAt", "Say when it is looked at again: a coming time.");
  return at.toISOString();
}

type Named = Pick<HoldRow, "id" | "subjectId">;

/**
 * One step of a hold. Why is sealed in the hold and in its history: under the person's evidence key, so that it goes when
 * what proves their consents goes, or under the organization's data key. Throws `gone`.
 */
async function stepOf(ctx: Context, hold: Named, reason: string) {
  const key = (await keysOf(ctx, [hold])).get(hold.id);
  if (key === undefined) throw erased();
  return {
    id: hold.id,
    publicId: formatId("hld", hold.id),
    eventId: ctx.services.newId("evt"),
    reason: seal(key, reasonPlace(hold.id), Buffer.from(reason)),
  };
}

function reasonPlace(id: string): string {
  return `hold:${id}:reason`;
}

/** What opens the reasons of each hold, by its uuid; none when it was destroyed. */
async function keysOf(ctx: Context, holds: readonly Named[]): Promise<ReadonlyMap<string, Key>> {
  const people = await readPeople(ctx, [...new Set(holds.flatMap(({ subjectId }) => subjectId ?? []))]);
  return new Map(
    holds.flatMap(({ id, subjectId }) => {
      const key = subjectId === null ? ctx.keys.data : people.get(subjectId)?.evidenceKey;
      return key === undefined ? [] : [[id, key]];
    }),
  );
}

function reasonOf(key: Key | undefined, id: string, sealed: Buffer): string | null {
  return key === undefined ? null : open(key, reasonPlace(id), sealed).toString("utf8");
}

/** Keeps a hold for longer, with a reason. Throws `not_found`; `conflict` when it was released; `invalid` for a past time. */
export async function prolongHold(ctx: Context, id: string, input: { reason: string; reviewAt: string }) {
  const known = await findHold(ctx, id);
  const row =
    (await replay<{ reviewAt: string }>(ctx)) ??
    (await reviewHold(ctx, {
      ...(await stepOf(ctx, known, input.reason)),
      reviewAt: inFuture(ctx, input.reviewAt),
    }));
  if (row === undefined) throw released();
  return { id, reviewAt: new Date(row.reviewAt).toISOString() };
}

/** Ends a hold, with a reason that stays on record. Throws `not_found`; one that was released before is a `conflict`. */
export async function endHold(ctx: Context, id: string, input: { reason: string }) {
  const known = await findHold(ctx, id);
  const row =
    (await replay<{ at: string }>(ctx)) ?? (await releaseHold(ctx, await stepOf(ctx, known, input.reason)));
  if (row === undefined) throw released();
  return { id, releasedAt: new Date(row.at).toISOString() };
}

function released(): SaysoError {
  return new SaysoError("conflict", "This hold was released before.");
}

async function findHold(ctx: Context, id: string): Promise<HoldRow> {
  const uuid = parseId("hld", id);
  const row = uuid === undefined ? undefined : await selectHold(ctx, uuid);
  if (row === undefined) throw notFound("hold");
  return row;
}

/** A hold with its history. Throws `not_found`. */
export async function getHold(ctx: Context, id: string) {
  const row = await findHold(ctx, id);
  const events = await selectHoldEvents(ctx, row.id);
  const [shown] = await presentHolds(ctx, [row]);
  if (shown === undefined) throw notFound("hold");
  const key = (await keysOf(ctx, [row])).get(row.id);
  return { ...shown, history: events.map((event) => presentEvent(key, event)) };
}

/** Holds of the organization, released ones included, the newest first. */
export async function listHolds(ctx: Context, before: string | undefined, limit: number) {
  return presentHolds(ctx, await selectHolds(ctx, before, limit));
}

/** The holds that stand on a person (uuid of any of their records), those on everything included, the oldest first. */
export async function holdsOn(ctx: Context, subjectId: string) {
  return presentHolds(ctx, await selectStandingHolds(ctx, subjectId));
}

async function presentHolds(ctx: Context, rows: readonly HoldRow[]) {
  const keys = await keysOf(ctx, rows);
  return rows.map((row) => ({
    id: formatId("hld", row.id),
    scope: row.subjectId === null ? "organization" : "person",
    subjectId: row.subjectId === null ? null : formatId("sub", row.subjectId),
    reason: reasonOf(keys.get(row.id), row.id, row.reason),
    author: { kind: row.actorKind, id: row.actorId },
    placedAt: row.placedAt.toISOString(),
    reviewAt: row.reviewAt.toISOString(),
    isReviewDue: row.releasedAt === null && row.reviewAt <= ctx.services.now(),
    releasedAt: row.releasedAt?.toISOString() ?? null,
  }));
}

function presentEvent(key: Key | undefined, row: HoldEventRow) {
  return {
    kind: row.kind,
    reason: reasonOf(key, row.holdId, row.reason),
    reviewAt: row.reviewAt?.toISOString() ?? null,
    at: row.at.toISOString(),
    author: { kind: row.actorKind, id: row.actorId },
  };
}
