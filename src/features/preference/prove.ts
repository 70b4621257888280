import { timingSafeEqual } from "node:crypto";
import type { Context } from "../../context.ts";
import { takeTurn } from "../../db/rate-limit.ts";
import { answerOnce } from "../../db/write.ts";
import { codeOf, readCode } from "../../kernel/code.ts";
import { notFound, SaysoError } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { makeLinkToken, readLinkToken } from "../../kernel/link-token.ts";
import { deriveKey, keyedHash } from "../../kernel/seal.ts";
import { addSeconds } from "../../kernel/time.ts";
import type { OpenedLink } from "../optout/index.ts";
import { findSubject, readPerson, resolveSubject, type SubjectReference } from "../subject/index.ts";
import { insertCode, recordRevealed, selectCodes, tryCode } from "./store.ts";

/** A code as it goes to whoever sends it to the person. */
export interface RevealedCode {
  /** `pcd_…` */
  readonly id: string;
  readonly subjectId: string;
  /** Six digits. */
  readonly code: string;
  readonly expiresAt: string;
}

/** Takes one of the turns that an address has for asking for codes and trying them. Throws `too_many_requests`. */
export function takeCodeTurn({ ctx }: OpenedLink, address: string): Promise<void> {
  return takeTurn(ctx.services, "code_address", address, limits.codesPerAddress);
}

/**
 * The bearer of a link asks for a code. It goes to nobody but the person: other systems are told that one is wanted
 * (`preference_code.requested`), fetch it and send it to the number. False: this person had too many of late.
 */
export async function askForCode({ ctx, subjectId }: OpenedLink, language: string): Promise<boolean> {
  const id = ctx.services.newId("pcd");
  const made = { id, subjectId: parseId("sub", subjectId) ?? "", isByLink: true, asked: { language } };
  return (await insertCode(ctx, made)) !== undefined;
}

/**
 * A code for a person, made by staff or a notifier who will see to it that nobody but them gets it: read out on the
 * phone number itself, or sent to it. Throws `too_many_requests` when they had too many of late.
 */
export async function createCode(ctx: Context, input: { subject: SubjectReference }): Promise<RevealedCode> {
  const made = await answerOnce(ctx, async () => {
    const subject = await resolveSubject(ctx, input.subject, "/subject");
    const id = ctx.services.newId("pcd");
    const row = await insertCode(ctx, { id, subjectId: subject.id });
    if (row === undefined) {
      throw new SaysoError(
        "too_many_requests",
        `At most ${limits.preferenceCodes} codes of one person in ${limits.preferenceCodesSeconds / 60} minutes. Wait a little.`,
      );
    }
    return row;
  });
  return revealed(ctx, made);
}

/** Hands a code that a person asked for to whoever sends it. Throws `not_found` for one that is not good any more. */
export async function revealCode(ctx: Context, id: string): Promise<RevealedCode> {
  const uuid = parseId("pcd", id);
  const row = uuid === undefined ? undefined : await recordRevealed(ctx, uuid);
  if (row === undefined) throw notFound("code");
  return revealed(ctx, row);
}

function revealed(ctx: Context, row: { id: string; subject_id: string; expires_at: string }): RevealedCode {
  return {
    id: formatId("pcd", row.id),
    subjectId: formatId("sub", row.subject_id),
    code: secretOf(ctx, row.id),
    expiresAt: new Date(row.expires_at).toISOString(),
  };
}

/** Derived from the id under a key of the organization's, so that no code is stored and a repeated request gets it again. */
function secretOf(ctx: Context, id: string): string {
  return codeOf(keyedHash(deriveKey(ctx.keys.data, "preference_code"), id));
}

/** Somebody who proved that the number is theirs, for a quarter of an hour. */
export interface Session {
  /** Goes along in every form, never in an address. */
  readonly token: string;
  readonly until: Date;
}

export type Proof =
  | { readonly outcome: "proven"; readonly session: Session }
  | { readonly outcome: "unreadable" | "missing" }
  | { readonly outcome: "wrong"; readonly triesLeft: number }
  /** There is no code that can be tried: none was asked for, it is too old or used, or no try is left. */
  | { readonly outcome: "none" };

/**
 * Takes the code that somebody typed. Only the person's newest one is good, once, for ten minutes and five tries; every
 * guess takes a try in the statement that decides about it.
 */
export async function prove(link: OpenedLink, typed: string): Promise<Proof> {
  const { ctx } = link;
  if (typed.trim() === "") return { outcome: "missing" };
  const code = readCode(typed);
  if (code === undefined) return { outcome: "unreadable" };
  const { keys } = await readPerson(ctx, link.subjectId);
  const [open] = await selectCodes(ctx, [...keys.keys()]);
  if (open === undefined) return { outcome: "none" };
  const isRight = timingSafeEqual(Buffer.from(code), Buffer.from(secretOf(ctx, open.id)));
  const tried = await tryCode(ctx, { id: open.id, isRight });
  if (tried === undefined) return { outcome: "none" };
  if (!isRight)
    return tried.tries_left === 0 ? { outcome: "none" } : { outcome: "wrong", triesLeft: tried.tries_left };
  const until = addSeconds(ctx.services.now(), limits.preferenceSessionSeconds);
  const token = makeLinkToken(sessionKey(ctx), sessionUse, ctx.organizationId, {
    subjectId: link.subjectId,
    codeId: open.id,
    until: until.getTime(),
  });
  return { outcome: "proven", session: { token, until } };
}

/** The session that a form brought; undefined when it is over, altered, or another person's. */
export async function openSession(link: OpenedLink, token: string): Promise<Session | undefined> {
  const { ctx } = link;
  const content = readLinkToken(sessionKey(ctx), sessionUse, ctx.organizationId, token) as
    | { readonly subjectId: string; readonly until: number }
    | undefined;
  if (content === undefined || !(ctx.services.now().getTime() < content.until)) return undefined;
  // Whose records were merged since is one person still.
  const { id } = await findSubject(ctx, content.subjectId);
  return formatId("sub", id) === link.subjectId ? { token, until: new Date(content.until) } : undefined;
}

const sessionUse = "preference_session";
const sessionKey = (ctx: Context) => deriveKey(ctx.keys.data, sessionUse);
