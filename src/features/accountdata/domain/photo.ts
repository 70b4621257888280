/** Media types that a profile photo may have: what every browser shows and none runs. */
export const photoMediaTypes = ["image/jpeg", "image/png", "image/webp"] as const;
export type PhotoMediaType = (typeof photoMediaTypes)[number];

/** The media type that a file's first bytes say, whatever it is called; undefined when it is no such photo. */
export function photoMediaType(bytes: Uint8Array): PhotoMediaType | undefined {
  const startsWith = (signature: readonly number[], offset = 0) =>
    signature.every((byte, position) => bytes[offset + position] === byte);
  if (startsWith([0xff, 0xd8, 0xff])) return "image/jpeg";
  if (startsWith([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return "image/png";
  if (startsWith([0x52, 0x49, 0x46, 0x46]) && startsWith([0x57, 0x45, 0x42, 0x50], 8)) return "image/webp";
  return undefined;
}
