import type { Context, OrganizationKeys, Services } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { parseId } from "../../kernel/ids.ts";
import { organizationOfLinkToken, readLinkToken } from "../../kernel/link-token.ts";
import { deriveKey } from "../../kernel/seal.ts";
import { getOrganization } from "./manage-organizations.ts";
import { selectOnlyOrganizationId } from "./store.ts";

/** An organization as somebody finds it who came to one of its pages, with a context in which they act themselves. */
export interface OpenedOrganization {
  readonly ctx: Context;
  readonly organization: {
    /** `org_…` */
    readonly id: string;
    readonly name: string;
    readonly contact: string | undefined;
    readonly country: string | null;
    readonly timeZone: string;
  };
}

/** Opens an organization (uuid) for a person. Undefined when there is none. */
export async function openForPerson(
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  organizationId: string,
  requestId: string,
): Promise<OpenedOrganization | undefined> {
  const keys = await knownKeys(organizationKeys, organizationId);
  if (keys === undefined) return undefined;
  const ctx: Context = { services, organizationId, keys, actor: { kind: "person" }, requestId };
  const { id, name, dpo, country, timeZone } = await getOrganization(ctx);
  return { ctx, organization: { id, name, contact: dpo?.contact, country, timeZone: timeZone ?? "UTC" } };
}

/**
 * The organization whose page `/stop/{org_…}` or `/privacy/{org_…}` is; without a name that of the only one. An
 * organization's id is no secret: every link begins with it. Undefined when there is no such organization, or several and
 * none is named.
 */
export async function openNamedPage(
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  named: string | undefined,
  requestId: string,
): Promise<OpenedOrganization | undefined> {
  const organizationId =
    named === undefined ? await selectOnlyOrganizationId(services.db) : parseId("org", named);
  return organizationId === undefined
    ? undefined
    : openForPerson(services, organizationKeys, organizationId, requestId);
}

/**
 * Opens a link's token, which is sealed for one use (`use`). Changes nothing. When it was altered or cut, or is of another
 * organization: the organization that it claims to be of, if there is such a one; whoever alters a link may as well write
 * that.
 */
export async function openLink(
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  link: { readonly use: string; readonly token: string; readonly requestId: string },
): Promise<
  | { readonly opened: OpenedOrganization; readonly content: object }
  | { readonly broken: OpenedOrganization | undefined }
> {
  const organizationId = organizationOfLinkToken(link.token);
  const opened = organizationId
    ? await openForPerson(services, organizationKeys, organizationId, link.requestId)
    : undefined;
  if (opened === undefined) return { broken: undefined };
  const key = deriveKey(opened.ctx.keys.data, link.use);
  const content = readLinkToken(key, link.use, opened.ctx.organizationId, link.token);
  return typeof content === "object" && content !== null ? { opened, content } : { broken: opened };
}

/** An organization's keys; undefined when there is no such organization. A lost database is no wrong link. */
async function knownKeys(
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  organizationId: string,
) {
  try {
    return await organizationKeys(organizationId);
  } catch (error) {
    if (error instanceof SaysoError && error.code === "not_found") return undefined;
    throw error;
  }
}
