export { createGate, type DecisionDocument } from "./check.ts";
export { explain } from "./domain/explain.ts";
