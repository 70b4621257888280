import type { ConsentFact, Facts } from "../../../src/features/gate/domain/facts.ts";
import type { Reason } from "../../../src/features/gate/domain/verdict.ts";
import {
  denied,
  type GateCase,
  noConsent,
  promotion,
  provenConsent,
  reportedConsent,
  why,
} from "./scenarios.ts";

const mergedAt = "2026-09-15T00:00:00.000Z";
const first = provenConsent("promotions", "cns_first", "2026-09-01T10:00:00.000Z");
const other = { subjectId: "sub_2" };

function merged(
  guarantee: string,
  consents: readonly ConsentFact[],
  reasons: readonly Reason[],
  facts: Partial<Facts> = {},
): GateCase {
  const recipient = { ...promotion.facts.recipient, mergedAt };
  return {
    guarantee,
    question: promotion.question,
    facts: { ...promotion.facts, recipient, ...facts, consents },
    wanted: reasons.length === 0 ? promotion.allowed : denied(promotion, reasons),
  };
}

/** Records that staff merged: the strictest result, until the person says something new. */
export const mergedRecordsCases: readonly GateCase[] = [
  merged("a consent that one record holds and none contradicts outlives the merge", [first], []),
  merged(
    "a no of one record ends the consent of the other",
    [first, { ...noConsent("promotions"), ...other, no: no("2026-08-01T00:00:00.000Z") }],
    [why("consent", "consent_withdrawn", ["cns_no"])],
  ),
  merged(
    "an opt-out that a yes had beaten stands again after a merge",
    [first],
    [why("opt_out", "recipient_opted_out", ["opt_1"]), why("consent", "consent_withdrawn", ["opt_1"])],
    { nos: [{ kind: "opted_out", purpose: null, at: "2026-08-01T00:00:00.000Z", eventId: "opt_1" }] },
  ),
  merged(
    "in the second of the merge a yes does not beat an earlier no",
    [
      {
        ...provenConsent("promotions", "cns_again", "2026-09-15T00:00:00.900Z"),
        no: no("2026-08-01T00:00:00.000Z"),
      },
    ],
    [why("consent", "consent_withdrawn", ["cns_no"])],
  ),
  merged(
    "a proven yes since the merge beats the nos from before it",
    [
      {
        ...provenConsent("promotions", "cns_again", "2026-09-15T00:00:01.000Z"),
        no: no("2026-08-01T00:00:00.000Z"),
      },
    ],
    [],
  ),
  merged(
    "a merge does not bring a no since the merge forward",
    [
      {
        ...provenConsent("promotions", "cns_again", "2026-09-16T00:00:00.000Z"),
        no: no("2026-09-17T00:00:00.000Z"),
      },
    ],
    [why("consent", "consent_withdrawn", ["cns_no"])],
  ),
  merged(
    "a consent pending in one record holds back the other's",
    [first, { ...noConsent("promotions"), ...other, requested: { eventId: "cns_asked", at: mergedAt } }],
    [why("consent", "consent_pending", ["cns_asked"])],
  ),
  merged(
    "a consent expired in one record ends the other's",
    [
      first,
      {
        ...noConsent("promotions"),
        ...other,
        given: {
          eventId: "cns_old",
          at: "2026-01-01T00:00:00.000Z",
          expiresAt: "2026-06-01T00:00:00.000Z",
        },
      },
    ],
    [why("consent", "consent_expired", ["cns_old"])],
  ),
  merged(
    "a consent without proof in one record leaves marketing without proof",
    [
      first,
      {
        ...reportedConsent("promotions", "cns_import", "2026-08-01T00:00:00.000Z"),
        ...other,
        unproven: true,
      },
    ],
    [why("consent", "consent_unproven", ["cns_import"])],
  ),
  merged(
    "a yes since the merge speaks for all records",
    [
      {
        ...reportedConsent("promotions", "cns_import", "2026-08-01T00:00:00.000Z"),
        ...other,
        unproven: true,
      },
      provenConsent("promotions", "cns_again", "2026-09-16T00:00:00.000Z"),
    ],
    [],
  ),
  merged(
    "after a merge at an unknown time no yes beats a no",
    [
      {
        ...provenConsent("promotions", "cns_again", "2026-09-30T00:00:00.000Z"),
        no: no("2026-08-01T00:00:00.000Z"),
      },
    ],
    [why("consent", "consent_withdrawn", ["cns_no"])],
    { recipient: { ...promotion.facts.recipient, mergedAt: "unknown" } },
  ),
];

function no(at: string): ConsentFact["no"] {
  return { kind: "withdrawn", at, eventId: "cns_no" };
}
