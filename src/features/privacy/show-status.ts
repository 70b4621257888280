import type { OrganizationKeys, Services } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { getRequest } from "../datarequest/index.ts";
import { type OpenedOrganization, openForPerson } from "../organization/index.ts";
import { hashReference, isReference } from "./reference.ts";
import { selectClaimByReference } from "./store.ts";

/** Where a request stands, as a reference tells: nothing about the person, not even what they asked about. */
export interface RequestStanding {
  readonly organization: OpenedOrganization["organization"];
  readonly requestedAt: Date;
  /** Null as long as the request is being taken up. */
  readonly request: {
    readonly status: string;
    readonly dueAt: Date;
    /** Of the archive, when there is one. */
    readonly readyAt: Date | null;
    readonly expiresAt: Date | null;
    readonly deletedAt: Date | null;
  } | null;
}

/** Looks up where the request of a reference stands. Changes nothing. Undefined when there is no such reference. */
export async function showStatus(
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  { reference, language, requestId }: { reference: string; language: Language; requestId: string },
): Promise<RequestStanding | undefined> {
  if (!isReference(reference)) return undefined;
  const claim = await selectClaimByReference(services, hashReference(reference));
  if (claim === undefined) return undefined;
  const opened = await openForPerson(services, organizationKeys, claim.organizationId, requestId);
  if (opened === undefined) return undefined;
  const { ctx, organization } = opened;
  const requestedAt = claim.createdAt;
  if (claim.requestId === null) return { organization, requestedAt, request: null };
  const { status, dueAt, archive } = await getRequest(ctx, formatId("req", claim.requestId), language);
  const instant = (text: string | null | undefined) => (text == null ? null : new Date(text));
  return {
    organization,
    requestedAt,
    request: {
      status,
      dueAt: new Date(dueAt),
      readyAt: instant(archive?.readyAt),
      expiresAt: instant(archive?.expiresAt),
      deletedAt: instant(archive?.deletedAt),
    },
  };
}
