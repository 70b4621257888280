import type { Context } from "../../context.ts";
import type { Fragment, Sql } from "../../db/database.ts";
import { tell, write } from "../../db/write.ts";
import type { EventType } from "../../kernel/event-types.ts";

/** What is told of a person; ids are public. */
export interface Telling {
  readonly type: EventType;
  readonly subjectId: string;
  readonly requestId: string | null;
  readonly sections: readonly string[];
}

/** A telling with what goes to each source that wants to know, sealed. */
export interface PreparedTelling extends Telling {
  readonly notices: readonly { readonly source: string; readonly sealed: string; readonly id: string }[];
}

/** The part of a write that has sources told, by jobs, when an earlier part, `when`, has a row. */
export function noticesPart(
  sql: Sql,
  { organizationId }: Context,
  { notices }: PreparedTelling,
  when: string,
): readonly [string, Fragment] {
  const jobs = notices.map(({ id, ...notice }) => ({
    payload: { organizationId, id, ...notice },
    key: `source_notice:${id}`,
  }));
  return [
    "telling",
    sql`select count(queue_job('notify_source', j.payload, j.key)) as one
      from json_to_recordset(${JSON.stringify(jobs)}::text::json) j(payload json, key text)
      where exists (select from ${sql(when)})`,
  ];
}

/**
 * Tells everybody who listens what was carried out about a person, with ids alone, and has the sources that want to know
 * told by jobs, in the same statement.
 */
export async function insertTelling(ctx: Context, telling: PreparedTelling) {
  const { type, subjectId, requestId, sections } = telling;
  return write<{ one: number }>(ctx, (sql) => ({
    parts: [["carried_out", sql`select 1 as one`], noticesPart(sql, ctx, telling, "carried_out")],
    result: sql`select one from telling`,
    audit: { action: "sources.told", entity: subjectId, details: { type, requestId, sections } },
    tells: [tell(sql, type, { subjectId, requestId, sections }, "telling")],
  }));
}
