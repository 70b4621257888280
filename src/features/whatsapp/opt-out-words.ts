import type { Context } from "../../context.ts";
import { isOptOutKeyword } from "./domain/keywords.ts";

/** The words that an organization takes for a no beside those that are one everywhere; its policy has them. */
export type OwnKeywords = (ctx: Context) => Promise<readonly string[]>;

/** Whether one of a message's texts is a no. Own words are asked for only where the common ones do not say so. */
export async function saysNo(
  ctx: Context,
  texts: readonly string[],
  ownKeywords: OwnKeywords,
): Promise<boolean> {
  if (texts.length === 0 || texts.some((text) => isOptOutKeyword(text))) return texts.length > 0;
  const own = await ownKeywords(ctx);
  return own.length > 0 && texts.some((text) => isOptOutKeyword(text, own));
}
