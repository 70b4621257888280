export { compareStates, notCompared, type StateComparison } from "./compare-states.ts";
