import { decide } from "./decide.ts";
import type { Facts, Question } from "./facts.ts";
import type { Policy } from "./policy.ts";
import type { Verdict } from "./verdict.ts";

/** What stored facts give. `missing`: a rule looked at a fact that was not stored, and unknown denies. */
type Replayed =
  | { readonly decision: Verdict["decision"]; readonly verdict: Verdict }
  | { readonly decision: "deny"; readonly missing: string };

/**
 * Decides again from what a decision stored: the same policy gives the same verdict, another one what it would have
 * said. Facts from before a rule existed lack what it looks at; no member of `Facts` is optional, so that shows.
 */
export function decideAgain(
  { question, facts }: { readonly question: Question; readonly facts: Facts },
  policy: Policy,
): Replayed {
  try {
    const verdict = decide(question, watched(facts, ""), policy);
    return { decision: verdict.decision, verdict };
  } catch (error) {
    if (error instanceof MissingFact) return { decision: "deny", missing: error.pointer };
    throw error;
  }
}

class MissingFact extends Error {
  readonly pointer: string;

  constructor(pointer: string) {
    super(`There is no fact at ${pointer}.`);
    this.name = "MissingFact";
    this.pointer = pointer;
  }
}

/** The same value, but reading a member that is not there throws instead of giving undefined. */
function watched<T extends object>(value: T, pointer: string): T {
  return new Proxy(value, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof name === "symbol" || typeof member === "function") return member;
      // Past the end of a list there is nothing, which is no gap.
      if (member === undefined && Array.isArray(target)) return undefined;
      if (member === undefined) throw new MissingFact(`${pointer}/${name}`);
      return typeof member === "object" && member !== null ? watched(member, `${pointer}/${name}`) : member;
    },
  });
}
