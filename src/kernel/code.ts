/** Six digits from a keyed hash: enough for ten minutes and five tries. Every digit is as likely as the others. */
export function codeOf(hash: Uint8Array): string {
  const number = new DataView(hash.buffer, hash.byteOffset, hash.byteLength).getBigUint64(0) % 1_000_000n;
  return number.toString().padStart(6, "0");
}

/** The six digits that a person typed, with spaces and dashes or in other scripts' digits; undefined for anything else. */
export function readCode(typed: string): string | undefined {
  if (typed.length > 40) return undefined;
  const digits = typed.normalize("NFKC").replace(/[\s\p{Pd}]/gu, "");
  return /^[0-9]{6}$/.test(digits) ? digits : undefined;
}
