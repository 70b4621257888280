/** An error as a log may have it: its name, code and stack, but not a message, which can quote a value. */
export function safeError(error: unknown): object {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = "code" in error ? error.code : undefined;
  // A message of several lines goes on in the stack's next ones.
  const stack = error.stack?.split("\n").filter((line) => /^ {4}at /.test(line));
  return { name: error.name, code, stack: stack?.join("\n") };
}
