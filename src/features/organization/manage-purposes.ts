import type { Context } from "../../context.ts";
import { violatedUnique } from "../../db/database.ts";
import { replay } from "../../db/write.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { insertPurpose, type NewPurpose, type PurposeRow, selectPurposes } from "./store.ts";

/** Adds a purpose. Throws `invalid` for marketing that does not rest on consent, `conflict` for a key in use. */
export async function createPurpose(ctx: Context, input: NewPurpose) {
  if (input.category === "marketing" && input.lawfulBasis !== "consent") {
    throw invalid("/lawfulBasis", "Marketing always rests on consent.");
  }
  const row = (await replay<InsertedPurpose>(ctx)) ?? (await insert(ctx, input));
  return {
    key: input.key,
    name: input.name,
    description: input.description,
    category: input.category,
    lawfulBasis: input.lawfulBasis,
    validityDays: input.validityDays ?? null,
    doubleOptIn: input.doubleOptIn ?? false,
    createdAt: new Date(row.created_at).toISOString(),
  };
}

type InsertedPurpose = NonNullable<Awaited<ReturnType<typeof insertPurpose>>>;

async function insert(ctx: Context, made: NewPurpose): Promise<InsertedPurpose> {
  try {
    const inserted = await insertPurpose(ctx, made);
    if (inserted === undefined) throw new SaysoError("internal", "The purpose was not added.");
    return inserted;
  } catch (error) {
    if (violatedUnique(error) === undefined) throw error;
    throw new SaysoError("conflict", `There is a purpose with the key ${made.key} already.`, {
      cause: error,
    });
  }
}

export async function listPurposes(ctx: Context, cursor: string | undefined, limit: number) {
  return (await selectPurposes(ctx, cursor, limit)).map(presentPurpose);
}

function presentPurpose(row: PurposeRow) {
  return {
    key: row.key,
    name: row.name,
    description: row.description,
    category: row.category,
    lawfulBasis: row.lawfulBasis,
    validityDays: row.validityDays,
    doubleOptIn: row.doubleOptIn,
    createdAt: row.createdAt.toISOString(),
  };
}
