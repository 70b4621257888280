import type { Services } from "../../context.ts";
import { formatId, type IdPrefix, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import {
  type Compared,
  compareBlocks,
  compareChangedIdentifiers,
  compareChoices,
  compareConsents,
  compareNoes,
  compareNoesToEvents,
  comparePreferences,
  comparePreferencesToEvents,
  compareStops,
  compareWindows,
  type Difference,
  selectLastBlock,
  selectLastHash,
  selectLastId,
  selectNoes,
} from "./store.ts";

/** What a comparison came to. */
export interface StateComparison {
  /** How many states were looked at, by kind. */
  readonly compared: Readonly<Record<Difference["state"], number>>;
  readonly differenceCount: number;
  /** The first ones. Ids are public ones; an identifier is named by its keyed hash. */
  readonly differences: readonly Difference[];
}

/** What no event tells, and what so is not compared, in sentences. */
export const notCompared = [
  "Whether a no also stands for identifiers that were named with it and belonged to nobody, or that left their person since: its event does not name them. That every no that stands has its event, and its time, was compared.",
  "Noes that invalidate what was agreed to before a number had a new holder, where the platform named no earlier number: no event tells when.",
  "When windows were closed (131047) for people whose records were made one since.",
  "Windows of messages that retention has removed.",
  "Identifier, note and expiry of blocks: their events tell who made and lifted them, when and why.",
  "Restrictions of senders, and templates: they are what the platform said last, and have no events.",
] as const;

const firstUuid = "00000000-0000-0000-0000-000000000000";
const lastUuid = "ffffffff-ffff-ffff-ffff-ffffffffffff";
/** Hashes are 32 bytes. */
const lastHash = Buffer.alloc(33, 0xff);

/**
 * Works out from the events of an organization (uuid) what its states should be and says where what is stored differs.
 * Writes nothing; a service may be running: each piece is one statement, so that events and states are of one moment.
 * Takes the memory of one piece, however much there is.
 */
export async function compareStates(services: Services, organizationId: string): Promise<StateComparison> {
  const compared = {
    consent_state: 0,
    standing_no: 0,
    service_window: 0,
    block: 0,
    platform_preference: 0,
    preference: 0,
  };
  const differences: Difference[] = [];
  let differenceCount = 0;
  // What two comparisons find is one difference.
  const told = new Set<string>();
  const take = (state: Difference["state"], { count, differences: found }: Compared) => {
    compared[state] += count;
    for (const difference of found) {
      const name = JSON.stringify([state, Object.entries(difference.of).sort()]);
      if (told.has(name)) continue;
      differenceCount += 1;
      if (differences.length === limits.stateDifferences) continue;
      told.add(name);
      differences.push(withPublicIds(difference));
    }
  };

  await inPieces(
    firstUuid,
    lastUuid,
    (after) => selectLastId(services, "subject", organizationId, after, limits.statesAtOnce),
    async (after, until) => {
      const range = { organizationId, after, until };
      take("consent_state", await compareConsents(services, range));
      take("service_window", await compareWindows(services, range));
      take("preference", await compareChoices(services, range));
      take("standing_no", { ...(await compareNoes(services, range)), count: 0 });
    },
  );
  await inPieces<Buffer>(
    Buffer.alloc(0),
    lastHash,
    (after) => selectLastHash(services, "standing_no", organizationId, after, limits.statesAtOnce),
    async (after, until) => {
      const noes = await selectNoes(services, { organizationId, after, until });
      const named = noes.map((no) => ({ ...no, event: eventOf(no.eventId) }));
      take("standing_no", await compareNoesToEvents(services, organizationId, named));
    },
  );
  await inPieces<Buffer>(
    Buffer.alloc(0),
    lastHash,
    (after) => selectLastHash(services, "opt_out_event", organizationId, after, limits.statesAtOnce),
    async (after, until) => {
      const range = { organizationId, after, until };
      take("standing_no", { ...(await compareStops(services, range)), count: 0 });
    },
  );
  await inPieces<Buffer>(
    Buffer.alloc(0),
    lastHash,
    (after) => selectLastHash(services, "identity_change", organizationId, after, limits.statesAtOnce),
    async (after, until) => {
      const range = { organizationId, after, until };
      take("standing_no", { ...(await compareChangedIdentifiers(services, range)), count: 0 });
    },
  );
  await inPieces(
    firstUuid,
    lastUuid,
    (after) =>
      selectLastId(services, "platform_preference_event", organizationId, after, limits.statesAtOnce),
    async (after, until) => {
      const range = { organizationId, after, until };
      take("platform_preference", { ...(await comparePreferences(services, range)), count: 0 });
    },
  );
  await inPieces<Buffer>(
    Buffer.alloc(0),
    lastHash,
    (after) => selectLastHash(services, "platform_preference", organizationId, after, limits.statesAtOnce),
    async (after, until) => {
      const range = { organizationId, after, until };
      take("platform_preference", await comparePreferencesToEvents(services, range));
    },
  );
  await inPieces(
    firstUuid,
    lastUuid,
    (after) => selectLastBlock(services, organizationId, after, limits.statesAtOnce),
    async (after, until) => take("block", await compareBlocks(services, { organizationId, after, until })),
  );
  return { compared, differenceCount, differences };
}

/** Goes through keys from after the first to the last, so many at a time. */
async function inPieces<Key>(
  first: Key,
  last: Key,
  next: (after: Key) => Promise<Key | undefined>,
  run: (after: Key, until: Key) => Promise<void>,
): Promise<void> {
  for (let after: Key | undefined = first; after !== undefined; ) {
    const until: Key | undefined = await next(after);
    await run(after, until ?? last);
    after = until;
  }
}

function eventOf(eventId: string): { id: string; of: "opt" | "cns" } | null {
  for (const of of ["opt", "cns"] as const) {
    const id = parseId(of, eventId);
    if (id !== undefined) return { id, of };
  }
  return null;
}

const prefixes: Readonly<Record<string, IdPrefix>> = { subjectId: "sub", senderId: "snd", blockId: "blk" };

function withPublicIds({ of, ...difference }: Difference): Difference {
  const shown = Object.entries(of).map(([name, value]) => {
    const prefix = prefixes[name];
    return [name, prefix === undefined ? value : formatId(prefix, value)] as const;
  });
  return { ...difference, of: Object.fromEntries(shown) };
}
