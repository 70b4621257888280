import { foldPhrase } from "../../../kernel/spoken.ts";

/** How a collection point hears a yes in messages. */
export interface Hearing {
  /** The chat that it offers, and what people write first there. */
  readonly chat: { readonly senderId: string; readonly text: string } | null;
  /** Whether those words, sent, are a yes. */
  readonly chatGivesConsent: boolean;
  /** Words that are a yes when they are the whole of a message. */
  readonly keywords: readonly string[];
}

/** What turns the same words into a question, or into their contrary. */
const doubt = /[?\u00bf\u061f\uff1f\u{274c}\u{2716}\u{1f44e}\u{1f6ab}\u{26d4}\u{1f6d1}\u{1f645}\u{270b}]/u;

/** Whether a whole message says these words and nothing else, folded as a no is; unlike a no, it must leave no doubt. */
function says(text: string, wanted: string): boolean {
  const words = foldPhrase(wanted);
  return words !== "" && foldPhrase(text) === words && (!doubt.test(text) || doubt.test(wanted));
}

/**
 * Whether a person's message to a sender is the yes that a point listens for. Nearly the same words are none: unknown
 * denies. A point with a chat hears what is written there, one without what is written to any sender.
 */
export function hearsYes(
  { chat, chatGivesConsent, keywords }: Hearing,
  senderId: string,
  text: string,
): boolean {
  if (chat !== null && chat.senderId !== senderId) return false;
  if (chatGivesConsent && chat !== null && says(text, chat.text)) return true;
  return keywords.some((keyword) => says(text, keyword));
}

/** The words that a point hears as a yes, as they are compared. */
export function heardWords({ chat, chatGivesConsent, keywords }: Hearing): readonly string[] {
  return [...(chatGivesConsent && chat !== null ? [chat.text] : []), ...keywords].map(foldPhrase);
}
