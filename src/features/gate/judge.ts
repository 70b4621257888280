import { setTimeout as delay } from "node:timers/promises";
import type { Services } from "../../context.ts";
import { type Gathered, gather } from "../../kernel/gather.ts";
import { parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { decide } from "./domain/decide.ts";
import type { Facts } from "./domain/facts.ts";
import { permitExpiresAt } from "./domain/permit.ts";
import type { Policy } from "./domain/policy.ts";
import { capsOn, type OwnCap, ownCapsOn } from "./domain/rules/frequency-cap.ts";
import { limitsOn } from "./domain/rules/sender-limit.ts";
import { isSimulated } from "./domain/simulator.ts";
import { packDecision } from "./domain/stored-decision.ts";
import type { Verdict } from "./domain/verdict.ts";
import { createPolicies } from "./policies.ts";
import type { Prepared } from "./prepare-check.ts";
import { readFacts } from "./read-facts.ts";
import { insertDecisions, type NewDecision, type WantedSlot } from "./store.ts";

/** A question with what one statement saw, and what follows from it. */
export interface Judged {
  readonly prepared: Prepared;
  readonly facts: Facts;
  readonly verdict: Verdict;
  readonly permitExpiresAt: string | null;
  /**
   * Those that must leave room when the message takes its place; none of the policy's when monitor mode let it out over a
   * full one.
   * Null: it takes no place.
   */
  readonly caps: readonly OwnCap[] | null;
  readonly counters: WantedSlot["counters"];
  /** The person's record (uuid); null: nobody is known. */
  readonly subjectId: string | null;
  /** All records of the person, merged ones included (uuids). */
  readonly recordIds: readonly string[];
}

/** What checks and redemptions of a process do together, whoever asks at the same time. */
export interface Lanes {
  /** Reads the facts of a question and judges it. Throws `unavailable`, and `internal` for a policy that cannot be read. */
  readonly judge: Gathered<Prepared, Judged>;
  /** Records a decision; false: its cause or its place went to somebody else, and nothing was recorded. */
  readonly record: Gathered<NewDecision, boolean>;
}

const shared = { most: limits.gatheredChecks, rest: () => delay(limits.checkRestMs) };
/** A lane that reads: one statement at a time, for what each costs by itself. */
export const reading = { ...shared, inFlight: 1 };
/** One that writes: it may wait for a lock, and then another goes beside it. Whoever was judged is not refused after that. */
export const writing = { ...shared, inFlight: 2, mostWaiting: Number.POSITIVE_INFINITY };

/**
 * Two lanes with statements of their own, so that while some are being recorded the facts of the next are read. What is
 * redeemed is judged in the same statements as what is checked: half of what a statement costs does not depend on how
 * many are in it.
 */
export function createLanes(services: Services): Lanes {
  const policies = createPolicies(services);
  return {
    judge: gather((asked: readonly Prepared[]) => judgeAll(services, policies, asked), reading),
    record: gather(async (made: readonly NewDecision[]) => {
      const recorded = await insertDecisions(services, made);
      return made.map(({ id }) => recorded.has(id));
    }, writing),
  };
}

/** Reads the facts of all questions in one statement and judges each under its organization's policy. */
export async function judgeAll(
  services: Services,
  policiesOf: ReturnType<typeof createPolicies>,
  asked: readonly Prepared[],
): Promise<Judged[]> {
  if (asked.length === 0) return [];
  const seen = await readFacts(services, asked);
  const policies = await policiesOf(
    seen.map(({ policyVersion }, index) => ({
      organizationId: asked[index]?.query.organizationId ?? "",
      policyVersion,
    })),
  );
  return asked.map((prepared, index) => {
    const policy = policies[index];
    const known = seen[index];
    if (known === undefined || policy === undefined) throw new Error("Facts are missing.");
    const { facts, subjectId, recordIds } = known;
    const verdict = decide(prepared.question, facts, policy);
    return {
      prepared,
      facts,
      verdict,
      permitExpiresAt: permitExpiresAt(verdict, facts, policy),
      // A simulator number is nobody, whom no place is held for.
      caps: isSimulated(facts) ? null : capsHeld(prepared, facts, verdict, policy),
      counters: isSimulated(facts) ? [] : countersHeld(facts, verdict, policy),
      subjectId,
      recordIds,
    };
  });
}

/** What is to be recorded of a question that was judged. */
export function newDecision(judged: Judged, id: string): NewDecision {
  const { prepared, facts, verdict } = judged;
  const { organizationId, messageRef, causeKind, causeId } = prepared.query;
  return {
    id,
    organizationId,
    at: facts.now,
    subjectId: judged.subjectId,
    messageRef,
    decision: verdict.decision,
    document: packDecision({
      question: prepared.question,
      recipient: prepared.query.hashes,
      facts,
      verdict,
      permitExpiresAt: judged.permitExpiresAt,
    }),
    cause:
      verdict.causeUsed && causeKind !== null && causeId !== null ? { kind: causeKind, id: causeId } : null,
    slot: slotOf(judged, id, judged.permitExpiresAt),
  };
}

/** The caps that an allowed message takes a place under; see `Judged`. */
function capsHeld(
  { question }: Prepared,
  facts: Facts,
  verdict: Verdict,
  policy: Policy,
): readonly OwnCap[] | null {
  const { category } = verdict;
  if (verdict.decision !== "allow" || verdict.causeUsed) return null;
  const caps = capsOn(policy, facts, question.purpose, category);
  // An answer has a place of its own, so that the next one counts it; who is over the limit is told when redeeming.
  const isCounted = policy.serviceMessagesPerInbound !== null && category === "service";
  if (caps.length === 0 && !isCounted) return null;
  return verdict.reasons.some(({ rule }) => rule === "frequency_cap") ? ownCapsOn(facts, category) : caps;
}

/** What counts the person as written to when the message goes out, the limits aside that may be passed. */
function countersHeld(facts: Facts, verdict: Verdict, policy: Policy): WantedSlot["counters"] {
  if (verdict.decision !== "allow" || verdict.window.open) return [];
  const isFree = verdict.causeUsed || verdict.reasons.some(({ rule }) => rule === "sender_limit");
  return limitsOn(policy, facts).map(({ of, id, most }) => ({
    counter: of === "account" ? id : (parseId("snd", id) ?? id),
    most: isFree ? null : most,
  }));
}

/** The place that a decision needs until its permit runs out, or for good (null); null: it needs none. */
export function slotOf(judged: Judged, decisionId: string, until: string | null): WantedSlot | null {
  const { prepared, facts, verdict, counters, recordIds } = judged;
  // Monitor mode may let a message out to somebody who has no record to hold a place under a cap.
  const caps = recordIds.length === 0 ? null : judged.caps;
  const subjectIds = recordIds.length === 0 ? prepared.query.hashes.map(strangerId) : recordIds;
  if ((caps === null && counters.length === 0) || verdict.category === null || subjectIds.length === 0)
    return null;
  return {
    organizationId: prepared.query.organizationId,
    decisionId,
    subjectIds,
    at: facts.now,
    category: verdict.category,
    purpose: prepared.question.purpose,
    messageRef: prepared.query.messageRef,
    until,
    caps,
    counters,
  };
}

/** What counts a person without a record: half of the identifier's keyed hash, as a uuid. */
const strangerId = (hash: string): string => hash.slice(0, 32);
