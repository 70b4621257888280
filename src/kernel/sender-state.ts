/** What a platform's word about a sender means: which direction it may not write in. */
export type SenderState =
  | "active"
  | "restricted"
  | "restricted_business_initiated"
  | "restricted_replies"
  | "disabled";

/**
 * The cause under which staff's word stands that nothing restricts the sender any more: what the platform said up to
 * then of any cause is over, and does not count when it comes late.
 */
export const liftedByStaff = "lifted";

/** What the platform said last of one cause; `until` null: until it says otherwise. Instants are ISO 8601. */
export interface Restriction {
  readonly state: SenderState;
  readonly until: string | null;
  readonly at: string;
}

/**
 * What all restrictions together come to: the strictest holds, and it ends when the last of them does. One that has
 * run out no longer counts; a word that nobody knows restricts everything.
 */
export function senderState(
  restrictions: Readonly<Record<string, Restriction>>,
  now: Date,
): { state: string; until: string | null } {
  const standing = Object.values(restrictions).filter(
    ({ state, until }) => state !== "active" && !(until !== null && Date.parse(until) <= now.getTime()),
  );
  const [only] = standing;
  if (only === undefined) return { state: "active", until: null };
  const states = new Set<string>(standing.map(({ state }) => state));
  const untils = standing.map(({ until }) => until);
  const until = untils.includes(null)
    ? null
    : (untils.sort((a, b) => Date.parse(a ?? "") - Date.parse(b ?? "")).at(-1) ?? null);
  return {
    state: states.size === 1 ? only.state : states.has("disabled") ? "disabled" : "restricted",
    until,
  };
}
