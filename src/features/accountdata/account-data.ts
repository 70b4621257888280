import type { Context } from "../../context.ts";
import { notFound, SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { open, seal } from "../../kernel/seal.ts";
import { findSubject, readPerson } from "../subject/index.ts";
import { checkDocument } from "./check-document.ts";
import type { SectionDocument } from "./domain/documents.ts";
import { replaceSection, selectSections } from "./store.ts";

/**
 * Stores what the organization knows about a person in one section, sealed under the person's own key. The document
 * takes the place of the earlier one whole. Throws `not_found` (person, section), `gone` (an erased person),
 * `invalid` with pointers into the document where it does not fit the section's schema, and `too_large`.
 */
export async function putAccountData(
  ctx: Context,
  subjectId: string,
  section: string,
  document: SectionDocument,
) {
  const subject = await findSubject(ctx, subjectId);
  await checkDocument(ctx, section, document);
  const plain = Buffer.from(JSON.stringify(document));
  const sealed = seal(subject.dataKey, sectionPlace(subject.id, section), plain);
  const publicId = formatId("sub", subject.id);
  const row = await replaceSection(ctx, { subjectId: subject.id, section, sealed }, publicId);
  if (row === undefined) {
    throw new SaysoError(
      "too_large",
      `All sections of a person together may have at most ${limits.accountDataBytes} bytes. Store less in one of them.`,
    );
  }
  return { subjectId: publicId, section, updatedAt: new Date(row.updated_at).toISOString(), document };
}

/** A stored section of a person. Two merged records may each have brought one of the same name. */
export interface StoredSection {
  readonly section: string;
  readonly updatedAt: string;
  readonly document: SectionDocument;
}

/**
 * What is stored about a person, merged records included, the newest first: everything, or one section's documents.
 * Throws `not_found` for an unknown person.
 */
export async function readAccountData(
  ctx: Context,
  subjectId: string,
  section?: string,
): Promise<StoredSection[]> {
  const { keys } = await readPerson(ctx, subjectId);
  const rows = await selectSections(ctx, [...keys.keys()], section);
  return rows.flatMap((row) => {
    const owner = keys.get(row.subjectId);
    if (owner === undefined) return [];
    const plain = open(owner.dataKey, sectionPlace(row.subjectId, row.section), row.sealed);
    return [
      {
        section: row.section,
        updatedAt: row.updatedAt.toISOString(),
        document: JSON.parse(plain.toString("utf8")) as SectionDocument,
      },
    ];
  });
}

/** The newest document of one section. Throws `not_found` when the person or the section is unknown or empty. */
export async function getAccountData(ctx: Context, subjectId: string, section: string) {
  const [newest] = await readAccountData(ctx, subjectId, section);
  if (newest === undefined) throw notFound("section");
  return { subjectId, ...newest };
}

function sectionPlace(subjectId: string, section: string): string {
  return `account_section:${subjectId}:${section}`;
}
