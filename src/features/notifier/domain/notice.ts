import type { Language } from "../../../kernel/language.ts";

/** Whom a notice goes to: a number in E.164, or an e-mail address. */
export interface Address {
  readonly kind: "phone" | "email";
  readonly value: string;
}

/** A short message to a person. So far it is always a code that proves that an address is theirs. */
export interface Notice {
  readonly kind: "identity_code";
  readonly to: Address;
  readonly language: Language;
  readonly organizationName: string;
  /** Six digits. */
  readonly code: string;
  /** How long it is good, in minutes. */
  readonly minutes: number;
}

/** The ways to a person. */
export const ways = ["whatsapp", "sms", "email"] as const;
export type Way = (typeof ways)[number];

/**
 * The way that a notice takes: the first to its address that is configured and has not said that it never will. A number
 * is written to on WhatsApp rather than by SMS.
 */
export function wayTo(
  to: Address["kind"],
  configured: readonly Way[],
  ruledOut: readonly string[],
): Way | undefined {
  const fitting: readonly Way[] = to === "email" ? ["email"] : ["whatsapp", "sms"];
  return fitting.find((way) => configured.includes(way) && !ruledOut.includes(way));
}

/** Seconds until the next try after so many failed ones: a code is good for minutes, so the first ones come soon. */
export function retryAfterSeconds(failedTries: number): number {
  return Math.min(2 ** (failedTries + 1), 120);
}
