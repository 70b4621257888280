import { and, desc, eq, lt } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import { type Ended, endRecord, write } from "../../db/write.ts";
import type { Complaints } from "./domain/complaints.ts";
import { complaintBreaker } from "./tables.ts";

/** The senders, of whichever organization, that sent marketing within the last so many hours. */
export async function selectMarketingSenders(
  services: Services,
  hours: number,
): Promise<{ organizationId: string; senderId: string }[]> {
  return services.db.look(
    (sql) => sql<{ organizationId: string; senderId: string }[]>`
      select s.organization_id as "organizationId", s.id as "senderId" from sender s
      where exists (select from permit_redemption r where r.organization_id = s.organization_id and r.sender_id = s.id
        and r.category = 'marketing' and r.redeemed_at > now() - make_interval(hours => ${hours}::int))
      order by 1, 2`,
  );
}

/** What was counted of a sender whose breaker is closed. Ids are uuids. */
export interface CountedComplaints extends Complaints {
  readonly senderId: string;
  /** Since when: the policy's hours, or when staff last closed the breaker. */
  readonly from: string;
  readonly lastClosedAt: string | null;
}

/**
 * Counts the complaints about a sender, or every sender of a WhatsApp Business Account, over the last so many hours and
 * since its breaker was closed. A person who opted out or stopped marketing complains about those who had sent them
 * marketing in that time; an import of old opt-outs is no complaint. Platform times are whole seconds.
 */
export async function selectComplaints(
  ctx: Context,
  about: { readonly senderId: string } | { readonly wabaId: string },
  hours: number,
): Promise<CountedComplaints[]> {
  return ctx.services.db.look(
    (sql) => sql<CountedComplaints[]>`
      select s.id as "senderId", to_json(since.at)#>>'{}' as "from", to_json(breaker.closed_at)#>>'{}' as "lastClosedAt",
        case when complained.people = 0 then 0 else (
          select count(*)::int from permit_redemption r
          where r.organization_id = s.organization_id and r.sender_id = s.id and r.category = 'marketing'
            and r.redeemed_at > since.at) end as sends,
        complained.people as complaints, (
          select count(*)::int from message_status m
          where m.organization_id = s.organization_id and m.sender_id = s.id and m.error_code = 131048
            and m.at > since.at) as "spamErrors",
        s.quality is not distinct from 'red' and s.quality_at > coalesce(breaker.closed_at, '-infinity') as "numberIsRed",
        array(select t.name from template t
          where t.organization_id = s.organization_id and t.waba_id = s.waba_id and t.category = 'marketing'
            and t.quality = 'red' and t.quality_at > coalesce(breaker.closed_at, '-infinity')
          order by t.name) as "redTemplates"
      from sender s
      cross join lateral (
        select max(b.closed_at) as closed_at, coalesce(bool_or(b.closed_at is null), false) as is_open
        from complaint_breaker b where b.organization_id = s.organization_id and b.sender_id = s.id) breaker
      cross join lateral (
        select greatest(now() - make_interval(hours => ${hours}::int), breaker.closed_at) as at) since
      cross join lateral (
        select count(distinct c.root_id)::int as people from (
          select p.root_id, least(e.occurred_at, e.recorded_at) as at from opt_out_event e
          left join identifier i on i.organization_id = e.organization_id and i.hash = e.identifier_hash
          join subject p on p.organization_id = e.organization_id and p.id = coalesce(e.subject_id, i.subject_id)
          where e.organization_id = s.organization_id and e.recorded_at > since.at
            and e.occurred_at > date_trunc('second', since.at) and e.kind = 'opted_out'
            and e.source <> 'import' and not exists (
              select from opt_out_event u where u.organization_id = e.organization_id and u.undoes = e.id)
          union all
          select p.root_id, o.at from platform_preference o
          join identifier i on i.organization_id = o.organization_id and i.hash = o.identifier_hash
          join subject p on p.organization_id = i.organization_id and p.id = i.subject_id
          where o.organization_id = s.organization_id and o.waba_id = s.waba_id and o.value = 'stop'
            and o.at >= date_trunc('second', since.at)) c
        where exists (
          select from subject m join permit_redemption r on r.organization_id = m.organization_id and r.subject_id = m.id
          where m.organization_id = s.organization_id and m.root_id = c.root_id and r.sender_id = s.id
            and r.category = 'marketing' and r.redeemed_at > since.at and date_trunc('second', r.redeemed_at) <= c.at)
      ) complained
      where s.organization_id = ${ctx.organizationId} and not breaker.is_open
        and ${"senderId" in about ? sql`s.id = ${about.senderId}` : sql`s.waba_id = ${about.wabaId}`}
      order by s.id`,
  );
}

export type BreakerRow = typeof complaintBreaker.$inferSelect;

/** Opens a breaker, unless one is open or staff closed one since the complaints were counted: then undefined. */
export async function insertBreaker(
  ctx: Context,
  made: Pick<BreakerRow, "id" | "causes" | "policyVersion"> & {
    readonly eventId: string;
    readonly publicId: string;
    readonly counted: CountedComplaints;
  },
) {
  const { senderId, lastClosedAt, ...counted } = made.counted;
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "opened",
        sql`insert into complaint_breaker (organization_id, id, sender_id, causes, counted, policy_version)
          select ${ctx.organizationId}::uuid, ${made.id}::uuid, ${senderId}::uuid, ${made.causes}::text[],
            ${JSON.stringify(counted)}::text::json, ${made.policyVersion}
          where (select max(b.closed_at) from complaint_breaker b
            where b.organization_id = ${ctx.organizationId}::uuid and b.sender_id = ${senderId}::uuid)
            is not distinct from ${lastClosedAt}::timestamptz
          on conflict (organization_id, sender_id) where closed_at is null do nothing
          returning id`,
      ],
      [
        "event",
        sql`insert into complaint_breaker_event (organization_id, id, breaker_id, kind, actor_kind, actor_id)
          select ${ctx.organizationId}::uuid, ${made.eventId}::uuid, id, 'opened', ${ctx.actor.kind}, ${ctx.actor.id ?? null}
          from opened returning id`,
      ],
    ],
    result: sql`select id from opened`,
    audit: {
      action: "complaint_breaker.opened",
      entity: made.publicId,
      details: { causes: made.causes, counted },
    },
  }));
}

/** Closes a breaker with a reason. Undefined when there is no open one of that id. */
export function closeBreaker(ctx: Context, input: Ended) {
  return endRecord(ctx, input, {
    table: "complaint_breaker",
    endedAt: "closed_at",
    event: "complaint_breaker_event",
    of: "breaker_id",
    kind: "closed",
    action: "complaint_breaker.closed",
  });
}

export async function selectBreaker(ctx: Context, id: string): Promise<BreakerRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(complaintBreaker)
      .where(and(eq(complaintBreaker.organizationId, ctx.organizationId), eq(complaintBreaker.id, id))),
  );
  return rows[0];
}

/** Breakers of the organization, closed ones included, the newest first. */
export async function selectBreakers(
  ctx: Context,
  before: string | undefined,
  limit: number,
): Promise<BreakerRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(complaintBreaker)
      .where(
        and(
          eq(complaintBreaker.organizationId, ctx.organizationId),
          before ? lt(complaintBreaker.id, before) : undefined,
        ),
      )
      .orderBy(desc(complaintBreaker.id))
      .limit(limit),
  );
}
