import { and, eq, inArray, sql as typed } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import type { Context } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { retryDeadlock, write } from "../../db/write.ts";
import { identifier, subject } from "./tables.ts";

/** An identifier as the database knows it: the keyed hash of its canonical form, in hex. */
export interface HashedIdentifier {
  readonly hash: string;
  readonly kind: string;
  readonly country: string | null;
}

export interface ResolvedRow {
  readonly outcome: "found" | "made" | "ambiguous";
  readonly subjectId: string | null;
  readonly dataKey: Buffer | null;
  readonly evidenceKey: Buffer | null;
  readonly unsealed: string[] | null;
}

/** Finds the person whom the identifiers name, or makes one; see resolve_subject in the migrations. */
export async function callResolve(
  ctx: Context,
  input: {
    identifiers: readonly HashedIdentifier[];
    newId: string;
    dataKey: Buffer;
    evidenceKey: Buffer;
    byPlatform: boolean;
    at: Date;
  },
): Promise<ResolvedRow | undefined> {
  const rows = await retryDeadlock(() =>
    ctx.services.db.statement(
      (sql) => sql<ResolvedRow[]>`
        select outcome, subject_id as "subjectId", data_key as "dataKey", evidence_key as "evidenceKey", unsealed
        from resolve_subject(${ctx.organizationId}, ${JSON.stringify(input.identifiers)}::text::jsonb, ${input.newId},
          ${input.dataKey}, ${input.evidenceKey}, ${input.byPlatform}, ${input.at}, ${ctx.requestId})`,
    ),
  );
  return rows[0];
}

/** Somebody to be made when nobody is known by any of their identifiers, which are sealed for that. */
export interface NewPerson {
  readonly id: string;
  readonly dataKey: Buffer;
  readonly evidenceKey: Buffer;
  readonly identifiers: readonly (HashedIdentifier & { readonly sealed: Buffer })[];
}

/**
 * Finds the people whom a caller's identifiers name, or makes them; see resolve_subjects in the migrations. No two may
 * share an identifier. Answers in their order, without the keys of those whom it made.
 */
export async function callResolveAll(ctx: Context, people: readonly NewPerson[]): Promise<ResolvedRow[]> {
  const rows = await retryDeadlock(() =>
    ctx.services.db.statement(
      (sql) => sql<(ResolvedRow & { n: number })[]>`${resolveAllPart(sql, ctx, people)}`,
    ),
  );
  return rows.sort((a, b) => a.n - b.n);
}

/** The same as a SELECT, for a write that is about people whom it makes itself. */
export function resolveAllPart(sql: Sql, ctx: Context, people: readonly NewPerson[]): Fragment {
  const made = people.map(({ id, dataKey, evidenceKey }, n) => ({
    n,
    id,
    dataKey: dataKey.toString("base64"),
    evidenceKey: evidenceKey.toString("base64"),
  }));
  const identifiers = people.flatMap((person, n) =>
    person.identifiers.map(({ hash, kind, country, sealed }) => ({
      n,
      hash,
      kind,
      country,
      sealed: sealed.toString("base64"),
    })),
  );
  return sql`
    select n, outcome, subject_id as "subjectId", data_key as "dataKey", evidence_key as "evidenceKey", unsealed
    from resolve_subjects(${ctx.organizationId}, ${JSON.stringify(made)}::text::json,
      ${JSON.stringify(identifiers)}::text::json, ${ctx.requestId})`;
}

/** Keeps identifiers as they were given, sealed, where that was not done yet. */
export async function sealIdentifiers(
  ctx: Context,
  sealed: readonly { subjectId: string; hash: string; sealed: string }[],
): Promise<void> {
  await ctx.services.db.statement(
    (sql) => sql`
      update identifier i set sealed = decode(x.sealed, 'hex')
      from jsonb_to_recordset(${JSON.stringify(sealed)}::text::jsonb) x("subjectId" uuid, hash text, sealed text)
      where i.organization_id = ${ctx.organizationId} and i.hash = decode(x.hash, 'hex')
        and i.subject_id = x."subjectId" and i.sealed is null`,
  );
}

/** The person behind an identifier or the id of a record: the root of merged ones, with its keys. */
export interface KnownRow {
  /** The hash or the uuid that was asked about. */
  readonly named: string;
  readonly id: string;
  readonly dataKey: Buffer | null;
  readonly evidenceKey: Buffer | null;
  /** The identifier is kept as it was given, or is a merged record's. */
  readonly isSealed: boolean;
}

/** Whoever is known by any of the hashes and uuids; a row for each that is. */
export async function selectKnown(
  ctx: Context,
  hashes: readonly string[],
  ids: readonly string[],
): Promise<KnownRow[]> {
  return ctx.services.db.look(
    (sql) => sql<KnownRow[]>`
      with named as materialized (
        select h.hash as named, i.subject_id as id, i.is_sealed
        from unnest(${hashes as string[]}::text[]) h(hash) cross join lateral (
          select subject_id, sealed is not null as is_sealed from identifier
          where organization_id = ${ctx.organizationId}::uuid and hash = decode(h.hash, 'hex') offset 0) i
        union all
        select x.id, x.id::uuid, true from unnest(${ids as string[]}::text[]) x(id))
      select n.named, r.id, r.data_key as "dataKey", r.evidence_key as "evidenceKey", n.is_sealed or n.id <> r.id as "isSealed"
      from named n
      cross join lateral (select root_id from subject
        where organization_id = ${ctx.organizationId}::uuid and id = n.id offset 0) s
      cross join lateral (select id, data_key, evidence_key from subject
        where organization_id = ${ctx.organizationId}::uuid and id = s.root_id offset 0) r`,
  );
}

/** The people (roots of merged records) that any of the hashes names. */
export async function selectRoots(ctx: Context, hashes: readonly string[]): Promise<string[]> {
  const rows = await ctx.services.db.read((d) =>
    d
      .selectDistinct({ root: subject.rootId })
      .from(identifier)
      .innerJoin(
        subject,
        and(eq(subject.organizationId, identifier.organizationId), eq(subject.id, identifier.subjectId)),
      )
      .where(
        and(
          eq(identifier.organizationId, ctx.organizationId),
          inArray(
            identifier.hash,
            hashes.map((hash) => Buffer.from(hash, "hex")),
          ),
        ),
      ),
  );
  return rows.map((row) => row.root);
}

export type SubjectRow = typeof subject.$inferSelect;

/** A record by its id, and all records of the same person, itself included, the root first. */
export async function selectRecords(ctx: Context, id: string): Promise<SubjectRow[]> {
  const named = alias(subject, "named");
  return ctx.services.db.read((d) =>
    d
      .select({
        organizationId: subject.organizationId,
        id: subject.id,
        rootId: subject.rootId,
        mergedAt: subject.mergedAt,
        timeZone: subject.timeZone,
        savedSenderIds: subject.savedSenderIds,
        dataKey: subject.dataKey,
        evidenceKey: subject.evidenceKey,
        erasedAt: subject.erasedAt,
        evidenceUntil: subject.evidenceUntil,
        createdAt: subject.createdAt,
      })
      .from(named)
      .innerJoin(
        subject,
        and(eq(subject.organizationId, named.organizationId), eq(subject.rootId, named.rootId)),
      )
      .where(and(eq(named.organizationId, ctx.organizationId), eq(named.id, id)))
      .orderBy(typed`${subject.id} <> ${subject.rootId}`, subject.id),
  );
}

/** A record with the person's identifiers as they are kept: hashes in hex, keys and sealed values in base64. */
export interface PersonRow {
  readonly id: string;
  readonly rootId: string;
  readonly dataKey: Buffer | null;
  readonly evidenceKey: Buffer | null;
  readonly identifiers: readonly {
    readonly owner: string;
    readonly dataKey: string | null;
    readonly evidenceKey: string | null;
    readonly hash: string;
    readonly sealed: string | null;
  }[];
}

/** Records by their ids, each with the identifiers of all records of its person, the oldest first. */
export async function selectPeople(ctx: Context, ids: readonly string[]): Promise<PersonRow[]> {
  return ctx.services.db.look(
    (sql) => sql<PersonRow[]>`
      select s.id, s.root_id as "rootId", s.data_key as "dataKey", s.evidence_key as "evidenceKey", coalesce(i.all, '[]') as identifiers
      from unnest(${ids as string[]}::text[]) x(id)
      cross join lateral (select * from subject
        where organization_id = ${ctx.organizationId}::uuid and id = x.id::uuid offset 0) s
      left join lateral (
        select json_agg(json_build_object('owner', r.id, 'dataKey', replace(encode(r.data_key, 'base64'), E'\n', ''),
          'evidenceKey', replace(encode(r.evidence_key, 'base64'), E'\n', ''), 'hash', encode(i.hash, 'hex'),
          'sealed', replace(encode(i.sealed, 'base64'), E'\n', '')) order by i.created_at, i.hash) as all
        from subject r join identifier i on i.organization_id = r.organization_id and i.subject_id = r.id
        where r.organization_id = s.organization_id and r.root_id = s.root_id) i on true`,
  );
}

export async function selectIdentifiers(ctx: Context, subjectIds: readonly string[]) {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(identifier)
      .where(
        and(
          eq(identifier.organizationId, ctx.organizationId),
          inArray(identifier.subjectId, [...subjectIds]),
        ),
      )
      .orderBy(identifier.createdAt, identifier.hash),
  );
}

/**
 * Changes what is given of a person, in place of what merged records had. Undefined when the record is no root any more.
 */
export async function updateSubject(
  ctx: Context,
  id: string,
  change: { timeZone?: string | null | undefined; savedSenderIds?: readonly string[] | undefined },
  entity: string,
) {
  const { timeZone, savedSenderIds } = change;
  return write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "changed",
        sql`update subject s set
            time_zone = case when ${timeZone === undefined} then s.time_zone
              when s.id = s.root_id then ${timeZone ?? null}::text end,
            saved_sender_ids = case when ${savedSenderIds === undefined} then s.saved_sender_ids
              when s.id = s.root_id then (
                select coalesce(array_agg(x::uuid), '{}') from unnest(${(savedSenderIds ?? []) as string[]}::text[]) x)
              else '{}' end
          where s.organization_id = ${ctx.organizationId}::uuid and s.root_id = ${id}::uuid
          returning s.id`,
      ],
    ],
    result: sql`select id from changed where id = ${id}::uuid`,
    // Which, and not to what: where somebody lives is personal.
    audit: {
      action: "subject.changed",
      entity,
      details: { timeZone: timeZone !== undefined, savedSenders: savedSenderIds !== undefined },
    },
  }));
}

/** Makes two records one person; see merge_subjects in the migrations. Null when one does not exist. */
export async function callMerge(
  ctx: Context,
  first: string,
  second: string,
  reason: string,
): Promise<string | null> {
  const rows = await retryDeadlock(() =>
    ctx.services.db.statement(
      (sql) => sql<{ root: string | null }[]>`
        select merge_subjects(${ctx.organizationId}, ${first}, ${second}, ${ctx.actor.kind}, ${ctx.actor.id ?? null},
          ${ctx.requestId}, ${reason}) as root`,
    ),
  );
  return rows[0]?.root ?? null;
}

/** A person left an identifier for others; see change_identity in the migrations. Told again it changes nothing. */
export async function callChangeIdentity(
  ctx: Context,
  input: {
    from: string;
    to: readonly string[];
    newId: string;
    dataKey: Buffer;
    evidenceKey: Buffer;
    at: Date;
  },
): Promise<void> {
  await retryDeadlock(() =>
    ctx.services.db.statement(
      (sql) => sql`
        select change_identity(${ctx.organizationId}, decode(${input.from}, 'hex'),
          array(select decode(x, 'hex') from unnest(${input.to as string[]}::text[]) x), ${input.newId}, ${input.dataKey},
          ${input.evidenceKey}, ${input.at}, ${ctx.requestId})`,
    ),
  );
}

/** What a standing no is for: '*' stands for every channel or every purpose, `*marketing` for those of that category. */
export interface StandingNo {
  readonly channel: string;
  readonly purpose: string;
  readonly kind: "opted_out" | "withdrawn" | "refused" | "revoked" | "invalidated";
  readonly at: string;
  readonly eventId: string;
}

/**
 * A SELECT of the hashes that a no of these people holds for: every identifier of theirs, and those that were
 * named with it whether they belong to anybody yet or not. A record that was merged meanwhile still names its person.
 */
export function hashesOf(
  sql: Sql,
  ctx: Context,
  roots: readonly string[],
  named: readonly string[],
): Fragment {
  return sql`
    select i.hash from identifier i
      join subject s on s.organization_id = i.organization_id and s.id = i.subject_id
      where i.organization_id = ${ctx.organizationId}::uuid and s.root_id in (
        select p.root_id from subject p where p.organization_id = ${ctx.organizationId}::uuid
          and p.id in (select x::uuid from unnest(${roots as string[]}::text[]) x))
    union select decode(x, 'hex') from unnest(${named as string[]}::text[]) x`;
}

/** The same for many people at once: a SELECT of `n` and `hash` for each row of `people` (n, "subjectId", named). */
export function hashesOfAll(sql: Sql, ctx: Context, people: string): Fragment {
  return sql`
    select q.n, i.hash from ${sql(people)} q
      cross join lateral (select root_id from subject
        where organization_id = ${ctx.organizationId}::uuid and id = q."subjectId" offset 0) p
      cross join lateral (select id from subject
        where organization_id = ${ctx.organizationId}::uuid and root_id = p.root_id offset 0) s
      cross join lateral (select hash from identifier
        where organization_id = ${ctx.organizationId}::uuid and subject_id = s.id offset 0) i
    union select q.n, decode(x, 'hex') from ${sql(people)} q cross join lateral unnest(q.named) x`;
}

/** What a standing no to each purpose of part `q` may be for. `offset 0`: it is asked once for each, not for each row. */
export function scopesPart(sql: Sql, ctx: Context): Fragment {
  return sql`select p.purpose, no_purposes(${ctx.organizationId}::uuid, p.purpose) as purposes
    from (select distinct purpose from q) p offset 0`;
}

/** The rows (n) of part `q` that a no stands against; parts `hashes` and `scopes` say whose and which. */
export function againstPart(sql: Sql, ctx: Context): Fragment {
  return sql`
    select distinct h.n, true as stands from hashes h join q on q.n = h.n join scopes o on o.purpose = q.purpose
    cross join lateral (
      select from standing_no s where s.organization_id = ${ctx.organizationId}::uuid and s.identifier_hash = h.hash
        and s.channel in ('*', q.channel) and s.purpose = any(o.purposes) offset 0) s`;
}

/**
 * standPart for many noes: part `noes` has them (n, channel, purpose, kind, at, event_id), part `hashes` the hashes of
 * each (n, hash).
 */
export function standAllPart(sql: Sql, ctx: Context, noes: string, hashes: string): Fragment {
  return sql`
    insert into standing_no (organization_id, identifier_hash, channel, purpose, kind, at, event_id)
    select distinct on (h.hash, o.channel, o.purpose, o.kind)
      ${ctx.organizationId}::uuid, h.hash, o.channel, o.purpose, o.kind, o.at, o.event_id
    from ${sql(noes)} o join ${sql(hashes)} h on h.n = o.n
    order by h.hash, o.channel, o.purpose, o.kind, o.at desc
    on conflict (organization_id, identifier_hash, channel, purpose, kind) do update
      set at = excluded.at, event_id = excluded.event_id
      where standing_no.at < excluded.at
    returning identifier_hash`;
}

/**
 * The part of a write that makes a no stand: a row for each hash of `hashes` (the name of a part with a column
 * `hash`), for as long as part `cause` has a row. A no never gets older than one that stands already.
 */
export function standPart(sql: Sql, ctx: Context, no: StandingNo, hashes: string, cause: string): Fragment {
  return sql`
    insert into standing_no (organization_id, identifier_hash, channel, purpose, kind, at, event_id)
    select ${ctx.organizationId}::uuid, h.hash, ${no.channel}, ${no.purpose}, ${no.kind}, ${no.at}::timestamptz, ${no.eventId}
    from ${sql(hashes)} h where exists (select from ${sql(cause)})
    on conflict (organization_id, identifier_hash, channel, purpose, kind) do update
      set at = excluded.at, event_id = excluded.event_id
      where standing_no.at < excluded.at
    returning identifier_hash`;
}
