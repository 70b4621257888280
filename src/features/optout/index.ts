export { importOptOuts } from "./import-opt-outs.ts";
export { type OpenedLink, openOptOutLink, optOutByCode } from "./opt-out-link.ts";
export { isNewOptOut, keepOptOut } from "./record-opt-out.ts";
export { stopMarketing } from "./stop-marketing.ts";
export {
  type NewOptOut,
  optOutParts,
  optOutTells,
  selectKeywordOptOut as findKeywordOptOut,
  selectOptOutsOf as optOutsOf,
} from "./store.ts";
export {
  insertSuspicion as keepSuspicion,
  type NewSuspicion,
  selectSuspicionOf as findSuspicion,
  suspicionParts,
  suspicionTells,
} from "./suspicion-store.ts";
