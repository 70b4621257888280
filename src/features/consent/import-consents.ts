import { createHash, hash } from "node:crypto";
import type { Context } from "../../context.ts";
import { canonicalJson } from "../../kernel/canonical-json.ts";
import { type FieldError, invalid, SaysoError } from "../../kernel/errors.ts";
import { inOrder } from "../../kernel/in-order.ts";
import { limits } from "../../kernel/limits.ts";
import { open, seal } from "../../kernel/seal.ts";
import { findVersions } from "../collection/index.ts";
import { findPurposes } from "../organization/index.ts";
import { ambiguous, erased, type HashedName, hashNames, preparePeople } from "../subject/index.ts";
import type { ImportMapping, LegacyEvidence, RowFields } from "./domain/import-mapping.ts";
import {
  type ImportRow,
  type LegacyList,
  namesOf,
  type RowSetting,
  readImportRow,
} from "./domain/import-row.ts";
import {
  findImport,
  type ImportKind,
  insertBatch,
  insertLegacy,
  lookAtRows,
  type NewImportedConsent,
  openImport,
  type RefusedRow,
  selectBatches,
  selectLegacy,
} from "./import-store.ts";
import { consentPlace } from "./record-consents.ts";
import { statePart } from "./store.ts";

/** One row of a file as it was read: what it says, or why that cannot be read. */
export interface SourceRow {
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly own: RowFields | FieldError;
  /** As it stood in the file, for whoever tells of it. */
  readonly raw: unknown;
}

/** A file of consents. */
export interface ImportSource {
  /** SHA-256 of its bytes in hex. */
  readonly fileSha256: string;
  /** Its rows, in whatever groups they come. The same bytes give the same rows every time. */
  readonly rows: AsyncIterable<readonly SourceRow[]>;
}

/** How it is taken in. */
export interface ImportSettings {
  readonly mapping: ImportMapping;
  /** What stands behind the list, when it was collected before Sayso. */
  readonly legacy?: LegacyEvidence | undefined;
  readonly dryRun: boolean;
}

/** What became of some rows, in the file's order. */
export interface ImportedBatch {
  readonly rows: number;
  /** Recorded by this very run (a dry run: what would be). */
  readonly imported: number;
  /** On record already. */
  readonly unchanged: number;
  readonly refused: readonly (RefusedRow & { readonly row: SourceRow })[];
  /** A dry run counts further what would be imported: by its proof, and the yeses that a no holds back. */
  readonly would?: { readonly byProof: Readonly<Record<string, number>>; readonly heldBack: number };
}

interface Running extends ImportSettings {
  readonly ctx: Context;
  readonly importId: string | undefined;
  readonly setting: RowSetting & { purposes: Map<string, Purpose>; versions: Map<string, Versions> };
  readonly done: ReadonlyMap<number, readonly RefusedRow[]>;
  readonly endsAt: Date | undefined;
}
type Purpose = RowSetting["purposes"] extends ReadonlyMap<string, infer P> ? P : never;
type Versions = RowSetting["versions"] extends ReadonlyMap<string, infer V> ? V : never;

interface Batch {
  readonly number: number;
  readonly rows: readonly SourceRow[];
}

/** A row that can be taken, with whom it names and what it is known by. */
interface Taken {
  readonly source: SourceRow;
  readonly row: ImportRow;
  readonly names: readonly HashedName[];
  readonly key: Buffer;
}

/**
 * Takes a file of consents in, and tells what became of its rows as it goes. Each batch is one statement that also
 * records that it is done: an import that was killed is begun again and goes on from there, nothing twice and nothing
 * lost. What was imported before, by this file or another, changes nothing, however many imports run at the same time.
 *
 * An import lifts no opt-out, withdrawal or block: a yes while a no stands is stored as `requested`. What each row must
 * say is in readImportRow, what proves it in proofOf. Consents under the evidence for a list are `legacy` and end within
 * `limits.legacyMonths` of that evidence being recorded, at its first import, however often and with whatever columns it is
 * imported, and of the first such consent of the same person to the same purpose.
 *
 * `dryRun`: tells the same, records nothing and makes nobody known. Throws `invalid` for an unknown purpose in the
 * evidence, `conflict` for a list of which there is other evidence, `unavailable` when the database is lost: start it
 * again then.
 */
export async function* importConsents(
  ctx: Context,
  source: ImportSource,
  settings: ImportSettings,
): AsyncGenerator<readonly ImportedBatch[]> {
  const running = await begin({ ...ctx, idempotency: undefined }, source.fileSha256, settings);
  try {
    yield* inOrder(
      inBatches(source.rows),
      (batch) => (settings.dryRun ? lookAt(running, batch) : takeBatch(running, batch)),
      limits.importBatchesInFlight,
    );
  } catch (error) {
    if (!(error instanceof SaysoError) || (error.code !== "unavailable" && error.code !== "outcome_unknown"))
      throw error;
    throw new SaysoError(
      error.code,
      "The import broke off. Start it again with the same file: it goes on from there, and nothing is taken twice.",
      { cause: error },
    );
  }
}

async function begin(ctx: Context, fileSha256: string, settings: ImportSettings): Promise<Running> {
  const { mapping, legacy: evidence, dryRun } = settings;
  const reading = { form: 1, rows: limits.importBatchRows, mapping, legacy: evidence ?? null };
  const file = {
    fileSha256,
    readingSha256: createHash("sha256").update(canonicalJson(reading)).digest("hex"),
  };
  const legacy = evidence && (await openLegacy(ctx, fileSha256, evidence, dryRun));
  const importId = dryRun ? await findImport(ctx, file) : await openImport(ctx, file);
  return {
    ...settings,
    ctx,
    importId,
    setting: {
      mapping,
      now: ctx.services.now(),
      purposes: new Map(),
      versions: new Map(),
      legacy: legacy?.list,
    },
    done: importId === undefined || dryRun ? new Map() : await selectBatches(ctx, importId),
    endsAt: legacy?.endsAt,
  };
}

const legacyPlace = (listSha256: string) => `legacy_evidence:${listSha256}`;

/** The evidence for a list: what is on record of it, else it is recorded now. */
async function openLegacy(ctx: Context, listSha256: string, evidence: LegacyEvidence, dryRun: boolean) {
  const [from, until] = [new Date(evidence.collectedFrom), new Date(evidence.collectedUntil)];
  if (until.getTime() < from.getTime()) throw invalid("/collectedUntil", "This lies before collectedFrom.");
  if (until.getTime() > ctx.services.now().getTime())
    throw invalid("/collectedUntil", "This lies in the future.");
  const known = await findPurposes(ctx, [...new Set(evidence.purposes)]);
  evidence.purposes.forEach((key, index) => {
    if (!known.some((purpose) => purpose.key === key))
      throw invalid(`/purposes/${index}`, "There is no such purpose.");
  });
  const list = {
    purposes: evidence.purposes,
    channels: evidence.channels,
    language: evidence.language,
    collectedFrom: from,
    collectedUntil: until,
  };
  const plain = Buffer.from(canonicalJson(evidence));
  const id = ctx.services.newId("cpt");
  const [earlier] = await selectLegacy(ctx, { listSha256 });
  if (earlier === undefined && dryRun)
    return { list: { ...list, collectionPointId: id, version: 1 } satisfies LegacyList, endsAt: undefined };
  if (earlier === undefined) {
    await insertLegacy(
      ctx,
      {
        made: {
          id,
          key: `legacy-${listSha256.slice(0, 24)}`,
          kind: "import",
          name: evidence.name,
          origins: [],
          chat: null,
          chatGivesConsent: false,
          keywords: [],
        },
        content: {
          channels: evidence.channels,
          purposes: evidence.purposes,
          language: evidence.language,
          wording: evidence.wording,
          wordingSha256: createHash("sha256").update(evidence.wording, "utf8").digest("hex"),
          privacyNoticeUrl: evidence.privacyNoticeUrl ?? null,
          boxes: null,
        },
      },
      {
        listSha256,
        collectedFrom: from,
        collectedUntil: until,
        sealed: seal(ctx.keys.data, legacyPlace(listSha256), plain),
      },
    );
  }
  const kept = earlier ?? (await selectLegacy(ctx, { listSha256 }))[0];
  if (kept === undefined) throw new SaysoError("internal", "The evidence for the list was not recorded.");
  if (!open(ctx.keys.data, legacyPlace(listSha256), kept.sealed).equals(plain))
    throw new SaysoError(
      "conflict",
      "There is other evidence for this very list already. What stands behind a list is recorded once.",
    );
  const { collectionPointId, version, endsAt } = kept;
  return { list: { ...list, collectionPointId, version } satisfies LegacyList, endsAt };
}

/** What is kept of the evidence for lists whose wordings are of these collection points (uuids). */
export async function readLegacyEvidence(ctx: Context, collectionPointIds: readonly string[]) {
  if (collectionPointIds.length === 0) return [];
  return (await selectLegacy(ctx, { collectionPointIds })).map((row) => {
    const plain = open(ctx.keys.data, legacyPlace(row.listSha256), row.sealed).toString("utf8");
    const { answersFor } = JSON.parse(plain) as LegacyEvidence;
    return {
      collectionPointId: row.collectionPointId,
      listSha256: row.listSha256,
      answersFor,
      collectedFrom: row.collectedFrom.toISOString(),
      collectedUntil: row.collectedUntil.toISOString(),
    };
  });
}

/** Rows in batches of a fixed number: where one begins depends on the file alone. */
async function* inBatches(rows: AsyncIterable<readonly SourceRow[]>): AsyncGenerator<readonly Batch[]> {
  let number = 0;
  let held: SourceRow[] = [];
  for await (const group of rows) {
    for (const row of group) {
      held.push(row);
      if (held.length < limits.importBatchRows) continue;
      yield [{ number, rows: held }];
      number += 1;
      held = [];
    }
  }
  if (held.length > 0) yield [{ number, rows: held }];
}

/** Reads the rows of a batch. One that says the same of the same person as an earlier one is there once. */
async function readBatch({ ctx, setting, importId }: Running, { rows }: Batch) {
  const named = rows.flatMap(({ own }) =>
    "pointer" in own ? [] : [namesOf(own as RowFields, setting.mapping)],
  );
  await loadNamed(ctx, setting, named);
  const taken = new Map<string, Taken>();
  const refused: (RefusedRow & { row: SourceRow })[] = [];
  let twice = 0;
  for (const source of rows) {
    const row =
      "pointer" in source.own ? [source.own as FieldError] : readImportRow(source.own as RowFields, setting);
    if ("identifiers" in row) {
      const names = hashNames(ctx, row.identifiers);
      const key = keyOf(row, names, importId);
      const text = key.toString("base64");
      if (taken.has(text)) twice += 1;
      else taken.set(text, { source, row, names, key });
      continue;
    }
    const [first, ...others] = row;
    const message = [
      first?.message ?? "",
      ...others.map((error) => `${error.pointer}: ${error.message}`),
    ].join(" ");
    refused.push({ line: source.line, pointer: first?.pointer ?? "", message, row: source });
  }
  return { taken: [...taken.values()], refused, twice };
}

/**
 * What an imported consent is known by: of whom, to what, how, when, and on what proof. Not by which list has it, but
 * for a no of an unknown time: each list says it anew. The person's hashes are keyed, so this tells nothing that they do
 * not.
 */
function keyOf(row: ImportRow, names: readonly HashedName[], importId: string | undefined): Buffer {
  const { channel, purpose, reportedState, yesState, occurredAt, proof, shown } = row;
  const of = proof === "legacy" || shown === null ? "" : `${shown.collectionPointId} ${shown.version}`;
  const parts = [
    channel,
    purpose,
    reportedState,
    yesState,
    occurredAt?.getTime() ?? importId ?? "",
    proof,
    of,
  ];
  const text = `${names.map((name) => name.hash).join()}\n${parts.join("\n")}`;
  return hash("sha256", text, "buffer").subarray(0, 16);
}

async function loadNamed(
  ctx: Context,
  { purposes, versions }: Running["setting"],
  named: readonly ReturnType<typeof namesOf>[],
): Promise<void> {
  const keys = new Set(
    named.flatMap(({ purpose }) => (purpose === undefined || purposes.has(purpose) ? [] : purpose)),
  );
  const points = new Set(
    named.flatMap(({ collectionPointId: id }) => (id === undefined || versions.has(id) ? [] : id)),
  );
  const [foundPurposes, foundVersions] = await Promise.all([
    keys.size === 0 ? [] : findPurposes(ctx, [...keys]),
    findVersions(ctx, [...points]),
  ]);
  for (const { key, doubleOptIn, validityDays } of foundPurposes)
    purposes.set(key, { doubleOptIn, validityDays });
  for (const id of points) {
    const ofPoint = foundVersions.filter(({ collectionPointId }) => collectionPointId === id);
    if (ofPoint.length > 0) versions.set(id, ofPoint);
  }
}

async function takeBatch(running: Running, batch: Batch): Promise<ImportedBatch> {
  const { ctx, done, importId = "" } = running;
  const { taken, refused, twice } = await readBatch(running, batch);
  const known = done.get(batch.number);
  if (known !== undefined) return asDone(batch, refused, known);
  for (let attempt = 1; attempt <= limits.importTries; attempt += 1) {
    const { people, toMake } = await preparePeople(
      ctx,
      taken.map(({ names }) => names),
    );
    const others: (RefusedRow & { row: SourceRow })[] = [];
    const consents: NewImportedConsent[] = [];
    const { kinds, placeOf } = kindsOf();
    taken.forEach((each, place) => {
      const person = people[place];
      if (person?.status === "fulfilled")
        consents.push(newConsent(ctx, each, placeOf(each.row), person.value));
      else others.push(refusal(each.source, person?.reason));
    });
    const sha256 = createHash("sha256");
    for (const { key } of taken) sha256.update(key);
    const outcome = await insertBatch(
      ctx,
      {
        importId,
        batch: batch.number,
        consents,
        kinds,
        toMake,
        refused: others.map(({ line, pointer, message }) => ({ line, pointer, message })),
        endsAt: running.endsAt,
        sha256: sha256.digest("hex"),
      },
      statePart,
    );
    if (outcome === "done")
      return asDone(
        batch,
        refused,
        (await selectBatches(ctx, importId, batch.number)).get(batch.number) ?? [],
      );
    if (outcome !== "again") {
      const { imported } = outcome;
      return {
        rows: batch.rows.length,
        imported,
        unchanged: consents.length - imported + twice,
        refused: [...refused, ...others].sort((a, b) => a.line - b.line),
      };
    }
  }
  throw new SaysoError("unavailable", "Others record the same people all the time. Ask again.");
}

/** A batch that was done before: nothing of it is new. */
function asDone(
  { rows }: Batch,
  refused: readonly (RefusedRow & { row: SourceRow })[],
  known: readonly RefusedRow[],
): ImportedBatch {
  const ofLine = new Map(rows.map((row) => [row.line, row]));
  const others = known.flatMap((each) => {
    const row = ofLine.get(each.line);
    return row === undefined ? [] : { ...each, row };
  });
  const all = [...refused, ...others].sort((a, b) => a.line - b.line);
  return { rows: rows.length, imported: 0, unchanged: rows.length - all.length, refused: all };
}

function refusal(row: SourceRow, reason: unknown): RefusedRow & { row: SourceRow } {
  if (!(reason instanceof SaysoError)) throw reason;
  const [first] = reason.errors;
  return { line: row.line, pointer: first?.pointer ?? "", message: first?.message ?? reason.detail, row };
}

/** What rows say, each way to say it once. */
function kindsOf() {
  const kinds: ImportKind[] = [];
  const places = new Map<string, number>();
  const placeOf = (row: ImportRow): number => {
    const { channel, purpose, reportedState, yesState, proof, shown, indication, language } = row;
    const { collectionPointId = "", version = "" } = shown ?? {};
    const name = `${channel} ${purpose} ${reportedState} ${yesState} ${proof} ${collectionPointId} ${version} ${indication} ${language}`;
    const known = places.get(name);
    if (known !== undefined) return known;
    places.set(name, kinds.length);
    return (
      kinds.push({
        channel,
        purpose,
        reportedState,
        yesState,
        proof,
        collectionPointId: shown?.collectionPointId ?? null,
        version: shown?.version ?? null,
        indication,
        language,
        validityDays: row.validityDays,
      }) - 1
    );
  };
  return { kinds, placeOf };
}

function newConsent(
  ctx: Context,
  { row, names, key }: Taken,
  kind: number,
  subject: { readonly id: string; readonly evidenceKey: Uint8Array },
): NewImportedConsent {
  const id = ctx.services.newId("cns");
  return {
    id,
    subjectId: subject.id,
    named: names.map(({ hash }) => hash),
    kind,
    occurredAt: row.occurredAt?.toISOString(),
    sealed:
      row.sealed === null
        ? undefined
        : seal(
            subject.evidenceKey,
            consentPlace(subject.id, id),
            Buffer.from(JSON.stringify(row.sealed)),
          ).toString("base64"),
    importKey: key.toString("base64"),
    knownId: row.id ?? undefined,
    knownState: row.state,
  };
}

async function lookAt(running: Running, batch: Batch): Promise<ImportedBatch> {
  const { taken, refused, twice } = await readBatch(running, batch);
  const found = await lookAtRows(
    running.ctx,
    taken.map(({ row, names, key }, n) => ({
      n,
      named: names.map(({ hash }) => hash),
      channel: row.channel,
      purpose: row.purpose,
      at: row.occurredAt?.toISOString() ?? null,
      importKey: key.toString("base64"),
      knownId: row.id,
      knownState: row.state,
    })),
  );
  const byPlace = new Map(found.map((each) => [each.n, each]));
  const others = taken.flatMap(({ source }, place) => {
    const problem = byPlace.get(place)?.problem;
    if (problem === "conflict") return refusal(source, ambiguous());
    return problem === "gone" ? refusal(source, erased()) : [];
  });
  const byProof: Record<string, number> = {};
  let [unchanged, heldBack] = [twice, 0];
  taken.forEach(({ row }, place) => {
    const look = byPlace.get(place);
    if (look?.problem) return;
    if (look?.isRecorded) {
      unchanged += 1;
      return;
    }
    if (row.reportedState !== "given") byProof.no = (byProof.no ?? 0) + 1;
    else byProof[row.proof] = (byProof[row.proof] ?? 0) + 1;
    if (row.reportedState === "given" && look?.isHeldBack) heldBack += 1;
  });
  const all = [...refused, ...others].sort((a, b) => a.line - b.line);
  return {
    rows: batch.rows.length,
    imported: batch.rows.length - all.length - unchanged,
    unchanged,
    refused: all,
    would: { byProof, heldBack },
  };
}
