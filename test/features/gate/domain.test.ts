import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { consentStanding } from "../../../src/features/gate/domain/consent.ts";
import { decide } from "../../../src/features/gate/domain/decide.ts";
import { explain } from "../../../src/features/gate/domain/explain.ts";
import type { Facts } from "../../../src/features/gate/domain/facts.ts";
import { builtInPolicy, type PolicyDocument } from "../../../src/features/gate/domain/policy.ts";
import { rules } from "../../../src/features/gate/domain/rules/index.ts";
import { simulatorNumbers } from "../../../src/features/gate/domain/simulator.ts";
import { texts } from "../../../src/features/gate/domain/texts.ts";
import {
  type Outcome,
  type Reason,
  type ReasonCode,
  type RuleName,
  reasonCodes,
  type Verdict,
} from "../../../src/features/gate/domain/verdict.ts";
import { gateTables } from "../../cases/gate/index.ts";
import {
  type GateCase,
  noConsent,
  now,
  orderUpdate,
  promotion,
  signInCode,
  supportReply,
} from "../../cases/gate/scenarios.ts";
import {
  type Check,
  checkOf,
  denials,
  fromNow,
  notServiceReplies,
  someCheck,
  someConsent,
  someInstant,
  someNo,
  someQuestion,
} from "./arbitrary-facts.ts";

const runs = { numRuns: 1_000 };
const languages = ["en", "ru"] as const;
const allCodes: readonly ReasonCode[] = Object.values(reasonCodes).flat();

function judge({ question, facts, policy }: Check): Verdict {
  return decide(question, facts, { ...builtInPolicy, ...policy });
}

/** What a policy must set for these rules to apply. */
const setBy = new Map<RuleName, keyof PolicyDocument>([
  ["quiet_hours", "allowedHours"],
  ["frequency_cap", "caps"],
  ["destination", "closedDestinations"],
]);

/** The whole verdict that a row of a table wants. */
function recordOf({ facts, policy, wanted: { notApplicable, ...wanted } }: GateCase): Verdict {
  const outcomeOf = (rule: RuleName): Outcome => {
    if (wanted.reasons.some((reason) => reason.rule === rule)) return "fail";
    const setting = setBy.get(rule);
    const isUnset =
      rule === "sender_limit"
        ? facts.senderUse.account === null && (policy?.senderCeilings ?? []).length === 0
        : setting !== undefined && policy?.[setting] === undefined;
    // They are about marketing alone, as the other one is.
    if (rule === "reachability" || rule === "complaints") {
      return outcomeOf("platform_hold") === "not_applicable" ? "not_applicable" : "pass";
    }
    return isUnset || notApplicable.includes(rule) ? "not_applicable" : "pass";
  };
  return {
    ...wanted,
    rules: Object.fromEntries(rules.map(({ name }) => [name, outcomeOf(name)])) as Verdict["rules"],
    policyVersion: "built-in/1",
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}

describe.each(Object.entries(gateTables))("the gate's table of %s", (_name, table) => {
  it.each(table.map((row) => [row.guarantee, row] as const))("%s", (_guarantee, row) => {
    expect(judge(row)).toEqual(recordOf(row));
  });
});

describe("the tables", () => {
  const rows = Object.values(gateTables).flat();

  it("name every guarantee once", () => {
    const names = rows.map(({ guarantee }) => guarantee);
    expect(new Set(names).size).toBe(names.length);
  });

  it("see every rule pass and fail, and every code but the one for groups", () => {
    const seen = rows.map((row) => judge(row));
    const outcomes = new Set(
      seen.flatMap((verdict) => Object.entries(verdict.rules).map((rule) => rule.join(" "))),
    );
    for (const { name } of rules) {
      expect(outcomes).toContain(`${name} pass`);
      expect(outcomes).toContain(`${name} fail`);
    }
    const codes = new Set(seen.flatMap(({ reasons }) => reasons.map(({ code }) => code)));
    expect(allCodes.filter((code) => !codes.has(code))).toEqual(["recipient_unsupported"]);
  });
});

describe("the gate, whatever the facts", () => {
  it("is tested with facts of which a good part allows and a good part denies", () => {
    const sample = fc.sample(someCheck, { numRuns: 1_000, seed: 7 }).map((check) => judge(check).decision);
    const allows = sample.filter((decision) => decision === "allow").length;
    expect(allows).toBeGreaterThan(100);
    expect(allows).toBeLessThan(900);
  });

  it("denies when nothing is known, whatever is asked", () => {
    const nothing: Facts = {
      now,
      recipient: {
        unreadable: [],
        identifierCount: 0,
        isSender: false,
        subjectIds: [],
        mergedAt: null,
        countries: [],
        timeZones: [],
        hasSavedNumber: false,
      },
      sandbox: null,
      monitor: null,
      switches: [],
      sender: null,
      blocks: [],
      nos: [],
      suspicions: [],
      preferences: { pauses: [], caps: [] },
      purpose: null,
      consents: [],
      platformStops: [],
      holds: [],
      intake: [],
      reach: { failures: [], seenAt: null },
      sends: [],
      senderUse: { account: null, sender: null },
      breaker: null,
      window: null,
      template: null,
      cause: null,
    };
    fc.assert(
      fc.property(someQuestion, (question) => {
        expect(judge({ question, facts: nothing }).decision).toBe("deny");
      }),
    );
  });

  it("allows exactly when no enforced rule fails, and reports every rule and reason worst first", () => {
    const order = Object.keys(reasonCodes);
    expect(rules.map(({ name }) => name)).toEqual(order);
    fc.assert(
      fc.property(someCheck, (check) => {
        const verdict = judge(check);
        const failed = order.filter((rule) => verdict.rules[rule as RuleName] === "fail");
        const enforced = verdict.reasons.filter((reason) => reason.enforced !== false);
        expect(verdict.decision).toBe(enforced.length === 0 ? "allow" : "deny");
        expect(Object.keys(verdict.rules)).toEqual(order);
        expect([...new Set(verdict.reasons.map(({ rule }) => rule))]).toEqual(failed);
        for (const { rule, code } of verdict.reasons) expect(reasonCodes[rule]).toContain(code);
        if (verdict.causeUsed) expect(verdict.decision).toBe("allow");
      }),
      runs,
    );
  });

  it.each(Object.entries(denials))("never turns a deny into an allow for %s", (_name, denial) => {
    fc.assert(
      fc.property(someCheck, denial, (check, deny) => {
        const before = judge(check);
        const after = judge({ ...check, facts: deny(check.facts) });
        if (after.decision === "allow") expect(before.decision).toBe("allow");
      }),
      runs,
    );
  });

  it("never allows because a time cannot be read", () => {
    fc.assert(
      fc.property(
        someCheck,
        fc.nat(),
        fc.constantFrom("", "soon", "2026", "0", "infinity", "2026-10-01", "2026-10-01 12:00:00+00", "NaN"),
        ({ question, facts, policy }, pick, unreadable) => {
          const isTime = (value: unknown): boolean => typeof value === "string" && /^\d{4}-.*Z$/.test(value);
          let times = 0;
          JSON.stringify(facts, (_key, value: unknown) => {
            if (isTime(value)) times += 1;
            return value;
          });
          let seen = 0;
          const spoilt: Facts = JSON.parse(JSON.stringify(facts), (_key, value: unknown) => {
            if (!isTime(value)) return value;
            seen += 1;
            return seen - 1 === pick % times ? unreadable : value;
          });
          expect(spoilt).not.toEqual(facts);
          if (judge({ question, facts: spoilt, policy }).decision === "allow")
            expect(judge({ question, facts, policy }).decision).toBe("allow");
        },
      ),
      runs,
    );
  });

  it("denies everything when the clock cannot be read", () => {
    fc.assert(
      fc.property(someCheck, fc.constantFrom("", "now", "2026-10-01"), ({ question, facts }, unreadable) => {
        expect(judge({ question, facts: { ...facts, now: unreadable } }).decision).toBe("deny");
      }),
      runs,
    );
  });

  it("enforces in monitor mode whom it is about, who sends, and every no", () => {
    fc.assert(
      fc.property(someCheck, ({ question, facts, policy }) => {
        const usual = judge({ question, facts: { ...facts, monitor: null }, policy });
        const verdict = judge({ question, facts, policy });
        const strip = ({ enforced: _enforced, ...reason }: Reason) => reason;
        expect(verdict.reasons.map(strip)).toEqual(usual.reasons);
        expect(verdict.rules).toEqual(usual.rules);
        for (const { rule, code, enforced } of verdict.reasons) {
          if (enforced !== false) continue;
          expect(["recipient", "sender", "switch", "block", "opt_out", "platform_stop"]).not.toContain(rule);
          expect(["consent_refused", "consent_revoked", "basis_objected"]).not.toContain(code);
        }
      }),
      runs,
    );
  });

  it("gives in a sandbox what a simulator number stands for, whatever the facts, and nothing for an unknown word", () => {
    const inSandbox = (check: Check, simulates: string | null) =>
      judge(JSON.parse(JSON.stringify({ ...check, facts: { ...check.facts, sandbox: { simulates } } })));
    fc.assert(
      fc.property(someCheck, fc.constantFrom(...simulatorNumbers), (check, { simulates }) => {
        const usual = judge(check);
        for (const word of [null, "undecided", "moon_phase", "constructor"])
          expect(inSandbox(check, word)).toEqual(usual);
        if (simulates === "undecided") return;
        const isAllow = simulates === "allow" || simulates === "refused_at_redemption";
        const { decision, reasons, causeUsed } = inSandbox(check, simulates);
        expect([decision, reasons.map(({ code }) => code), causeUsed]).toEqual(
          isAllow ? ["allow", [], false] : ["deny", [simulates], false],
        );
      }),
    );
  });

  it("never allows after an opt-out in the second of the latest yes or later", () => {
    fc.assert(
      fc.property(
        checkOf(notServiceReplies),
        fc.nat(1_000_000),
        fc.boolean(),
        ({ question, facts }, later, isForAll) => {
          const yeses = facts.consents
            .filter(({ purpose }) => purpose === question.purpose)
            .flatMap(({ given, proven }) => [given, proven])
            .flatMap((yes) => (yes === null ? [] : [Date.parse(yes.at) - Date.parse(now)]));
          const latest = Math.max(-1_000_000_000, ...yeses);
          const sameSecond = latest - (((latest % 1000) + 1000) % 1000);
          const optOut = {
            kind: "opted_out",
            purpose: isForAll ? null : question.purpose,
            at: fromNow(sameSecond + later),
            eventId: "opt_new",
          } as const;
          const verdict = judge({
            question,
            facts: { ...facts, cause: null, nos: [...facts.nos, optOut] },
          });
          expect(verdict.decision).toBe("deny");
          expect(verdict.reasons.map(({ code }) => code)).toContain("recipient_opted_out");
        },
      ),
      runs,
    );
  });

  it("never lets a reported yes revive what a no has ended", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(promotion, orderUpdate),
        fc.array(someConsent, { minLength: 1, maxLength: 3 }),
        someNo,
        fc.boolean(),
        ({ question, facts }, consents, no, isMerged) => {
          const inScope = { ...no, kind: "opted_out", purpose: question.purpose } as const;
          const reported = consents.map((record) => ({
            ...record,
            proven: record.proven && Date.parse(record.proven.at) <= Date.parse(no.at) ? record.proven : null,
          }));
          const recipient = { ...facts.recipient, mergedAt: isMerged ? fromNow(-60_000) : null };
          const answer = { ...facts, recipient, consents: reported, nos: [inScope] };
          expect(judge({ question, facts: answer }).decision).toBe("deny");
          expect(consentStanding(question.purpose, answer, { proofNeeded: false }).given).toBe(false);
        },
      ),
      runs,
    );
  });

  it("never sends marketing without a yes to its own purpose", () => {
    fc.assert(
      fc.property(checkOf(notServiceReplies), ({ question, facts }) => {
        const consents = facts.consents.filter(({ purpose }) => purpose !== question.purpose);
        const purpose = facts.purpose && { ...facts.purpose, category: "marketing" as const };
        const known = { ...facts, monitor: null, purpose, consents };
        expect(judge({ question, facts: known }).decision).toBe("deny");
      }),
      runs,
    );
  });

  it("gives the same answer to the same facts, also when they were stored as JSON, and changes nothing in them", () => {
    fc.assert(
      fc.property(someCheck, (check) => {
        const verdict = judge(deepFreeze(check));
        const stored: Check = JSON.parse(JSON.stringify(check));
        expect(judge(stored)).toEqual(verdict);
        expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict);
      }),
      runs,
    );
  });

  it("does not depend on the order in which facts are listed", () => {
    fc.assert(
      fc.property(someCheck, (check) => {
        const { facts } = check;
        const reversed: Facts = {
          ...facts,
          recipient: {
            ...facts.recipient,
            countries: facts.recipient.countries.toReversed(),
            timeZones: facts.recipient.timeZones.toReversed(),
          },
          intake: facts.intake.toReversed(),
          reach: { ...facts.reach, failures: facts.reach.failures.toReversed() },
          switches: facts.switches.toReversed(),
          holds: facts.holds.toReversed(),
          sends: facts.sends.toReversed(),
          nos: facts.nos.toReversed(),
          blocks: facts.blocks.toReversed(),
          consents: facts.consents.toReversed(),
          platformStops: facts.platformStops.toReversed(),
        };
        const sorted = (verdict: Verdict) => ({
          ...verdict,
          reasons: verdict.reasons.map((reason) => ({ ...reason, evidence: [...reason.evidence].sort() })),
        });
        expect(sorted(judge({ ...check, facts: reversed }))).toEqual(sorted(judge(check)));
      }),
      runs,
    );
  });

  it("gives a no in the consent events the same weight as a no in its own row", () => {
    fc.assert(
      fc.property(someInstant, (at) => {
        const no = { kind: "withdrawn", eventId: "cns_no", at } as const;
        const [record] = promotion.facts.consents;
        const inEvents = { ...promotion.facts, consents: [{ ...(record ?? noConsent("promotions")), no }] };
        const inRows = { ...promotion.facts, nos: [{ ...no, purpose: "promotions" }] };
        const question = promotion.question;
        expect(judge({ question, facts: inEvents })).toEqual(judge({ question, facts: inRows }));
      }),
    );
  });
});

describe("a word that nobody knows, as a later version might store it", () => {
  function withWord({ question, facts }: Check, known: string, unknown: string): Verdict {
    const stored: Check = JSON.parse(
      JSON.stringify({ question, facts }).replaceAll(`"${known}"`, `"${unknown}"`),
    );
    return judge(stored);
  }

  it("covers nothing as a category", () => {
    for (const word of ["promo", "constructor", ""]) {
      expect(withWord(promotion, "marketing", word).reasons.map(({ code }) => code)).toContain(
        "purpose_category_mismatch",
      );
      expect(withWord(supportReply, "service", word).decision).toBe("deny");
    }
  });

  it("leaves no basis but consent as a lawful basis", () => {
    expect(withWord(orderUpdate, "contract", "vital_interest").reasons.map(({ code }) => code)).toEqual([
      "consent_missing",
    ]);
  });

  it("lets nothing through as a cause", () => {
    expect(withWord(signInCode, "sign_in", "sign_up").decision).toBe("deny");
  });
});

describe("the words for a reason", () => {
  it.each(languages)("exist in %s for every code, with something to do next", (language) => {
    expect(Object.keys(texts[language]).toSorted()).toEqual(allCodes.toSorted());
    for (const code of allCodes) {
      for (const { question } of [promotion, orderUpdate]) {
        const { message, remedy } = explain({ code, retryAt: null }, question, language);
        for (const words of [message, remedy]) {
          expect(words).toMatch(/^\p{Lu}.*\.$/u);
          expect(words.replace("/{id}/", "/")).not.toMatch(/[{}]|undefined/);
          expect(/\p{Script=Cyrillic}/u.test(words)).toBe(language === "ru");
        }
        expect(remedy).not.toBe(message);
      }
    }
  });

  it("are different for every code", () => {
    for (const language of languages) {
      const messages = allCodes.map((code) => texts[language][code].message);
      expect(new Set(messages).size).toBe(messages.length);
    }
  });

  it("name the purpose, the template and the sender that were asked about", () => {
    const say = (code: ReasonCode) => explain({ code, retryAt: null }, promotion.question, "en").message;
    expect(say("consent_missing")).toContain("“promotions”");
    expect(say("template_not_approved")).toContain("“autumn_sale” in the language “en”");
    expect(say("sender_unknown")).toContain("“snd_1”");
  });

  it("say when to ask again, if waiting helps", () => {
    const reason = { code: "recipient_blocked", retryAt: "2026-10-05T00:00:00.000Z" } as const;
    expect(explain(reason, promotion.question, "en").remedy).toContain("after 2026-10-05T00:00:00.000Z.");
    expect(explain(reason, promotion.question, "ru").remedy).toContain("после 2026-10-05T00:00:00.000Z.");
  });

  it.each(languages)("say in %s that monitor mode only watched a rule", (language) => {
    const reason = { code: "consent_missing", retryAt: null } as const;
    const { message } = explain({ ...reason, enforced: false }, promotion.question, language);
    expect(message.startsWith(explain(reason, promotion.question, language).message)).toBe(true);
    expect(message).toMatch({ en: /Monitor mode: .* only watched/, ru: /Режим наблюдения: / }[language]);
  });

  it("take a purpose's name as it is, whatever characters it has", () => {
    const question = { ...promotion.question, purpose: "$& {template} <b>" };
    const { message } = explain({ code: "purpose_unknown", retryAt: null }, question, "en");
    expect(message).toBe("There is no purpose “$& {template} <b>”.");
  });
});
