import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { addSeconds } from "../../kernel/time.ts";
import { ambiguous, findSubjects, readPerson, type SubjectReference } from "../subject/index.ts";
import { insertCause } from "./store.ts";

/**
 * Opens a sign-in: one authentication template to this person may go out for it within 15 minutes, whatever they
 * opted out of, because they are asking for it now. Throws `too_many_requests` when this person has had many and
 * `conflict` when the identifiers name two people.
 */
export async function openCause(ctx: Context, input: { kind: "sign_in"; recipient: SubjectReference }) {
  const row = (await replay<{ id: string; opened_at: string }>(ctx)) ?? (await open());
  return {
    id: formatId("cau", row.id),
    expiresAt: addSeconds(new Date(row.opened_at), limits.causeLifeSeconds).toISOString(),
  };

  async function open() {
    const id = ctx.services.newId("cau");
    const hashes = await recipientHashes(ctx, input.recipient);
    const opened = await insertCause(ctx, { id, kind: input.kind, hashes }, formatId("cau", id));
    if (opened === undefined) {
      throw new SaysoError(
        "too_many_requests",
        `At most ${limits.causesPerPerson} sign-ins of one person in ${limits.causeLifeSeconds / 60} minutes. Wait a little.`,
      );
    }
    return opened;
  }
}

/** Every identifier of the person, so that naming them by another one is no way around the limit. */
async function recipientHashes(ctx: Context, recipient: SubjectReference): Promise<string[]> {
  const { roots, hashes } = await findSubjects(ctx, recipient, "/recipient");
  const [root, other] = roots;
  if (other !== undefined) throw ambiguous();
  const known = root === undefined ? [] : (await readPerson(ctx, formatId("sub", root))).hashes;
  return [...new Set([...hashes, ...known])];
}
