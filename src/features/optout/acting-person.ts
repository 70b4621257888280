import type { Context } from "../../context.ts";
import { addSeconds } from "../../kernel/time.ts";

export { type OpenedOrganization, openNamedPage } from "../organization/index.ts";

/** How long after a no of an organization's what was handed over before it may still arrive, in seconds. */
export type HandingOver = (ctx: Context) => Promise<number>;

/** Until when that is; undefined once the time is over, as when a press of a button is repeated. */
export async function handedOverUntil(
  ctx: Context,
  recordedAt: Date,
  handingOver: HandingOver,
): Promise<Date | undefined> {
  const until = addSeconds(recordedAt, await handingOver(ctx));
  return until > ctx.services.now() ? until : undefined;
}
