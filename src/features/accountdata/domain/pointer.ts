/** What stands at a JSON pointer (RFC 6901) in a value; undefined when nothing does. */
export function valueAt(value: unknown, pointer: string): unknown {
  const members = pointer
    .split("/")
    .slice(1)
    .map((member) => member.replaceAll("~1", "/").replaceAll("~0", "~"));
  return members.reduce<unknown>((within, member) => {
    if (typeof within !== "object" || within === null || !Object.hasOwn(within, member)) return undefined;
    return (within as Readonly<Record<string, unknown>>)[member];
  }, value);
}
