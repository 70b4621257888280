import type { Services } from "../../context.ts";
import { inTurn } from "../../kernel/in-turn.ts";
import { refreshCounter, selectCounters } from "./reach-store.ts";

/** Takes those off the limits on senders who were written to 24 hours ago, and those whose permit ran out. */
export async function refreshReach(services: Services): Promise<void> {
  await inTurn(await selectCounters(services), (counter) => refreshCounter(services, counter));
}
