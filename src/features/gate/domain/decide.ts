import type { Facts, Question } from "./facts.ts";
import { formatInstant } from "./instants.ts";
import type { Policy } from "./policy.ts";
import { rules } from "./rules/index.ts";
import { type Situation, situationOf } from "./situation.ts";
import type { Obligation, Reason, Verdict } from "./verdict.ts";

/**
 * May this message go out now? Pure and deterministic: the same question, facts and policy give the same verdict,
 * years later too. All rules run; one that fails is a deny, and every failing one is reported, worst first.
 * Adding a denying fact never turns a deny into an allow.
 */
export function decide(question: Question, facts: Facts, policy: Policy): Verdict {
  const situation = situationOf(question, facts, policy);
  const findings = rules.map(({ name, judge }) => ({ rule: name, ...judge(situation) }));
  const reasons = findings.flatMap((finding): Reason[] =>
    finding.outcome === "fail"
      ? finding.grounds.map(({ code, retryAt, evidence }) => ({
          code,
          rule: finding.rule,
          retryAt,
          evidence: [...new Set(evidence)],
        }))
      : [],
  );

  let decision: Verdict["decision"] = "deny";
  if (findings.every(({ outcome }) => outcome === "pass" || outcome === "not_applicable")) decision = "allow";

  const { open, openedAt, expiresAt } = situation.window;
  return {
    decision,
    category: situation.category,
    reasons,
    rules: findings.map(({ rule, outcome }) => ({ rule, outcome })),
    window: { open, openedAt: formatInstant(openedAt), expiresAt: formatInstant(expiresAt) },
    obligations: obligationsIn(situation),
    causeUsed: decision === "allow" && situation.isCaused,
    policyVersion: policy.version,
  };
}

function obligationsIn({ question, category, window, isServiceReply }: Situation): Obligation[] {
  const obligations: Obligation[] = [];
  if (category === "marketing") obligations.push("include_opt_out_instructions");
  if (!isServiceReply) obligations.push("identify_business");
  if (question.message.kind !== "template" && !window.open) obligations.push("use_template");
  return obligations;
}
