import type { Context } from "../../context.ts";
import { invalid, notFound } from "../../kernel/errors.ts";
import { parseId } from "../../kernel/ids.ts";
import { getSubject } from "./resolve-subject.ts";
import { callMerge } from "./store.ts";

/**
 * Staff say that two records are one person. Nothing is moved or lost: from now on the strictest of both holds,
 * and a yes from before the merge revives nothing that either had said no to. Throws `not_found`, and `invalid`
 * for a subject merged with itself.
 */
export async function mergeSubjects(ctx: Context, id: string, input: { other: string; reason: string }) {
  const first = parseId("sub", id);
  const second = parseId("sub", input.other);
  if (first === undefined || second === undefined) throw notFound("subject");
  if (first === second) throw invalid("/other", "A subject cannot be merged with itself.");
  if ((await callMerge(ctx, first, second, input.reason)) === null) throw notFound("subject");
  return getSubject(ctx, id);
}
