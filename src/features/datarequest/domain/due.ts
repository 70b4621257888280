import type { RequestStatus } from "./life.ts";

/** Where a request stands while its person has no answer. */
export const unanswered: readonly RequestStatus[] = ["received", "identity_check", "in_progress", "ready"];

/** When staff are warned: at half of the time, three days and one day before its end, and when it is over. */
export type Warning = "half" | "three_days" | "one_day" | "overdue";

/** What is due: the answer, or a letter that a step of the request rests on. */
export type DueAbout = "answer" | "letter";

/** The address in a contact, when it is nothing but an e-mail address. */
export function addressIn(contact: string | undefined): string | undefined {
  const text = contact?.trim() ?? "";
  return /^[^\s@<>(),;:"[\]]{1,64}@[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63})+$/i.test(text) ? text : undefined;
}
