import type { Context, Services } from "../../context.ts";
import type { Actor } from "../../kernel/actor.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { newOrganization, unwrapOrganizationKeys } from "./keys.ts";
import {
  insertOrganization,
  type OrganizationChange,
  selectOrganization,
  selectOrganizations,
  updateOrganization,
} from "./store.ts";

/** Makes an organization with its keys and first purposes. */
export async function createOrganization(
  services: Services,
  actor: Actor,
  input: { name: string },
): Promise<{ id: string; name: string }> {
  const made = newOrganization(services, input.name);
  const id = formatId("org", made.id);
  const keys = unwrapOrganizationKeys(services, made);
  const ctx: Context = { services, organizationId: made.id, keys, actor, requestId: id };
  const row = await insertOrganization(ctx, made, id);
  if (row === undefined) throw new SaysoError("internal", "The organization was not made.");
  return { id, name: row.name };
}

/** Every organization of the installation, the first one first. For its operator only. */
export async function listOrganizations(services: Services) {
  return (await selectOrganizations(services.db)).map(({ id, name, createdAt }) => ({
    id: formatId("org", id),
    name,
    createdAt: createdAt.toISOString(),
  }));
}

/** The organization that a request is for. */
export async function getOrganization(ctx: Context) {
  const row = await selectOrganization(ctx.services.db, ctx.organizationId);
  if (row === undefined) throw notFound("organization");
  return {
    id: formatId("org", row.id),
    name: row.name,
    country: row.country,
    timeZone: row.timeZone,
    language: row.language,
    dpo: row.dpo as { name: string; contact: string } | null,
    supervisoryAuthority: row.supervisoryAuthority as { name: string; url?: string } | null,
    notice: row.notice as Record<string, string> | null,
    createdAt: row.createdAt.toISOString(),
  };
}

/** Changes what is given and leaves the rest. Throws `invalid` for a time zone that nobody knows. */
export async function changeOrganization(ctx: Context, change: OrganizationChange) {
  if (change.timeZone !== undefined && !isTimeZone(change.timeZone)) {
    throw invalid("/timeZone", "Not a time zone of the IANA database, such as Europe/Berlin.");
  }
  await updateOrganization(ctx, change, formatId("org", ctx.organizationId));
  return getOrganization(ctx);
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
