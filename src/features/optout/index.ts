export { optOutPageRoutes } from "./page-routes.ts";
export { recordOptOut } from "./record-opt-out.ts";
export { optOutRoutes } from "./routes.ts";
export { type NewOptOut, optOutParts } from "./store.ts";
