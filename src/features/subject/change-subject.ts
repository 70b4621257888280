import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { isTimeZone } from "../../kernel/time.ts";
import { findSender } from "../organization/index.ts";
import { findSubject, getSubject } from "./resolve-subject.ts";
import { updateSubject } from "./store.ts";

/** What may be changed of a person; what is left out stays. */
export interface SubjectChange {
  /** IANA; null: it is not known. */
  readonly timeZone?: string | null | undefined;
  /** The senders (`snd_…`) whose number the person is known to have saved. */
  readonly savedSenders?: readonly string[] | undefined;
}

/**
 * Records what staff or the organization's systems know of a person, in place of what any merged record had there.
 * Throws `not_found`, `gone` for an erased person, `invalid` for a time zone that nobody knows and a sender that is not
 * there, and `conflict` when the person is merged at the same moment.
 */
export async function changeSubject(ctx: Context, subjectId: string, change: SubjectChange) {
  const { timeZone, savedSenders } = change;
  const subject = await findSubject(ctx, subjectId);
  const errors: { pointer: string; message: string }[] = [];
  if (typeof timeZone === "string" && !isTimeZone(timeZone)) {
    errors.push({
      pointer: "/timeZone",
      message: "Not a time zone of the IANA database, such as Europe/Berlin.",
    });
  }
  const senders = await Promise.all((savedSenders ?? []).map((id) => findSender(ctx, id)));
  senders.forEach((sender, index) => {
    if (sender === undefined)
      errors.push({ pointer: `/savedSenders/${index}`, message: "There is no such sender." });
  });
  if (errors.length > 0)
    throw new SaysoError("invalid", "The change cannot be taken; see errors.", { errors });

  const changed = await updateSubject(
    ctx,
    subject.id,
    { timeZone, savedSenderIds: savedSenders?.flatMap((id) => parseId("snd", id) ?? []) },
    formatId("sub", subject.id),
  );
  if (changed === undefined)
    throw new SaysoError("conflict", "The person was merged meanwhile. Send it again.");
  return getSubject(ctx, subjectId);
}
