import { setTimeout as delay } from "node:timers/promises";
import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import { checkDocument } from "./check-document.ts";
import { type BrokenRows, readCsvSource, readJsonSource } from "./connectors/files.ts";
import { askHttp, readJson } from "./connectors/http.ts";
import { askMysql } from "./connectors/mysql.ts";
import { askPostgresql } from "./connectors/postgresql.ts";
import { sourceTrouble } from "./connectors/trouble.ts";
import type { SectionDocument } from "./domain/documents.ts";
import { type Binding, bindingsOf, type PersonField, type PersonValues } from "./domain/person-values.ts";
import { valueAt } from "./domain/pointer.ts";
import { documentOf, type RowShape, type SourceRow, uniteRows } from "./domain/rows.ts";
import { isSectionName } from "./domain/sections.ts";
import { type Source, sourceTargets } from "./domain/source-book.ts";
import { selectCustomSection } from "./store.ts";

/** What a source has for one section about a person. */
export interface SourceAnswer {
  readonly section: string;
  /** Undefined: it has nothing about them, or failed. */
  readonly document?: SectionDocument | undefined;
  /** What is missing, and why. There may be a document all the same: what the rest of a broken file has. */
  readonly trouble?: SourceTrouble | undefined;
}

export interface SourceTrouble {
  /** For staff, nothing of the person in it. */
  readonly reason: string;
  /** So many rows that could not be read, which may be about the person; null: everything. */
  readonly rows: number | null;
  /** It may be over the next time, without anybody's doing. */
  readonly mayHeal: boolean;
  /** What the source itself said. Shown only where no person was asked about. */
  readonly cause?: unknown;
}

/** Whom a source is asked about: a person, or nobody, to see whether it would answer. */
export type Asked = PersonValues | "nobody";

/**
 * Asks one source for every section that it fills, and checks what comes back by the section's schema. Never throws for
 * what the source does: that is the answer. What may be over soon is asked again, a little later each time.
 */
export async function askSource(ctx: Context, source: Source, asked: Asked): Promise<SourceAnswer[]> {
  const names = Object.keys(source.sections);
  if (source.kind === "http") {
    const answered = await outcomeOf(() => askHttp(source, valuesOf(asked), targetsOf(ctx)));
    return eachOf(names, async (name) => {
      if ("trouble" in answered) return { section: name, trouble: answered.trouble };
      const part = valueAt(answered.value, source.sections[name]?.at ?? "");
      return checkedAnswer(ctx, name, () => asDocument(part));
    });
  }
  return eachOf(names, async (name) => {
    const read = await outcomeOf(() => rowsOf(source, name, asked));
    if ("trouble" in read) return { section: name, trouble: read.trouble };
    const { rows, shape, broken } = read.value;
    const answer = await checkedAnswer(ctx, name, () => documentOf(rows, shape));
    return answer.trouble === undefined && broken !== undefined
      ? { ...answer, trouble: brokenTrouble(broken) }
      : answer;
  });
}

async function eachOf(
  names: readonly string[],
  work: (name: string) => Promise<SourceAnswer>,
): Promise<SourceAnswer[]> {
  const answers: SourceAnswer[] = [];
  for (const name of names) answers.push(await work(name));
  return answers;
}

function targetsOf({ services }: Context) {
  return sourceTargets(services.sources.hosts, services.targets);
}

const nobody: PersonValues = { phone: [], email: [], externalId: [] };
const valuesOf = (asked: Asked): PersonValues => (asked === "nobody" ? nobody : asked);

interface ReadRows {
  readonly rows: readonly SourceRow[];
  readonly shape: RowShape;
  readonly broken?: BrokenRows;
}

async function rowsOf(
  source: Exclude<Source, { kind: "http" }>,
  name: string,
  asked: Asked,
): Promise<ReadRows> {
  switch (source.kind) {
    case "postgresql":
    case "mysql": {
      const section = source.sections[name];
      if (section === undefined) return { rows: [], shape: {} };
      const bindings = askedBindings(asked, section.query.places);
      if (bindings.length === 0) return { rows: [], shape: section };
      const answers =
        source.kind === "mysql"
          ? await askMysql(source, section.query, bindings)
          : await askPostgresql(source, section.query, bindings);
      const rows = uniteRows(answers).map((json) => readJson(Buffer.from(json)) as SourceRow);
      return { rows, shape: section };
    }
    case "csv": {
      const section = source.sections[name];
      if (section === undefined) return { rows: [], shape: {} };
      return { ...(await readCsvSource(source, section, valuesOf(asked))), shape: section };
    }
    case "json": {
      const section = source.sections[name];
      if (section === undefined) return { rows: [], shape: {} };
      return { ...(await readJsonSource(source, section, valuesOf(asked))), shape: section };
    }
  }
}

function askedBindings(asked: Asked, places: readonly PersonField[]): readonly Binding[] {
  if (asked === "nobody") return [{ phone: null, email: null, externalId: null }];
  const bindings = bindingsOf(asked, places);
  if (bindings !== undefined) return bindings;
  throw sourceTrouble(
    "too_large",
    `The person has so many numbers, addresses and ids that there are more than ${limits.sourceQuestions} ways to ask for them.`,
  );
}

function asDocument(part: unknown): SectionDocument | undefined {
  if (part === undefined || part === null) return undefined;
  if (typeof part === "object" && !Array.isArray(part)) return part as SectionDocument;
  throw sourceTrouble(
    "invalid",
    "What it answered is no JSON object where the section's document is expected.",
  );
}

async function checkedAnswer(
  ctx: Context,
  section: string,
  read: () => SectionDocument | undefined,
): Promise<SourceAnswer> {
  try {
    const document = read();
    if (document !== undefined) await checkDocument(ctx, section, document);
    else if (!isSectionName(section) && (await selectCustomSection(ctx, section)) === undefined)
      throw noSection(section);
    return { section, document };
  } catch (error) {
    if (!(error instanceof SaysoError)) throw error;
    if (error.code === "not_found") return { section, trouble: troubleOf(noSection(section)) };
    // The database's own failures are not the source's.
    if (error.code === "unavailable") throw error;
    return { section, trouble: { ...troubleOf(error), reason: await misfitReason(ctx, section, error) } };
  }
}

function noSection(section: string): SaysoError {
  return sourceTrouble(
    "invalid",
    `The organization has no section ${section}. Register it first (POST /v1/account-sections).`,
  );
}

/** Where a document does not fit, by names that the section itself has: others may be somebody's. */
async function misfitReason(ctx: Context, section: string, error: SaysoError): Promise<string> {
  if (error.errors.length === 0) return error.detail;
  const schema = isSectionName(section) ? undefined : (await selectCustomSection(ctx, section))?.schema;
  const known = schema && JSON.stringify(schema);
  const isOurs = (name: string) =>
    /^\d{1,6}$/.test(name) ||
    (/^[A-Za-z_][A-Za-z0-9_]{0,40}$/.test(name) && (known?.includes(`"${name}"`) ?? true));
  const places = error.errors.slice(0, 3).map(({ pointer, message }) => {
    const shown = pointer.split("/").map((name) => (name === "" || isOurs(name) ? name : "…"));
    return `${shown.join("/") || "the document"}: ${message}`;
  });
  const more = error.errors.length > 3 ? ` And ${error.errors.length - 3} more.` : "";
  return `What it has does not fit the section ${section}. ${places.join(" ")}${more}`;
}

function brokenTrouble({ lines, count, cutShort }: BrokenRows): SourceTrouble | undefined {
  if (count === 0 && cutShort === undefined) return undefined;
  const rows = `${count} ${count === 1 ? "row" : "rows"} cannot be read and may be about the person: ${
    lines.length === 1 ? "line" : "lines"
  } ${lines.join(", ")}${count > lines.length ? " and others" : ""}.`;
  return {
    reason: [count > 0 ? rows : undefined, cutShort].filter((text) => text !== undefined).join(" "),
    rows: cutShort === undefined ? count : null,
    mayHeal: false,
  };
}

function troubleOf(error: SaysoError): SourceTrouble {
  return {
    reason: error.detail,
    rows: null,
    mayHeal: error.code === "unavailable",
    ...(error.cause !== undefined && { cause: error.cause }),
  };
}

/** What work came to; what may be over soon is tried again, a little later each time. */
async function outcomeOf<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly trouble: SourceTrouble }> {
  for (const wait of [...limits.sourceRetryMs, undefined]) {
    try {
      return { value: await work() };
    } catch (error) {
      if (!(error instanceof SaysoError)) throw error;
      if (error.code !== "unavailable" || wait === undefined) return { trouble: troubleOf(error) };
      await delay(wait);
    }
  }
  throw new SaysoError("internal", "A source was asked no time at all.");
}
