import postgres from "postgres";
import { errorCode } from "../../../db/database.ts";
import { SaysoError } from "../../../kernel/errors.ts";
import { limits } from "../../../kernel/limits.ts";
import type { Binding } from "../domain/person-values.ts";
import { RowCount, tooManyBytes } from "../domain/rows.ts";
import type { SourceOf } from "../domain/source-book.ts";
import { sourceTrouble, withinTime } from "./trouble.ts";

type PostgresqlSource = SourceOf<"postgresql">;
type Query = PostgresqlSource["sections"][string]["query"];

/**
 * Asks a PostgreSQL once for each binding; the rows come as JSON texts. The session is read-only and its statements end
 * by themselves; values are bound, never written into the text. What is past the limits is left out by the server.
 * Throws `unavailable` for what may be over the next time, `invalid` and `too_large` for what is not.
 */
export async function askPostgresql(
  source: PostgresqlSource,
  query: Query,
  bindings: readonly Binding[],
): Promise<string[][]> {
  const milliseconds = Math.ceil(source.timeoutSeconds * 1000);
  const client = postgres(source.url, {
    max: 1,
    prepare: false,
    fetch_types: false,
    connect_timeout: Math.ceil(source.timeoutSeconds),
    onnotice: () => {},
    connection: {
      application_name: "sayso",
      default_transaction_read_only: true,
      statement_timeout: milliseconds,
      lock_timeout: milliseconds,
    },
  });
  const leave = () => void client.end({ timeout: 0 }).catch(() => {});
  try {
    return await withinTime(
      source.timeoutSeconds,
      async () => {
        const answers: string[][] = [];
        for (const binding of bindings) {
          const rows = await client.unsafe<{ json: string | null }[]>(
            limited(query.text),
            query.places.map((field) => binding[field]),
          );
          const count = new RowCount();
          answers.push(
            rows.map(({ json }) => {
              if (json === null) throw tooManyBytes();
              count.add(json);
              return json;
            }),
          );
        }
        return answers;
      },
      leave,
    );
  } catch (error) {
    if (error instanceof SaysoError) throw error;
    throw sourceTrouble(...whatFailed(errorCode(error) ?? "unknown reason", source.timeoutSeconds), error);
  } finally {
    leave();
  }
}

// Rows as JSON text, cut off by the server where they become too many or too large together: one value can be a gigabyte.
// json, not jsonb, which would take two columns of one name for one.
const limited = (query: string) => `
  select case when octets <= ${limits.sourceBytes} then json end as json from (
    select json, sum(octet_length(json)) over (rows unbounded preceding) as octets from (
      select row_to_json(found)::text as json from (
${query}
      ) found) written) counted
  limit ${limits.sourceRows + 1}`;

/** What is wrong, from PostgreSQL's SQLSTATE (appendix A of its manual) or the driver's code. */
function whatFailed(code: string, seconds: number): ["unavailable" | "invalid", string] {
  if (code === "57014" || code === "55P03") return ["unavailable", `It took longer than ${seconds} s.`];
  if (/^(08|53|57|58)...$/.test(code)) return ["unavailable", `The database cannot answer now (${code}).`];
  if (/^28...$/.test(code)) return ["invalid", `The database does not let this user in (${code}).`];
  if (code === "3D000") return ["invalid", `There is no such database (${code}).`];
  if (code === "42501") return ["invalid", `This user may not read what the query names (${code}).`];
  if (/^42...$/.test(code))
    return [
      "invalid",
      `The query does not fit this database (${code}): look at its tables, columns and syntax.`,
    ];
  if (code === "25006") return ["invalid", `The query would change something (${code}). It may only read.`];
  if (/^[0-9A-Z]{5}$/.test(code)) return ["invalid", `The query failed (${code}).`];
  return ["unavailable", `The database cannot be reached (${code}).`];
}
