import type { Context, Services } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import { deriveKey, open, seal } from "../../kernel/seal.ts";
import { type Notice, retryAfterSeconds, type Way, wayTo } from "./domain/notice.ts";
import { configuredWays, handOver } from "./hand-over.ts";
import {
  claimNotice,
  dropPastNotices,
  postpone,
  requeueStalledNotices,
  ruleOut,
  type SealedNotice,
  settleNotice,
} from "./store.ts";

/** Prepares a notice for `noticePart`; it is good for `lifeSeconds` from the statement on. */
export function prepareNotice(ctx: Context, notice: Notice, lifeSeconds: number): SealedNotice {
  const id = ctx.services.newId("ntf");
  return {
    id,
    kind: notice.kind,
    toKind: notice.to.kind,
    sealed: seal(outboxKey(ctx), placeOf(id), Buffer.from(JSON.stringify(notice))),
    lifeSeconds,
  };
}

/** What a notice says, as it was prepared. */
export function openNotice(ctx: Context, { id, sealed }: { id: string; sealed: Buffer }): Notice {
  return JSON.parse(open(outboxKey(ctx), placeOf(id), sealed).toString("utf8")) as Notice;
}

/**
 * Hands a notice (uuid) over, the best way that is configured; a way that says never gives place to the next. What fails
 * is tried again until the notice's time is over, with the reason for staff to see. Dying between handing over and noting
 * it makes a second message at most; none is lost. Where no way is configured, and in a sandbox, it stays in the outbox.
 */
export async function sendNotice(ctx: Context, id: string, signal: AbortSignal): Promise<void> {
  const claimed = await claimNotice(ctx, id);
  if (claimed === undefined) return;
  const lease = { id, attempt: claimed.attempt };
  const notice = openNotice(ctx, { id, sealed: claimed.sealed });
  const configured: readonly Way[] = ctx.keys.isSandbox ? [] : configuredWays(ctx.services);
  const ruledOut = [...claimed.ruledOut];
  let reason = "No way to such an address is configured: it stays here to be read.";
  for (;;) {
    const way = wayTo(claimed.toKind, configured, ruledOut);
    if (way === undefined)
      return settleNotice(ctx, lease, { state: ruledOut.length === 0 ? "kept" : "failed", reason });
    const handed = await handOver(ctx.services, way, notice, formatId("ntf", id), signal);
    if (handed.outcome === "sent") return settleNotice(ctx, lease, { state: "sent", way });
    reason = handed.reason;
    if (handed.outcome === "later") {
      const seconds = signal.aborted ? 0 : retryAfterSeconds(claimed.attempt);
      return postpone(ctx, lease, { reason, seconds });
    }
    ruledOut.push(way);
    await ruleOut(ctx, lease, { way, reason });
  }
}

/** Forgets notices whose time is over, and has those handed over that a process took along when it died. */
export async function resumeNotices(services: Services): Promise<void> {
  const expired = await dropPastNotices(services);
  if (expired > 0) services.log.warn({ expired }, "notices did not go out in time");
  await requeueStalledNotices(services);
}

const outboxKey = ({ keys }: Context) => deriveKey(keys.data, "outbox");
const placeOf = (id: string) => `notice:${id}`;
