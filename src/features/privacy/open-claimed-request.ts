import type { Context, Services } from "../../context.ts";
import { once } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { parseId } from "../../kernel/ids.ts";
import { noteIdentity, openRequest } from "../datarequest/index.ts";
import { getOrganization } from "../organization/index.ts";
import { openWish } from "./claim.ts";
import { regimeOfCountry } from "./domain/regime-of-country.ts";
import { deletePastClaims, noteProblem, requeueClaims, selectClaim, settleClaim } from "./store.ts";

/** How identity was made sure of, as the request's event has it. */
const method = "code";

/**
 * Opens the request of a claim (uuid) that was proven, or joins an open one, and notes how it was made sure who asks. It was
 * received when the claim was made. Interrupted anywhere and asked again it goes on where it was. What keeps it from opening
 * is noted for staff, and thrown so that it is tried again.
 */
export async function openClaimedRequest(ctx: Context, claimId: string): Promise<void> {
  const claim = await selectClaim(ctx, claimId);
  if (claim?.sealed == null || claim.provenAt === null || claim.requestId !== null) return;
  const wish = openWish(ctx, claimId, claim.sealed);
  try {
    const request = await openRequest(once(ctx, "privacy", claimId), {
      subject: { [wish.address.kind]: wish.address.value },
      kind: wish.kind,
      regime: regimeOfCountry((await getOrganization(ctx)).country ?? ""),
      receivedAt: claim.createdAt.toISOString(),
      channel: "web",
      language: wish.language,
    });
    const where = wish.address.kind === "email" ? "e-mail address" : "number";
    const note = `A code to the ${where} that the request is about was given back.`;
    await noteIdentity(ctx, request.id, { method, note });
    await settleClaim(ctx, claimId, parseId("req", request.id) ?? "");
  } catch (error) {
    if (error instanceof SaysoError) await noteProblem(ctx, claimId, error.detail);
    throw error;
  }
}

/** Takes up what a process left when it died. */
export async function resumeClaims(services: Services): Promise<void> {
  const stalled = await requeueClaims(services);
  if (stalled > 0) services.log.warn({ stalled }, "proven claims without a request");
}

/** Forgets what nobody proved within a day, and codes of that age. */
export function dropPastClaims(services: Services): Promise<void> {
  return deletePastClaims(services);
}
