import { type Key, open, seal } from "../../kernel/seal.ts";
import { type Draft, draftSchema } from "./domain/letter.ts";

export function sealDraft(key: Key, id: string, draft: Draft): Buffer {
  return seal(key, place(id), Buffer.from(JSON.stringify(draft)));
}

export function openDraft(key: Key, { id, sealed }: { id: string; sealed: Uint8Array }): Draft {
  return draftSchema.parse(JSON.parse(open(key, place(id), sealed).toString("utf8")));
}

const place = (id: string) => `letter:${id}`;
