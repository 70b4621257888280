import { limits } from "../../../kernel/limits.ts";
import type { Facts, Question } from "./facts.ts";
import { readInstant } from "./instants.ts";
import type { Policy } from "./policy.ts";
import type { Verdict } from "./verdict.ts";

/**
 * How many hours back the caps of a policy look, and the limit on answers, whose window is the longest; 0 when it has
 * none. Decisions under it saw the sends of that time. `active_policy.cap_hours` is the same.
 */
export function capHours({
  caps,
  serviceMessagesPerInbound,
}: Pick<Policy, "caps" | "serviceMessagesPerInbound">): number {
  const windowHours = serviceMessagesPerInbound === null ? 0 : limits.windowSeconds / 3_600;
  return Math.max(windowHours, ...caps.map(({ hours }) => hours));
}

/** A stored decision as far as sends go by. */
interface Decided {
  readonly decisionId: string;
  readonly subjectId: string | null;
  readonly messageRef: string | null;
  readonly decision: string;
  readonly question: Question;
  readonly facts: Facts;
}

interface Supposed {
  readonly send: Facts["sends"][number];
  readonly messageRef: string | null;
  /** It was denied, so no decision can have seen it. */
  readonly isNew: boolean;
}

/**
 * The sends that a policy's caps would have counted, had it been in force: what it allows is taken as sent, what it
 * denies as not. Decisions under a policy without caps looked at no sends. They come in the order of their times.
 */
export class SupposedSends {
  private readonly hours: number;
  private readonly bySubject = new Map<string, readonly Supposed[]>();
  private readonly dropped = new Set<string | null>();

  constructor(policy: Policy) {
    this.hours = capHours(policy);
  }

  /** The facts of a decision that looked `seenHours` back, with the sends that there would have been. */
  complete({ subjectId, messageRef, facts }: Decided, seenHours: number): Facts {
    // Facts from before there were caps have no list at all, and stay as they are.
    if (this.hours === 0 || subjectId === null || !Array.isArray(facts.sends)) return facts;
    const start = readInstant(facts.now) - this.hours * 3_600_000;
    const recent = (this.bySubject.get(subjectId) ?? []).filter(({ send }) => readInstant(send.at) > start);
    this.bySubject.set(subjectId, recent);
    const stored = facts.sends.filter(({ decisionId }) => !this.dropped.has(decisionId));
    const seen = new Set(stored.map(({ decisionId }) => decisionId));
    const unseen = recent.filter(
      (each) =>
        (each.isNew || seenHours < this.hours) &&
        !seen.has(each.send.decisionId) &&
        (messageRef === null || each.messageRef !== messageRef),
    );
    return { ...facts, sends: [...stored, ...unseen.map(({ send }) => send)] };
  }

  /** Takes note of what the policy says to a decision; a retry takes the place of the message it repeats. */
  add({ decisionId, subjectId, messageRef, decision, question, facts }: Decided, verdict: Verdict): void {
    if (this.hours === 0 || subjectId === null) return;
    if (verdict.decision === "deny") {
      if (decision === "allow") this.dropped.add(decisionId);
      return;
    }
    if (verdict.causeUsed) return;
    const others = (this.bySubject.get(subjectId) ?? []).filter(
      (each) => messageRef === null || each.messageRef !== messageRef,
    );
    const send = { at: facts.now, category: verdict.category, purpose: question.purpose, decisionId };
    this.bySubject.set(subjectId, [...others, { send, messageRef, isNew: decision === "deny" }]);
  }
}
