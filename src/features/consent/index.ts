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
export {
  type ImportedBatch,
  type ImportSettings,
  type ImportSource,
  importConsents,
  type SourceRow,
} from "./import-consents.ts";
export { createConsentRecorder, recordConsents } from "./record-consents.ts";
