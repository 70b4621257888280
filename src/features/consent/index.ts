export { deleteUnclaimed as dropUnclaimedAttachments } from "./attachment-store.ts";
export { attachmentsOf } from "./attachments.ts";
export { confirmByMessage, mailConfirmation, wordsBesideCode } from "./confirm.ts";
export { consentHistory } from "./consent-history.ts";
export {
  columnsOf,
  type ImportMapping,
  importFields,
  importMapping,
  legacyEvidence,
  type RowFields,
} from "./domain/import-mapping.ts";
export { type ExportedConsent, exportConsents, exportFields } from "./export-consents.ts";
export { consentByMessage } from "./hear-yes.ts";
export {
  type ImportedBatch,
  importConsents,
  type SourceRow,
} from "./import-consents.ts";
export {
  createConsentRecorder,
  giveConsent,
  type RecordedConsent,
  recordConsents,
} from "./record-consents.ts";
