import type { Context } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import { type Key, open } from "../../kernel/seal.ts";
import { identifierPlace, unwrapEvidenceKey, unwrapSubject } from "./resolve-subject.ts";
import { selectPeople } from "./store.ts";

/** A record of a person, as much of it as an export shows. */
export interface RecordedPerson {
  /** `sub_…` of the person whom the record is of now. */
  readonly subjectId: string;
  /** Every identifier of the person as it was given, the oldest first; none of somebody who was erased. */
  readonly identifiers: readonly { readonly kind: string; readonly value: string }[];
  /** Their data was erased; what proves consents can still be opened for a time, where it is needed for a claim. */
  readonly isErased: boolean;
  /** Opens what is sealed as evidence under this record; undefined once that was destroyed, too. */
  readonly evidenceKey: Key | undefined;
}

/** The people of some records (uuids), by the record, in one statement. */
export async function readPeople(
  ctx: Context,
  recordIds: readonly string[],
): Promise<ReadonlyMap<string, RecordedPerson>> {
  const rows = await selectPeople(ctx, recordIds);
  return new Map(
    rows.map(({ id, rootId, dataKey, evidenceKey, identifiers }) => [
      id,
      {
        subjectId: formatId("sub", rootId),
        identifiers: identifiers.flatMap((each) => {
          if (each.dataKey === null || each.evidenceKey === null || each.sealed === null) return [];
          const owner = unwrapSubject(
            ctx,
            each.owner,
            Buffer.from(each.dataKey, "base64"),
            Buffer.from(each.evidenceKey, "base64"),
          );
          const place = identifierPlace(each.owner, each.hash);
          const plain = open(owner.dataKey, place, Buffer.from(each.sealed, "base64"));
          return JSON.parse(plain.toString("utf8")) as { kind: string; value: string };
        }),
        isErased: dataKey === null,
        evidenceKey: evidenceKey === null ? undefined : unwrapEvidenceKey(ctx, id, evidenceKey),
      },
    ]),
  );
}
