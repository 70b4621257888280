import type { Context, OrganizationKeys, Services } from "../../context.ts";
import { takeTurn } from "../../db/rate-limit.ts";
import { replay } from "../../db/write.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { maskIdentifier } from "../../kernel/identifier.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { makeLinkToken } from "../../kernel/link-token.ts";
import { makeNonce, readNonce } from "../../kernel/nonce.ts";
import { deriveKey } from "../../kernel/seal.ts";
import { addSeconds } from "../../kernel/time.ts";
import { findPurpose, openLink } from "../organization/index.ts";
import { readPerson, resolveSubject, type SubjectReference } from "../subject/index.ts";
import type { OpenedOrganization } from "./acting-person.ts";
import { keepOptOut } from "./record-opt-out.ts";
import {
  insertLinkOptOut,
  insertUndo,
  type LinkRow,
  recordLink,
  selectStandingLinkOptOut,
  type UndoOutcome,
} from "./store.ts";

const use = "opt_out_link";

interface LinkContent {
  readonly subjectId: string;
  readonly purpose?: string | undefined;
}

/**
 * A link by which its bearer can only take away: the page and the one-click answer (RFC 8058) are both behind it.
 * The same person and purpose always give the same link, and it never goes stale.
 */
export async function issueOptOutLink(
  ctx: Context,
  input: { subject: SubjectReference; purpose?: string | undefined },
): Promise<{ url: string }> {
  if (input.purpose !== undefined && (await findPurpose(ctx, input.purpose)) === undefined) {
    throw invalid("/purpose", "There is no such purpose.");
  }
  const content = (await replay<LinkRow>(ctx)) ?? (await record());
  const token = makeLinkToken(linkKey(ctx.keys), use, ctx.organizationId, {
    subjectId: content?.subject_id,
    ...(input.purpose === undefined ? {} : { purpose: input.purpose }),
  });
  return { url: `${ctx.services.publicUrl}/o/${token}` };

  async function record() {
    const subject = await resolveSubject(ctx, input.subject, "/subject");
    return recordLink(ctx, subject.id, input.purpose);
  }
}

function linkKey(keys: OrganizationKeys) {
  return deriveKey(keys.data, use);
}

/** What an opened link is about. */
export interface OpenedLink extends OpenedOrganization {
  readonly subjectId: string;
  readonly purpose: { readonly key: string; readonly name: string } | undefined;
  /** The number's last two digits, such as `…67`. */
  readonly maskedNumber: string;
}

/**
 * Opens a link's token. Changes nothing. When it was altered or cut, or is of another organization: the organization
 * that it claims to be of, if there is such a one; whoever alters a link may as well write that.
 */
export async function openOptOutLink(
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  token: string,
  requestId: string,
): Promise<OpenedLink | { readonly broken: OpenedOrganization | undefined }> {
  const link = await openLink(services, organizationKeys, { use, token, requestId });
  if ("broken" in link) return link;
  const { opened } = link;
  const { ctx } = opened;
  const content = link.content as LinkContent;
  const person = await knownPerson(ctx, content.subjectId);
  if (person === undefined) return { broken: opened };
  const { root, identifiers } = person;
  const purpose = content.purpose === undefined ? undefined : await findPurpose(ctx, content.purpose);
  const number = identifiers.find(({ kind }) => kind === "phone" || kind === "wa_id") ?? identifiers[0];
  return {
    ...opened,
    subjectId: formatId("sub", root.id),
    purpose: purpose && { key: purpose.key, name: purpose.name },
    maskedNumber: number === undefined ? "…" : maskIdentifier(number),
  };
}

/** Somebody who is no more on record has no link any more. */
async function knownPerson(ctx: Context, subjectId: string) {
  try {
    return await readPerson(ctx, formatId("sub", subjectId));
  } catch (error) {
    if (error instanceof SaysoError && error.code === "not_found") return undefined;
    throw error;
  }
}

/**
 * Takes the no of a link's bearer: to everything, or to one purpose, which is the link's unless another is named. Whoever
 * may stop everything may stop any of it. Asked twice it answers the same: an opt-out of that scope that they made by a link
 * and that stands already is the answer. Gives the reference and the nonce that takes it back for ten minutes.
 */
export async function optOutByLink(link: OpenedLink, scope: "purpose" | "all", named?: string) {
  const stopped = await findStopped(link, scope, named);
  const purpose = stopped?.key;
  const { id, recordedAt } = await findOrMakeOptOut(link, purpose);
  const undoUntil = addSeconds(recordedAt, limits.optOutUndoSeconds);
  return {
    reference: id,
    recordedAt,
    /** What was stopped; undefined: everything. */
    purposeName: stopped?.name,
    undo:
      undoUntil > link.ctx.services.now()
        ? { nonce: makeNonce(link.ctx.keys.data, undoUse, id), until: undoUntil }
        : undefined,
  };
}

/**
 * Takes the no of somebody who proved by a code that the number is theirs, with the scope that optOutByLink gives it. No
 * link takes it back. Answers what was stopped; undefined: everything.
 */
export async function optOutByCode(link: OpenedLink, scope: "purpose" | "all", named?: string) {
  const stopped = await findStopped(link, scope, named);
  await keepOptOut(link.ctx, {
    subject: { subjectId: link.subjectId },
    scope: stopped === undefined ? "all" : "purpose",
    purpose: stopped?.key,
    source: "code",
    occurredAt: link.ctx.services.now().toISOString(),
  });
  return stopped?.name;
}

/** The purpose that is meant; undefined: everything. */
async function findStopped(link: OpenedLink, scope: "purpose" | "all", named: string | undefined) {
  if (scope === "all") return undefined;
  return (named === undefined ? undefined : await findPurpose(link.ctx, named)) ?? link.purpose;
}

async function findOrMakeOptOut(link: OpenedLink, purpose: string | undefined) {
  const { ctx } = link;
  const subjectId = parseId("sub", link.subjectId) ?? "";
  // Taken back between the two looks, it is made anew.
  for (;;) {
    const id = ctx.services.newId("opt");
    const made = await insertLinkOptOut(ctx, {
      subjectId,
      events: [{ id, subjectId }],
      publicId: formatId("opt", id),
      scope: purpose === undefined ? "all" : "purpose",
      purpose,
      channel: undefined,
      source: "link",
      occurredAt: ctx.services.now().toISOString(),
      named: [],
    });
    if (made !== undefined) return { id: formatId("opt", made.id), recordedAt: new Date(made.recorded_at) };
    const standing = await selectStandingLinkOptOut(ctx, subjectId, purpose);
    if (standing !== undefined) return { id: formatId("opt", standing.id), recordedAt: standing.recordedAt };
  }
}

/**
 * Takes an opt-out back with its nonce; see insertUndo. A no and its undo go to and fro for a while only (`too_often`), and
 * in the end the no is what stands.
 */
export async function undoOptOut(link: OpenedLink, nonce: string): Promise<UndoOutcome | "too_often"> {
  const { ctx, subjectId } = link;
  const optOutId = readNonce(ctx.keys.data, undoUse, nonce) ?? "";
  const uuid = parseId("opt", optOutId);
  if (uuid === undefined) return "unknown";
  try {
    await takeTurn(ctx.services, "undo_opt_out", `${ctx.organizationId}:${subjectId}`, limits.undosOfPerson);
  } catch (error) {
    if (error instanceof SaysoError && error.code === "too_many_requests") return "too_often";
    throw error;
  }
  const id = ctx.services.newId("opt");
  return insertUndo(ctx, {
    id,
    subjectId: parseId("sub", subjectId) ?? "",
    publicId: formatId("opt", id),
    optOutId: uuid,
    publicOptOutId: optOutId,
  });
}

const undoUse = "opt_out_undo";
