export { confirmByMessage, mailConfirmation } from "./confirm.ts";
export { consentHistory } from "./consent-history.ts";
export {
  createConsentRecorder,
  giveConsent,
  type RecordedConsent,
  recordConsents,
} from "./record-consents.ts";
