import type { Policy } from "./policy.ts";

/** Why a breaker opened. */
export type ComplaintCause = "complaint_rate" | "spam_errors" | "number_quality" | "template_quality";

/** What came of a sender's marketing within the policy's hours, and since staff last closed its breaker. */
export interface Complaints {
  /** Permits for marketing that were redeemed. */
  readonly sends: number;
  /** People who opted out, or stopped marketing in WhatsApp itself, after a marketing message of this sender. */
  readonly complaints: number;
  /** Messages that the platform refused because too many of the sender's were taken for spam (error 131048). */
  readonly spamErrors: number;
  /** The platform flagged the number (`phone_number_quality_update`). */
  readonly numberIsRed: boolean;
  /** Names of marketing templates in its account whose quality became red. */
  readonly redTemplates: readonly string[];
}

/** Which of the policy's limits are passed; none: the breaker stays closed. */
export function causesIn(
  counted: Complaints,
  { complaintLimits }: Pick<Policy, "complaintLimits">,
): ComplaintCause[] {
  const { leastSends, mostPerThousand, mostSpamErrors, redNumber, redTemplate } = complaintLimits;
  const causes: ComplaintCause[] = [];
  if (counted.sends >= leastSends && counted.complaints * 1000 > mostPerThousand * counted.sends)
    causes.push("complaint_rate");
  if (counted.spamErrors > mostSpamErrors) causes.push("spam_errors");
  if (redNumber && counted.numberIsRed) causes.push("number_quality");
  if (redTemplate && counted.redTemplates.length > 0) causes.push("template_quality");
  return causes;
}
