/**
 * Endings by media type, for files that show and do not run. Everything else is `.bin`: what a stranger's file
 * calls itself never decides which program opens it.
 */
const endings: Readonly<Record<string, string>> = {
  "application/json": "json",
  "application/pdf": "pdf",
  "audio/mp4": "m4a",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "audio/wav": "wav",
  "image/gif": "gif",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/webp": "webp",
  "text/csv": "csv",
  "text/plain": "txt",
  "video/mp4": "mp4",
};

const longestStem = 60;

/**
 * A path in the archive for an attachment: numbered, so that no two are alike and no name is one that Windows
 * reserves; letters, digits, dots, dashes and underscores only; the ending from the media type.
 */
export function attachmentPath(number: number, originalName: string, mediaType: string): string {
  const stem = originalName
    .normalize("NFC")
    .replace(/^.*[/\\]/su, "")
    .replace(/\.[^.]*$/u, "")
    .replace(/[^\p{L}\p{N}_-]+/gu, "-")
    .replace(/^-+|-+$/gu, "");
  const short = [...stem].slice(0, longestStem).join("");
  return `attachments/${number}${short && `-${short}`}.${endings[mediaType] ?? "bin"}`;
}
