import type { Context } from "hono";
import { SaysoError } from "../kernel/errors.ts";
import type { AppEnv } from "./app.ts";

/**
 * The fields of a posted form; none when it cannot be read, for a no that comes garbled is still a no. Of a field that
 * comes several times the last, or with `all` a list.
 */
export async function readForm(
  c: Context<AppEnv>,
  { all = false } = {},
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await c.req.parseBody({ all });
  } catch (error) {
    if (error instanceof SaysoError) throw error;
    return {};
  }
}

/** The text of a field; undefined when there is none, or one with a NUL in it, which is in no word of ours. */
export function fieldText(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" && !value.includes("\0") ? value : undefined;
}
