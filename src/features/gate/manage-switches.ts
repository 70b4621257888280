import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { findPurpose, findSender } from "../organization/index.ts";
import {
  insertSwitch,
  type PulledSwitch,
  releaseSwitch,
  type SwitchRow,
  selectSwitch,
  selectSwitches,
} from "./switch-store.ts";

/** What to pause, and why: everything, what one sender sends, or what goes out for one purpose. */
export type SwitchInput = { readonly reason: string } & (
  | { readonly scope: "organization" }
  | { readonly scope: "sender"; readonly sender: string }
  | { readonly scope: "purpose"; readonly purpose: string }
);

/**
 * Pauses sending until staff release it: from the answer on every check in its scope is denied. Each call is a switch of
 * its own, and sending goes on when all are released. Throws `invalid` for an unknown sender or purpose.
 */
export async function pullSwitch(ctx: Context, input: SwitchInput) {
  const sender = input.scope === "sender" ? await findSender(ctx, input.sender) : null;
  if (sender === undefined) throw invalid("/sender", "There is no such sender.");
  const purpose = input.scope === "purpose" ? input.purpose : null;
  if (purpose !== null && (await findPurpose(ctx, purpose)) === undefined)
    throw invalid("/purpose", "There is no such purpose.");
  const id = ctx.services.newId("swi");
  const row =
    (await replay<PulledSwitch>(ctx)) ??
    (await insertSwitch(ctx, {
      id,
      eventId: ctx.services.newId("evt"),
      publicId: formatId("swi", id),
      senderId: sender?.id ?? null,
      purpose,
      reason: input.reason,
    }));
  if (row === undefined) throw new SaysoError("internal", "The switch was not pulled.");
  return presentSwitch({ ...row, pulledAt: new Date(row.pulledAt), releasedAt: null });
}

/** Ends a pause, with a reason that stays on record. Throws `not_found`; one that was released before is a `conflict`. */
export async function endSwitch(ctx: Context, id: string, input: { reason: string }) {
  const uuid = parseId("swi", id);
  const known = uuid === undefined ? undefined : await selectSwitch(ctx, uuid);
  if (uuid === undefined || known === undefined) throw notFound("switch");
  const row =
    (await replay<{ at: string }>(ctx)) ??
    (await releaseSwitch(ctx, {
      id: uuid,
      eventId: ctx.services.newId("evt"),
      publicId: id,
      reason: input.reason,
    }));
  if (row === undefined) throw new SaysoError("conflict", "This switch was released before.");
  return { id, releasedAt: new Date(row.at).toISOString() };
}

/** Switches of the organization, released ones included, the newest first. */
export async function listSwitches(ctx: Context, before: string | undefined, limit: number) {
  return (await selectSwitches(ctx, before, limit)).map(presentSwitch);
}

function presentSwitch({
  id,
  senderId,
  purpose,
  reason,
  pulledAt,
  releasedAt,
}: Omit<SwitchRow, "organizationId">) {
  return {
    id: formatId("swi", id),
    scope: senderId !== null ? "sender" : purpose !== null ? "purpose" : "organization",
    sender: senderId === null ? null : formatId("snd", senderId),
    purpose,
    reason,
    pulledAt: pulledAt.toISOString(),
    releasedAt: releasedAt?.toISOString() ?? null,
  };
}
