import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { fieldOfKind, type Identifier } from "../../kernel/identifier.ts";
import {
  ambiguous,
  hashIdentifier,
  newSubject,
  sealIdentifier,
  unwrapSubject,
  wrapKeys,
} from "./resolve-subject.ts";
import { type ResolvedSubject, resolveSubjects } from "./resolve-subjects.ts";
import { type NewPerson, selectKnown } from "./store.ts";

/** People whom a write is about to be of, and those of them whom it makes itself; see resolveAllPart. */
export interface PreparedPeople {
  /** In the order of what was asked. Rejected: `conflict` (two people), `gone` (erased). */
  readonly people: readonly PromiseSettledResult<ResolvedSubject>[];
  readonly toMake: readonly NewPerson[];
}

/** An identifier with the keyed hash that it is found by, in hex. */
export type HashedName = Identifier & { readonly hash: string };

/** Identifiers with their hashes, each once, in an order that does not depend on how they were written. */
export function hashNames(ctx: Context, identifiers: readonly Identifier[]): readonly HashedName[] {
  if (identifiers.length === 1) return identifiers.map((one) => ({ ...one, hash: hashIdentifier(ctx, one) }));
  const names = new Map(
    identifiers.map((one) => {
      const hash = hashIdentifier(ctx, one);
      return [hash, { ...one, hash }];
    }),
  );
  return [...names.values()].sort((a, b) => (a.hash < b.hash ? -1 : 1));
}

/**
 * Finds the people whom identifiers (at least one each) name, and gets ready to make those of whom
 * nothing is known in the write itself, so that nobody is made known by a write that fails. Whoever is known by a part
 * of what is named, or shares a part with another, is resolved at once, as resolveSubjects does. Throws when the
 * database is lost.
 */
export async function preparePeople(
  ctx: Context,
  asked: readonly (readonly HashedName[])[],
): Promise<PreparedPeople> {
  const keys = asked.map((names) => names.map(({ hash }) => hash).join());
  const sets = new Map(asked.map((names, place) => [keys[place] ?? "", names]));
  const setsOfHash = new Map<string, number>();
  for (const names of sets.values())
    for (const { hash } of names) setsOfHash.set(hash, (setsOfHash.get(hash) ?? 0) + 1);
  const rows = await selectKnown(ctx, [...setsOfHash.keys()], []);
  const known = new Map(rows.map((row) => [row.named, row]));

  const found = new Map<string, PromiseSettledResult<ResolvedSubject>>();
  const toMake: NewPerson[] = [];
  const others: [string, readonly HashedName[]][] = [];
  for (const [key, names] of sets) {
    const hashes = names.map(({ hash }) => hash);
    const ofThem = hashes.flatMap((hash) => known.get(hash) ?? []);
    const [first] = ofThem;
    if (first === undefined && hashes.every((hash) => setsOfHash.get(hash) === 1)) {
      const subject = newSubject(ctx);
      found.set(key, { status: "fulfilled", value: { ...subject, named: hashes } });
      toMake.push({
        id: subject.id,
        ...wrapKeys(ctx, subject),
        identifiers: names.map((one) => ({ ...one, sealed: sealIdentifier(subject, one) })),
      });
    } else if (first !== undefined && ofThem.some(({ id }) => id !== first.id)) {
      found.set(key, { status: "rejected", reason: ambiguous() });
    } else if (
      first !== undefined &&
      ofThem.length === hashes.length &&
      ofThem.every(({ isSealed }) => isSealed)
    ) {
      try {
        const subject = unwrapSubject(ctx, first.id, first.dataKey, first.evidenceKey);
        found.set(key, { status: "fulfilled", value: { ...subject, named: hashes } });
      } catch (reason) {
        if (!(reason instanceof SaysoError)) throw reason;
        found.set(key, { status: "rejected", reason });
      }
    } else {
      others.push([key, names]);
    }
  }
  if (others.length > 0) {
    const resolved = await resolveSubjects(
      ctx,
      others.map(([, names]) => referenceOf(names)),
      "",
    );
    others.forEach(([key], place) => {
      found.set(key, resolved[place] ?? { status: "rejected", reason: ambiguous() });
    });
  }
  return {
    people: asked.map(
      (_names, place) => found.get(keys[place] ?? "") ?? { status: "rejected", reason: ambiguous() },
    ),
    toMake,
  };
}

function referenceOf(names: readonly Identifier[]) {
  return Object.fromEntries(names.map(({ kind, value }) => [fieldOfKind[kind], value]));
}
