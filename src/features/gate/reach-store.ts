import type { Services } from "../../context.ts";

/** What shares a limit on people, within an organization; see `reached_person`. */
export interface Counter {
  readonly organizationId: string;
  readonly counter: string;
}

/** The counters that have somebody in them. */
export async function selectCounters(services: Services): Promise<Counter[]> {
  return services.db.look(
    (sql) => sql<Counter[]>`
      select organization_id as "organizationId", counter from reach_count where people > 0 order by 1, 2`,
  );
}

/** Takes those off a counter who do not count any more. */
export async function refreshCounter(
  services: Services,
  { organizationId, counter }: Counter,
): Promise<void> {
  await services.db.statement((sql) => sql`select refresh_reach(${organizationId}::uuid, ${counter})`);
}
