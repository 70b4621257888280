import type { Context } from "../../context.ts";
import { wholeSecond } from "../../kernel/time.ts";
import { hearsYes } from "./domain/spoken.ts";
import { type ShownPoint, selectHearing, selectVersions } from "./store.ts";

/**
 * The collection point for which a person's message, written to a sender (uuid) at that time, is a yes, with the version
 * of then. Undefined when none hears one in these words, or several do: which wording was agreed to is not clear then.
 * Neither is it when the version asks for several things, which a single message cannot tell apart, or for another channel.
 */
export async function findHeardYes(
  ctx: Context,
  { senderId, text, at }: { readonly senderId: string; readonly text: string; readonly at: Date },
): Promise<ShownPoint | undefined> {
  const [point, ...others] = (await selectHearing(ctx)).filter((each) => hearsYes(each, senderId, text));
  if (point === undefined || others.length > 0) return undefined;
  const versions = await selectVersions(ctx, [point.id]);
  const shown = versions.find(({ createdAt }) => wholeSecond(createdAt) <= at.getTime());
  if (shown === undefined || shown.purposes.length !== 1 || !shown.channels.includes("whatsapp"))
    return undefined;
  return { point, shown };
}
