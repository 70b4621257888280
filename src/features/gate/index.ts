export { activatePolicy } from "./activate-policy.ts";
export { answerLines, previewLines } from "./answer-lines.ts";
export { createGate, type DecisionDocument } from "./check.ts";
export { explain } from "./domain/explain.ts";
export { policySchema } from "./domain/policy.ts";
export { proposePolicy } from "./propose-policy.ts";
export { createRedeemer } from "./redeem-permit.ts";
export { getPolicy, getPolicyInForce, listPolicies } from "./show-policies.ts";
