import { and, asc, eq } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { tell, write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { type DueAbout, unanswered, type Warning } from "./domain/due.ts";
import { requestWarning } from "./tables.ts";

/** What has to be done for a person by a time: the answer to a request, or a letter that a step of it rests on. */
export interface Due {
  readonly organizationId: string;
  readonly requestId: string;
  readonly kind: string;
  readonly regime: string;
  readonly status: string;
  readonly about: DueAbout;
  readonly since: Date;
  readonly dueAt: Date;
  /** Who answers for the request; null: nobody does yet. */
  readonly owner: string | null;
}

/** Everything that is due, of every organization: a row each. */
function duePart(sql: Sql): Fragment {
  return sql`
    select r.organization_id, r.id as request_id, r.kind, r.regime, r.status, 'answer' as about, r.received_at as since,
      r.due_at, r.owner
    from data_request r where r.status in ${sql(unanswered)}
    union all
    select r.organization_id, r.id, r.kind, r.regime, r.status, 'letter', l.created_at, l.needed_by, r.owner
    from letter l join data_request r on r.organization_id = l.organization_id and r.id = l.request_id
    where l.needed_by is not null and l.state in ('draft', 'sending')`;
}

/** Something due, of which a threshold was passed that nobody was warned of. */
export interface Nearing extends Due {
  /** In the order of their time. */
  readonly passed: readonly Warning[];
}

/** What passed a threshold and was not warned of, the most urgent first. */
export async function selectNearing(services: Services): Promise<Nearing[]> {
  return services.db.statement(
    (sql) => sql<Nearing[]>`
      select d.organization_id as "organizationId", d.request_id as "requestId", d.kind, d.regime, d.status, d.about,
        d.since, d.due_at as "dueAt", d.owner, p.passed
      from (${duePart(sql)}) d
      cross join lateral (
        select array_agg(t.warning order by t.at, t.n) as passed
        from (values (1, 'half', d.since + (d.due_at - d.since) / 2), (2, 'three_days', d.due_at - interval '3 days'),
          (3, 'one_day', d.due_at - interval '1 day'), (4, 'overdue', d.due_at)) t(n, warning, at)
        where t.at < now() and (t.at > d.since or t.warning = 'overdue')
          and not exists (select from request_warning w where w.organization_id = d.organization_id
            and w.request_id = d.request_id and w.about = d.about and w.due_at = d.due_at and w.warning = t.warning)) p
      where p.passed is not null order by d.due_at limit 500`,
  );
}

/**
 * Records that thresholds were passed, and tells others of the last of them: of several that were passed at once, after a
 * standstill, only the most urgent says something new. No row: it was told already, or is due no more.
 */
export async function insertWarning(ctx: Context, nearing: Nearing, isMailed: boolean) {
  const { requestId, kind, about, dueAt, passed } = nearing;
  const told = passed.at(-1);
  const publicId = formatId("req", requestId);
  const data = { requestId: publicId, kind, about, warning: told, dueAt: dueAt.toISOString() };
  return write<{ warning: Warning }>(ctx, (sql) => ({
    parts: [
      [
        "still_due",
        sql`select d.request_id from (${duePart(sql)}) d where d.organization_id = ${ctx.organizationId}::uuid
          and d.request_id = ${requestId}::uuid and d.about = ${about} and d.due_at = ${dueAt.toISOString()}::timestamptz
          limit 1`,
      ],
      [
        "warned",
        sql`insert into request_warning (organization_id, request_id, about, due_at, warning, is_told, mail_due_at)
          select ${ctx.organizationId}::uuid, d.request_id, ${about}, ${dueAt.toISOString()}::timestamptz, p.warning,
            p.warning = ${told ?? ""}, case when ${isMailed}::boolean and p.warning = ${told ?? ""} then now() end
          from still_due d cross join unnest(${passed as string[]}::text[]) p(warning)
          on conflict do nothing returning warning, is_told`,
      ],
      ["told_one", sql`select warning from warned where is_told`],
    ],
    result: sql`select warning from told_one`,
    audit: { action: "data_request.warned", entity: publicId, details: { about, warning: told } },
    tells: [
      tell(sql, told === "overdue" ? "data_request.overdue" : "data_request.due_soon", data, "told_one"),
    ],
  }));
}

export type WarningRow = typeof requestWarning.$inferSelect;

/** Warnings of a request, the earliest first. */
export async function selectWarnings(ctx: Context, requestId: string): Promise<WarningRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(requestWarning)
      .where(
        and(eq(requestWarning.organizationId, ctx.organizationId), eq(requestWarning.requestId, requestId)),
      )
      .orderBy(asc(requestWarning.at), asc(requestWarning.dueAt), asc(requestWarning.warning)),
  );
}

/** A warning that is to be mailed, claimed for a while. */
export interface ClaimedWarning extends Due {
  readonly warning: Warning;
  readonly attempts: number;
}

/** Takes warnings whose mail is due; what is answered meanwhile is mailed no more. */
export async function claimWarnings(services: Services): Promise<ClaimedWarning[]> {
  return services.db.statement(
    (sql) => sql<ClaimedWarning[]>`
      with waiting as (
        select organization_id, request_id, about, due_at, warning from request_warning
        where mail_due_at <= now() order by mail_due_at limit 50 for update skip locked),
      claimed as (
        update request_warning w set mail_attempts = w.mail_attempts + 1,
          mail_due_at = now() + ${limits.letterClaimSeconds}::int * interval '1 second'
        from waiting x where (w.organization_id, w.request_id, w.about, w.due_at, w.warning)
          = (x.organization_id, x.request_id, x.about, x.due_at, x.warning)
        returning w.*)
      select c.organization_id as "organizationId", c.request_id as "requestId", r.kind, r.regime, r.status, c.about,
        r.received_at as since, c.due_at as "dueAt", c.warning, c.mail_attempts as attempts, r.owner
      from claimed c join data_request r on r.organization_id = c.organization_id and r.id = c.request_id`,
  );
}

/** Whether something is still due as it was when it was warned of. */
export async function isStillDue(ctx: Context, { requestId, about, dueAt }: Due): Promise<boolean> {
  const rows = await ctx.services.db.statement(
    (sql) => sql`
      select from (${duePart(sql)}) d where d.organization_id = ${ctx.organizationId} and d.request_id = ${requestId}
        and d.about = ${about} and d.due_at = ${dueAt} limit 1`,
  );
  return rows.length > 0;
}

/** Notes what became of a warning's mail: sent, not needed any more, or failed with the time of the next attempt. */
export async function endWarningMail(
  ctx: Context,
  { requestId, about, dueAt, warning, attempts }: ClaimedWarning,
  outcome: {
    readonly isMailed: boolean;
    readonly failure: string | null;
    readonly retrySeconds: number | null;
  },
): Promise<void> {
  const { isMailed, failure, retrySeconds } = outcome;
  await ctx.services.db.statement(
    (sql) => sql`
      update request_warning set mailed_at = case when ${isMailed}::boolean then now() end, mail_failure = ${failure},
        mail_due_at = now() + ${retrySeconds}::int * interval '1 second'
      where organization_id = ${ctx.organizationId} and request_id = ${requestId} and about = ${about}
        and due_at = ${dueAt} and warning = ${warning} and mail_attempts = ${attempts}`,
  );
}

/** What is due of an organization until so many days from now (0: what is overdue), the most urgent first. */
export async function selectDue(
  ctx: Context,
  page: { readonly withinDays: number; readonly unassigned: boolean; readonly limit: number },
): Promise<(Due & { readonly isOverdue: boolean })[]> {
  return ctx.services.db.statement(
    (sql) => sql<(Due & { isOverdue: boolean })[]>`
      select d.organization_id as "organizationId", d.request_id as "requestId", d.kind, d.regime, d.status, d.about,
        d.since, d.due_at as "dueAt", d.owner, d.due_at < now() as "isOverdue"
      from (${duePart(sql)}) d where d.organization_id = ${ctx.organizationId}
        and d.due_at < now() + ${page.withinDays}::int * interval '1 day'
        and (not ${page.unassigned}::boolean or d.owner is null)
      order by d.due_at, d.request_id, d.about limit ${page.limit}`,
  );
}

export interface Counted {
  readonly kind: string;
  readonly open: number;
  readonly overdue: number;
  readonly unassigned: number;
}

/** How many requests of all organizations have no answer yet, by kind. Sandboxes are not counted. */
export async function countRequests(services: Services): Promise<Counted[]> {
  return services.db.look(
    (sql) => sql<Counted[]>`
      select r.kind, count(*)::int as open, count(*) filter (where r.due_at < now())::int as overdue,
        count(*) filter (where r.owner is null)::int as unassigned
      from data_request r join organization o on o.id = r.organization_id and o.sandbox_of is null
      where r.status in ${sql(unanswered)} group by r.kind`,
  );
}
