import type { Context } from "../../context.ts";
import { readPerson } from "../subject/index.ts";
import { type Asked, askSource, type SourceAnswer } from "./ask-source.ts";
import { sourcesOf } from "./ask-sources.ts";
import { personValues } from "./domain/person-values.ts";
import type { Source } from "./domain/source-book.ts";

/** What came of trying one section of one source. */
export interface SourceCheck {
  readonly source: string;
  readonly kind: Source["kind"];
  readonly section: string;
  readonly works: boolean;
  /** With a person: whether it has something about them. */
  readonly found: boolean | null;
  /** What does not work, and what to look at. */
  readonly problem: string | null;
}

/**
 * Tries every section of every source of the organization, one after the other: about nobody, which shows whether it
 * answers and whether the query fits; or about a person, which shows as well whether what it has fits the section. Nothing
 * of what is found is answered. Throws `not_found` for a person that there is not.
 */
export async function checkSources(ctx: Context, subjectId?: string): Promise<SourceCheck[]> {
  const asked: Asked =
    subjectId === undefined ? "nobody" : personValues((await readPerson(ctx, subjectId)).identifiers);
  const checks: SourceCheck[] = [];
  for (const source of await sourcesOf(ctx)) {
    for (const answer of await askSource(ctx, source, asked)) {
      checks.push({
        source: source.name,
        kind: source.kind,
        section: answer.section,
        works: answer.trouble === undefined,
        found: asked === "nobody" ? null : answer.document !== undefined,
        problem: problemOf(answer, asked),
      });
    }
  }
  return checks;
}

/** The source's own words are added only where they can quote nobody. */
function problemOf({ trouble }: SourceAnswer, asked: Asked): string | null {
  if (trouble === undefined) return null;
  const { reason, cause } = trouble;
  return asked === "nobody" && cause instanceof Error && cause.message !== ""
    ? `${reason} It says: ${cause.message}`
    : reason;
}
