import { and, asc, desc, eq, gt, gte, inArray, lt } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import { retryDeadlock, write } from "../../db/write.ts";
import { limits } from "../../kernel/limits.ts";
import type { CauseKind } from "./domain/facts.ts";
import { type DecisionDocument, unpackDecision } from "./domain/stored-decision.ts";
import { decision } from "./tables.ts";

/** A decision that is about to be recorded. */
export interface NewDecision {
  readonly id: string;
  readonly organizationId: string;
  readonly at: string;
  readonly subjectId: string | null;
  readonly messageRef: string | null;
  readonly decision: "allow" | "deny";
  /** As `packDecision` makes it. */
  readonly document: object;
  /** Used up by it. */
  readonly cause: { readonly kind: CauseKind; readonly id: string } | null;
  readonly slot: WantedSlot | null;
}

/** A place under frequency caps and the sender's limits, for one message to one person; see `reserve_slots`. Ids are uuids. */
export interface WantedSlot {
  readonly organizationId: string;
  readonly decisionId: string;
  /** All records of the person; of a stranger what stands for the record, see `reached_person`. */
  readonly subjectIds: readonly string[];
  readonly at: string;
  readonly category: string;
  readonly purpose: string;
  readonly messageRef: string | null;
  /** Null: for good. */
  readonly until: string | null;
  /** Null: none is on the message. */
  readonly caps: readonly object[] | null;
  /** What counts the person as written to; `most` null: whatever the limit. */
  readonly counters: readonly { readonly counter: string; readonly most: number | null }[];
}

/**
 * Records gathered decisions in one statement, each only if the cause it uses is still unused and every cap it is
 * under leaves a place; says which it recorded.
 */
export async function insertDecisions(
  services: Services,
  made: readonly NewDecision[],
): Promise<ReadonlySet<string>> {
  if (made.length === 0) return new Set();
  // Columns and lines: PostgreSQL takes twice as long to read the same as one JSON document.
  const column = <Value>(of: (one: NewDecision) => Value) => made.map(of);
  const documents = made.map(({ document }) => JSON.stringify(document)).join("\n");
  const special = made.filter(({ cause, slot }) => cause ?? slot);
  const rows = await retryDeadlock(() =>
    services.db.statement(
      (sql) => sql<{ id: string }[]>`
        with q as materialized (
          select organization_id::uuid, id::uuid, at::timestamptz, subject_id::uuid, decision, message_ref, document::json
          from rows from (unnest(${column(({ organizationId }) => organizationId)}::text[], ${column(({ id }) => id)}::text[],
              ${column(({ at }) => at)}::text[], ${column(({ subjectId }) => subjectId)}::text[],
              ${column(({ decision }) => decision)}::text[], ${column(({ messageRef }) => messageRef)}::text[]),
            string_to_table(${documents}, chr(10)))
            q(organization_id, id, at, subject_id, decision, message_ref, document)),
        special as materialized (
          select q.*, s.cause, s.slot
          from json_to_recordset(${JSON.stringify(special.map(({ id, cause, slot }) => ({ id, cause, slot })))}::text::json)
            s(id uuid, cause json, slot json)
          join q on q.id = s.id),
        claimed as (
          insert into cause_use (organization_id, kind, cause_id, decision_id, subject_id)
          select organization_id, cause->>'kind', (cause->>'id')::uuid, id, subject_id from special
          where json_typeof(cause) = 'object'
          order by 1, 2, 3, 4
          on conflict do nothing returning decision_id),
        reserved as materialized (
          select decision_id from reserve_slots(
            (select json_agg(slot) from special where json_typeof(slot) = 'object')))
        insert into decision (organization_id, id, at, subject_id, decision, message_ref, document)
        select organization_id, id, at, subject_id, decision, message_ref, document from q
        where not exists (
          select from special s where s.id = q.id
            and (json_typeof(s.cause) = 'object' and s.id not in (select decision_id from claimed)
              or json_typeof(s.slot) = 'object' and s.id not in (select decision_id from reserved)))
        returning id`,
    ),
  );
  return new Set(rows.map(({ id }) => id));
}

export type DecisionRow = Omit<typeof decision.$inferSelect, "document"> & {
  readonly document: DecisionDocument;
};

const unpacked = (row: typeof decision.$inferSelect): DecisionRow => ({
  ...row,
  document: unpackDecision(row.document),
});

export async function selectDecision(ctx: Context, id: string): Promise<DecisionRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(decision)
      .where(and(eq(decision.organizationId, ctx.organizationId), eq(decision.id, id))),
  );
  return rows[0] && unpacked(rows[0]);
}

/** Decisions about some records of one person, the newest first. */
export async function selectDecisionsOf(
  ctx: Context,
  subjectIds: readonly string[],
  before: string | undefined,
  limit: number,
): Promise<DecisionRow[]> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(decision)
      .where(
        and(
          eq(decision.organizationId, ctx.organizationId),
          inArray(decision.subjectId, [...subjectIds]),
          before ? lt(decision.id, before) : undefined,
        ),
      )
      .orderBy(desc(decision.id))
      .limit(limit),
  );
  return rows.map(unpacked);
}

/** Opens a cause. Undefined when this person has too many of late. */
export async function insertCause(
  ctx: Context,
  made: { id: string; kind: CauseKind; hashes: readonly string[] },
  entity: string,
) {
  return write<{ id: string; opened_at: string }>(ctx, (sql) => ({
    parts: [
      [
        "opened",
        sql`select * from open_cause(${ctx.organizationId}::uuid, ${made.id}::uuid, ${made.kind},
          array(select decode(h, 'hex') from unnest(${made.hashes as string[]}::text[]) h), ${limits.causesPerPerson}::int,
          ${limits.causeLifeSeconds}::int)`,
      ],
    ],
    result: sql`select id, opened_at from opened`,
    audit: { action: "cause.opened", entity, details: { kind: made.kind } },
  }));
}

/** Where decisions of a time begin: their ids begin with their time, so the key is the way to them. */
interface DecisionsSince {
  readonly at: Date;
  readonly id: string;
}

const madeSince = (ctx: Context, since: DecisionsSince) =>
  and(
    eq(decision.organizationId, ctx.organizationId),
    gte(decision.id, since.id),
    gte(decision.at, since.at),
  );

/** A page of the decisions since a time, the oldest first, after an id. */
export async function selectDecisionsAfter(
  ctx: Context,
  since: DecisionsSince,
  after: string | undefined,
  limit: number,
): Promise<DecisionRow[]> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(decision)
      .where(and(madeSince(ctx, since), after === undefined ? undefined : gt(decision.id, after)))
      .orderBy(asc(decision.id))
      .limit(limit),
  );
  return rows.map(unpacked);
}

/** The newest decision since a time but for so many newer ones; undefined when there are no more than those. */
export async function selectNewestDecision(
  ctx: Context,
  since: DecisionsSince,
  newer: number,
): Promise<{ id: string } | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select({ id: decision.id })
      .from(decision)
      .where(madeSince(ctx, since))
      .orderBy(desc(decision.id))
      .limit(1)
      .offset(newer),
  );
  return rows[0];
}
