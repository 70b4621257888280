import type { Context } from "../../context.ts";
import { tell, write } from "../../db/write.ts";
import type { EventType } from "../../kernel/event-types.ts";

/** What is told of a person; ids are public. */
export interface Telling {
  readonly type: EventType;
  readonly subjectId: string;
  readonly requestId: string | null;
  readonly sections: readonly string[];
}

/**
 * Tells everybody who listens what was carried out about a person, with ids alone, and has the sources that want to know
 * told by jobs, in the same statement.
 */
export async function insertTelling(
  ctx: Context,
  { type, subjectId, requestId, sections }: Telling,
  notices: readonly { readonly source: string; readonly sealed: string; readonly id: string }[],
) {
  const jobs = notices.map(({ id, ...notice }) => ({
    payload: { organizationId: ctx.organizationId, id, ...notice },
    key: `source_notice:${id}`,
  }));
  return write<{ one: number }>(ctx, (sql) => ({
    parts: [
      [
        "telling",
        sql`select count(queue_job('notify_source', j.payload, j.key)) as one
          from json_to_recordset(${JSON.stringify(jobs)}::text::json) j(payload json, key text)`,
      ],
    ],
    result: sql`select one from telling`,
    audit: { action: "sources.told", entity: subjectId, details: { type, requestId, sections } },
    tells: [tell(sql, type, { subjectId, requestId, sections }, "telling")],
  }));
}
