/** Which hosts may be sent to. */
export interface TargetRules {
  /** The only ones; undefined: every public one. */
  readonly hosts: readonly string[] | undefined;
  /** Those that may be at private addresses, and without TLS. */
  readonly privateHosts: readonly string[];
}

/** The host of a URL as the rules name it: without port and brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, "");
}

/**
 * Why nothing may be sent to a URL, in a sentence, whatever its address turns out to be; undefined when something may.
 * Passwords and fragments have no place in it, and TLS is a must but for private hosts.
 */
export function refusedTarget(text: string, { hosts, privateHosts }: TargetRules): string | undefined {
  if (!URL.canParse(text)) return "Not a URL, such as https://shop.example/hooks.";
  const url = new URL(text);
  const isPrivate = privateHosts.includes(hostOf(text));
  if (url.protocol !== "https:" && !(isPrivate && url.protocol === "http:"))
    return "Must begin with https://. Plain http is for hosts in OUTGOING_PRIVATE_HOSTS only.";
  if (url.username !== "" || url.password !== "") return "Leave user name and password out of the URL.";
  if (url.hash !== "") return "Leave out what follows the #.";
  if (hosts !== undefined && !hosts.includes(hostOf(text)) && !isPrivate)
    return "This host is not one that may be sent to (OUTGOING_HOSTS).";
  return undefined;
}
