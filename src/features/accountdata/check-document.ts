import type { Context } from "../../context.ts";
import { notFound, SaysoError } from "../../kernel/errors.ts";
import { customMisfits } from "./custom-schema.ts";
import { misfits, refuseDeep, type SectionDocument } from "./domain/documents.ts";
import { isSectionName } from "./domain/sections.ts";
import { selectCustomSection } from "./store.ts";

/**
 * Checks a document against the schema of its section, one of Sayso's or the organization's own. Throws `not_found` for a
 * section that there is not, and `invalid` with pointers into the document where it is too deep or does not fit.
 */
export async function checkDocument(ctx: Context, section: string, document: SectionDocument): Promise<void> {
  refuseDeep(document, "");
  const errors = await misfitsOf(ctx, section, document);
  if (errors.length > 0)
    throw new SaysoError("invalid", `The document does not fit the section ${section}; see errors.`, {
      errors,
    });
}

async function misfitsOf(ctx: Context, section: string, document: SectionDocument) {
  if (isSectionName(section)) return misfits(section, document);
  const custom = await selectCustomSection(ctx, section);
  if (custom === undefined) throw notFound("section");
  return customMisfits(custom.schema, document);
}
