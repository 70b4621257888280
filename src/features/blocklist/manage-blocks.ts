import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { type IdentifierInput, maskIdentifier } from "../../kernel/identifier.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { open, seal } from "../../kernel/seal.ts";
import { hashIdentifier, readReference } from "../subject/index.ts";
import {
  type BlockRow,
  insertBlock,
  liftBlock,
  type RecordedBlock,
  selectBlock,
  selectBlocks,
  selectBlocksOf,
} from "./store.ts";

export interface BlockInput {
  readonly identifier: IdentifierInput;
  readonly reason: string;
  readonly note?: string | undefined;
  readonly expiresAt?: string | undefined;
}

/**
 * Blocks an identifier: every spelling of the number, known or not, until staff lift it or it expires. It beats
 * everything else and no import or new opt-in lifts it. Throws `invalid` for an identifier that cannot be, for none or
 * two, and for an expiry that is past.
 */
export async function createBlock(ctx: Context, input: BlockInput) {
  const earlier = await replay<RecordedBlock>(ctx);
  if (earlier !== undefined) return presentRecorded(earlier);
  const read = readReference(input.identifier, "/identifier");
  const identifiers = "identifiers" in read ? read.identifiers : [];
  const [identifier, second] = identifiers;
  if (identifier === undefined || second !== undefined)
    throw invalid("/identifier", "Name exactly one identifier.");
  if (input.expiresAt !== undefined && new Date(input.expiresAt) <= ctx.services.now()) {
    throw invalid("/expiresAt", "This time is past: the block would never hold.");
  }
  const id = ctx.services.newId("blk");
  const row = await insertBlock(ctx, {
    id,
    eventId: ctx.services.newId("blk"),
    publicId: formatId("blk", id),
    hash: hashIdentifier(ctx, identifier),
    identifierKind: identifier.kind,
    ending: maskIdentifier(identifier),
    reason: input.reason,
    note: input.note === undefined ? undefined : seal(ctx.keys.data, notePlace(id), Buffer.from(input.note)),
    expiresAt: input.expiresAt === undefined ? undefined : new Date(input.expiresAt).toISOString(),
  });
  if (row === undefined) throw new SaysoError("internal", "The block was not made.");
  return presentRecorded(row);
}

function notePlace(id: string): string {
  return `block:${id}:note`;
}

function presentRecorded(row: RecordedBlock) {
  return {
    id: formatId("blk", row.id),
    identifier: { kind: row.identifier_kind, ending: row.ending },
    reason: row.reason,
    createdAt: new Date(row.created_at).toISOString(),
    expiresAt: row.expires_at === null ? null : new Date(row.expires_at).toISOString(),
  };
}

/** Ends a block, with a reason that stays on record. Throws `not_found`; a block lifted before is a `conflict`. */
export async function endBlock(ctx: Context, id: string, input: { reason: string }) {
  const uuid = parseId("blk", id);
  const known = uuid === undefined ? undefined : await selectBlock(ctx, uuid);
  if (uuid === undefined || known === undefined) throw notFound("block");
  const row =
    (await replay<{ at: string }>(ctx)) ??
    (await liftBlock(ctx, {
      id: uuid,
      eventId: ctx.services.newId("blk"),
      publicId: id,
      reason: input.reason,
    }));
  if (row === undefined) throw new SaysoError("conflict", "This block was lifted before.");
  return { id, liftedAt: new Date(row.at).toISOString() };
}

export async function listBlocks(ctx: Context, before: string | undefined, limit: number) {
  return (await selectBlocks(ctx, before, limit)).map((row) => presentBlock(ctx, row));
}

/** Every block that was ever made of some identifiers (keyed hashes in hex), the newest first. */
export async function blocksOf(ctx: Context, hashes: readonly string[]) {
  return (await selectBlocksOf(ctx, hashes)).map((row) => presentBlock(ctx, row));
}

/** A block as staff see it: never the identifier, only its ending. */
function presentBlock(ctx: Context, row: BlockRow) {
  return {
    id: formatId("blk", row.id),
    identifier: { kind: row.identifierKind, ending: row.ending },
    reason: row.reason,
    note: row.note === null ? null : open(ctx.keys.data, notePlace(row.id), row.note).toString("utf8"),
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    liftedAt: row.liftedAt?.toISOString() ?? null,
  };
}
