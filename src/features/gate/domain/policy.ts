import { limits } from "../../../kernel/limits.ts";

/** What an organization sets about the rules. Versioned: a decision names the version it was made under. */
export interface Policy {
  readonly version: string;
  /** How long a permit may be redeemed. */
  readonly permitTtlSeconds: number;
}

/** The policy of an organization that has not set its own. */
export const builtInPolicy: Policy = { version: "built-in/1", permitTtlSeconds: limits.permitLifeSeconds };
