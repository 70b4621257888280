import type { Facts, PeopleReached } from "./facts.ts";
import { formatInstant, readInstant } from "./instants.ts";
import type { Policy } from "./policy.ts";
import type { Verdict } from "./verdict.ts";

const dayMs = 24 * 3_600_000;

/** A stored decision as far as people go by. */
interface Decided {
  readonly subjectId: string | null;
  readonly facts: Facts;
}

/**
 * Whom each sender would have written to, had a policy with ceilings been in force: what it allows is taken as sent.
 * Decisions under a policy without ceilings counted nobody. They come in the order of their times.
 */
export class SupposedPeople {
  private readonly isCounting: boolean;
  /** When each person was last written to, those of long ago first. */
  private readonly bySender = new Map<string, Map<string, number>>();

  constructor({ senderCeilings }: Pick<Policy, "senderCeilings">) {
    this.isCounting = senderCeilings.length > 0;
  }

  /** The facts of a decision with the people that there would have been, where nobody counted them. */
  complete({ subjectId, facts }: Decided): Facts {
    // Facts from before there were limits on senders have none of it, and stay as they are.
    if (!this.isCounting || facts.senderUse === undefined || facts.senderUse.sender) return facts;
    const people = this.peopleOf(facts);
    const now = readInstant(facts.now);
    for (const [person, at] of people) {
      if (at > now - dayMs) break;
      people.delete(person);
    }
    const [first = Number.NaN] = people.values();
    const sender: PeopleReached = {
      people: people.size,
      isCounted: subjectId !== null && people.has(subjectId),
      leavesAt: formatInstant(first + dayMs),
    };
    return { ...facts, senderUse: { ...facts.senderUse, sender } };
  }

  /** Takes note of what the policy says to a decision. */
  add({ subjectId, facts }: Decided, { decision, window }: Pick<Verdict, "decision" | "window">): void {
    if (!this.isCounting || subjectId === null || decision === "deny" || window.open) return;
    const people = this.peopleOf(facts);
    people.delete(subjectId);
    people.set(subjectId, readInstant(facts.now));
  }

  private peopleOf({ sender }: Facts): Map<string, number> {
    const id = sender?.id ?? "";
    const people = this.bySender.get(id) ?? new Map<string, number>();
    this.bySender.set(id, people);
    return people;
  }
}
