import type { Context, Services } from "../../context.ts";
import { takeStep } from "./domain/life.ts";
import { type ExpiredArchive, expireArchive, selectExpired, selectUnswept, sweepChunks } from "./store.ts";

/**
 * Deletes archives whose time is over, with their keys; their manifests stay. A request whose archive was fetched is
 * closed, one that was handed over and not fetched has expired, and one that nobody was given an archive for gets a
 * new one: it has no answer yet. Returns how many archives it deleted.
 */
export async function expireArchives(
  services: Services,
  contextFor: (organizationId: string) => Promise<Context>,
): Promise<number> {
  const expired = await selectExpired(services);
  let deleted = 0;
  let failure: unknown;
  for (const each of expired) {
    try {
      const ctx = await contextFor(each.organizationId);
      if ((await endArchive(ctx, each)) !== undefined) deleted += 1;
    } catch (error) {
      // One that cannot be ended holds up no other.
      failure ??= error;
    }
  }
  for (const { organizationId, archiveId } of await selectUnswept(services)) {
    await sweepChunks(await contextFor(organizationId), archiveId);
  }
  if (failure !== undefined) throw failure;
  return deleted;
}

async function endArchive(ctx: Context, expired: ExpiredArchive) {
  const event = endOf(expired);
  const to = takeStep(expired, event).status;
  return expireArchive(ctx, expired, {
    ...event,
    to,
    ...(to === "in_progress" ? { again: ctx.services.newId("arc") } : {}),
  });
}

function endOf({ status, isFetched }: ExpiredArchive) {
  if (status !== "delivered") {
    return { kind: "archive_expired", reason: "The archive grew old before anyone was given it." } as const;
  }
  return isFetched
    ? ({ kind: "closed", reason: "The archive was fetched, and its time is over." } as const)
    : ({ kind: "archive_expired", reason: "Nobody fetched the archive before its time was over." } as const);
}
