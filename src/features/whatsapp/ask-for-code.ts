import type { Context } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import type { NewCode } from "../preference/index.ts";
import { isCodeWord } from "./domain/keywords.ts";

/**
 * The code for their preferences that a person's message asks for, if it does: whoever writes from a number has it. It is
 * for others to send it to them, as an answer in the window that the same message opened.
 */
export function newCode(
  ctx: Context,
  texts: readonly string[],
  { subjectId, senderId, messageId }: { subjectId: string; senderId: string; messageId: string },
): NewCode | undefined {
  if (!texts.some(isCodeWord)) return undefined;
  return {
    id: ctx.services.newId("pcd"),
    subjectId,
    asked: { senderId: formatId("snd", senderId), messageId },
  };
}
