import type { Services } from "../../context.ts";
import { limits } from "../../kernel/limits.ts";

/** Takes a URL for a while. False, and woken again when the other claim is over, when somebody has it. */
export async function claimForwardTarget(services: Services, url: string): Promise<boolean> {
  const rows = await services.db.statement(
    (sql) => sql<{ mine: boolean }[]>`
      with mine as (
        insert into webhook_forward_target as t (url, claimed_until)
        values (${url}, now() + make_interval(secs => ${limits.webhookClaimSeconds}::int))
        on conflict (url) do update set claimed_until = excluded.claimed_until where t.claimed_until <= now()
        returning url),
      others as (
        select wake_forwards(url, claimed_until) from webhook_forward_target
        where url = ${url} and claimed_until > now() and not exists (select from mine))
      select exists (select from mine) as mine, (select count(*) from others)`,
  );
  return rows[0]?.mine === true;
}

/** Gives a URL back, to be left alone for some seconds more, and has it woken when the next body is due. */
export async function releaseForwardTarget(
  services: Services,
  url: string,
  restSeconds: number,
): Promise<void> {
  await services.db.statement(
    (sql) => sql`
      with given_back as (
        update webhook_forward_target set claimed_until = now() + make_interval(secs => ${restSeconds}::int)
        where url = ${url} returning claimed_until)
      select wake_forwards(${url}, greatest(f.due_at, g.claimed_until)) from given_back g, (
        select due_at from webhook_forward where url = ${url} and delivered_at is null and failed_at is null
        order by due_at limit 1) f`,
  );
}

export interface ClaimedForward {
  readonly bodyId: string;
  readonly signature: string;
  /** This one included. */
  readonly attempts: number;
}

/** Takes the body that has been due longest. If nothing is heard of it, it is due again later. */
export async function claimForward(services: Services, url: string): Promise<ClaimedForward | undefined> {
  const rows = await services.db.statement(
    (sql) => sql<ClaimedForward[]>`
      update webhook_forward set attempts = attempts + 1,
        due_at = now() + make_interval(secs => ${limits.webhookClaimSeconds}::int)
      where url = ${url} and body_id = (
        select body_id from webhook_forward
        where url = ${url} and delivered_at is null and failed_at is null and due_at <= now()
        order by due_at, body_id limit 1 for update skip locked)
      returning body_id as "bodyId", signature, attempts`,
  );
  return rows[0];
}

/** Notes what came of an attempt: delivered, due again, or given up. */
export async function recordForward(
  services: Services,
  { bodyId, url }: { bodyId: string; url: string },
  attempt: {
    status: number | null;
    error: string | null;
    isDelivered: boolean;
    retryAfterSeconds: number | undefined;
  },
): Promise<void> {
  const { status, error, isDelivered, retryAfterSeconds } = attempt;
  await services.db.statement(
    (sql) => sql`
      update webhook_forward set last_status = ${status}::int, last_error = ${error},
        delivered_at = case when ${isDelivered}::boolean then now() end,
        failed_at = case when not ${isDelivered}::boolean and ${retryAfterSeconds === undefined}::boolean then now() end,
        due_at = now() + make_interval(secs => ${retryAfterSeconds ?? 0}::int)
      where body_id = ${bodyId} and url = ${url} and delivered_at is null`,
  );
}

/** Wakes every URL of these that has something due. */
export async function wakeDueForwards(services: Services, urls: readonly string[]): Promise<void> {
  await services.db.statement(
    (sql) => sql`
      select wake_forwards(u.url, now()) from unnest(${urls as string[]}::text[]) u(url)
      where exists (select from webhook_forward f where f.url = u.url and f.delivered_at is null
        and f.failed_at is null and f.due_at <= now())`,
  );
}
