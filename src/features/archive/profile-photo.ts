import { createHash } from "node:crypto";
import type { SectionDocuments } from "../accountdata/index.ts";
import { attachmentPath } from "./domain/attachment-name.ts";
import type { Attachment } from "./domain/report-model.ts";

/** The profile as a report shows it: the photo is a file of the archive, and the document says which. */
export type ReportedProfile = Omit<SectionDocuments["profile"], "photo"> & {
  photo?: { mediaType: string; attachment: string; bytes: number; sha256: string } | null;
};

/**
 * Takes the photo out of a stored profile: what stays points to the attachment. `number` numbers the attachment
 * among those of the archive.
 */
export function detachPhoto(
  profile: SectionDocuments["profile"],
  number: number,
): { document: ReportedProfile; attachments: readonly Attachment[] } {
  const { photo, ...rest } = profile;
  if (photo === undefined) return { document: rest, attachments: [] };
  if (photo === null) return { document: { photo, ...rest }, attachments: [] };
  const content = new Uint8Array(Buffer.from(photo.base64, "base64"));
  const path = attachmentPath(number, "profile-photo", photo.mediaType);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const { mediaType } = photo;
  return {
    document: { photo: { mediaType, attachment: path, bytes: content.length, sha256 }, ...rest },
    attachments: [{ path, originalName: "profile-photo", mediaType, section: "profile", content }],
  };
}
