/** What an API key may do. `all` is every scope; `staff` is what otherwise only signed-in staff may. */
export const scopes = [
  "all",
  "configuration",
  "consents",
  "checks",
  "opt_outs",
  "preference_codes",
  "blocks",
  "subjects",
  "messages",
  "account_data",
  "data_requests",
  "staff",
] as const;

export type Scope = (typeof scopes)[number];

/** Whether a key with these scopes may do what needs `needed`. */
export function grants(held: readonly string[], needed: Scope): boolean {
  return held.includes("all") || held.includes(needed);
}
