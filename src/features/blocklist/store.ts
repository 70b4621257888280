import { and, desc, eq, inArray, lt } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { type Ended, endRecord, tell, write } from "../../db/write.ts";
import { block } from "./tables.ts";

export type BlockRow = typeof block.$inferSelect;

export interface NewBlock {
  readonly id: string;
  readonly eventId: string;
  readonly publicId: string;
  /** Keyed hash of the identifier, in hex. */
  readonly hash: string;
  readonly identifierKind: string;
  readonly ending: string;
  readonly reason: string;
  readonly note: Buffer | undefined;
  readonly expiresAt: string | undefined;
}

export interface RecordedBlock {
  readonly id: string;
  readonly identifier_kind: string;
  readonly ending: string;
  readonly reason: string;
  readonly created_at: string;
  readonly expires_at: string | null;
}

export async function insertBlock(ctx: Context, made: NewBlock): Promise<RecordedBlock | undefined> {
  return write<RecordedBlock>(ctx, (sql) => ({
    parts: [
      [
        "inserted",
        sql`insert into block (organization_id, id, identifier_hash, identifier_kind, ending, reason, note, expires_at)
          values (${ctx.organizationId}, ${made.id}, decode(${made.hash}, 'hex'), ${made.identifierKind}, ${made.ending},
            ${made.reason}, ${made.note ?? null}, ${made.expiresAt ?? null})
          returning id, identifier_kind, ending, reason, created_at, expires_at`,
      ],
      [
        "event",
        sql`insert into block_event (organization_id, id, block_id, kind, reason, actor_kind, actor_id)
          select ${ctx.organizationId}::uuid, ${made.eventId}::uuid, id, 'created', reason, ${ctx.actor.kind}, ${ctx.actor.id ?? null}
          from inserted returning id`,
      ],
    ],
    result: sql`select * from inserted`,
    audit: { action: "block.created", entity: made.publicId, details: { reason: made.reason } },
    tells: [
      tell(
        sql,
        "block.created",
        { blockId: made.publicId, reason: made.reason, expiresAt: made.expiresAt ?? null },
        "inserted",
      ),
    ],
  }));
}

/** Ends a block with a reason. Undefined when there is no active block of that id. */
export function liftBlock(ctx: Context, input: Ended) {
  return endRecord(ctx, input, {
    table: "block",
    endedAt: "lifted_at",
    event: "block_event",
    of: "block_id",
    kind: "lifted",
    action: "block.lifted",
    tells: (sql) => [tell(sql, "block.lifted", { blockId: input.publicId }, "ended")],
  });
}

/** Blocks of the organization, the newest first. */
export async function selectBlocks(
  ctx: Context,
  before: string | undefined,
  limit: number,
): Promise<BlockRow[]> {
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(block)
      .where(and(eq(block.organizationId, ctx.organizationId), before ? lt(block.id, before) : undefined))
      .orderBy(desc(block.id))
      .limit(limit),
  );
}

export async function selectBlock(ctx: Context, id: string): Promise<BlockRow | undefined> {
  const rows = await ctx.services.db.read((d) =>
    d
      .select()
      .from(block)
      .where(and(eq(block.organizationId, ctx.organizationId), eq(block.id, id))),
  );
  return rows[0];
}

/** Blocks of some identifiers (hashes in hex), the newest first. */
export async function selectBlocksOf(ctx: Context, hashes: readonly string[]): Promise<BlockRow[]> {
  if (hashes.length === 0) return [];
  return ctx.services.db.read((d) =>
    d
      .select()
      .from(block)
      .where(
        and(
          eq(block.organizationId, ctx.organizationId),
          inArray(
            block.identifierHash,
            hashes.map((hash) => Buffer.from(hash, "hex")),
          ),
        ),
      )
      .orderBy(desc(block.id)),
  );
}
