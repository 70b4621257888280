import { and, desc, eq, isNotNull, lt } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import { write } from "../../db/write.ts";
import { limits } from "../../kernel/limits.ts";
import { activePolicy, policyVersion } from "./tables.ts";

/** An organization's policy by its number. */
export interface PolicyKey {
  readonly organizationId: string;
  readonly version: number;
}

/** The documents of some policies; one that does not exist is left out. */
export async function selectPolicyDocuments(
  services: Services,
  keys: readonly PolicyKey[],
): Promise<(PolicyKey & { document: unknown })[]> {
  return services.db.look(
    (sql) => sql<(PolicyKey & { document: unknown })[]>`
      select p.organization_id as "organizationId", p.version, p.document
      from json_to_recordset(${JSON.stringify(keys)}::text::json) q("organizationId" uuid, version int)
      join policy_version p on p.organization_id = q."organizationId" and p.version = q.version`,
  );
}

/** Adds a version. Undefined when it is not the next one any more. */
export async function insertPolicy(
  ctx: Context,
  proposed: { version: number; document: object; note: string | null },
  entity: string,
) {
  return write<{ version: number }>(ctx, (sql) => ({
    parts: [
      [
        "proposed",
        sql`insert into policy_version (organization_id, version, document, note, actor_kind, actor_id)
          select ${ctx.organizationId}::uuid, ${proposed.version}::int, ${JSON.stringify(proposed.document)}::text::json,
            ${proposed.note}, ${ctx.actor.kind}, ${ctx.actor.id ?? null}
          from policy_version where organization_id = ${ctx.organizationId}
          having coalesce(max(version), 0) + 1 = ${proposed.version}::int
          returning version`,
      ],
    ],
    result: sql`select version from proposed`,
    audit: { action: "policy.proposed", entity },
  }));
}

/**
 * Brings a version into force, when the one in force is still the expected one (null: the built-in one). Undefined
 * when it is not, or when there is no such version: of several at the same time, one succeeds.
 */
export async function activatePolicy(
  ctx: Context,
  change: { version: number; expected: number | null; reason: string },
  entity: string,
) {
  const { version, expected, reason } = change;
  return write<{ version: number; activated_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "activated",
        sql`insert into active_policy as a (organization_id, version, cap_hours, decision_months,
            inbound_months, watches_silence, watches_saved_numbers, watches_intake, has_ceilings)
          select p.organization_id, p.version,
            greatest((select max((c->>'hours')::int) from json_array_elements(p.document->'caps') c),
              case when p.document->>'serviceMessagesPerInbound' is not null then ${limits.windowSeconds / 3_600}::int end),
            (p.document->'retention'->>'decisionMonths')::int, (p.document->'retention'->>'inboundMonths')::int,
            p.document->>'silenceMonths' is not null,
            coalesce((p.document->>'onlyToPeopleWhoWrote')::boolean, false),
            exists (select from json_object_keys(p.document->'intakeSilenceHours')),
            coalesce(json_array_length(p.document->'senderCeilings') > 0, false)
          from policy_version p
          where p.organization_id = ${ctx.organizationId} and p.version = ${version}
            and (${expected}::int is null
              or exists (select from active_policy where organization_id = ${ctx.organizationId}))
          on conflict (organization_id) do update
            set version = excluded.version, cap_hours = excluded.cap_hours,
              decision_months = excluded.decision_months, inbound_months = excluded.inbound_months,
              watches_silence = excluded.watches_silence, watches_saved_numbers = excluded.watches_saved_numbers,
              watches_intake = excluded.watches_intake, has_ceilings = excluded.has_ceilings,
              -- after the lock: who waited for another activation comes after it
              activated_at = clock_timestamp()
            where a.version = ${expected}::int
          returning version, activated_at`,
      ],
      [
        "event",
        sql`insert into policy_activation (organization_id, id, version, replaced, reason, at, actor_kind, actor_id)
          select ${ctx.organizationId}::uuid, ${ctx.services.newId("evt")}::uuid, version, ${expected}::int, ${reason},
            activated_at, ${ctx.actor.kind}, ${ctx.actor.id ?? null} from activated`,
      ],
    ],
    result: sql`select version, activated_at from activated`,
    audit: { action: "policy.activated", entity, details: { replaced: expected } },
  }));
}

const policyColumns = {
  version: policyVersion.version,
  note: policyVersion.note,
  createdAt: policyVersion.createdAt,
  actorKind: policyVersion.actorKind,
  actorId: policyVersion.actorId,
  activatedAt: activePolicy.activatedAt,
};

/** The policy in force, or the one of a number. */
export async function selectPolicy(
  ctx: Context,
  version: number | "in force",
): Promise<(PolicyRow & { document: unknown }) | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select({ ...policyColumns, document: policyVersion.document })
      .from(policyVersion)
      .leftJoin(activePolicy, inForce)
      .where(
        and(
          eq(policyVersion.organizationId, ctx.organizationId),
          version === "in force" ? isNotNull(activePolicy.version) : eq(policyVersion.version, version),
        ),
      ),
  );
  return rows[0];
}

/** A policy without its document. `activatedAt` is null when another one is in force. */
export interface PolicyRow {
  readonly version: number;
  readonly note: string | null;
  readonly createdAt: Date;
  readonly actorKind: string;
  readonly actorId: string | null;
  readonly activatedAt: Date | null;
}

/** The organization's policies, the newest first. */
export async function selectPolicies(
  ctx: Context,
  before: number | undefined,
  limit: number,
): Promise<PolicyRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select(policyColumns)
      .from(policyVersion)
      .leftJoin(activePolicy, inForce)
      .where(
        and(
          eq(policyVersion.organizationId, ctx.organizationId),
          before === undefined ? undefined : lt(policyVersion.version, before),
        ),
      )
      .orderBy(desc(policyVersion.version))
      .limit(limit),
  );
}

const inForce = and(
  eq(activePolicy.organizationId, policyVersion.organizationId),
  eq(activePolicy.version, policyVersion.version),
);
