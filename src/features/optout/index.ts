export { importOptOuts } from "./import-opt-outs.ts";
export { isNewOptOut, keepOptOut } from "./record-opt-out.ts";
export { type NewOptOut, optOutParts } from "./store.ts";
