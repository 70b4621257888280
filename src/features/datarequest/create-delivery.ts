import { createHash } from "node:crypto";
import { hash } from "@node-rs/argon2";
import type { Context } from "../../context.ts";
import { answerOnce } from "../../db/write.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { formatPasscode, passcodeBytes } from "../../kernel/passcode.ts";
import { deriveKey, keyedHash } from "../../kernel/seal.ts";
import { mandateMustHold } from "./approve-request.ts";
import { takeStep } from "./domain/life.ts";
import { findRequest } from "./present-request.ts";
import { insertDelivery } from "./store.ts";

/** argon2id as OWASP's password storage cheat sheet has it: 19 MiB, two passes, one lane. */
const argon2id = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

type Made = NonNullable<Awaited<ReturnType<typeof insertDelivery>>>;

/**
 * A link and a passcode by which the person fetches their archive; the two go to them by different ways. Both are
 * given out here alone: only their hashes are stored. The archive from then on ends together with the link. Throws
 * `not_found`, and `conflict` when there is no archive to hand over, or it was not approved by all who must.
 */
export async function createDelivery(ctx: Context, requestId: string) {
  const made = await answerOnce(ctx, () => record(ctx, requestId));
  const { token, passcode } = secretsOf(ctx, made.id);
  return {
    id: formatId("dlv", made.id),
    url: linkOf(ctx, token),
    passcode,
    expiresAt: new Date(made.expires_at).toISOString(),
  };
}

async function record(ctx: Context, id: string): Promise<Made> {
  const request = await findRequest(ctx, id);
  mandateMustHold(ctx, request);
  const to = takeStep(request, { kind: "delivery_created" }).status;
  const deliveryId = ctx.services.newId("dlv");
  const { token, passcode } = secretsOf(ctx, deliveryId);
  const made = await insertDelivery(ctx, {
    id: deliveryId,
    requestId: request.id,
    from: request.status,
    to,
    tokenSha256: hashToken(token),
    passcodeHash: await hash(passcode, argon2id),
  });
  if (made === undefined) {
    throw new SaysoError("conflict", "There is no archive to hand over: it expired, or is not ready yet.");
  }
  return made;
}

/** The link of a delivery (uuid): with it alone nothing opens. */
export function deliveryUrl(ctx: Context, deliveryId: string): string {
  return linkOf(ctx, secretsOf(ctx, deliveryId).token);
}

function linkOf(ctx: Context, token: string): string {
  return `${ctx.services.publicUrl}/a/${token}`;
}

/** What a delivery's link is found by. */
export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/**
 * Token and passcode of a delivery: keyed hashes of its id, under keys that nobody but the service has. Unguessable
 * without them, and the same again when a request with an Idempotency-Key is repeated.
 */
function secretsOf(ctx: Context, deliveryId: string): { token: string; passcode: string } {
  const secret = (use: string) => keyedHash(deriveKey(ctx.keys.data, use), deliveryId);
  return {
    token: secret("delivery_token").toString("base64url"),
    passcode: formatPasscode(secret("delivery_passcode").subarray(0, passcodeBytes)),
  };
}
