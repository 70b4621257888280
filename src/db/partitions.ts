import postgres from "postgres";
import { formatId } from "../kernel/ids.ts";
import { limits } from "../kernel/limits.ts";
import { errorCode } from "./database.ts";

/**
 * Makes the partitions of this month and the coming ones, where they are missing; see make_partitions in the
 * migrations. Says which months go on in the DEFAULT partition, since they began there. When somebody is in the way
 * nothing is made this time: the DEFAULT partition takes what would have gone there.
 */
export async function makePartitions(owner: postgres.Sql): Promise<{ made: string[]; inDefault: string[] }> {
  const rows = await owner<{ name: string; isMade: boolean }[]>`
    select name, is_made as "isMade" from make_partitions(now(), ${limits.partitionMonthsAhead})`.catch(
    (error: unknown) => {
      if (errorCode(error) === "55P03") return [];
      throw error;
    },
  );
  const named = (isMade: boolean) => rows.filter((row) => row.isMade === isMade).map(({ name }) => name);
  return { made: named(true), inDefault: named(false) };
}

/** What retention removed: whole partitions with their rows, and rows from partitions that stay. */
export interface Removed {
  readonly dropped: readonly string[];
  readonly rows: number;
}

/** What hangs on a decision goes after the decisions themselves. */
const expiring = {
  decision: ["decision", "cause_use", "cap_slot", "permit_redemption", "permit_outcome"],
  inbound: ["inbound_message"],
} as const;

/**
 * Removes what organizations keep no more by their policies in force: drops partitions that nobody keeps anything of,
 * then deletes piece by piece what is over in those that stay. Each step is one statement with its audit entry, so it
 * may be broken off at any time, begun again and done twice at once. What an open data request or the proof of a
 * consent may need stays; see drop_partition and delete_expired in the migrations.
 */
export async function applyRetention(owner: postgres.Sql, signal: AbortSignal): Promise<Removed> {
  const dropped: string[] = [];
  let rows = 0;
  while (!signal.aborted) {
    const [partition] = await owner<{ name: string; dropped: string }[]>`
      select name, dropped from drop_partition()`;
    if (partition === undefined) break;
    dropped.push(partition.name);
    rows += Number(partition.dropped);
  }
  const policies = await owner<{ organizationId: string; decision: boolean; inbound: boolean }[]>`
    select organization_id as "organizationId", decision_months is not null as decision,
      inbound_months is not null as inbound
    from active_policy where decision_months is not null or inbound_months is not null order by 1`;
  for (const policy of policies) {
    const tables = [
      ...(policy.decision ? expiring.decision : []),
      ...(policy.inbound ? expiring.inbound : []),
    ];
    for (const table of tables) rows += await deleteExpired(owner, policy.organizationId, table, signal);
  }
  return { dropped, rows };
}

async function deleteExpired(
  owner: postgres.Sql,
  organizationId: string,
  table: string,
  signal: AbortSignal,
): Promise<number> {
  let rows = 0;
  let after: string | null = table === "inbound_message" ? "" : "00000000-0000-0000-0000-000000000000";
  while (after !== null && !signal.aborted) {
    const [step]: { deleted: string; lastKey: string | null }[] = await owner`
      select deleted, last_key as "lastKey"
      from delete_expired(${table}, ${organizationId}, ${after}, ${limits.retentionRows})`;
    rows += Number(step?.deleted ?? 0);
    after = step?.lastKey ?? null;
  }
  return rows;
}

/**
 * Removes once more what may have been written about somebody (uuids of all their records) while they were erased; see
 * sweep_erased in the migrations. As the owner, who has the time to go through everything that others were told.
 */
export async function sweepErased(
  owner: postgres.Sql,
  organizationId: string,
  records: readonly string[],
): Promise<void> {
  if (records.length === 0) return;
  const publicIds = records.map((id) => formatId("sub", id));
  const arrayOf = (ids: readonly string[]) => `{${ids.join(",")}}`;
  await owner`
    select sweep_erased(${organizationId}, ${arrayOf(records)}::text::uuid[], ${arrayOf(publicIds)}::text::text[])`;
}

/** Runs `work` with a connection of the role that owns the tables: nobody else may make, drop or empty partitions. */
export async function asOwner<Result>(
  ownerUrl: string,
  work: (owner: postgres.Sql) => Promise<Result>,
): Promise<Result> {
  const owner = postgres(ownerUrl, {
    max: 1,
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: "sayso partitions",
      TimeZone: "UTC",
      statement_timeout: limits.retentionStatementMs,
    },
  });
  try {
    return await work(owner);
  } finally {
    await owner.end({ timeout: 5 });
  }
}
