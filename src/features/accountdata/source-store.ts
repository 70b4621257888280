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

/** Tells everybody who listens what was carried out about a person, with ids alone. */
export async function insertTelling(ctx: Context, { type, subjectId, requestId, sections }: Telling) {
  return write<{ one: number }>(ctx, (sql) => ({
    parts: [["telling", sql`select 1 as one`]],
    result: sql`select one from telling`,
    audit: { action: "sources.told", entity: subjectId, details: { type, requestId, sections } },
    tells: [tell(sql, type, { subjectId, requestId, sections }, "telling")],
  }));
}
