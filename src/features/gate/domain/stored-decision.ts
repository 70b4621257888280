import type { ConsentFact, Facts, Question } from "./facts.ts";
import { type Outcome, type RuleName, ruleNames, type Verdict } from "./verdict.ts";

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

/**
 * The form that decisions are written in. Whoever changes what `blank` fills in, the rules or their order gives it the
 * next number and goes on reading the earlier ones as they were written: a fact that a decision never had must not
 * turn into one that says nothing. Without a number: every member is there, and what is not was not known.
 *
 * Preferences are younger than form 1, and older decisions are filled with none: nobody could have any before, so that is
 * what was known, and what it says must not change.
 */
const form = 1;

const blankConsent: ConsentFact = {
  purpose: "",
  subjectId: "",
  given: null,
  proven: null,
  requested: null,
  no: null,
  unproven: false,
};

const blankFacts: Facts = {
  now: "",
  recipient: {
    unreadable: [],
    identifierCount: 1,
    isSender: false,
    subjectIds: [],
    mergedAt: null,
    countries: [],
    timeZones: [],
    hasSavedNumber: false,
  },
  sender: null,
  sandbox: null,
  monitor: null,
  switches: [],
  intake: [],
  blocks: [],
  nos: [],
  suspicions: [],
  preferences: { pauses: [], caps: [] },
  purpose: null,
  consents: [],
  platformStops: [],
  holds: [],
  reach: { failures: [], seenAt: null },
  senderUse: { account: null, sender: null },
  breaker: null,
  window: null,
  template: null,
  cause: null,
  sends: [],
};

const blank = {
  question: { channel: "whatsapp" },
  facts: blankFacts,
  verdict: {
    category: null,
    reasons: [],
    window: { open: false, openedAt: null, expiresAt: null },
    obligations: [],
    causeUsed: false,
  },
  permitExpiresAt: null,
};

const letters: Readonly<Record<Outcome, string>> = { pass: "p", fail: "f", not_applicable: "n" };
const outcomes: Readonly<Record<string, Outcome>> = { p: "pass", f: "fail", n: "not_applicable" };

/**
 * What is stored of a decision: most of what is known about most people is that there is nothing to know, and that is
 * left out. A third of the bytes, for every check and for years. `unpackDecision` gives back the same.
 */
export function packDecision(document: DecisionDocument): object {
  const { facts, verdict } = document;
  const packed = kept(document, blank) as {
    facts: Record<string, unknown>;
    verdict: Record<string, unknown>;
  };
  if (facts.consents.length > 0)
    packed.facts.consents = facts.consents.map((consent) => kept(consent, blankConsent));
  packed.verdict.rules = ruleNames.map((name) => letters[verdict.rules[name]]).join("");
  return Object.assign(packed, { form });
}

/** A decision as it was made, from what is stored of it. */
export function unpackDecision(stored: unknown): DecisionDocument {
  const packed = stored as { form?: number; facts: { consents?: object[] }; verdict: { rules: string } };
  if (packed.form === undefined) return withoutForm(stored as DecisionDocument);
  const { form: _form, ...document } = filled(packed, blank) as {
    form: number;
    facts: Record<string, unknown>;
    verdict: Record<string, unknown>;
  };
  document.facts.consents = (packed.facts.consents ?? []).map((consent) => filled(consent, blankConsent));
  document.verdict.rules = Object.fromEntries(
    ruleNames.map((name, index): [RuleName, Outcome | undefined] => [
      name,
      outcomes[packed.verdict.rules[index] ?? ""],
    ]),
  );
  return document as unknown as DecisionDocument;
}

function withoutForm(document: DecisionDocument): DecisionDocument {
  const { preferences } = blankFacts;
  return { ...document, facts: Object.assign({ preferences }, document.facts) };
}

/** The members of a value that are not as in a blank one; members that the blank does not name are kept. */
function kept(value: object, blankOne: object): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    const usual = (blankOne as Record<string, unknown>)[key];
    if (member === usual) continue;
    if (typeof usual !== "object" || usual === null) result[key] = member;
    else if (Array.isArray(usual)) {
      if ((member as unknown[]).length > 0) result[key] = member;
    } else {
      const rest = kept(member as object, usual);
      for (const _any in rest) {
        result[key] = rest;
        break;
      }
    }
  }
  return result;
}

function filled(value: object, blankOne: object): Record<string, unknown> {
  const result: Record<string, unknown> = { ...value };
  for (const [key, usual] of Object.entries(blankOne)) {
    const member = result[key];
    if (typeof usual === "object" && usual !== null && !Array.isArray(usual))
      result[key] = filled((member ?? {}) as object, usual);
    else if (!(key in result)) result[key] = Array.isArray(usual) ? [] : usual;
  }
  return result;
}
