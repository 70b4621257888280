import type { Context } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import type { NewSuspicion } from "../optout/index.ts";
import type { hearNo } from "./opt-out-words.ts";

/**
 * The suspicion that a message gives rise to, if it does: other words for a no, or a voice note, which nobody has
 * heard. Whether that one came after marketing is for the database to say.
 */
export function newSuspicion(
  ctx: Context,
  { heard, kind }: { heard: Awaited<ReturnType<typeof hearNo>>; kind: string },
  message: Omit<NewSuspicion, "id" | "publicId" | "eventId" | "cause" | "occurredAt"> & {
    readonly at: string;
  },
): NewSuspicion | undefined {
  const cause = heard === "perhaps" ? "near_match" : kind === "audio" ? "voice_note" : undefined;
  if (cause === undefined) return undefined;
  const id = ctx.services.newId("sus");
  const { subjectIds, senderId, messageId, at, named } = message;
  return {
    id,
    publicId: formatId("sus", id),
    eventId: ctx.services.newId("evt"),
    cause,
    subjectIds,
    senderId,
    messageId,
    occurredAt: at,
    named,
  };
}
