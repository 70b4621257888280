import type { Context } from "hono";
import { SaysoError } from "../kernel/errors.ts";
import type { AppEnv } from "./app.ts";

/** The fields of a posted form; none when it cannot be read, for a no that comes garbled is still a no. */
export async function readForm(c: Context<AppEnv>): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await c.req.parseBody();
  } catch (error) {
    if (error instanceof SaysoError) throw error;
    return {};
  }
}
