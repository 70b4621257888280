import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { type Key, open, seal } from "../../kernel/seal.ts";
import { readPerson } from "../subject/index.ts";
import { type Draft, draftSchema } from "./domain/letter.ts";

/** The key that letters to a request's person (uuid of their record) are sealed under. */
export async function letterKey(ctx: Context, subjectId: string): Promise<Key> {
  const { keys } = await readPerson(ctx, formatId("sub", subjectId));
  return known(keys.get(subjectId)?.evidenceKey);
}

export function sealDraft(key: Key | undefined, id: string, draft: Draft): Buffer {
  return seal(known(key), place(id), Buffer.from(JSON.stringify(draft)));
}

export function openDraft(key: Key, { id, sealed }: { id: string; sealed: Uint8Array }): Draft {
  return draftSchema.parse(JSON.parse(open(key, place(id), sealed).toString("utf8")));
}

function known(key: Key | undefined): Key {
  if (key === undefined) throw new SaysoError("internal", "A request's person has no keys.");
  return key;
}

const place = (id: string) => `letter:${id}`;
