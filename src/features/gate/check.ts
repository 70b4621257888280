import type { Context, Services } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { gather } from "../../kernel/gather.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { decide } from "./domain/decide.ts";
import type { Facts, Question } from "./domain/facts.ts";
import { permitExpiresAt } from "./domain/permit.ts";
import type { Policy } from "./domain/policy.ts";
import { type Cap, capsOn } from "./domain/rules/frequency-cap.ts";
import { limitsOn } from "./domain/rules/sender-limit.ts";
import { isSimulated } from "./domain/simulator.ts";
import { type Verdict, worstCode } from "./domain/verdict.ts";
import { createPolicies } from "./policies.ts";
import { type CheckInput, type Prepared, prepare } from "./prepare-check.ts";
import { readFacts } from "./read-facts.ts";
import { insertDecisions, type NewDecision, type WantedSlot } from "./store.ts";

/** What was decided. `decisionId` is absent for a dry run, which leaves nothing behind. */
export interface Answer {
  readonly decisionId: string | undefined;
  /** The leave to send this one message; absent for a deny and for a dry run. */
  readonly permit: { readonly id: string; readonly expiresAt: string } | undefined;
  readonly question: Question;
  readonly verdict: Verdict;
  readonly isSandbox: boolean;
}

/** What a stored decision holds: enough to explain and to repeat it, and no identifier of a person. */
export interface DecisionDocument {
  readonly question: Question;
  /** Keyed hashes of the identifiers that were asked about. */
  readonly recipient: readonly string[];
  readonly facts: Facts;
  readonly verdict: Verdict;
  /** Until when the permit may be redeemed; null for a deny. */
  readonly permitExpiresAt: string | null;
}

/** Asks the gate. A check `of` a batch that bounds how many it asks at a time waits until no other does. */
export type Gate = (ctx: Context, input: CheckInput, of?: "batch") => Promise<Answer>;

/** A question with what one statement saw, and what follows from it. */
export interface Judged {
  readonly prepared: Prepared;
  readonly facts: Facts;
  readonly verdict: Verdict;
  readonly permitExpiresAt: string | null;
  /**
   * Those that must leave room when the message takes its place; none when monitor mode let it out over a full one.
   * Null: it takes no place.
   */
  readonly caps: readonly Cap[] | null;
  readonly counters: WantedSlot["counters"];
  /** All records of the person, merged ones included (uuids). */
  readonly recordIds: readonly string[];
}

/**
 * The gate of a process. A check is two statements, shared with all that are asked at the same time: read the facts,
 * decide, record. The answer is given only when it is on record; nothing but policies, which never change, is
 * remembered between checks. Throws `unavailable` or `outcome_unknown` when the database is lost, and `internal` when
 * the policy in force cannot be read: then the message must not go out.
 */
export function createGate(services: Services): Gate {
  const policies = createPolicies(services);
  const check = gather<Prepared, Answer>(
    (asked) => checkGathered(services, policies, asked, limits.checkTries),
    {
      most: limits.gatheredChecks,
      inFlight: 4,
    },
  );
  return (ctx, input, of) => {
    const prepared = prepare(ctx, input);
    if (prepared.sandbox?.simulates === "undecided")
      return Promise.reject(new SaysoError("unavailable", "Nobody decides about this simulator number."));
    return of === "batch" ? check.patiently(prepared) : check(prepared);
  };
}

/** Reads the facts of all questions in one statement and judges each under its organization's policy. */
export async function judge(
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
    const { facts, recordIds } = known;
    const verdict = decide(prepared.question, facts, policy);
    return {
      prepared,
      facts,
      verdict,
      permitExpiresAt: permitExpiresAt(verdict, facts, policy),
      // A simulator number is nobody, whom no place is held for.
      caps: isSimulated(facts) ? null : capsHeld(prepared, verdict, policy),
      counters: isSimulated(facts) ? [] : countersHeld(facts, verdict, policy),
      recordIds,
    };
  });
}

async function checkGathered(
  services: Services,
  policiesOf: ReturnType<typeof createPolicies>,
  asked: readonly Prepared[],
  triesLeft: number,
): Promise<Answer[]> {
  const judged = (await judge(services, policiesOf, asked)).map((each) => ({
    ...each,
    id: each.prepared.isDryRun ? undefined : services.newId("dec"),
  }));
  const made = judged.flatMap((each) => (each.id === undefined ? [] : [newDecision(each, each.id)]));
  const recorded = await insertDecisions(services, made);

  // A cause or a place under a cap went to somebody else meanwhile: those are judged again, as things are now.
  const late = judged.filter(({ id }) => id !== undefined && !recorded.has(id));
  if (late.length > 0 && triesLeft === 0) {
    throw new SaysoError(
      "unavailable",
      "Too many ask about this person at the same time. Ask again in a moment.",
    );
  }
  const again =
    late.length === 0
      ? []
      : await checkGathered(
          services,
          policiesOf,
          late.map(({ prepared }) => prepared),
          triesLeft - 1,
        );
  const answers = new Map(late.map(({ prepared }, index) => [prepared, again[index]]));
  return judged.map(({ id, prepared, verdict, permitExpiresAt: expiresAt }) => {
    const answered = answers.get(prepared);
    if (answered !== undefined) return answered;
    const isSandbox = prepared.sandbox !== null;
    if (id !== undefined && !isSandbox)
      services.metrics.decision(verdict.decision, worstCode(verdict) ?? "none");
    return {
      decisionId: id === undefined ? undefined : formatId("dec", id),
      permit: id === undefined || expiresAt === null ? undefined : { id: formatId("prm", id), expiresAt },
      question: prepared.question,
      verdict,
      isSandbox,
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
    subjectId: parseId("sub", facts.recipient.subjectIds[0] ?? "") ?? null,
    messageRef,
    decision: verdict.decision,
    document: document(judged),
    cause:
      verdict.causeUsed && causeKind !== null && causeId !== null ? { kind: causeKind, id: causeId } : null,
    slot: slotOf(judged, id, judged.permitExpiresAt),
  };
}

/** The caps that an allowed message takes a place under; see `Judged`. */
function capsHeld({ question }: Prepared, verdict: Verdict, policy: Policy): readonly Cap[] | null {
  if (verdict.decision !== "allow" || verdict.causeUsed) return null;
  const caps = capsOn(policy, question.purpose, verdict.category);
  if (caps.length === 0) return null;
  return verdict.reasons.some(({ rule }) => rule === "frequency_cap") ? [] : caps;
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

function document({ prepared, facts, verdict, permitExpiresAt: until }: Judged): DecisionDocument {
  const { question, query } = prepared;
  return { question, recipient: query.hashes, facts, verdict, permitExpiresAt: until };
}
