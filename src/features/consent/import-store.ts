import { and, eq, inArray } from "drizzle-orm";
import type { Context } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { errorCode, violatedUnique } from "../../db/database.ts";
import { write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { type NewPointRows, pointParts } from "../collection/index.ts";
import {
  againstPart,
  hashesOfAll,
  type NewPerson,
  resolveAllPart,
  scopesPart,
  standAllPart,
} from "../subject/index.ts";
import { consentImportBatch, legacyEvidence } from "./tables.ts";

/** A file that is taken in, and how: the SHA-256 of both in hex. */
export interface ImportedFile {
  readonly fileSha256: string;
  readonly readingSha256: string;
}

/** The uuid of a file's import: a new one, or that of the same file read in the same way before. */
export async function openImport(ctx: Context, { fileSha256, readingSha256 }: ImportedFile): Promise<string> {
  const id = ctx.services.newId("imp");
  const made = await write<{ id: string }>(ctx, (sql) => ({
    parts: [
      [
        "made",
        sql`insert into consent_import (organization_id, id, file_sha256, reading_sha256, actor_kind, actor_id)
          values (${ctx.organizationId}, ${id}, ${fileSha256}, ${readingSha256}, ${ctx.actor.kind}, ${ctx.actor.id ?? null})
          on conflict (organization_id, file_sha256, reading_sha256) do nothing returning id`,
      ],
    ],
    result: sql`select id from made`,
    audit: {
      action: "consent_import.started",
      entity: formatId("imp", id),
      details: { fileSha256, readingSha256 },
    },
  }));
  return made?.id ?? (await findImport(ctx, { fileSha256, readingSha256 })) ?? id;
}

/** The uuid of the import of this file in this way; undefined: there is none. */
export async function findImport(
  ctx: Context,
  { fileSha256, readingSha256 }: ImportedFile,
): Promise<string | undefined> {
  const rows = await ctx.services.db.look(
    (sql) => sql<{ id: string }[]>`
      select id from consent_import where organization_id = ${ctx.organizationId}
        and file_sha256 = ${fileSha256} and reading_sha256 = ${readingSha256}`,
  );
  return rows[0]?.id;
}

/** What was wrong with a row of a batch. */
export interface RefusedRow {
  readonly line: number;
  readonly pointer: string;
  readonly message: string;
}

/** The batches of an import that are done, by their number, with what only the database could tell of their rows. */
export async function selectBatches(
  ctx: Context,
  importId: string,
  batch?: number,
): Promise<ReadonlyMap<number, readonly RefusedRow[]>> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select({ batch: consentImportBatch.batch, refused: consentImportBatch.refused })
      .from(consentImportBatch)
      .where(
        and(
          eq(consentImportBatch.organizationId, ctx.organizationId),
          eq(consentImportBatch.importId, importId),
          batch === undefined ? undefined : eq(consentImportBatch.batch, batch),
        ),
      ),
  );
  return new Map(rows.map((row) => [row.batch, row.refused as RefusedRow[]]));
}

/** What many rows of a file say alike. */
export interface ImportKind {
  readonly channel: string;
  readonly purpose: string;
  readonly reportedState: "given" | "withdrawn" | "refused";
  readonly yesState: "given" | "requested";
  readonly proof: "reported" | "legacy" | "unproven";
  readonly collectionPointId: string | null;
  readonly version: number | null;
  readonly indication: string | null;
  readonly language: string | null;
  readonly validityDays: number | null;
}

/** A consent of an import that is about to be recorded. Ids are uuids, keys and sealed values base64. */
export interface NewImportedConsent {
  readonly id: string;
  readonly subjectId: string;
  /** Hashes of the identifiers that were named. */
  readonly named: readonly string[];
  /** The place of what it says like others. */
  readonly kind: number;
  /** Undefined: a no of an unknown time, which counts from now. */
  readonly occurredAt: string | undefined;
  readonly sealed: string | undefined;
  readonly importKey: string;
  /** The uuid that the row says the event has, and its state: one that is on record and says just the same is left. */
  readonly knownId: string | undefined;
  readonly knownState: string;
}

/** A batch of an import: consents, and the people of theirs whom nobody knew when they were looked for. */
export interface NewBatch {
  readonly importId: string;
  readonly batch: number;
  readonly consents: readonly NewImportedConsent[];
  readonly kinds: readonly ImportKind[];
  readonly toMake: readonly NewPerson[];
  readonly refused: readonly RefusedRow[];
  /** When consents under the evidence for the whole list end. */
  readonly endsAt: Date | undefined;
  /** SHA-256 over the keys of the rows, in hex. */
  readonly sha256: string;
}

/** SQLSTATE of what the part `whole` of a batch fails with. */
const divisionByZero = "22012";

/** The part of a write that keeps what events add up to, from a SELECT of sums: statePart of consents. */
type StatePart = (sql: Sql, sums: Fragment) => Fragment;

/**
 * Records a batch and that it is done in one statement: the people it makes, consents, what they add up to, the standing
 * noes and one audit entry. What was imported before, by whichever file, is left as it is. Answers how many consents are
 * new; `done` when somebody else has recorded the batch already, `again` when somebody whom it was to make has become
 * known meanwhile: then nothing was recorded, and nobody made known.
 *
 * A yes while a no stands in its scope is stored as `requested`: an import never shows the person's own doing.
 */
export async function insertBatch(
  ctx: Context,
  batch: NewBatch,
  statePart: StatePart,
): Promise<{ imported: number } | "done" | "again"> {
  try {
    return (
      (await write<{ imported: number }>(ctx, (sql) => batchWrite(sql, ctx, batch, statePart))) ?? "again"
    );
  } catch (error) {
    if (violatedUnique(error) === "consent_import_batch_done") return "done";
    if (errorCode(error) === divisionByZero) return "again";
    throw error;
  }
}

function batchWrite(sql: Sql, ctx: Context, made: NewBatch, statePart: StatePart) {
  const { importId, batch, consents, toMake, refused, endsAt, sha256 } = made;
  return {
    parts: [
      [
        "person",
        toMake.length > 0 ? resolveAllPart(sql, ctx, toMake) : sql`select null as outcome where false`,
      ],
      // Only an error undoes a statement whole: nobody is made known by a batch that is not recorded.
      [
        "whole",
        sql`select 1 / (not exists (select from person p where p.outcome <> 'made'))::int as is_whole`,
      ],
      [
        "q",
        sql`select q.* from whole cross join (${rowsPart(sql, made)}) q where not ${isOnRecord(sql, ctx)}`,
      ],
      ["hashes", hashesOfAll(sql, ctx, "q")],
      ["scopes", scopesPart(sql, ctx)],
      ["against", againstPart(sql, ctx)],
      ["event", eventPart(sql, ctx, importId, endsAt)],
      ["state", statePart(sql, allSums(sql))],
      [
        "noes",
        sql`select q.n, q.channel, q.purpose, q."reportedState" as kind, q.at, public_id('cns', q.id) as event_id
          from q join event e on e.id = q.id where q."reportedState" <> 'given'`,
      ],
      ["stands", standAllPart(sql, ctx, "noes", "hashes")],
      [
        "batch",
        sql`insert into consent_import_batch (organization_id, import_id, batch, imported, unchanged, refused)
          select ${ctx.organizationId}::uuid, ${importId}::uuid, ${batch}::int, e.imported, ${consents.length}::int - e.imported,
            ${JSON.stringify(refused)}::text::jsonb
          from whole cross join (select count(*)::int as imported from event) e where is_whole = 1 returning imported`,
      ],
    ] as const,
    result: sql`select imported from batch`,
    audit: {
      action: "consents.imported" as const,
      entity: formatId("imp", importId),
      details: { batch, rows: consents.length + refused.length, refused: refused.length, sha256 },
    },
    tellsAll: sql`
      select e.id, 'consent.' || e.state as type, jsonb_build_object('consentId', public_id('cns', q.id),
        'subjectId', public_id('sub', q."subjectId"), 'channel', q.channel, 'purpose', q.purpose, 'state', e.state, 'occurredAt',
        to_char(q.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as data
      from q join event e on e.id = q.id`,
  };
}

function rowsPart(sql: Sql, { consents, kinds }: NewBatch): Fragment {
  const numbered = kinds.map((kind, k) => ({ ...kind, k }));
  return sql`
    select r.n, r.id, r."subjectId", r.named, coalesce(r."occurredAt", now()) as at, r.sealed, r."importKey",
      r."knownId", r."knownState", k.*
    from rows from (json_to_recordset(${JSON.stringify(consents)}::text::json) as (id uuid, "subjectId" uuid, named text[],
      kind int, "occurredAt" timestamptz, sealed text, "importKey" text, "knownId" uuid, "knownState" text)) with ordinality
      r(id, "subjectId", named, kind, "occurredAt", sealed, "importKey", "knownId", "knownState", n)
    join json_to_recordset(${JSON.stringify(numbered)}::text::json) k(k int, channel text, purpose text, "reportedState" text,
      "yesState" text, proof text, "collectionPointId" uuid, version int, indication text, language text,
      "validityDays" int) on k.k = r.kind`;
}

/**
 * Whether the event that a row of `q` names is on record and says the same of the same person: a row that was changed
 * since is another word. Asked so that it is one look by the key, and never a join.
 */
function isOnRecord(sql: Sql, ctx: Context): Fragment {
  const rootOf = (id: Fragment) => sql`(select s.root_id from subject s
    where s.organization_id = ${ctx.organizationId}::uuid and s.id = ${id})`;
  return sql`coalesce((select e.state = q."knownState" and e.channel = q.channel and e.purpose = q.purpose
      and date_trunc('milliseconds', e.occurred_at) = q.at
      and ${rootOf(sql`e.subject_id`)} = ${rootOf(sql`q."subjectId"`)}
    from consent_event e where e.organization_id = ${ctx.organizationId}::uuid and e.id = q."knownId" limit 1), false)`;
}

function eventPart(sql: Sql, ctx: Context, importId: string, endsAt: Date | undefined): Fragment {
  return sql`
    insert into consent_event (organization_id, id, subject_id, channel, purpose, state, reported_state, proof,
      collection_point_id, collection_point_version, indication, language, occurred_at, effective_at, expires_at, sealed,
      import_id, import_key, actor_kind, actor_id)
    select ${ctx.organizationId}::uuid, q.id, q."subjectId", q.channel, q.purpose,
      case when q."reportedState" <> 'given' then q."reportedState"
        when no.stands is null then q."yesState" else 'requested' end,
      q."reportedState", q.proof, q."collectionPointId", q.version, q.indication, q.language, q.at, least(q.at, now()),
      case when q."reportedState" = 'given' then
        least(least(q.at, now()) + q."validityDays" * interval '1 day', ${endsAt ?? null}::timestamptz,
          ${endsAt === undefined ? sql`null` : firstEnd(sql, ctx)}) end,
      decode(q.sealed, 'base64'), ${importId}::uuid, decode(q."importKey", 'base64'), ${ctx.actor.kind}, ${ctx.actor.id ?? null}
    from q left join against no on no.n = q.n
    order by q."importKey"
    on conflict (organization_id, import_key) where import_key is not null do nothing
    returning *`;
}

/**
 * When consents end under the evidence by which the person's yes of row `q` to this purpose was recorded first: whichever
 * list says it again, and in whatever words, it lasts no longer.
 */
function firstEnd(sql: Sql, ctx: Context): Fragment {
  return sql`(
    select min(l.ends_at) from subject p
    join subject s on s.organization_id = p.organization_id and s.root_id = p.root_id
    join consent_event e on e.organization_id = s.organization_id and e.subject_id = s.id
    join legacy_evidence l on l.organization_id = e.organization_id and l.collection_point_id = e.collection_point_id
    where p.organization_id = ${ctx.organizationId}::uuid and p.id = q."subjectId" and e.purpose = q.purpose
      and e.proof = 'legacy' and e.reported_state = 'given')`;
}

/** What the events of part `event` add up to for each person, channel and purpose, however many there are of it. */
function allSums(sql: Sql): Fragment {
  const latest = (what: string, state: Fragment, order: Fragment) =>
    sql`(array_agg(${sql(what)} order by ${order}, id) filter (where ${state}))[1]`;
  const [given, requested, no] = [
    sql`state = 'given'`,
    sql`state = 'requested'`,
    sql`state in ('withdrawn', 'refused')`,
  ];
  const best = sql`proof = 'unproven', effective_at desc`;
  const [recent, newest] = [sql`effective_at desc`, sql`occurred_at desc`];
  return sql`
    select organization_id, subject_id, channel, purpose,
      ${latest("id", given, best)}, ${latest("effective_at", given, best)}, ${latest("expires_at", given, best)},
      null::uuid, null::timestamptz, null::timestamptz,
      ${latest("id", requested, recent)}, ${latest("effective_at", requested, recent)},
      ${latest("state", no, newest)}, ${latest("id", no, newest)}, ${latest("occurred_at", no, newest)},
      coalesce(bool_and(proof = 'unproven') filter (where ${given}), false)
    from event group by organization_id, subject_id, channel, purpose order by subject_id, channel, purpose`;
}

/** A row as a dry run looks at it. */
export interface LookedAt {
  readonly n: number;
  /** It was imported before, or its event is on record. */
  readonly isRecorded: boolean;
  /** A no stands in its scope: a yes would be stored as `requested`. */
  readonly isHeldBack: boolean;
  /** It names two people, or somebody who was erased. */
  readonly problem: "conflict" | "gone" | null;
}

/** What would become of rows, of people who need not be known. Changes nothing. */
export async function lookAtRows(
  ctx: Context,
  rows: readonly {
    readonly n: number;
    readonly named: readonly string[];
    readonly channel: string;
    readonly purpose: string;
    /** ISO 8601; null: unknown. */
    readonly at: string | null;
    readonly importKey: string;
    readonly knownId: string | null;
    readonly knownState: string;
  }[],
): Promise<readonly LookedAt[]> {
  return ctx.services.db.look(
    (sql) => sql<LookedAt[]>`
      with asked as materialized (
        select * from json_to_recordset(${JSON.stringify(rows)}::text::json) q(n int, named text[], channel text,
          purpose text, at timestamptz, "importKey" text, "knownId" uuid, "knownState" text)),
      q as materialized (
        select a.*, p."subjectId", case when p.people > 1 then 'conflict' when p.is_erased then 'gone' end as problem
        from asked a cross join lateral (
          select (array_agg(s.root_id))[1] as "subjectId", count(distinct s.root_id) as people,
            bool_or(s.data_key is null) as is_erased
          from unnest(a.named) h(hash) cross join lateral (
            select r.root_id, r.data_key from identifier i
            join subject s on s.organization_id = i.organization_id and s.id = i.subject_id
            join subject r on r.organization_id = s.organization_id and r.id = s.root_id
            where i.organization_id = ${ctx.organizationId}::uuid and i.hash = decode(h.hash, 'hex') offset 0) s) p),
      hashes as materialized (${hashesOfAll(sql, ctx, "q")}),
      scopes as materialized (${scopesPart(sql, ctx)}),
      against as materialized (${againstPart(sql, ctx)})
      select q.n, q.problem, coalesce((select true from consent_event e where e.organization_id = ${ctx.organizationId}::uuid
          and e.import_key = decode(q."importKey", 'base64') limit 1), false)
        or ${isOnRecord(sql, ctx)} as "isRecorded", no.stands is not null as "isHeldBack"
      from q left join against no on no.n = q.n`,
  );
}

/** The evidence for a list, as it is kept. */
export interface LegacyRow {
  readonly collectionPointId: string;
  readonly version: number;
  readonly listSha256: string;
  readonly collectedFrom: Date;
  readonly collectedUntil: Date;
  readonly endsAt: Date;
  readonly sealed: Buffer;
}

/** The evidence for lists: of one list by its SHA-256, or of some collection points (uuids). */
export async function selectLegacy(
  ctx: Context,
  of: { readonly listSha256: string } | { readonly collectionPointIds: readonly string[] },
): Promise<LegacyRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(legacyEvidence)
      .where(
        and(
          eq(legacyEvidence.organizationId, ctx.organizationId),
          "listSha256" in of
            ? eq(legacyEvidence.listSha256, of.listSha256)
            : inArray(legacyEvidence.collectionPointId, [...of.collectionPointIds]),
        ),
      ),
  );
}

/**
 * Keeps the evidence for a list, its wording as the only version of a collection point of its own. Consents under it end
 * when those do that were collected in the same words at the same time, in whatever file: it may be the same list with
 * other columns. Undefined when there is evidence for this list already.
 */
export async function insertLegacy(
  ctx: Context,
  point: NewPointRows,
  evidence: Omit<LegacyRow, "endsAt" | "version" | "collectionPointId">,
): Promise<true | undefined> {
  const entity = formatId("cpt", point.made.id);
  try {
    const made = await write<{ id: string }>(ctx, (sql) => ({
      parts: [
        ...pointParts(sql, ctx, point),
        [
          "legacy",
          sql`insert into legacy_evidence (organization_id, collection_point_id, version, list_sha256, collected_from,
              collected_until, ends_at, sealed, actor_kind, actor_id)
            select ${ctx.organizationId}::uuid, id, 1, ${evidence.listSha256}, ${evidence.collectedFrom},
              ${evidence.collectedUntil}, least(now() + make_interval(months => ${limits.legacyMonths}::int), (
                select min(l.ends_at) from legacy_evidence l join collection_point_version v
                  on v.organization_id = l.organization_id and v.collection_point_id = l.collection_point_id
                where l.organization_id = ${ctx.organizationId}::uuid and l.collected_from <= ${evidence.collectedUntil}
                  and l.collected_until >= ${evidence.collectedFrom}
                  and v.wording_sha256 = ${point.content.wordingSha256})), ${evidence.sealed},
              ${ctx.actor.kind}, ${ctx.actor.id ?? null}
            from version returning collection_point_id as id`,
        ],
      ],
      result: sql`select id from legacy`,
      audit: {
        action: "legacy_evidence.recorded",
        entity,
        details: { listSha256: evidence.listSha256, wordingSha256: point.content.wordingSha256 },
      },
    }));
    return made === undefined ? undefined : true;
  } catch (error) {
    if (violatedUnique(error) === undefined) throw error;
    return undefined;
  }
}
