/** Who did a thing; stands on every audit entry. `id` is a key's, staff member's or job's id, never a person's number. */
export interface Actor {
  readonly kind: "staff" | "api_key" | "person" | "platform" | "system";
  readonly id?: string;
}

/** Who that was, in one word, such as `api_key:key_…`: two actions with the same were done by the same. */
export function actorName({ kind, id }: Actor): string {
  return id === undefined ? kind : `${kind}:${id}`;
}
