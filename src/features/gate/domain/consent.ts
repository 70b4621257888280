import { limits } from "../../../kernel/limits.ts";
import type { ConsentFact, Facts } from "./facts.ts";
import { isInLaterSecond, readInstant } from "./instants.ts";
import type { ReasonCode } from "./verdict.ts";

/** The part of the facts that says what a person agreed to on a channel. */
export interface ConsentHistory extends Pick<Facts, "now" | "nos" | "consents"> {
  readonly recipient: Pick<Facts["recipient"], "mergedAt">;
}

/** A no as it counts: `at` in milliseconds, moved up to the last merge; NaN (never beaten) when unreadable. */
export interface CountedNo {
  readonly kind: Facts["nos"][number]["kind"];
  readonly eventId: string;
  readonly at: number;
}

/** Whether a person's consent to a purpose stands and, when it does not, why, and which nos stand in its scope. */
export type Standing =
  | { readonly given: true }
  | {
      readonly given: false;
      readonly code: ReasonCode;
      readonly evidence: readonly string[];
      readonly nos: readonly CountedNo[];
    };

type Yes = NonNullable<ConsentFact["given"]>;

const codeOfNo = {
  opted_out: "consent_withdrawn",
  withdrawn: "consent_withdrawn",
  revoked: "consent_revoked",
  refused: "consent_refused",
  invalidated: "consent_invalidated",
} as const satisfies Record<CountedNo["kind"], ReasonCode>;
/** Of nos at the same instant the one that stands first here explains. */
const noKinds = Object.keys(codeOfNo);

/**
 * What a person's yeses and nos to one purpose on one channel add up to (GDPR Art. 7(1): consent must be
 * demonstrable; 7(3): it can be withdrawn at any time).
 *
 * - Every no in scope counts: those for everything, those for this purpose, those in the consent events.
 * - With a no in scope only a yes that the person demonstrably gave, in a later whole second than every no, counts;
 *   without one a reported yes does too, unless proof is needed.
 * - A yes counts until it expires. When none counts, every no stands, also one that an ended yes had beaten.
 * - After records were merged each no counts as of the merge at the earliest, and yeses from before it count only
 *   when every record has one: the strictest result. A yes since the merge speaks for the whole person.
 *
 * @param proofNeeded a yes without any proof behind it (an import without evidence) does not count
 */
export function consentStanding(
  purpose: string,
  history: ConsentHistory,
  { proofNeeded }: { proofNeeded: boolean },
): Standing {
  const now = readInstant(history.now);
  const mergedAt = readInstant(history.recipient.mergedAt);
  const records = history.consents.filter((record) => record.purpose === purpose);
  const nos = nosAgainst(purpose, history);

  const holds = (record: ConsentFact): boolean => {
    if (!isYes(record.given, now)) return false;
    if (nos.length === 0) return !(proofNeeded && record.unproven);
    return isYes(record.proven, now) && nos.every((no) => isBeaten(no, record, now));
  };
  const isSinceMerge = ({ given }: ConsentFact): boolean => isInLaterSecond(yesAt(given, now), mergedAt);

  const isGiven =
    (records.length > 0 && records.every(holds)) ||
    records.some((record) => isSinceMerge(record) && holds(record));
  if (isGiven) return { given: true };

  const failing = records.filter((record) => !holds(record));
  return { given: false, ...(endedByNo(nos, records, now) ?? notInForce(failing, nos, now)), nos };
}

/**
 * Whether the person agreed to be written to by this business on this channel at all: any purpose's consent that
 * stands and has proof gives it (Meta, WhatsApp Business Messaging Policy: opt-in).
 */
export function hasChannelOptIn(history: ConsentHistory): boolean {
  return history.consents.some(
    ({ purpose }) => consentStanding(purpose, history, { proofNeeded: true }).given,
  );
}

function nosAgainst(purpose: string, history: ConsentHistory): CountedNo[] {
  const recorded = history.nos.filter((no) => no.purpose === null || no.purpose === purpose);
  const inEvents = history.consents.flatMap((record) =>
    record.purpose === purpose && record.no !== null ? [record.no] : [],
  );
  const { mergedAt } = history.recipient;
  return [...recorded, ...inEvents].map(({ kind, eventId, at }) => ({
    kind,
    eventId,
    at: mergedAt === null ? readInstant(at) : Math.max(readInstant(at), readInstant(mergedAt)),
  }));
}

/** When a yes counts from: never later than now; NaN for none, an unreadable one and one from the future. */
function yesAt(yes: Yes | null, now: number): number {
  const at = readInstant(yes?.at ?? null);
  return at <= now + limits.clockSkewSeconds * 1000 ? Math.min(at, now) : Number.NaN;
}

function isYes(yes: Yes | null, now: number): yes is Yes {
  return yes !== null && !Number.isNaN(yesAt(yes, now)) && !isExpired(yes, now);
}

function isExpired(yes: Yes | null, now: number): boolean {
  return yes !== null && yes.expiresAt !== null && !(now < readInstant(yes.expiresAt));
}

/** A yes with proof came after the no. */
function isBeaten(no: CountedNo, record: ConsentFact, now: number): boolean {
  return !record.unproven && isInLaterSecond(yesAt(record.proven, now), no.at);
}

interface Explanation {
  readonly code: ReasonCode;
  readonly evidence: readonly string[];
}

/** The latest no that no proven yes followed. An opt-out ends a consent only where there was one. */
function endedByNo(
  nos: readonly CountedNo[],
  records: readonly ConsentFact[],
  now: number,
): Explanation | undefined {
  const countedAt = (no: CountedNo): number => (Number.isNaN(no.at) ? Number.MAX_VALUE : no.at);
  const wasGiven = records.some((record) => record.given !== null);
  const ending = nos
    .filter((no) => !records.some((record) => isBeaten(no, record, now)))
    .filter((no) => no.kind !== "opted_out" || wasGiven)
    .toSorted((a, b) => countedAt(b) - countedAt(a) || noKinds.indexOf(a.kind) - noKinds.indexOf(b.kind));
  const [latest] = ending;
  return latest && { code: codeOfNo[latest.kind], evidence: ending.map((no) => no.eventId) };
}

/** Why no yes is in force although no no ended one: expired, without proof, unconfirmed, or never given. */
function notInForce(records: readonly ConsentFact[], nos: readonly CountedNo[], now: number): Explanation {
  const expired = records.flatMap(({ given, proven }) =>
    [given, nos.length > 0 ? proven : null].filter((yes) => yes !== null && isExpired(yes, now)),
  );
  if (expired.length > 0) return { code: "consent_expired", evidence: eventIds(expired) };
  const unproven = records.filter((record) => record.given !== null && record.unproven);
  if (unproven.length > 0)
    return { code: "consent_unproven", evidence: eventIds(unproven.map(({ given }) => given)) };
  const requested = records.filter((record) => record.requested !== null);
  if (requested.length > 0)
    return { code: "consent_pending", evidence: eventIds(requested.map((record) => record.requested)) };
  return { code: "consent_missing", evidence: [] };
}

function eventIds(events: readonly ({ readonly eventId: string } | null)[]): string[] {
  return events.flatMap((event) => (event === null ? [] : [event.eventId]));
}
