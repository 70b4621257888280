import type { Context, Services } from "../../context.ts";
import { retryDeadlock } from "../../db/write.ts";
import { type DecisionDocument, unpackDecision } from "./domain/stored-decision.ts";
import type { WantedSlot } from "./store.ts";

/** A permit by its decision's uuid. */
export interface PermitKey {
  readonly organizationId: string;
  readonly id: string;
}

/** An allowed decision with what became of its permit. */
export interface PermitRow extends PermitKey {
  readonly subjectId: string | null;
  readonly messageRef: string | null;
  readonly document: DecisionDocument;
  readonly redeemedAt: Date | null;
}

/** The permits that there are among those named. */
export async function selectPermits(services: Services, keys: readonly PermitKey[]): Promise<PermitRow[]> {
  const rows = await services.db.look(
    (sql) => sql<PermitRow[]>`
      select distinct on (d.organization_id, d.id) d.organization_id as "organizationId", d.id,
        d.subject_id as "subjectId", d.message_ref as "messageRef", d.document, r.redeemed_at as "redeemedAt"
      from json_to_recordset(${JSON.stringify(keys)}::text::json) q("organizationId" uuid, id uuid)
      join decision d on d.organization_id = q."organizationId" and d.id = q.id and d.decision = 'allow'
      left join permit_redemption r on r.organization_id = d.organization_id and r.decision_id = d.id`,
  );
  return rows.map((row) => ({ ...row, document: unpackDecision(row.document) }));
}

/** A permit that is to be redeemed, and the place it takes. */
export interface Claim extends PermitKey {
  readonly subjectId: string | null;
  readonly senderId: string | null;
  readonly category: string | null;
  readonly slot: WantedSlot | null;
}

/** Redeems permits, each only once and only if its place under the caps is still to be had; says which. */
export async function insertRedemptions(
  services: Services,
  claims: readonly Claim[],
): Promise<ReadonlySet<string>> {
  const rows = await retryDeadlock(() =>
    services.db.statement(
      (sql) => sql<{ id: string }[]>`
        with q as (
          select * from json_to_recordset(${JSON.stringify(claims)}::text::json) q("organizationId" uuid, id uuid,
            "subjectId" uuid, "senderId" uuid, category text, slot json)),
        reserved as materialized (
          select decision_id from reserve_slots((select json_agg(slot) from q where json_typeof(slot) = 'object')))
        insert into permit_redemption (organization_id, decision_id, subject_id, sender_id, category)
        select "organizationId", id, "subjectId", "senderId", category from q
        where json_typeof(slot) is distinct from 'object' or id in (select decision_id from reserved)
        order by 1, 2
        on conflict do nothing returning decision_id as id`,
    ),
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * Records what became of a message and settles its place under the caps. Undefined when it is known to have ended
 * otherwise. A repeated report answers with the time of the first.
 */
export async function insertOutcome(
  ctx: Context,
  decisionId: string,
  {
    outcome,
    messageId,
    errorCode,
  }: { outcome: string; messageId?: string | undefined; errorCode?: number | undefined },
): Promise<{ at: Date } | undefined> {
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ at: Date }[]>`
      with earlier as (
        select o.outcome, o.at from permit_outcome o
        where o.organization_id = ${ctx.organizationId}::uuid and o.decision_id = ${decisionId}::uuid),
      said as (
        insert into permit_outcome (organization_id, decision_id, outcome, message_id, error_code)
        select ${ctx.organizationId}::uuid, ${decisionId}::uuid, ${outcome}, ${messageId ?? null}, ${errorCode ?? null}::int
        where not exists (select from earlier where outcome in ('sent', 'failed'))
        on conflict do nothing returning at),
      given_back as (
        delete from cap_slot s where s.organization_id = ${ctx.organizationId}::uuid
          and s.decision_id = ${decisionId}::uuid and ${outcome} = 'failed' and exists (select from said)),
      kept as (
        update cap_slot s set until = null where s.organization_id = ${ctx.organizationId}::uuid
          and s.decision_id = ${decisionId}::uuid and ${outcome} <> 'failed' and exists (select from said)),
      uncounted as (
        select unreach_person(${ctx.organizationId}::uuid, ${decisionId}::uuid) from said where ${outcome} = 'failed')
      select at from said, (select count(*) from uncounted) u union all select at from earlier where outcome = ${outcome} limit 1`,
  );
  return rows[0];
}
