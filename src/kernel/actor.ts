/** Who did a thing; stands on every audit entry. `id` is a key's, staff member's or job's id, never a person's number. */
export interface Actor {
  readonly kind: "staff" | "api_key" | "person" | "platform" | "system";
  readonly id?: string;
}
