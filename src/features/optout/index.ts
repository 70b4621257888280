export { keepOptOut } from "./record-opt-out.ts";
export { type NewOptOut, optOutParts } from "./store.ts";
