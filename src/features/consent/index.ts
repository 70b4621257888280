export { consentHistory } from "./consent-history.ts";
export { consentRoutes } from "./routes.ts";
