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
  updateSender,
  type WrittenSender,
} from "./store.ts";

type SenderInput = Omit<NewSender, "id" | "numberHash" | "portfolioId"> & {
  readonly portfolioId?: string | undefined;
};

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
  const numberHash = keyedHash(ctx.keys.lookup, `phone:${canonical}`);
  const made =
    (await replay<WrittenSender>(ctx)) ??
    (await insert(ctx, { ...input, portfolioId: input.portfolioId ?? null, id, numberHash }));
  return presentSender(read(made), ctx.services.now());
}

/** A sender with its times as a typed read has them. */
const read = (written: WrittenSender) => ({
  ...written,
  createdAt: new Date(written.createdAt),
  messagingLimitAt: written.messagingLimitAt === null ? null : new Date(written.messagingLimitAt),
});

async function insert(ctx: Context, made: NewSender): Promise<WrittenSender> {
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
  return presentSender(read(lifted), ctx.services.now());
}

/** What staff say of a sender because the platform did not; what is left out stays. */
export interface SenderChange {
  /** The business portfolio of its WhatsApp Business Account; null: not known. */
  readonly portfolioId?: string | null | undefined;
  /** How many people the portfolio may write to first in 24 hours. */
  readonly messagingLimit?: number | "unlimited" | undefined;
}

/**
 * Sets the portfolio of a sender's WhatsApp Business Account and the messaging limit that the portfolio's senders share.
 * The platform's next word about the limit counts again. Throws `not_found`.
 */
export async function changeSender(ctx: Context, name: string, change: SenderChange) {
  const row = await findSender(ctx, name);
  const { portfolioId, messagingLimit: most } = change;
  const changed =
    row &&
    (await updateSender(ctx, row.id, {
      portfolioId,
      messagingLimit: most === undefined ? undefined : { most: most === "unlimited" ? null : most },
    }));
  if (changed === undefined) throw notFound("sender");
  return presentSender(read(changed), ctx.services.now());
}

export async function listSenders(ctx: Context, cursor: string | undefined, limit: number) {
  return (await selectSenders(ctx, cursor, limit)).map((row) => presentSender(row, ctx.services.now()));
}

function presentSender(
  row: Omit<SenderRow, "organizationId" | "numberHash" | "isSandbox" | "qualityAt">,
  now: Date,
) {
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
    portfolioId: row.portfolioId,
    messagingLimit: row.messagingLimit ?? (row.messagingLimitAt === null ? null : ("unlimited" as const)),
    quality: row.quality,
    createdAt: row.createdAt.toISOString(),
  };
}
