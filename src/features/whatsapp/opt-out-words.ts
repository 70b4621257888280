import type { Context } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import { getOrganization } from "../organization/index.ts";
import { type Confirmation, confirmationIn } from "./domain/confirmation.ts";
import { isNearOptOut, isOptOutKeyword, languageOfKeyword } from "./domain/keywords.ts";

/** The words that an organization takes for a no beside those that are one everywhere; its policy has them. */
export type OwnKeywords = (ctx: Context) => Promise<readonly string[]>;

/**
 * What a message's texts say: a no, perhaps one, or neither. Own words are asked for only where the common ones do not
 * say no.
 */
export async function hearNo(
  ctx: Context,
  texts: readonly string[],
  ownKeywords: OwnKeywords,
): Promise<"no" | "perhaps" | "nothing"> {
  if (texts.length === 0) return "nothing";
  if (texts.some((text) => isOptOutKeyword(text))) return "no";
  const own = await ownKeywords(ctx);
  if (own.length > 0 && texts.some((text) => isOptOutKeyword(text, own))) return "no";
  return texts.some((text) => isNearOptOut(text, own)) ? "perhaps" : "nothing";
}

/** What others are told with a no by keyword: which message said it, and how to confirm it. */
export async function toldWithOptOut(
  ctx: Context,
  texts: readonly string[],
  said: { optOutId: string; senderId: string; messageId: string },
) {
  return {
    senderId: formatId("snd", said.senderId),
    messageId: said.messageId,
    confirmation: await confirmationOf(ctx, texts, formatId("opt", said.optOutId)),
  };
}

/** How the business may confirm a no, and the cause that lets this one message through a check. */
export async function confirmationOf(ctx: Context, texts: readonly string[], optOutId: string) {
  return {
    ...(await confirmationFor(ctx, texts)),
    cause: { kind: "opt_out_confirmation" as const, id: optOutId },
  };
}

/**
 * How the business may confirm a no said in these words: in their language, in the organization's for English ones,
 * which people use everywhere, and for words of its own.
 */
async function confirmationFor(ctx: Context, texts: readonly string[]): Promise<Confirmation> {
  const { name, language } = await getOrganization(ctx);
  const spoken = texts.flatMap((text) => languageOfKeyword(text) ?? [])[0];
  return confirmationIn(spoken === "en" ? [language] : [spoken, language], name);
}
