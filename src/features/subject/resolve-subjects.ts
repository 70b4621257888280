import type { Context } from "../../context.ts";
import { apart } from "../../kernel/apart.ts";
import { notFound, SaysoError } from "../../kernel/errors.ts";
import type { Identifier } from "../../kernel/identifier.ts";
import { parseId } from "../../kernel/ids.ts";
import {
  ambiguous,
  hashIdentifier,
  newSubject,
  readReference,
  type Subject,
  type SubjectReference,
  sealIdentifier,
  unwrapSubject,
  wrapKeys,
} from "./resolve-subject.ts";
import { callResolveAll, type KnownRow, sealIdentifiers, selectKnown } from "./store.ts";

type Named = Identifier & { readonly hash: string };

/** One reference of many, as it was read: the uuid of a record, or identifiers, each once. */
interface Wanted {
  readonly id?: string | undefined;
  readonly identifiers: readonly Named[];
}

/** A person whom a reference names, and the hashes of the identifiers that it named them by. */
export interface ResolvedSubject extends Subject {
  readonly named: readonly string[];
}

/** An identifier that is not kept as it was given yet, and whose it is. */
interface Unsealed {
  readonly subject: Subject;
  readonly identifier: Named;
}

/**
 * The person whom a reference names; made when nobody is known by its identifiers yet. Throws `invalid` (a
 * value that cannot be), `not_found` (an unknown subjectId), `gone` (an erased person) and `conflict` (identifiers of
 * two people: they never merge by themselves because a caller named both).
 */
export async function resolveSubject(
  ctx: Context,
  reference: SubjectReference,
  pointer: string,
): Promise<ResolvedSubject> {
  const [outcome] = await resolveSubjects(ctx, [reference], pointer);
  if (outcome?.status !== "fulfilled") throw outcome?.reason;
  return outcome.value;
}

/**
 * The people whom references name, as if resolveSubject had been called for one after the other. Answers as
 * Promise.allSettled does: a reference that cannot be resolved harms no other. Throws when the database is lost.
 *
 * `untold`: takes the same statements for people who are known and who are not, so that the time it takes tells nobody
 * which they are. For references by identifiers.
 */
export async function resolveSubjects(
  ctx: Context,
  references: readonly SubjectReference[],
  pointer: string,
  { untold = false }: { readonly untold?: boolean } = {},
): Promise<PromiseSettledResult<ResolvedSubject>[]> {
  const wanted = new Map<number, Wanted>();
  const outcomes = new Map<number, PromiseSettledResult<ResolvedSubject>>();
  const settle = (place: number, find: () => Subject | undefined) => {
    try {
      const subject = find();
      const named = wanted.get(place)?.identifiers.map(({ hash }) => hash) ?? [];
      if (subject !== undefined) outcomes.set(place, { status: "fulfilled", value: { ...subject, named } });
    } catch (reason) {
      outcomes.set(place, { status: "rejected", reason });
    }
  };
  references.forEach((reference, place) => {
    settle(place, () => void wanted.set(place, readWanted(ctx, reference, pointer)));
  });

  const known: ReadonlyMap<string, KnownRow> = untold
    ? new Map()
    : await findKnown(ctx, [...wanted.values()]);
  const unsealed: Unsealed[] = [];
  for (const [place, each] of wanted) settle(place, () => knownSubject(ctx, each, known, unsealed));

  // Whoever shares an identifier with somebody before them waits until that one is on record.
  let waiting = [...wanted].filter(([place]) => !outcomes.has(place));
  while (waiting.length > 0) {
    const [atOnce, afterwards] = apart(waiting, ([, { identifiers }]) => identifiers.map(({ hash }) => hash));
    const made = atOnce.map(([, { identifiers }]) => ({ subject: newSubject(ctx), identifiers }));
    const rows = await callResolveAll(
      ctx,
      made.map(({ subject, identifiers }) => ({
        id: subject.id,
        ...wrapKeys(ctx, subject),
        identifiers: identifiers.map((identifier) => ({
          ...identifier,
          sealed: sealIdentifier(subject, identifier),
        })),
      })),
    );
    atOnce.forEach(([place, { identifiers }], index) => {
      const row = rows[index];
      settle(place, () => {
        if (row === undefined || row.outcome === "ambiguous" || row.subjectId === null) throw ambiguous();
        if (row.subjectId === made[index]?.subject.id) return made[index]?.subject;
        const subject = unwrapSubject(ctx, row.subjectId, row.dataKey, row.evidenceKey);
        const hashes = new Set(row.unsealed);
        for (const identifier of identifiers)
          if (hashes.has(identifier.hash)) unsealed.push({ subject, identifier });
        return subject;
      });
    });
    waiting = afterwards;
  }
  if (unsealed.length > 0) {
    await sealIdentifiers(
      ctx,
      unsealed.map(({ subject, identifier }) => ({
        subjectId: subject.id,
        hash: identifier.hash,
        sealed: sealIdentifier(subject, identifier).toString("hex"),
      })),
    );
  }
  return references.map(
    (_reference, place) => outcomes.get(place) ?? { status: "rejected", reason: ambiguous() },
  );
}

function readWanted(ctx: Context, reference: SubjectReference, pointer: string): Wanted {
  const read = readReference(reference, pointer);
  if ("subjectId" in read) {
    const id = parseId("sub", read.subjectId);
    if (id === undefined) throw notFound("subject");
    return { id, identifiers: [] };
  }
  if (read.identifiers.length === 0)
    throw new SaysoError("invalid", "Name the person by at least one identifier.");
  const named = read.identifiers.map((identifier) => ({
    ...identifier,
    hash: hashIdentifier(ctx, identifier),
  }));
  return { identifiers: [...new Map(named.map((each) => [each.hash, each])).values()] };
}

async function findKnown(ctx: Context, wanted: readonly Wanted[]): Promise<ReadonlyMap<string, KnownRow>> {
  if (wanted.length === 0) return new Map();
  const hashes = wanted.flatMap(({ identifiers }) => identifiers.map(({ hash }) => hash));
  const ids = wanted.flatMap(({ id }) => id ?? []);
  const rows = await selectKnown(ctx, [...new Set(hashes)], [...new Set(ids)]);
  return new Map(rows.map((row) => [row.named, row]));
}

/**
 * The person of a reference who is known by all that it names. Undefined when something of it is new. Throws
 * `not_found`, `gone` and `conflict`.
 */
function knownSubject(
  ctx: Context,
  { id, identifiers }: Wanted,
  known: ReadonlyMap<string, KnownRow>,
  unsealed: Unsealed[],
): Subject | undefined {
  const names = id === undefined ? identifiers.map(({ hash }) => hash) : [id];
  const rows = names.flatMap((name) => known.get(name) ?? []);
  const [first] = rows;
  if (id !== undefined && first === undefined) throw notFound("subject");
  if (rows.some((row) => row.id !== first?.id)) throw ambiguous();
  if (first === undefined || rows.length < names.length) return undefined;
  const subject = unwrapSubject(ctx, first.id, first.dataKey, first.evidenceKey);
  for (const identifier of identifiers)
    if (known.get(identifier.hash)?.isSealed === false) unsealed.push({ subject, identifier });
  return subject;
}
