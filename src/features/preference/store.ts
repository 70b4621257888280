import { and, asc, desc, eq, inArray } from "drizzle-orm";
import type { Context, Services } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { tell, write } from "../../db/write.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import type { Aspect } from "./domain/choice.ts";
import { preferenceCode, preferenceEvent } from "./tables.ts";

export type PreferenceEventRow = typeof preferenceEvent.$inferSelect;

/** What holds of one aspect. Instants as PostgreSQL writes them. */
export interface PreferenceRow {
  readonly aspect: Aspect;
  readonly event_id: string;
  readonly until: string | null;
  readonly most: number | null;
  readonly hours: number | null;
  readonly word: string | null;
  readonly at: string;
  readonly source: "link" | "code";
}

/** A choice to be recorded; all values null: nothing of the kind is to hold any more. Ids are uuids. */
export interface NewChoice {
  readonly id: string;
  /** The root of the person's records. */
  readonly subjectId: string;
  readonly aspect: Aspect;
  readonly until: string | null;
  readonly most: number | null;
  readonly hours: number | null;
  readonly word: string | null;
  /** Who chooses proved that the number is theirs, and may give, too. */
  readonly mayGive: boolean;
  readonly source: "link" | "code";
}

/** Records a choice in one statement; undefined when nothing changes, see change_preference in the migrations. */
export async function insertChoice(
  ctx: Context,
  choice: NewChoice,
): Promise<{ id: string; recorded_at: string } | undefined> {
  const { id, aspect, until, most, hours, word, source } = choice;
  const value = { until, most, hours, word };
  return write(ctx, (sql) => ({
    parts: [
      [
        "changed",
        sql`select * from change_preference(${ctx.organizationId}::uuid, ${choice.subjectId}::uuid, ${id}::uuid, ${aspect},
          ${until}::timestamptz, ${most}::int, ${hours}::int, ${word}::text, ${choice.mayGive}::boolean,
          ${limits.optOutUndoSeconds}::int, ${source}, ${ctx.actor.kind}, ${ctx.actor.id ?? null}::text)`,
      ],
    ],
    result: sql`select event_id as id, recorded_at from changed`,
    audit: {
      action: "preference.changed",
      entity: formatId("prf", id),
      details: { aspect, ...value, source },
    },
    tells: [
      tell(
        sql,
        "preference.changed",
        {
          preferenceId: formatId("prf", id),
          subjectId: formatId("sub", choice.subjectId),
          aspect,
          ...value,
          source,
        },
        "changed",
      ),
    ],
  }));
}

export type UndoneChoice = "undone" | "undone_before" | "too_late" | "changed" | "unknown";

/** Takes a link's choice back in one statement and says what became of it; see undo_preference in the migrations. */
export async function insertUndoneChoice(
  ctx: Context,
  input: { id: string; subjectId: string; eventId: string },
): Promise<UndoneChoice> {
  const undone = await write<{ outcome: UndoneChoice }>(ctx, (sql) => ({
    parts: [
      [
        "tried",
        sql`select undo_preference(${ctx.organizationId}::uuid, ${input.subjectId}::uuid, ${input.eventId}::uuid,
          ${input.id}::uuid, ${limits.optOutUndoSeconds}::int, ${ctx.actor.kind}, ${ctx.actor.id ?? null}::text) as outcome`,
      ],
      ["undone", sql`select 1 from tried where outcome = 'undone'`],
    ],
    result: sql`select outcome from tried where outcome = 'undone'`,
    audit: {
      action: "preference.undone",
      entity: formatId("prf", input.eventId),
      details: { by: formatId("prf", input.id) },
    },
    tells: [
      tell(
        sql,
        "preference.undone",
        { preferenceId: formatId("prf", input.eventId), subjectId: formatId("sub", input.subjectId) },
        "undone",
      ),
    ],
  }));
  if (undone !== undefined) return undone.outcome;
  // It did nothing, and asked again it does nothing again, but says why.
  const rows = await ctx.services.db.statement(
    (sql) => sql<{ outcome: UndoneChoice }[]>`
      select case when u.id is not null then 'undone_before'
        when e.recorded_at <= now() - make_interval(secs => ${limits.optOutUndoSeconds}::int) then 'too_late'
        else 'changed' end as outcome
      from preference_event e
      left join preference_event u on u.organization_id = e.organization_id and u.undoes = e.id
      where e.organization_id = ${ctx.organizationId} and e.id = ${input.eventId} and e.kind <> 'undone'
        and e.source = 'link'`,
  );
  return rows[0]?.outcome ?? "unknown";
}

/** What holds for a person (uuid of the root), one row for each aspect that they said something about. */
export async function selectStanding(ctx: Context, subjectId: string): Promise<PreferenceRow[]> {
  return ctx.services.db.statement(
    (sql) => sql<PreferenceRow[]>`
      select p.aspect, p.event_id, p.until::text, p.most, p.hours, p.word, p.at::text, e.source
      from unnest(array['pause', 'frequency', 'language', 'channel']) a(name)
      cross join lateral standing_preference(${ctx.organizationId}, ${subjectId}, a.name) p
      join preference_event e on e.organization_id = p.organization_id and e.id = p.event_id`,
  );
}

/** Every choice of a person's records, the oldest first. */
export async function selectChoices(
  ctx: Context,
  subjectIds: readonly string[],
): Promise<PreferenceEventRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(preferenceEvent)
      .where(
        and(
          eq(preferenceEvent.organizationId, ctx.organizationId),
          inArray(preferenceEvent.subjectId, [...subjectIds]),
        ),
      )
      .orderBy(asc(preferenceEvent.recordedAt), asc(preferenceEvent.id)),
  );
}

export type CodeRow = typeof preferenceCode.$inferSelect;

/** A code that is to be made. Ids are uuids. */
export interface NewCode {
  readonly id: string;
  readonly subjectId: string;
  /** The bearer of a link asked for it. */
  readonly isByLink?: boolean;
  /** They asked for it themself, and this is what others are told beside it, for somebody must send it. */
  readonly asked?: Readonly<Record<string, string>> | undefined;
}

/**
 * The part of a write that makes a code, `code_made`; no row when the person had too many of late. `onlyIf` names an
 * earlier part: without a row in it none is made.
 */
export function codePart(
  sql: Sql,
  ctx: Context,
  made: NewCode,
  onlyIf?: string,
): readonly [string, Fragment] {
  const when =
    onlyIf === undefined ? sql`(select 1) asked` : sql`(select 1 from ${sql(onlyIf)} limit 1) asked`;
  return [
    "code_made",
    sql`select c.* from ${when} cross join lateral make_preference_code(${ctx.organizationId}::uuid,
      ${made.subjectId}::uuid, ${made.id}::uuid, ${made.isByLink === true}::boolean, ${limits.preferenceCodes}::int,
      ${limits.preferenceCodesSeconds}::int, ${limits.preferenceCodesByLinkPerDay}::int, ${limits.preferenceCodeLifeSeconds}::int, ${limits.passcodeTries}::int) c`,
  ];
}

/** What others are told of a code that codePart made, when the person asked for it. */
export function codeTells(sql: Sql, { id, subjectId, asked }: NewCode): Fragment[] {
  if (asked === undefined) return [];
  const data = {
    preferenceCodeId: formatId("pcd", id),
    subjectId: formatId("sub", subjectId),
    ...asked,
  };
  return [tell(sql, "preference_code.requested", data, "code_made")];
}

/** Makes a code for a person; undefined when they have had too many of late. */
export async function insertCode(
  ctx: Context,
  made: NewCode,
): Promise<{ id: string; subject_id: string; expires_at: string } | undefined> {
  return write(ctx, (sql) => ({
    parts: [codePart(sql, ctx, made)],
    result: sql`select id, subject_id, expires_at from code_made`,
    audit: { action: "preference_code.created", entity: formatId("pcd", made.id) },
    tells: codeTells(sql, made),
  }));
}

/** Notes that a code was handed to whoever sends it. Undefined when there is none that is good any more. */
export async function recordRevealed(
  ctx: Context,
  id: string,
): Promise<{ id: string; subject_id: string; expires_at: string } | undefined> {
  return write(ctx, (sql) => ({
    parts: [],
    result: sql`select id, subject_id, expires_at from preference_code
      where organization_id = ${ctx.organizationId}::uuid and id = ${id}::uuid and expires_at > now()
        and used_at is null and tries_left > 0`,
    audit: { action: "preference_code.revealed", entity: formatId("pcd", id) },
  }));
}

/** The codes of a person's records, the newest first. */
export async function selectCodes(ctx: Context, subjectIds: readonly string[]): Promise<CodeRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(preferenceCode)
      .where(
        and(
          eq(preferenceCode.organizationId, ctx.organizationId),
          inArray(preferenceCode.subjectId, [...subjectIds]),
        ),
      )
      .orderBy(desc(preferenceCode.expiresAt)),
  );
}

/**
 * Takes one of a code's tries, before it is looked at; with `isRight` it is used up. Undefined when it cannot be tried:
 * too late, used, or no try left. Of several right ones at the same time one succeeds.
 */
export async function tryCode(
  ctx: Context,
  code: { id: string; isRight: boolean },
): Promise<{ tries_left: number } | undefined> {
  return write(ctx, (sql) => ({
    parts: [
      [
        "tried",
        sql`update preference_code set tries_left = tries_left - 1,
            used_at = case when ${code.isRight}::boolean then now() end
          where organization_id = ${ctx.organizationId}::uuid and id = ${code.id}::uuid and used_at is null
            and tries_left > 0 and expires_at > now()
          returning tries_left`,
      ],
    ],
    result: sql`select tries_left from tried`,
    audit: {
      action: code.isRight ? "preference_code.used" : "preference_code.refused",
      entity: formatId("pcd", code.id),
    },
  }));
}

/** Removes codes that were over so many days ago, of every organization. Answers how many. */
export async function deletePastCodes({ db }: Services): Promise<number> {
  const deleted = await db.statement(
    (sql) => sql`
      delete from preference_code where expires_at < now() - ${limits.preferenceCodeKeptDays}::int * interval '1 day'`,
  );
  return deleted.count;
}
