export { consentHistory } from "./consent-history.ts";
