import { setTimeout as delay } from "node:timers/promises";
import { limits } from "../../kernel/limits.ts";
import type { Posted } from "./post.ts";

/**
 * Sends one thing after the other to one target, a few at a time, for as long as `next` gives some, and not for longer
 * than a claim on the target lasts. Stops when nothing answered several times in a row: `isSilent`.
 */
export async function workOff<Item>({
  next,
  send,
  signal,
}: {
  next: () => Promise<Item | undefined>;
  send: (item: Item) => Promise<Posted>;
  signal: AbortSignal;
}): Promise<{ isSilent: boolean }> {
  const end = performance.now() + limits.webhookWorkMs;
  let unanswered = 0;
  const goesOn = () => unanswered < limits.webhookLanes && performance.now() < end && !signal.aborted;
  const lane = async () => {
    for (let item = goesOn() ? await next() : undefined; item !== undefined; ) {
      const posted = await send(item);
      unanswered = posted.status === null ? unanswered + 1 : 0;
      item = goesOn() ? await next() : undefined;
    }
  };
  const lanes = () => Promise.all(Array.from({ length: limits.webhookLanes }, lane));
  await lanes();
  // What came in while the job was taken up woke nobody else: one more look.
  await delay(limits.webhookLingerMs, undefined, { signal }).catch(() => {});
  if (goesOn()) await lanes();
  return { isSilent: unanswered >= limits.webhookLanes };
}
