import { limits } from "../../../kernel/limits.ts";
import type { Facts } from "./facts.ts";
import { readInstant } from "./instants.ts";

/** The customer service window at one moment. Instants in milliseconds; NaN when there is none. */
export interface ServiceWindow {
  readonly open: boolean;
  readonly openedAt: number;
  readonly expiresAt: number;
}

const noWindow: ServiceWindow = { open: false, openedAt: Number.NaN, expiresAt: Number.NaN };

/**
 * The window of a sender and a person: 24 hours from the person's latest message or call, the last instant
 * excluded (Meta, "Customer service windows"). A message stamped up to five minutes ahead of our clock counts as
 * of now; further ahead it opens nothing. When the platform said that the window is closed (131047), only a later
 * message opens it.
 */
export function serviceWindow(fact: Facts["window"], now: number): ServiceWindow {
  if (fact === null) return noWindow;
  const stamped = readInstant(fact.openedAt);
  if (!(stamped <= now + limits.clockSkewSeconds * 1000)) return noWindow;
  const openedAt = Math.min(stamped, now);
  const fullTerm = openedAt + limits.windowSeconds * 1000;
  const closedAt = fact.closedAt === null ? Number.NEGATIVE_INFINITY : readInstant(fact.closedAt);
  return openedAt > closedAt
    ? { open: now < fullTerm, openedAt, expiresAt: fullTerm }
    : { open: false, openedAt, expiresAt: Math.min(fullTerm, closedAt) };
}
