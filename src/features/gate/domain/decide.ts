import type { Facts, Question } from "./facts.ts";
import { formatInstant } from "./instants.ts";
import { isEnforced } from "./monitor.ts";
import type { Policy } from "./policy.ts";
import { rules } from "./rules/index.ts";
import { isSimulated, simulatedFinding } from "./simulator.ts";
import { type Situation, situationOf } from "./situation.ts";
import type { Grounds, Obligation, Outcome, Reason, RuleName, Verdict } from "./verdict.ts";

/**
 * May this message go out now? Pure and deterministic: the same question, facts and policy give the same verdict,
 * years later too. All rules run; one that fails is a deny, unless monitor mode only watches it, and every failing one
 * is reported, worst first. Adding a denying fact never turns a deny into an allow. A simulator number in a sandbox
 * makes its rule fail, or none, whatever the facts are.
 */
export function decide(question: Question, facts: Facts, policy: Policy): Verdict {
  const situation = situationOf(question, facts, policy);
  const isSimulation = isSimulated(facts);
  const outcomes: Partial<Record<RuleName, Outcome>> = {};
  const reasons: Reason[] = [];
  // Counted, so that an outcome that nobody knows denies.
  let passed = 0;
  for (const { name, judge } of rules) {
    const finding = isSimulation ? simulatedFinding(name, facts, situation.now) : judge(situation);
    outcomes[name] = finding.outcome;
    if (finding.outcome === "fail") {
      const isWatched = !isSimulation && !isEnforced(name, situation);
      if (isWatched) passed += 1;
      reasons.push(...finding.grounds.map((grounds) => reasonOf(name, grounds, isWatched)));
    } else if (finding.outcome === "pass" || finding.outcome === "not_applicable") passed += 1;
  }

  const { open, openedAt, expiresAt } = situation.window;
  const decision = passed === rules.length ? "allow" : "deny";
  const isWindowClosed = reasons.some(({ code }) => code === "window_closed");
  return {
    decision,
    category: situation.category,
    reasons,
    rules: outcomes as Verdict["rules"],
    window: { open, openedAt: formatInstant(openedAt), expiresAt: formatInstant(expiresAt) },
    obligations: obligationsIn(situation, isWindowClosed),
    causeUsed: decision === "allow" && situation.isCaused && !isSimulation,
    policyVersion: policy.version,
  };
}

function reasonOf(rule: RuleName, { code, retryAt, evidence }: Grounds, isWatched: boolean): Reason {
  const reason = { code, rule, retryAt, evidence: [...new Set(evidence)] };
  return isWatched ? { ...reason, enforced: false } : reason;
}

function obligationsIn({ category, isServiceReply }: Situation, isWindowClosed: boolean): Obligation[] {
  const obligations: Obligation[] = [];
  if (category === "marketing") obligations.push("include_opt_out_instructions");
  if (!isServiceReply) obligations.push("identify_business");
  if (isWindowClosed) obligations.push("use_template");
  return obligations;
}
