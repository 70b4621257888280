/** What an attachment may be, and other names that senders give to it. */
const names: Readonly<Record<string, readonly string[]>> = {
  "application/pdf": ["application/x-pdf"],
  "image/png": [],
  "image/jpeg": [],
  "audio/ogg": ["audio/opus", "application/ogg"],
  "audio/mpeg": ["audio/mp3"],
  "audio/wav": ["audio/x-wav", "audio/wave", "audio/vnd.wave"],
  "audio/mp4": ["audio/m4a", "audio/x-m4a"],
};

/** Media types that attachments have. */
export const mediaTypes = Object.keys(names);

/** Media types that attachments may be declared as. */
export const attachmentTypes = Object.entries(names).flatMap(([type, others]) => [type, ...others]);

/** The media type that a Content-Type means; undefined for one that attachments cannot have. */
export function declaredType(contentType: string | undefined): string | undefined {
  const essence = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  return mediaTypes.find((type) => type === essence || names[type]?.includes(essence));
}

const ascii = (bytes: Uint8Array, start: number, end: number) =>
  String.fromCharCode(...bytes.subarray(start, end));
const begins = (bytes: Uint8Array, ...wanted: readonly number[]) =>
  wanted.every((byte, place) => bytes[place] === byte);

/**
 * The media type of a file by its first bytes (as in WHATWG MIME Sniffing), whatever it is
 * called; undefined for all that is no PDF, PNG, JPEG, Ogg (Opus, Vorbis, Speex, FLAC), MP3, WAV or M4A.
 */
export function typeOf(bytes: Uint8Array): string | undefined {
  if (ascii(bytes, 0, 5) === "%PDF-") return "application/pdf";
  if (begins(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "image/png";
  if (begins(bytes, 0xff, 0xd8, 0xff)) return "image/jpeg";
  if (ascii(bytes, 0, 4) === "OggS" && isSound(bytes)) return "audio/ogg";
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WAVE") return "audio/wav";
  if (ascii(bytes, 4, 8) === "ftyp" && /^M4[AB] $/.test(ascii(bytes, 8, 12))) return "audio/mp4";
  if (ascii(bytes, 0, 3) === "ID3" || isMp3Frame(bytes)) return "audio/mpeg";
  return undefined;
}

/** What the first packet of an Ogg stream begins with, when it is sound (RFC 7845 and its like): a film is none of ours. */
const codecs = ["OpusHead", "\u0001vorbis", "Speex   ", "\u007fFLAC"];

function isSound(bytes: Uint8Array): boolean {
  // The packet comes after a head of 27 bytes and the lengths of so many segments (RFC 3533).
  const start = 27 + (bytes[26] ?? 0);
  const packet = ascii(bytes, start, start + 8);
  return codecs.some((name) => packet.startsWith(name));
}

/** A frame's header: MPEG audio, layer III, with a bitrate and a sampling rate that exist (ISO/IEC 11172-3). */
function isMp3Frame(bytes: Uint8Array): boolean {
  const [sync = 0, kind = 0, rates = 0] = bytes;
  return (
    sync === 0xff &&
    (kind & 0xe6) === 0xe2 &&
    (kind & 0x18) !== 0x08 &&
    (rates & 0xf0) !== 0xf0 &&
    (rates & 0xf0) !== 0 &&
    (rates & 0x0c) !== 0x0c
  );
}
