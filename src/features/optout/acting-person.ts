import type { Context, OrganizationKeys, Services } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { addSeconds } from "../../kernel/time.ts";
import { getOrganization } from "../organization/index.ts";

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

/** How long after a no of an organization's what was handed over before it may still arrive, in seconds. */
export type HandingOver = (ctx: Context) => Promise<number>;

/** Until when that is; undefined once the time is over, as when a press of a button is repeated. */
export async function handedOverUntil(
  ctx: Context,
  recordedAt: Date,
  handingOver: HandingOver,
): Promise<Date | undefined> {
  const until = addSeconds(recordedAt, await handingOver(ctx));
  return until > ctx.services.now() ? until : undefined;
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
