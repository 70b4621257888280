import { and, asc, eq, gt, inArray, isNull } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import type { Database, Sql } from "../../db/database.ts";
import { write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { liftedByStaff } from "../../kernel/sender-state.ts";
import { firstPurposes } from "./domain/purposes.ts";
import { apiKey, installation, organization, purpose, sender } from "./tables.ts";

export type OrganizationRow = typeof organization.$inferSelect;
export type SenderRow = typeof sender.$inferSelect;
export type PurposeRow = typeof purpose.$inferSelect;
export type ApiKeyRow = typeof apiKey.$inferSelect;

export interface NewOrganization {
  readonly id: string;
  readonly name: string;
  readonly sandboxOf: string | null;
  readonly lookupKey: Buffer;
  readonly dataKey: Buffer;
}

export interface NewInstallation {
  readonly masterKeyCheck: Buffer;
  readonly signingPublicKey: Buffer;
  readonly signingPrivateKey: Buffer;
}

/** The rows of a new organization with its first purposes, as parts of one statement. */
function organizationParts(sql: Sql, made: NewOrganization, onlyIf = sql``) {
  const purposes = JSON.stringify(firstPurposes);
  return {
    inserted: sql`
      insert into organization (id, name, sandbox_of, lookup_key, data_key)
      select ${made.id}::uuid, ${made.name}, ${made.sandboxOf}::uuid, ${made.lookupKey}::bytea, ${made.dataKey}::bytea ${onlyIf}
      returning id, name`,
    purposes: sql`
      insert into purpose (organization_id, key, name, description, category, lawful_basis)
      select inserted.id, p.key, p.name, p.description, p.category, p."lawfulBasis"
      from inserted, jsonb_to_recordset(${purposes}::text::jsonb)
        p(key text, name text, description text, category text, "lawfulBasis" text)
      returning key`,
  };
}

/** Makes the installation and its first organization, unless another process did: one statement. */
export async function insertInstallation(
  db: Database,
  made: NewInstallation,
  first: NewOrganization,
): Promise<void> {
  await db.statement((sql) => {
    const parts = organizationParts(sql, first, sql`from installed`);
    return sql`
      with installed as (
        insert into installation (master_key_check, signing_public_key, signing_private_key)
        values (${made.masterKeyCheck}, ${made.signingPublicKey}, ${made.signingPrivateKey})
        on conflict do nothing returning id),
      inserted as (${parts.inserted}),
      purposes as (${parts.purposes})
      insert into audit_entry (organization_id, id, action, actor_kind, entity, request_id, details)
      select id, gen_random_uuid(), 'organization.created', 'system', id::text, 'first-start', '{}' from inserted`;
  });
}

export async function selectInstallation(
  db: Database,
): Promise<typeof installation.$inferSelect | undefined> {
  const rows = await db.read((d) => d.select().from(installation));
  return rows[0];
}

export async function insertOrganization(ctx: Context, made: NewOrganization, entity: string) {
  return write<{ id: string; name: string }>(ctx, (sql) => {
    const parts = organizationParts(sql, made);
    return {
      parts: [
        ["inserted", parts.inserted],
        ["purposes", parts.purposes],
      ],
      result: sql`select id, name from inserted`,
      audit: { action: "organization.created", entity },
    };
  });
}

export async function selectOrganization(db: Database, id: string): Promise<OrganizationRow | undefined> {
  const rows = await db.read((d) => d.select().from(organization).where(eq(organization.id, id)));
  return rows[0];
}

/** The sandbox of an organization (uuids). */
export async function selectSandboxId(db: Database, id: string): Promise<string | undefined> {
  const rows = await db.read((d) =>
    d.select({ id: organization.id }).from(organization).where(eq(organization.sandboxOf, id)),
  );
  return rows[0]?.id;
}

/** Every organization, in the order they were made. */
export async function selectOrganizations(
  db: Database,
): Promise<Pick<OrganizationRow, "id" | "name" | "sandboxOf" | "createdAt">[]> {
  const { id, name, sandboxOf, createdAt } = organization;
  return db.read((d) =>
    d
      .select({ id, name, sandboxOf, createdAt })
      .from(organization)
      .orderBy(asc(organization.createdAt), asc(organization.id)),
  );
}

/** The live organization (uuid), when the installation has one only. */
export async function selectOnlyOrganizationId(db: Database): Promise<string | undefined> {
  const rows = await db.read((d) =>
    d.select({ id: organization.id }).from(organization).where(isNull(organization.sandboxOf)).limit(2),
  );
  return rows.length === 1 ? rows[0]?.id : undefined;
}

export async function selectFirstOrganizationId(db: Database): Promise<string | undefined> {
  const rows = await db.read((d) =>
    d
      .select({ id: organization.id })
      .from(organization)
      .orderBy(asc(organization.createdAt), asc(organization.id))
      .limit(1),
  );
  return rows[0]?.id;
}

/** What may be changed about an organization; what is left out stays. */
export interface OrganizationChange {
  readonly name?: string | undefined;
  readonly country?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly language?: string | undefined;
  readonly dpo?: object | undefined;
  readonly supervisoryAuthority?: object | undefined;
  readonly notice?: object | undefined;
  readonly fourEyes?: boolean | undefined;
  readonly secondaryRegimes?: readonly string[] | undefined;
  readonly backupDays?: number | undefined;
}

export async function updateOrganization(ctx: Context, change: OrganizationChange, entity: string) {
  const json = (value: object | undefined) => (value === undefined ? null : JSON.stringify(value));
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "updated",
        sql`update organization set
          name = coalesce(${change.name ?? null}, name),
          country = coalesce(${change.country ?? null}, country),
          time_zone = coalesce(${change.timeZone ?? null}, time_zone),
          language = coalesce(${change.language ?? null}, language),
          dpo = coalesce(${json(change.dpo)}::text::jsonb, dpo),
          supervisory_authority = coalesce(${json(change.supervisoryAuthority)}::text::jsonb, supervisory_authority),
          notice = coalesce(${json(change.notice)}::text::jsonb, notice),
          four_eyes = coalesce(${change.fourEyes ?? null}, four_eyes),
          secondary_regimes = coalesce(${change.secondaryRegimes ?? null}::text[], secondary_regimes),
          backup_days = coalesce(${change.backupDays ?? null}::int, backup_days)
        where id = ${ctx.organizationId} returning id`,
      ],
    ],
    result: sql`select id from updated`,
    audit: { action: "organization.updated", entity, details: { fields: Object.keys(change) } },
  }));
}

export interface NewSender {
  readonly id: string;
  readonly name: string;
  readonly phoneNumberId: string;
  readonly displayPhoneNumber: string;
  readonly numberHash: Buffer;
  readonly wabaId: string;
  readonly platform: string;
  readonly portfolioId: string | null;
}

/**
 * Registers a sender. Updates that came for it before are replayed by the job; what the platform restricted of its
 * WhatsApp Business Account, when another sender of it was told, holds for it from the start. So does the messaging limit
 * of its portfolio; one that is not named is that of the account's other senders.
 */
export async function insertSender(ctx: Context, made: NewSender, entity: string) {
  return write<WrittenSender>(ctx, (sql) => ({
    parts: [
      [
        "portfolio",
        sql`select coalesce(${made.portfolioId}, (select max(s.portfolio_id) from sender s
          where s.organization_id = ${ctx.organizationId}::uuid and s.waba_id = ${made.wabaId})) as id`,
      ],
      [
        "told",
        sql`select s.messaging_limit, s.messaging_limit_at from sender s, portfolio
          where s.organization_id = ${ctx.organizationId}::uuid
            and (s.waba_id = ${made.wabaId} or s.portfolio_id = portfolio.id) and s.messaging_limit_at is not null
          order by s.messaging_limit_at desc limit 1`,
      ],
      [
        "inserted",
        sql`insert into sender (organization_id, id, name, phone_number_id, display_phone_number, number_hash, waba_id,
            platform, is_sandbox, restrictions, portfolio_id, messaging_limit, messaging_limit_at)
          select ${ctx.organizationId}::uuid, ${made.id}::uuid, ${made.name}, ${made.phoneNumberId},
            ${made.displayPhoneNumber}, ${made.numberHash}::bytea, ${made.wabaId}, ${made.platform}, ${ctx.keys.isSandbox}::boolean,
            coalesce((
              select jsonb_object_agg(said.key, said.value order by said.value->>'at')
              from sender s cross join jsonb_each(s.restrictions) said
              where s.waba_id = ${made.wabaId} and not s.is_sandbox and not ${ctx.keys.isSandbox}::boolean
                and said.key <> ${liftedByStaff}), '{}'),
            portfolio.id, told.messaging_limit, told.messaging_limit_at
          from portfolio left join told on true
          returning ${written(sql)}`,
      ],
    ],
    result: sql`select * from inserted`,
    audit: { action: "sender.registered", entity },
    job: {
      task: "replay_unclaimed_updates",
      payload: { phoneNumberId: made.phoneNumberId, wabaId: made.wabaId },
      key: `replay:${made.phoneNumberId}`,
    },
  }));
}

/** A sender as a statement answers with it. */
export type WrittenSender = Omit<
  SenderRow,
  "organizationId" | "numberHash" | "isSandbox" | "createdAt" | "messagingLimitAt" | "qualityAt"
> & { readonly createdAt: string; readonly messagingLimitAt: string | null };

const written = (sql: Sql) => sql`id, name, phone_number_id as "phoneNumberId",
  display_phone_number as "displayPhoneNumber", waba_id as "wabaId", platform, restrictions,
  portfolio_id as "portfolioId", messaging_limit as "messagingLimit", messaging_limit_at as "messagingLimitAt", quality,
  created_at as "createdAt"`;

/**
 * Sets a sender's portfolio for its whole WhatsApp Business Account, and the messaging limit for the whole portfolio; what
 * is undefined stays. Senders that come together share the limit that was said last.
 */
export async function updateSender(
  ctx: Context,
  id: string,
  change: {
    readonly portfolioId: string | null | undefined;
    /** `most` null: as many people as it likes. */
    readonly messagingLimit: { readonly most: number | null } | undefined;
  },
) {
  const { portfolioId, messagingLimit } = change;
  const isTold = messagingLimit !== undefined;
  return write<WrittenSender>(ctx, (sql) => ({
    parts: [
      [
        "account",
        sql`select s.waba_id, case when ${portfolioId !== undefined}::boolean then ${portfolioId ?? null}
            else s.portfolio_id end as portfolio_id
          from sender s where s.organization_id = ${ctx.organizationId}::uuid and s.id = ${id}::uuid`,
      ],
      [
        "shared",
        sql`select s.id, s.messaging_limit, s.messaging_limit_at from sender s, account a
          where s.organization_id = ${ctx.organizationId}::uuid
            and (s.waba_id = a.waba_id or s.portfolio_id = a.portfolio_id)`,
      ],
      [
        "told",
        isTold
          ? sql`select ${messagingLimit.most}::int as messaging_limit, date_trunc('second', now()) as messaging_limit_at`
          : sql`select messaging_limit, messaging_limit_at from shared order by messaging_limit_at desc nulls last limit 1`,
      ],
      [
        "updated",
        sql`update sender s set messaging_limit = told.messaging_limit, messaging_limit_at = told.messaging_limit_at,
            portfolio_id = case when s.waba_id = a.waba_id then a.portfolio_id else s.portfolio_id end
          from account a, told where s.organization_id = ${ctx.organizationId}::uuid and s.id in (select id from shared)
          returning s.id = ${id}::uuid as is_it, s.*`,
      ],
    ],
    result: sql`select ${written(sql)} from updated where is_it`,
    audit: {
      action: "sender.changed",
      entity: formatId("snd", id),
      details: { portfolioId, messagingLimit },
    },
  }));
}

/**
 * Ends whatever the platform restricted of a sender (uuid), from this second on: platform times are whole seconds. What
 * it ended is kept as `over`, to be told from something new of the same second.
 */
export async function liftRestrictions(ctx: Context, id: string, reason: string) {
  return write<WrittenSender>(ctx, (sql) => ({
    parts: [
      [
        "lifted",
        sql`update sender set restrictions = jsonb_build_object(${liftedByStaff}::text, jsonb_build_object(
            'state', 'active', 'until', null, 'at', date_trunc('second', now()),
            'over', coalesce(restrictions->${liftedByStaff}->'over', '{}') || (restrictions - ${liftedByStaff}::text)))
          where organization_id = ${ctx.organizationId}::uuid and id = ${id}::uuid
          returning ${written(sql)}`,
      ],
    ],
    result: sql`select * from lifted`,
    audit: { action: "sender.restriction_lifted", entity: formatId("snd", id), details: { reason } },
  }));
}

/** A sender by its id (uuid) or the platform's phoneNumberId, within the organization. */
export async function selectSender(
  ctx: Context,
  by: { id: string } | { phoneNumberId: string },
): Promise<SenderRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(sender)
      .where(
        and(
          eq(sender.organizationId, ctx.organizationId),
          "id" in by ? eq(sender.id, by.id) : eq(sender.phoneNumberId, by.phoneNumberId),
        ),
      ),
  );
  return rows[0];
}

export async function selectSenders(
  ctx: Context,
  after: string | undefined,
  limit: number,
): Promise<SenderRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(sender)
      .where(and(eq(sender.organizationId, ctx.organizationId), after ? gt(sender.id, after) : undefined))
      .orderBy(asc(sender.id))
      .limit(limit),
  );
}

export interface NewPurpose {
  readonly key: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly lawfulBasis: string;
  readonly validityDays?: number | undefined;
  readonly doubleOptIn?: boolean | undefined;
}

export async function insertPurpose(ctx: Context, made: NewPurpose) {
  return write<{ key: string; created_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "inserted",
        sql`insert into purpose (organization_id, key, name, description, category, lawful_basis, validity_days, double_opt_in)
          values (${ctx.organizationId}, ${made.key}, ${made.name}, ${made.description}, ${made.category},
            ${made.lawfulBasis}, ${made.validityDays ?? null}, ${made.doubleOptIn ?? false})
          returning key, created_at`,
      ],
    ],
    result: sql`select key, created_at from inserted`,
    audit: { action: "purpose.created", entity: made.key },
  }));
}

export async function selectPurpose(ctx: Context, key: string): Promise<PurposeRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(purpose)
      .where(and(eq(purpose.organizationId, ctx.organizationId), eq(purpose.key, key))),
  );
  return rows[0];
}

/** Those of some purposes that there are. */
export async function selectPurposesOf(ctx: Context, keys: readonly string[]): Promise<PurposeRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(purpose)
      .where(and(eq(purpose.organizationId, ctx.organizationId), inArray(purpose.key, [...keys]))),
  );
}

export async function selectPurposes(
  ctx: Context,
  after: string | undefined,
  limit: number,
): Promise<PurposeRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(purpose)
      .where(and(eq(purpose.organizationId, ctx.organizationId), after ? gt(purpose.key, after) : undefined))
      .orderBy(asc(purpose.key))
      .limit(limit),
  );
}

/** Stores a key in the first free slot of its name; an expired key frees its slot. Undefined when both are taken. */
export async function insertApiKey(
  ctx: Context,
  made: { id: string; name: string; sha256: Buffer; scopes: readonly string[]; expiresAt: Date | undefined },
  entity: string,
) {
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "expired",
        sql`update api_key set revoked_at = expires_at where organization_id = ${ctx.organizationId}
          and name = ${made.name} and revoked_at is null and expires_at <= now() returning slot`,
      ],
      [
        "free",
        sql`select min(s.slot)::smallint as slot from (values (1), (2)) s(slot)
          where s.slot in (select slot from expired) or not exists (
            select from api_key k where k.organization_id = ${ctx.organizationId}
              and k.name = ${made.name} and k.slot = s.slot and k.revoked_at is null)`,
      ],
      [
        "inserted",
        sql`insert into api_key (organization_id, id, name, slot, sha256, scopes, expires_at)
          select ${ctx.organizationId}::uuid, ${made.id}::uuid, ${made.name}, slot, ${made.sha256}::bytea,
            array(select jsonb_array_elements_text(${JSON.stringify(made.scopes)}::text::jsonb)),
            ${made.expiresAt?.toISOString() ?? null}::timestamptz
          from free where slot is not null returning id`,
      ],
    ],
    result: sql`select id from inserted`,
    audit: { action: "api_key.created", entity, details: { scopes: made.scopes } },
  }));
}

export async function revokeApiKey(ctx: Context, id: string, entity: string) {
  return write<{ id: string; revoked_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "updated",
        sql`update api_key set revoked_at = now()
          where organization_id = ${ctx.organizationId} and id = ${id} and revoked_at is null returning id, revoked_at`,
      ],
    ],
    result: sql`select id, revoked_at from updated`,
    audit: { action: "api_key.revoked", entity },
  }));
}

export async function selectApiKeys(ctx: Context): Promise<ApiKeyRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(apiKey)
      .where(and(eq(apiKey.organizationId, ctx.organizationId), isNull(apiKey.revokedAt)))
      .orderBy(asc(apiKey.id)),
  );
}

export interface LiveApiKey {
  readonly organizationId: string;
  readonly id: string;
  readonly scopes: readonly string[];
}

/** The live keys (not revoked, not expired by the database's clock) with these SHA-256 sums, in their order. */
export async function selectLiveApiKeys(
  services: Services,
  sums: readonly string[],
): Promise<(LiveApiKey | undefined)[]> {
  const rows = await services.db.look(
    (sql) => sql<{ sum: string; organizationId: string; id: string; scopes: string[] }[]>`
      select encode(sha256, 'hex') as sum, organization_id as "organizationId", id, scopes from api_key
      where sha256 in (select decode(x, 'hex') from unnest(${[...new Set(sums)]}::text[]) x)
        and revoked_at is null and (expires_at is null or expires_at > now())`,
  );
  const found = new Map(rows.map((row) => [row.sum, row]));
  return sums.map((sum) => found.get(sum));
}
