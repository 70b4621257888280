import type { Services } from "../../context.ts";
import { takeTurn } from "../../db/rate-limit.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { readIdentifiers, readTypedPhone } from "../../kernel/identifier.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { hashIdentifier } from "../subject/index.ts";
import type { OpenedOrganization } from "./acting-person.ts";
import { insertStop } from "./store.ts";

/** Takes one of the turns that a caller's address has. Throws `too_many_requests` when none is left. */
export function takeStopTurn(services: Services, address: string): Promise<void> {
  return takeTurn(services, "stop_address", address, limits.stopsPerAddress);
}

/** A number that somebody typed, and how it is found. */
export interface TypedNumber {
  /** E.164. */
  readonly number: string;
  readonly hash: string;
}

/** Reads a typed number; one without a country code is of the organization's country. Undefined when it is none. */
export function readTypedNumber(
  { ctx, organization }: OpenedOrganization,
  typed: string,
): TypedNumber | undefined {
  const number = readTypedPhone(typed, organization.country);
  const [identifier] = number === undefined ? [] : readIdentifiers({ phone: number }).identifiers;
  return number === undefined || identifier === undefined
    ? undefined
    : { number, hash: hashIdentifier(ctx, identifier) };
}

/**
 * Ends marketing to a number at once, whoever says so: somebody who blocked the business could never get a code. Does the
 * same and answers the same whether anybody is known by the number or not. Ends nothing else, for it may be a stranger's.
 * Throws `too_many_requests` when it was said of this number too often of late.
 */
export async function stopMarketing({ ctx }: OpenedOrganization, { hash }: Pick<TypedNumber, "hash">) {
  await takeTurn(ctx.services, "stop_number", `${ctx.organizationId}:${hash}`, limits.stopsPerNumber);
  const id = ctx.services.newId("opt");
  const publicId = formatId("opt", id);
  const occurredAt = ctx.services.now().toISOString();
  const recorded = await insertStop(ctx, { id, publicId, hash, occurredAt });
  if (recorded === undefined) throw new SaysoError("internal", "The opt-out was not recorded.");
  return { reference: publicId, recordedAt: new Date(recorded.recorded_at) };
}
