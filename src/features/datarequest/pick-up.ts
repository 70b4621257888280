import { verify } from "@node-rs/argon2";
import type { Context, OrganizationKeys, Services } from "../../context.ts";
import { readPasscode } from "../../kernel/passcode.ts";
import { getOrganization } from "../organization/index.ts";
import { hashToken } from "./create-delivery.ts";
import { type Pickup, recordDownload, recordRefusal, selectPickup, takeTry } from "./store.ts";
import { openStoredArchive, type StoredArchive } from "./stored-archive.ts";

/** A delivery link as its bearer finds it, with a context in which the person themself acts. */
export interface OpenedPickup {
  readonly ctx: Context;
  readonly pickup: Pickup;
  readonly state: "open" | "locked" | "expired";
  readonly organization: {
    readonly name: string;
    readonly contact: string | undefined;
    readonly timeZone: string;
  };
}

/** Looks at a delivery link. Changes nothing. Undefined when there is no such link. */
export async function openPickup(
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  token: string,
  requestId: string,
): Promise<OpenedPickup | undefined> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return undefined;
  const pickup = await selectPickup(services, hashToken(token));
  if (pickup === undefined) return undefined;
  const { organizationId } = pickup;
  const keys = await organizationKeys(organizationId);
  const ctx: Context = { services, organizationId, keys, actor: { kind: "person" }, requestId };
  const { name, dpo, timeZone } = await getOrganization(ctx);
  return {
    ctx,
    pickup,
    state: !pickup.isThere ? "expired" : pickup.triesLeft === 0 ? "locked" : "open",
    organization: { name, contact: dpo?.contact, timeZone: timeZone ?? "UTC" },
  };
}

export type PickupOutcome =
  | { readonly kind: "archive"; readonly archive: StoredArchive }
  | { readonly kind: "wrong"; readonly triesLeft: number }
  | { readonly kind: "locked" }
  | { readonly kind: "expired" };

/**
 * Opens the archive behind a link with the passcode that a person typed. Every guess takes one of five tries before it
 * is looked at; a right one gives its try back and counts the download, again and again until the link expires.
 */
export async function pickUp({ ctx, pickup }: OpenedPickup, typed: string): Promise<PickupOutcome> {
  const taken = await takeTry(ctx, pickup.deliveryId);
  if (taken === undefined) return { kind: pickup.isThere ? "locked" : "expired" };
  const passcode = readPasscode(typed);
  const isRight = passcode !== undefined && (await verify(taken.passcodeHash, passcode));
  if (!isRight) {
    await recordRefusal(ctx, pickup.deliveryId, taken.triesLeft);
    return taken.triesLeft === 0 ? { kind: "locked" } : { kind: "wrong", triesLeft: taken.triesLeft };
  }
  if ((await recordDownload(ctx, pickup)) === undefined) return { kind: "expired" };
  return { kind: "archive", archive: await openStoredArchive(ctx, pickup.archiveId) };
}
