import { SaysoError } from "../../../kernel/errors.ts";
import { limits } from "../../../kernel/limits.ts";
import type { SectionDocument } from "./documents.ts";

/** One row of a source: fields by name, in their order. */
export type SourceRow = Readonly<Record<string, unknown>>;

/** How rows become a document: as one of its lists, as a list of their first values, or as the only row. */
export interface RowShape {
  readonly list?: string | undefined;
  readonly values?: string | undefined;
}

/**
 * The document that rows about a person come to; undefined when there are none. Throws `invalid` for several rows where
 * one is expected.
 */
export function documentOf(
  rows: readonly SourceRow[],
  { list, values }: RowShape,
): SectionDocument | undefined {
  const [first, second] = rows;
  if (first === undefined) return undefined;
  if (list !== undefined) return { [list]: rows };
  if (values !== undefined) return { [values]: rows.map((row) => Object.values(row)[0] ?? null) };
  if (second === undefined) return first;
  throw new SaysoError(
    "invalid",
    `There are ${rows.length} rows about the person where one is expected. Say which list they become (list:), or ask for one.`,
  );
}

/** Counts rows as they come, by their JSON texts. */
export class RowCount {
  private rows = 0;
  private bytes = 0;

  /** Throws `too_large` past what one section may have. */
  add(json: string): void {
    this.rows += 1;
    this.bytes += Buffer.byteLength(json);
    if (this.bytes > limits.sourceBytes) throw tooManyBytes();
    if (this.rows > limits.sourceRows)
      throw new SaysoError("too_large", `There are more than ${limits.sourceRows} rows about the person.`);
  }
}

export function tooManyBytes(): SaysoError {
  return new SaysoError(
    "too_large",
    `What is there about the person has more than ${limits.sourceBytes} bytes. Ask for less of it, or in several sections.`,
  );
}

/**
 * The rows of several questions about one person, each as JSON text. A row that an earlier question brought already is
 * the same one: somebody with two numbers is one customer. Throws `too_large`.
 */
export function uniteRows(answers: readonly (readonly string[])[]): string[] {
  const count = new RowCount();
  const united: string[] = [];
  const known = new Set<string>();
  for (const answer of answers) {
    const fresh = answer.filter((json) => !known.has(json));
    for (const json of fresh) {
      count.add(json);
      united.push(json);
    }
    for (const json of fresh) known.add(json);
  }
  return united;
}
