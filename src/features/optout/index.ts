export { importOptOuts } from "./import-opt-outs.ts";
export { isNewOptOut, keepOptOut } from "./record-opt-out.ts";
export {
  type NewOptOut,
  optOutParts,
  optOutTells,
  selectKeywordOptOut as findKeywordOptOut,
} from "./store.ts";
export {
  insertSuspicion as keepSuspicion,
  type NewSuspicion,
  selectSuspicionOf as findSuspicion,
  suspicionParts,
  suspicionTells,
} from "./suspicion-store.ts";
