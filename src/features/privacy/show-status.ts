import type { OrganizationKeys, Services } from "../../context.ts";
import { readStanding, type Standing } from "../datarequest/index.ts";
import { type OpenedOrganization, openForPerson } from "../organization/index.ts";
import { hashReference, isReference } from "./reference.ts";
import { selectClaimByReference } from "./store.ts";

/** Where a request stands, as a reference tells: nothing about the person. */
export interface RequestStanding {
  readonly organization: OpenedOrganization["organization"];
  readonly requestedAt: Date;
  /** Null as long as the request is being taken up. */
  readonly request: Standing | null;
}

/** Looks up where the request of a reference stands. Changes nothing. Undefined when there is no such reference. */
export async function showStatus(
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  { reference, requestId }: { reference: string; requestId: string },
): Promise<RequestStanding | undefined> {
  if (!isReference(reference)) return undefined;
  const claim = await selectClaimByReference(services, hashReference(reference));
  if (claim === undefined) return undefined;
  const opened = await openForPerson(services, organizationKeys, claim.organizationId, requestId);
  if (opened === undefined) return undefined;
  const { ctx, organization } = opened;
  const request = claim.requestId === null ? undefined : await readStanding(ctx, claim.requestId);
  return { organization, requestedAt: claim.createdAt, request: request ?? null };
}
