import type { Context } from "../../context.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { type Identifier, type IdentifierInput, readIdentifiers } from "../../kernel/identifier.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { type Key, keyedHash, open, randomKey, seal } from "../../kernel/seal.ts";
import {
  callChangeIdentity,
  callResolve,
  type HashedIdentifier,
  type SubjectRow,
  sealIdentifiers,
  selectIdentifiers,
  selectRecords,
  selectRoots,
} from "./store.ts";

/** How a caller names a person: by identifiers, or by Sayso's id. */
export type SubjectReference = IdentifierInput & { readonly subjectId?: string | undefined };

/** A person and the keys that seal what is stored about them. */
export interface Subject {
  /** The uuid of the record that new events go to (the root of merged ones). */
  readonly id: string;
  readonly dataKey: Key;
  readonly evidenceKey: Key;
}

/** The keyed hash that an identifier is found by, in hex. */
export function hashIdentifier(ctx: Context, identifier: Pick<Identifier, "canonical">): string {
  return keyedHash(ctx.keys.lookup, identifier.canonical).toString("hex");
}

/**
 * Reads a reference. Throws `invalid` with a pointer below `pointer` for each identifier that cannot be, and
 * when identifiers come beside a subjectId.
 */
export function readReference(
  reference: SubjectReference,
  pointer: string,
): { subjectId: string } | { identifiers: readonly Identifier[] } {
  const { subjectId, ...input } = reference;
  const { identifiers, unreadable } = readIdentifiers(input);
  if (unreadable.length > 0) {
    throw new SaysoError("invalid", "An identifier cannot be read; see errors.", {
      errors: unreadable.map(({ field, message }) => ({ pointer: `${pointer}/${field}`, message })),
    });
  }
  if (subjectId === undefined) return { identifiers };
  if (identifiers.length > 0)
    throw invalid(pointer, "Name the person by subjectId or by identifiers, not by both.");
  return { subjectId };
}

/**
 * The person whom identifiers name; made when nobody is. `byPlatform`: WhatsApp itself named them together, so a
 * number and a user id are linked. Throws `conflict` when a caller's identifiers name two people.
 */
export async function resolveIdentifiers(
  ctx: Context,
  identifiers: readonly Identifier[],
  { byPlatform, at }: { byPlatform: boolean; at: Date },
): Promise<Subject> {
  if (identifiers.length === 0)
    throw new SaysoError("invalid", "Name the person by at least one identifier.");
  const hashed = identifiers.map((identifier) => ({ ...identifier, hash: hashIdentifier(ctx, identifier) }));
  const distinct = new Map(
    hashed.map(({ hash, kind, country }): [string, HashedIdentifier] => [hash, { hash, kind, country }]),
  );
  const fresh = freshKeys(ctx);
  const row = await callResolve(ctx, { identifiers: [...distinct.values()], ...fresh, byPlatform, at });
  if (row === undefined || row.outcome === "ambiguous" || row.subjectId === null) {
    throw ambiguous();
  }
  const subject = unwrapSubject(ctx, row.subjectId, row.dataKey, row.evidenceKey);
  const unsealed = new Set(row.unsealed ?? []);
  if (unsealed.size > 0) {
    await sealIdentifiers(
      ctx,
      hashed
        .filter(({ hash }) => unsealed.has(hash))
        .map((identifier) => ({
          subjectId: subject.id,
          hash: identifier.hash,
          sealed: sealIdentifier(subject, identifier).toString("hex"),
        })),
    );
  }
  return subject;
}

/** Identifiers of two people were named where one is meant. */
export function ambiguous(): SaysoError {
  return new SaysoError(
    "conflict",
    "These identifiers name two different people (recipient_ambiguous). Name one, or let staff merge them.",
  );
}

/** Somebody was named whose data was erased. */
export function erased(): SaysoError {
  return new SaysoError("gone", "This person's data was erased.");
}

/** The people that a reference names, none made: their ids (uuid) and the hashes of what was named. */
export async function findSubjects(
  ctx: Context,
  reference: SubjectReference,
  pointer: string,
): Promise<{ roots: readonly string[]; hashes: readonly string[] }> {
  const read = readReference(reference, pointer);
  if ("subjectId" in read) return { roots: [(await findSubject(ctx, read.subjectId)).id], hashes: [] };
  const hashes = read.identifiers.map((identifier) => hashIdentifier(ctx, identifier));
  return { roots: await selectRoots(ctx, hashes), hashes };
}

/** The person of a public id (`sub_…`). Throws `not_found`. */
export async function findSubject(ctx: Context, subjectId: string): Promise<Subject> {
  const uuid = parseId("sub", subjectId);
  const root = uuid === undefined ? undefined : (await selectRecords(ctx, uuid))[0];
  if (root === undefined) throw notFound("subject");
  return unwrapSubject(ctx, root.id, root.dataKey, root.evidenceKey);
}

/**
 * The platform says that a person left a number or user id for others: the noes go along with both, the yes with
 * nobody. Told again, or late, it changes nothing that was said since.
 */
export async function unlinkIdentifier(
  ctx: Context,
  identifier: Identifier,
  { movedTo, at }: { movedTo: readonly Identifier[]; at: Date },
): Promise<void> {
  await callChangeIdentity(ctx, {
    from: hashIdentifier(ctx, identifier),
    to: movedTo.map((to) => hashIdentifier(ctx, to)),
    at,
    ...freshKeys(ctx),
  });
}

/** All records of a person with their keys, and their identifiers as they were given, for showing. */
export async function readPerson(ctx: Context, subjectId: string) {
  const uuid = parseId("sub", subjectId);
  const records = uuid === undefined ? [] : await selectRecords(ctx, uuid);
  const root = records[0];
  if (root === undefined) throw notFound("subject");
  const keys = new Map(
    records.map((row) => [row.id, unwrapSubject(ctx, row.id, row.dataKey, row.evidenceKey)]),
  );
  const rows = await selectIdentifiers(ctx, [...keys.keys()]);
  const identifiers = rows.flatMap((row) => {
    const owner = keys.get(row.subjectId);
    if (row.sealed === null || owner === undefined) return [];
    const plain = open(owner.dataKey, identifierPlace(owner.id, row.hash.toString("hex")), row.sealed);
    return [JSON.parse(plain.toString("utf8")) as { kind: string; value: string }];
  });
  const hashes = rows.map((row) => row.hash.toString("hex"));
  return { root, records, keys, identifiers, hashes };
}

/** What is known of a person: the answer of `GET /v1/subjects/{id}`. */
export async function getSubject(ctx: Context, subjectId: string) {
  const { root, records, identifiers } = await readPerson(ctx, subjectId);
  return {
    id: formatId("sub", root.id),
    identifiers,
    mergedIds: records.filter((row) => row.id !== root.id).map((row) => formatId("sub", row.id)),
    timeZones: timeZonesOf(records),
    savedSenders: savedSendersOf(records),
    createdAt: root.createdAt.toISOString(),
  };
}

type Known = Pick<SubjectRow, "timeZone" | "savedSenderIds">;

/** The time zones of all records of a person, each once. */
export function timeZonesOf(records: readonly Known[]): string[] {
  return [...new Set(records.flatMap(({ timeZone }) => timeZone ?? []))].sort();
}

/** The senders (`snd_…`) that any record of a person is known to have saved, each once. */
export function savedSendersOf(records: readonly Known[]): string[] {
  const ids = new Set(records.flatMap(({ savedSenderIds }) => savedSenderIds));
  return [...ids].sort().map((id) => formatId("snd", id));
}

/** Where an identifier of a record (uuid) is sealed. */
export function identifierPlace(subjectId: string, hash: string): string {
  return `identifier:${subjectId}:${hash}`;
}

/** An identifier as it was given, sealed under the data key of the record that it belongs to. */
export function sealIdentifier(
  subject: Pick<Subject, "id" | "dataKey">,
  { hash, kind, value }: Pick<Identifier, "kind" | "value"> & { readonly hash: string },
): Buffer {
  return seal(
    subject.dataKey,
    identifierPlace(subject.id, hash),
    Buffer.from(JSON.stringify({ kind, value })),
  );
}

/** A new person with keys of their own. */
export function newSubject(ctx: Context): Subject {
  return { id: ctx.services.newId("sub"), dataKey: randomKey(), evidenceKey: randomKey() };
}

/** The keys of a person as they are stored: wrapped by the master key. */
export function wrapKeys(ctx: Context, { id, dataKey, evidenceKey }: Subject) {
  return {
    dataKey: seal(ctx.services.masterKey, `subject:${id}:data_key`, dataKey),
    evidenceKey: seal(ctx.services.masterKey, `subject:${id}:evidence_key`, evidenceKey),
  };
}

function freshKeys(ctx: Context) {
  const subject = newSubject(ctx);
  return { newId: subject.id, ...wrapKeys(ctx, subject) };
}

/** A person with their keys. Throws `gone` when those were destroyed. */
export function unwrapSubject(
  ctx: Context,
  id: string,
  dataKey: Buffer | null,
  evidenceKey: Buffer | null,
): Subject {
  if (dataKey === null || evidenceKey === null) {
    throw erased();
  }
  const unwrap = (wrapped: Buffer, use: string) =>
    open(ctx.services.masterKey, `subject:${id}:${use}`, wrapped);
  return { id, dataKey: unwrap(dataKey, "data_key"), evidenceKey: unwrap(evidenceKey, "evidence_key") };
}

/** A person's evidence key, which outlives the erasure of their data for a time. */
export function unwrapEvidenceKey(ctx: Context, id: string, wrapped: Buffer): Key {
  return open(ctx.services.masterKey, `subject:${id}:evidence_key`, wrapped);
}

/**
 * Runs what finds a person and then writes about them; once more when they were erased in between, for nobody is found by
 * an erased person's identifiers any more. Throws `gone` when the person was named by the id of their record.
 */
export async function onceMoreIfErased<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof SaysoError && error.code === "gone")) throw error;
    return run();
  }
}
