export { confirmByMessage, mailConfirmation } from "./confirm.ts";
export { consentHistory } from "./consent-history.ts";
export { createConsentRecorder, recordConsents } from "./record-consents.ts";
