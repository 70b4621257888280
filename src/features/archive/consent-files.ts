import type { attachmentsOf } from "../consent/index.ts";
import { attachmentPath } from "./domain/attachment-name.ts";
import type { Attachment } from "./domain/report-model.ts";

/** A file that proves a consent (`cns_…`), as an archive has it. */
export interface ReportedFile extends Attachment {
  readonly consentId: string;
  readonly bytes: number;
  /** Of the content, in hex. */
  readonly sha256: string;
}

/**
 * The files that prove consents as files of the archive, numbered from `first` on. Each is read when it is written, so
 * that only one is held at a time.
 */
export function consentFiles(
  files: Awaited<ReturnType<typeof attachmentsOf>>,
  first: number,
): readonly ReportedFile[] {
  return files.map(({ id, consentId, mediaType, bytes, sha256, read }, place) => ({
    path: attachmentPath(first + place, "consent", mediaType),
    originalName: id,
    mediaType,
    section: "consents",
    consentId,
    bytes,
    sha256,
    async *content() {
      yield await read();
    },
  }));
}
