/** What a person may ask for: GDPR Art. 15 to 18, 20 and 21. */
export const requestKinds = [
  "access",
  "portability",
  "rectification",
  "erasure",
  "restriction",
  "objection",
] as const;

export type RequestKind = (typeof requestKinds)[number];
