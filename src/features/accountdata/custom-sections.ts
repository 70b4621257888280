import type { Context } from "../../context.ts";
import { violatedUnique } from "../../db/database.ts";
import { replay } from "../../db/write.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import { type CustomSchema, checkCustomSchema } from "./custom-schema.ts";
import { isReservedSection } from "./domain/sections.ts";
import { insertCustomSection, selectCustomSections } from "./store.ts";

export interface CustomSectionInput {
  readonly section: string;
  readonly title: string;
  readonly schema: CustomSchema;
}

/**
 * Registers a section of the organization's own with the JSON Schema that its documents fit. It stays as it is: what
 * was stored under it must keep its meaning. Throws `invalid` for a name that is taken by Sayso, a schema that cannot
 * be used and one section too many; `conflict` for a name that is registered already.
 */
export async function registerCustomSection(ctx: Context, input: CustomSectionInput) {
  const row = (await replay<{ section: string; created_at: string }>(ctx)) ?? (await insert(ctx, input));
  return { ...input, createdAt: new Date(row.created_at).toISOString() };
}

async function insert(ctx: Context, input: CustomSectionInput) {
  if (isReservedSection(input.section))
    throw invalid("/section", "Sayso has a section of this name already.");
  checkCustomSchema(input.schema, "/schema");
  const row = await insertCustomSection(ctx, input).catch((error: unknown) => {
    if (violatedUnique(error) === undefined) throw error;
    throw new SaysoError("conflict", "A section of this name is registered already.");
  });
  if (row === undefined) {
    throw invalid(
      "/section",
      `An organization may have at most ${limits.customSections} sections of its own.`,
    );
  }
  return row;
}

/** The organization's own sections by name. */
export async function listCustomSections(ctx: Context, after?: string, limit?: number) {
  return (await selectCustomSections(ctx, after, limit)).map(({ section, title, schema, createdAt }) => ({
    section,
    title,
    schema,
    createdAt: createdAt.toISOString(),
  }));
}
