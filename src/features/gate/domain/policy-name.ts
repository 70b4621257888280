import { builtInPolicy } from "./policy.ts";

/** The name that decisions and ETags call a policy by: `policy/3`; without a number the built-in one. */
export function formatPolicyName(version: number | null): string {
  return version === null ? builtInPolicy.version : `policy/${version}`;
}

/** The number of a policy's name, null for the built-in one. Undefined: no policy has this name. */
export function parsePolicyName(name: string): number | null | undefined {
  if (name === builtInPolicy.version) return null;
  const digits = /^policy\/([1-9]\d{0,8})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
