import { archiveContents, type ReportPages } from "./domain/files.ts";
import type { ReportModel } from "./domain/report-model.ts";
import { reportSchema } from "./report-schema.ts";
import { type WrittenArchive, writeArchive } from "./zip.ts";

/**
 * The archive that a report model describes, as a stream of its ZIP. `pages` are made once for the process
 * (`createReportPages`); `sign` gives the Ed25519 signature of the manifest's bytes with the key that the model
 * names. Rows are read while the stream is, one file after the other.
 */
export function buildArchive(
  model: ReportModel,
  pages: ReportPages,
  sign: (bytes: Uint8Array) => Uint8Array,
): WrittenArchive {
  return writeArchive(archiveContents(model, pages, reportSchema(model)), sign);
}
