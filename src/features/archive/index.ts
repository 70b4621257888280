export { buildArchive } from "./build-archive.ts";
export { collectReport } from "./collect-report.ts";
export type { ReportPages } from "./domain/files.ts";
export type { Manifest } from "./domain/manifest.ts";
export { detachPhoto } from "./profile-photo.ts";
export { createReportPages } from "./render.ts";
export { type PublicKey, readPublicKeys, signingKeyId, signingKeysDocument } from "./signing-key.ts";
export { type Verification, verifyArchive } from "./verify.ts";
