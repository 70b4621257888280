/** States of a consent event. */
export const consentStates = [
  "requested",
  "given",
  "refused",
  "withdrawn",
  "revoked",
  "expired",
  "renewed",
  "invalidated",
] as const;
export type ConsentState = (typeof consentStates)[number];

/** What the W3C Data Privacy Vocabulary 2.3 calls each state (https://w3id.org/dpv#ConsentStatus). */
export const dpvStates: Readonly<Record<ConsentState, string>> = {
  requested: "dpv:ConsentRequested",
  given: "dpv:ConsentGiven",
  refused: "dpv:ConsentRefused",
  withdrawn: "dpv:ConsentWithdrawn",
  revoked: "dpv:ConsentRevoked",
  expired: "dpv:ConsentExpired",
  renewed: "dpv:RenewedConsentGiven",
  invalidated: "dpv:ConsentInvalidated",
};

const ofDpv = new Map(
  consentStates.flatMap((state) => {
    const name = dpvStates[state];
    return [
      [name, state],
      [name.replace("dpv:", "https://w3id.org/dpv#"), state],
    ] as const;
  }),
);

/** A state by our word for it, or by DPV's name or address. Undefined for anything else. */
export function readState(word: string): ConsentState | undefined {
  return consentStates.find((state) => state === word) ?? ofDpv.get(word);
}

/**
 * DPV's name of an event's state as it is now: a yes that a no stands against (`isEnded`) is withdrawn, one whose time is
 * over has expired. Null for a word that is no state.
 */
export function dpvStateOf(
  event: { readonly state: string; readonly expiresAt: Date | null; readonly isEnded: boolean },
  now: Date,
): string | null {
  const state = consentStates.find((word) => word === event.state);
  if (state === undefined) return null;
  if (state !== "given" && state !== "renewed") return dpvStates[state];
  const isOver = event.expiresAt !== null && event.expiresAt.getTime() <= now.getTime();
  return dpvStates[event.isEnded ? "withdrawn" : isOver ? "expired" : state];
}
