import type { Context, Services } from "../../context.ts";
import { write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { noticePart, type SealedNotice } from "../notifier/index.ts";

/** A code that is to be made, with the notice that carries it. Ids are uuids. */
export interface NewCode {
  readonly id: string;
  readonly claimId: string;
  /** hex */
  readonly addressHash: string;
  readonly notice: SealedNotice;
}

/**
 * Makes a code for a claim, and has it sent: one statement, the same whether anybody is known by the address or not. With
 * `claim` the claim itself is made, too. Undefined when the address has had too many of late; then nothing is made.
 */
export async function insertCode(
  ctx: Context,
  { id, claimId, addressHash, notice }: NewCode,
  claim?: { readonly sealed: Buffer; readonly referenceSha256: Buffer },
): Promise<{ id: string } | undefined> {
  return write(ctx, (sql) => ({
    parts: [
      [
        "code_made",
        sql`select code_id as id from make_identity_code(${ctx.organizationId}::uuid, ${id}::uuid, ${claimId}::uuid,
          decode(${addressHash}, 'hex'), ${claim?.sealed ?? null}::bytea, ${claim?.referenceSha256 ?? null}::bytea,
          ${limits.identityCodes}::int, ${limits.identityCodesSeconds}::int, ${limits.identityCodesPerDay}::int,
          ${limits.identityCodeLifeSeconds}::int, ${limits.passcodeTries}::int) code_id
          where code_id is not null`,
      ],
      noticePart(sql, ctx, notice, "code_made"),
    ],
    result: sql`select id from code_made`,
    audit: {
      action: "identity_code.created",
      entity: formatId("idc", id),
      details: { claimId: formatId("clm", claimId) },
    },
  }));
}

/** The newest code of a claim (uuid), good or not. */
export async function selectNewestCode(ctx: Context, claimId: string): Promise<string | undefined> {
  const rows = await ctx.services.db.look(
    (sql) => sql<{ id: string }[]>`
      select id from identity_code where organization_id = ${ctx.organizationId} and claim_id = ${claimId}
      order by created_at desc, id desc limit 1`,
  );
  return rows[0]?.id;
}

/**
 * Takes one of a code's tries in the statement that says whether it was right; a right one is used up, its claim is proven,
 * and the job that opens the request is queued. Undefined when it cannot be tried: too late, used, or no try left.
 */
export async function tryCode(
  ctx: Context,
  { id, claimId, isRight }: { id: string; claimId: string; isRight: boolean },
): Promise<{ tries_left: number } | undefined> {
  return write(ctx, (sql) => ({
    parts: [
      [
        "tried",
        sql`update identity_code set tries_left = tries_left - 1, used_at = case when ${isRight}::boolean then now() end
          where organization_id = ${ctx.organizationId}::uuid and id = ${id}::uuid and used_at is null
            and tries_left > 0 and expires_at > now()
          returning tries_left`,
      ],
      [
        "proven",
        sql`update request_claim set proven_at = now()
          where organization_id = ${ctx.organizationId}::uuid and id = ${claimId}::uuid and proven_at is null
            and ${isRight}::boolean and exists (select from tried)
          returning queue_job('open_claimed_request',
            json_build_object('organizationId', organization_id, 'claimId', id), 'claim:' || id)`,
      ],
    ],
    result: sql`select tries_left from tried`,
    audit: {
      action: isRight ? "identity_code.used" : "identity_code.refused",
      entity: formatId("idc", id),
      details: { claimId: formatId("clm", claimId) },
    },
  }));
}

/** A claim as it is stored. */
export interface ClaimRow {
  readonly organizationId: string;
  readonly id: string;
  readonly sealed: Buffer | null;
  readonly createdAt: Date;
  readonly provenAt: Date | null;
  readonly requestId: string | null;
}

export async function selectClaim(ctx: Context, id: string): Promise<ClaimRow | undefined> {
  const rows = await ctx.services.db.look(
    (sql) => sql<ClaimRow[]>`
      select organization_id as "organizationId", id, sealed, created_at as "createdAt", proven_at as "provenAt",
        request_id as "requestId"
      from request_claim where organization_id = ${ctx.organizationId} and id = ${id}`,
  );
  return rows[0];
}

/** The claim that a reference is of, in whichever organization, once it is proven. */
export async function selectClaimByReference(
  { db }: Services,
  referenceSha256: Buffer,
): Promise<ClaimRow | undefined> {
  const rows = await db.look(
    (sql) => sql<ClaimRow[]>`
      select organization_id as "organizationId", id, sealed, created_at as "createdAt", proven_at as "provenAt",
        request_id as "requestId"
      from request_claim where reference_sha256 = ${referenceSha256} and proven_at is not null`,
  );
  return rows[0];
}

/** Ties a claim to its request; whom it is about is known there, and forgotten here. */
export async function settleClaim(ctx: Context, id: string, requestId: string): Promise<void> {
  await write(ctx, (sql) => ({
    parts: [
      [
        "settled",
        sql`update request_claim set request_id = ${requestId}::uuid, sealed = null, problem = null
          where organization_id = ${ctx.organizationId}::uuid and id = ${id}::uuid and request_id is null
          returning id`,
      ],
    ],
    result: sql`select id from settled`,
    audit: {
      action: "request_claim.settled",
      entity: formatId("clm", id),
      details: { requestId: formatId("req", requestId) },
    },
  }));
}

/** Notes why a proven claim's request could not be opened. */
export async function noteProblem(ctx: Context, id: string, problem: string): Promise<void> {
  await ctx.services.db.statement(
    (sql) => sql`
      update request_claim set problem = ${problem}
      where organization_id = ${ctx.organizationId} and id = ${id} and request_id is null`,
  );
}

/** Queues proven claims again whose request is still not open. Answers how many. */
export async function requeueClaims({ db }: Services): Promise<number> {
  const rows = await db.statement(
    (sql) => sql`
      select queue_job('open_claimed_request', json_build_object('organizationId', organization_id, 'claimId', id),
        'claim:' || id)
      from request_claim where request_id is null
        and proven_at < now() - make_interval(secs => ${limits.claimStallSeconds})`,
  );
  return rows.length;
}

/** Removes codes that are a day old, and claims that nobody proved. */
export async function deletePastClaims({ db }: Services): Promise<void> {
  await db.statement(
    (sql) => sql`
      with codes as (delete from identity_code where created_at < now() - interval '24 hours')
      delete from request_claim where proven_at is null and created_at < now() - interval '24 hours'`,
  );
}
