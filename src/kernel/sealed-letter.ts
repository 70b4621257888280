import { z } from "zod";

/** What of a letter is kept exactly as it went out; sealed under the evidence key of the request's person. */
export const sentLetterSchema = z.object({
  subject: z.string(),
  text: z.string(),
  /** As it was mailed; null when it went out another way. */
  html: z.string().nullable(),
  /** The address that it was mailed to. */
  to: z.string().nullable(),
  /** What staff noted about another way. */
  note: z.string().nullable(),
});
export type SentLetter = z.infer<typeof sentLetterSchema>;

/** Where a letter (uuid) is sealed when it was sent: it opens nowhere else. */
export function sentLetterPlace(letterId: string): string {
  return `sent_letter:${letterId}`;
}
