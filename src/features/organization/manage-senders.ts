import type { Context } from "../../context.ts";
import { violatedUnique } from "../../db/database.ts";
import { replay } from "../../db/write.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { canonicalPhone } from "../../kernel/identifier.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { keyedHash } from "../../kernel/seal.ts";
import { type Restriction, senderState } from "../../kernel/sender-state.ts";
import {
  insertSender,
  liftRestrictions,
  type NewSender,
  type SenderRow,
  selectSender,
  selectSenders,
  type WrittenSender,
} from "./store.ts";

type SenderInput = Omit<NewSender, "id" | "numberHash">;

/**
 * Registers a business number. Throws `invalid` for a number that cannot be and `conflict` when the
 * phoneNumberId is registered already, by whichever organization.
 */
export async function registerSender(ctx: Context, input: SenderInput) {
  const canonical = canonicalPhone(input.displayPhoneNumber);
  if (canonical === undefined) {
    throw invalid(
      "/displayPhoneNumber",
      "Not a possible phone number. Write it in international form, such as +12025550100.",
    );
  }
  const id = ctx.services.newId("snd");
  const earlier = await replay<InsertedSender>(ctx);
  const row =
    earlier ??
    (await insert(ctx, { ...input, id, numberHash: keyedHash(ctx.keys.lookup, `phone:${canonical}`) }));
  const { restrictions, created_at } = row;
  const made = { ...input, id: row.id, restrictions, createdAt: new Date(created_at) };
  return presentSender(made, ctx.services.now());
}

type InsertedSender = NonNullable<Awaited<ReturnType<typeof insertSender>>>;

async function insert(ctx: Context, made: NewSender): Promise<InsertedSender> {
  try {
    const inserted = await insertSender(ctx, made, formatId("snd", made.id));
    if (inserted === undefined) throw new SaysoError("internal", "The sender was not registered.");
    return inserted;
  } catch (error) {
    if (violatedUnique(error) === undefined) throw error;
    throw new SaysoError("conflict", "A sender with this phoneNumberId is registered already.", {
      cause: error,
    });
  }
}

/** A sender by `snd_…` or phoneNumberId; undefined when this organization has none of that name. */
export async function findSender(ctx: Context, name: string): Promise<SenderRow | undefined> {
  const id = parseId("snd", name);
  return selectSender(ctx, id === undefined ? { phoneNumberId: name } : { id });
}

export async function getSender(ctx: Context, name: string) {
  const row = await findSender(ctx, name);
  if (row === undefined) throw notFound("sender");
  return presentSender(row, ctx.services.now());
}

/**
 * Staff's word that the platform restricts a sender no more, for when its own never comes. What the platform said up
 * to now is over, even when it comes late or again; what it says of later restricts again. Throws `not_found`.
 */
export async function liftRestriction(ctx: Context, name: string, input: { reason: string }) {
  const row = await findSender(ctx, name);
  if (row === undefined) throw notFound("sender");
  const lifted = (await replay<WrittenSender>(ctx)) ?? (await liftRestrictions(ctx, row.id, input.reason));
  if (lifted === undefined) throw notFound("sender");
  return presentSender({ ...lifted, createdAt: new Date(lifted.createdAt) }, ctx.services.now());
}

export async function listSenders(ctx: Context, cursor: string | undefined, limit: number) {
  return (await selectSenders(ctx, cursor, limit)).map((row) => presentSender(row, ctx.services.now()));
}

function presentSender(row: Omit<SenderRow, "organizationId" | "numberHash">, now: Date) {
  const state = senderState(row.restrictions as Record<string, Restriction>, now);
  return {
    id: formatId("snd", row.id),
    name: row.name,
    phoneNumberId: row.phoneNumberId,
    displayPhoneNumber: row.displayPhoneNumber,
    wabaId: row.wabaId,
    platform: row.platform,
    state: state.state,
    restrictedUntil: state.until,
    createdAt: row.createdAt.toISOString(),
  };
}
