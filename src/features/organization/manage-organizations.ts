import type { Context, Services } from "../../context.ts";
import { violatedUnique } from "../../db/database.ts";
import type { Actor } from "../../kernel/actor.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { isTimeZone } from "../../kernel/time.ts";
import { newOrganization, unwrapOrganizationKeys } from "./keys.ts";
import {
  insertOrganization,
  type NewOrganization,
  type OrganizationChange,
  selectOrganization,
  selectOrganizations,
  selectSandboxId,
  updateOrganization,
} from "./store.ts";

/** Makes an organization with its keys and first purposes. */
export async function createOrganization(
  services: Services,
  actor: Actor,
  input: { name: string },
): Promise<{ id: string; name: string }> {
  const id = await insert(services, actor, newOrganization(services, input.name));
  return { id: formatId("org", id), name: input.name };
}

async function insert(services: Services, actor: Actor, made: NewOrganization): Promise<string> {
  const id = formatId("org", made.id);
  const keys = unwrapOrganizationKeys(services, made);
  const ctx: Context = { services, organizationId: made.id, keys, actor, requestId: id };
  if ((await insertOrganization(ctx, made, id)) === undefined)
    throw new SaysoError("internal", "The organization was not made.");
  return made.id;
}

/**
 * The sandbox of an organization (uuids), made with the first call: an organization of its own, in which nothing of the
 * other is seen, and nothing is counted. A sandbox is its own.
 */
export async function sandboxOf(ctx: Context): Promise<string> {
  const { services, organizationId, actor, keys } = ctx;
  if (keys.isSandbox) return organizationId;
  const known = await selectSandboxId(services.db, organizationId);
  if (known !== undefined) return known;
  const { name } = await getOrganization(ctx);
  try {
    return await insert(services, actor, newOrganization(services, name, organizationId));
  } catch (error) {
    // Somebody else made it at this moment.
    const meanwhile = await selectSandboxId(services.db, organizationId);
    if (violatedUnique(error) === undefined || meanwhile === undefined) throw error;
    return meanwhile;
  }
}

/** Every organization of the installation, the first one first. For its operator only. */
export async function listOrganizations(services: Services) {
  return (await selectOrganizations(services.db)).map(({ id, name, sandboxOf, createdAt }) => ({
    id: formatId("org", id),
    name,
    sandboxOf: sandboxOf === null ? null : formatId("org", sandboxOf),
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
    sandboxOf: row.sandboxOf === null ? null : formatId("org", row.sandboxOf),
    country: row.country,
    timeZone: row.timeZone,
    language: row.language,
    dpo: row.dpo as { name: string; contact: string } | null,
    supervisoryAuthority: row.supervisoryAuthority as { name: string; url?: string } | null,
    notice: row.notice as Record<string, string> | null,
    fourEyes: row.fourEyes,
    secondaryRegimes: row.secondaryRegimes,
    backupDays: row.backupDays,
    stopUrl: `${ctx.services.publicUrl}/stop/${formatId("org", row.id)}`,
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
