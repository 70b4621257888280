import type { Connection, RowDataPacket, TypeCastField } from "mysql2";
import { errorCode } from "../../../db/database.ts";
import { SaysoError } from "../../../kernel/errors.ts";
import { limits } from "../../../kernel/limits.ts";
import type { Binding } from "../domain/person-values.ts";
import { RowCount, tooManyBytes } from "../domain/rows.ts";
import type { SourceOf } from "../domain/source-book.ts";
import { sourceTrouble, withinTime } from "./trouble.ts";

type MysqlSource = SourceOf<"mysql">;
type Query = MysqlSource["sections"][string]["query"];

/**
 * Asks a MySQL or MariaDB once for each binding; the rows come as JSON texts. The session is read-only and its statements
 * end by themselves; values are bound, never written into the text. Times are read as UTC, TINYINT(1) as yes or no, JSON
 * as what it holds. Throws as askPostgresql does.
 */
export async function askMysql(
  source: MysqlSource,
  query: Query,
  bindings: readonly Binding[],
): Promise<string[][]> {
  const { hostname, port, username, password, pathname, searchParams } = new URL(source.url);
  // Read only where there is such a source: every start of the command line would pay for it.
  const { createConnection } = await import("mysql2");
  const connection = createConnection({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? 3306 : Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    connectTimeout: source.timeoutSeconds * 1000,
    multipleStatements: false,
    timezone: "Z",
    dateStrings: ["DATE"],
    supportBigNumbers: true,
    decimalNumbers: true,
    typeCast,
    ...(searchParams.get("ssl") === "true" && { ssl: {} }),
  });
  // A lost connection is told to whoever waits for an answer; nobody may, and then it is no error of ours.
  connection.on("error", () => {});
  try {
    return await withinTime(
      source.timeoutSeconds,
      async () => {
        await prepareSession(connection, source.timeoutSeconds);
        const answers: string[][] = [];
        for (const binding of bindings)
          answers.push(
            await rowsOf(
              connection,
              query.text,
              query.places.map((field) => binding[field]),
            ),
          );
        return answers;
      },
      () => connection.destroy(),
    );
  } catch (error) {
    if (error instanceof SaysoError) throw error;
    throw sourceTrouble(...whatFailed(errorCode(error) ?? "unknown reason", source.timeoutSeconds), error);
  } finally {
    connection.destroy();
  }
}

async function prepareSession(connection: Connection, seconds: number): Promise<void> {
  const [found] = await run(connection, "select version() as version");
  const isMariadb = /mariadb/i.test(String(found?.version));
  await run(connection, "set session transaction read only");
  await run(connection, "set session time_zone = '+00:00'");
  await run(connection, `set session sql_select_limit = ${limits.sourceRows + 1}`);
  await run(
    connection,
    isMariadb
      ? `set session max_statement_time = ${seconds}`
      : `set session max_execution_time = ${Math.ceil(seconds * 1000)}`,
  );
}

function run(connection: Connection, text: string): Promise<RowDataPacket[]> {
  return new Promise((resolve, reject) => {
    connection.query<RowDataPacket[]>(text, (error, rows) =>
      error === null ? resolve(rows) : reject(error),
    );
  });
}

/** Rows one by one as they come: what is past the limits ends the connection, and is not held. */
function rowsOf(connection: Connection, text: string, values: readonly (string | null)[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const rows: string[] = [];
    const count = new RowCount();
    const stop = (error: unknown) => {
      reject(error);
      connection.destroy();
    };
    let bytes = 0;
    const { stream } = connection as Connection & { readonly stream: NodeJS.ReadableStream };
    // One value can be a gigabyte, and comes as one row. JSON is at least as long as what is on the wire but for bytes.
    const measure = (piece: Uint8Array) => {
      bytes += piece.length;
      if (bytes > 2 * limits.sourceBytes) stop(tooManyBytes());
    };
    stream.on("data", measure);
    connection
      .execute(text, [...values])
      .on("error", reject)
      .on("result", (row: unknown) => {
        try {
          const json = JSON.stringify(row);
          count.add(json);
          rows.push(json);
        } catch (error) {
          stop(error);
        }
      })
      .on("end", () => {
        stream.removeListener("data", measure);
        resolve(rows);
      });
  });
}

function typeCast(field: TypeCastField, next: () => unknown): unknown {
  if (field.type === "TINY" && field.length === 1) {
    const text = field.string();
    return text === null ? null : text !== "0";
  }
  return next();
}

/** What is wrong, from the error's name in MySQL's manual or the driver's code. */
function whatFailed(code: string, seconds: number): ["unavailable" | "invalid", string] {
  if (/^ER_(QUERY_TIMEOUT|STATEMENT_TIMEOUT|QUERY_INTERRUPTED|LOCK_WAIT_TIMEOUT)$/.test(code))
    return ["unavailable", `It took longer than ${seconds} s.`];
  if (/^ER_(ACCESS_DENIED|DBACCESS_DENIED|NOT_SUPPORTED_AUTH)/.test(code))
    return ["invalid", `The database does not let this user in (${code}).`];
  if (code === "ER_BAD_DB_ERROR") return ["invalid", `There is no such database (${code}).`];
  if (/^ER_(TABLEACCESS|COLUMNACCESS|SPECIFIC_ACCESS)_DENIED/.test(code))
    return ["invalid", `This user may not read what the query names (${code}).`];
  if (code === "ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION")
    return ["invalid", `The query would change something (${code}). It may only read.`];
  if (/^ER_(CON_COUNT|TOO_MANY|SERVER_SHUTDOWN|OUT_OF)/.test(code))
    return ["unavailable", `The database cannot answer now (${code}).`];
  if (code.startsWith("ER_"))
    return [
      "invalid",
      `The query does not fit this database (${code}): look at its tables, columns and syntax.`,
    ];
  return ["unavailable", `The database cannot be reached (${code}).`];
}
