import { Temporal } from "temporal-polyfill";
import type { Language } from "../../../kernel/language.ts";
import type { Period, RetentionClass } from "../../../kernel/retention.ts";

/** How many rows about a person each table has; a table that is not named has none. */
export type Traces = Readonly<Record<string, number>>;

/** One class of records: what it is, in words for the person, and how many there are of it. */
export interface Part {
  readonly key: string;
  readonly data: string;
  readonly records: number;
}

/** What stays, why, and until when (ISO 8601); null: there is no fixed end. */
export interface StayingPart extends Part {
  readonly reason: string;
  readonly until: string | null;
}

interface Inventory {
  readonly goes: Part[];
  readonly stays: StayingPart[];
}

/**
 * What goes and what stays when a person is erased at `at` (ISO 8601), class by class in the order of `classes`, from how
 * many rows each table has about them. Classes of which there is nothing are left out, but for those that no table can be
 * searched by person for (`unsearchable` tables): they are told whether or not something is there.
 */
export function takeInventory(
  classes: readonly RetentionClass[],
  traces: Traces,
  at: string,
  language: Language,
): Inventory {
  const goes: Part[] = [];
  const stays: StayingPart[] = [];
  for (const { key, data, tables, erasure } of classes) {
    const records = tables.reduce((sum, table) => sum + (traces[table] ?? 0), 0);
    const isUnsearchable = tables.some((table) => unsearchable.has(table));
    if (records === 0 && !isUnsearchable) continue;
    const part = { key, data: data[language], records };
    if (erasure.goes) goes.push(part);
    else stays.push({ ...part, reason: erasure.reason[language], until: after(at, erasure.until) });
  }
  return { goes, stays };
}

/** Tables in which a person is not found: sealed as a whole, or without any word of who it is about. */
const unsearchable: ReadonlySet<string> = new Set([
  "audit_entry",
  "idempotency_record",
  "notice",
  "webhook_body",
  "webhook_delivery",
]);

function after(at: string, period: Period | null): string | null {
  if (period === null) return null;
  return Temporal.Instant.from(at)
    .toZonedDateTimeISO("UTC")
    .add({ [period.unit]: period.value })
    .toInstant()
    .toString();
}

/**
 * When the last backup is gone that can hold the key of somebody who was erased at `at`; null when nobody has said for how
 * many days backups are kept.
 */
export function backupsGoneAt(at: string, backupDays: number | null): string | null {
  return backupDays === null ? null : after(at, { value: backupDays, unit: "days" });
}
