import { type Life, openLife, takeStep } from "../../src/features/datarequest/domain/life.ts";
import { findRequest } from "../../src/features/datarequest/present-request.ts";
import { selectEvents } from "../../src/features/datarequest/store.ts";
import { actorName } from "../../src/kernel/actor.ts";
import type { OrganizationClient } from "./service.ts";

/** What is stored of a request's life, and what its events fold into. */
export async function lifeOfEvents(
  shop: OrganizationClient,
  id: string,
): Promise<{ stored: Life; replayed: Life }> {
  const ctx = await shop.context();
  const row = await findRequest(ctx, id);
  const events = await selectEvents(ctx, row.id);
  const { approvalsNeeded } = (events[0]?.details ?? {}) as { approvalsNeeded: 1 | 2 };
  // Notes about letters are no steps.
  const steps = events.slice(1).filter(({ event }) => !event.startsWith("letter_"));
  const replayed = steps.reduce(
    (life, event): Life => {
      const { owner } = event.details as { owner?: string | null };
      const next = takeStep(life, {
        kind: event.event as Parameters<typeof takeStep>[1]["kind"],
        // Staff's words are sealed; that there are some is what counts.
        reason: event.sealed === null ? (event.details as { reason?: string }).reason : "sealed",
        by: actorName({ kind: event.actorKind as "staff", ...(event.actorId && { id: event.actorId }) }),
        owner,
      });
      if (next.status !== event.status)
        throw new Error(`After ${event.event} the request was ${event.status}.`);
      return next;
    },
    openLife(row.kind, approvalsNeeded),
  );
  const { kind, status, approvalsNeeded: needed, approvals, owner, isClarifying, isExtended } = row;
  return {
    stored: { kind, status, approvalsNeeded: needed, approvals, owner, isClarifying, isExtended },
    replayed,
  };
}
