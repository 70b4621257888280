import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { passcodesIn } from "../../kernel/passcode.ts";
import { addSeconds, notInFuture } from "../../kernel/time.ts";
import { wordsBesideCode } from "../consent/index.ts";
import { findKeywordOptOut, findSuspicion, isNewOptOut, keepOptOut, keepSuspicion } from "../optout/index.ts";
import { findSender } from "../organization/index.ts";
import {
  ambiguous,
  findSubjects,
  hashIdentifier,
  readPerson,
  readReference,
  resolveSubject,
  type SubjectReference,
} from "../subject/index.ts";
import { newCode } from "./ask-for-code.ts";
import { confirmationOf, hearNo, type OwnKeywords, toldWithOptOut } from "./opt-out-words.ts";
import { insertInboundMessage, type RecordedInbound, selectIsKnown } from "./store.ts";
import { newSuspicion } from "./suspect.ts";

export interface InboundReport {
  readonly sender: string;
  readonly from: SubjectReference;
  readonly messageId: string;
  readonly occurredAt: string;
  readonly kind?: "text" | "audio" | undefined;
  readonly text?: string | undefined;
}

/**
 * Takes a message from a person that did not come by Meta's webhook: opens the window, reads keywords. The text is
 * not kept. A no is answered with words to confirm it and the cause by which one message may still say so; what may be
 * one with the suspicion that staff decide on. Throws `invalid` for an unknown sender and a time in the future;
 * `conflict` when `from` names two people, but a STOP is in force for both of them first.
 */
export async function reportInbound(ctx: Context, report: InboundReport, ownKeywords: OwnKeywords) {
  const read = await readReport(ctx, report, ownKeywords);
  const row =
    (await replay<RecordedInbound>(ctx)) ??
    (await take(ctx, report, read)) ??
    (await recordedBefore(ctx, report, read));
  return {
    messageId: report.messageId,
    // As it was taken: the organization's words may be others by the time that it is told again.
    optOut: row.isOptOut,
    windowExpiresAt: addSeconds(new Date(read.at), limits.windowSeconds).toISOString(),
    ...(row.optOutId !== null && {
      confirmation: await confirmationOf(ctx, read.texts, row.optOutId),
    }),
    ...(row.suspicionId !== null && { optOutSuspicionId: formatId("sus", row.suspicionId) }),
    // An answer that is stored from before there were codes has none.
    ...(row.codeId && { preferenceCodeId: formatId("pcd", row.codeId) }),
  };
}

/** What a message left behind when it was told for the first time. */
async function recordedBefore(
  ctx: Context,
  report: InboundReport,
  { at, heard }: Awaited<ReturnType<typeof readReport>>,
): Promise<RecordedInbound> {
  const { id } = await resolveSubject(ctx, report.from, "/from");
  const isOptOut = heard === "no";
  const optOutId = isOptOut ? await findKeywordOptOut(ctx, id, at) : undefined;
  return {
    id: report.messageId,
    isOptOut,
    optOutId: optOutId === undefined ? null : formatId("opt", optOutId),
    codeId: null,
    suspicionId: (isOptOut ? undefined : await findSuspicion(ctx, id, report.messageId)) ?? null,
  };
}

/** Takes a message that may be told several times, as reportInbound does. Answers whether anything was new in it. */
export async function keepInbound(
  ctx: Context,
  report: InboundReport,
  ownKeywords: OwnKeywords,
): Promise<boolean> {
  return (await take(ctx, report, await readReport(ctx, report, ownKeywords))) !== undefined;
}

/** Whether keepInbound would record anything, and throws what that would throw; changes nothing. */
export async function isNewInbound(
  ctx: Context,
  report: InboundReport,
  ownKeywords: OwnKeywords,
): Promise<boolean> {
  const { heard, at } = await readReport(ctx, report, ownKeywords);
  const { roots } = await findSubjects(ctx, report.from, "/from");
  if (roots.length > 1) throw ambiguous();
  if (!(await selectIsKnown(ctx, report.messageId))) return true;
  return heard === "no" && isNewOptOut(ctx, optOutOf(report, at));
}

async function readReport(ctx: Context, report: InboundReport, ownKeywords: OwnKeywords) {
  const at = notInFuture(report.occurredAt, ctx.services.now(), "/occurredAt").toISOString();
  const sender = await findSender(ctx, report.sender);
  if (sender === undefined) throw invalid("/sender", "There is no such sender.");
  const read = readReference(report.from, "/from");
  const identifiers = "identifiers" in read ? read.identifiers : [];
  const named = identifiers.map((identifier) => hashIdentifier(ctx, identifier));
  const texts = await textsOf(ctx, report);
  const heard = await hearNo(ctx, texts, ownKeywords);
  return { at, texts, heard, senderId: sender.id, named };
}

/** What a message says: as it stands, and without the codes of sign-ups. A no beside one is a no as it is without. */
async function textsOf(ctx: Context, { from, text }: InboundReport): Promise<readonly string[]> {
  if (text === undefined) return [];
  if (passcodesIn(text).length === 0) return [text];
  const { roots, hashes } = await findSubjects(ctx, from, "/from");
  const beside: string[] = [];
  for (const subjectId of roots) {
    // A code is a number's: of somebody who is named by Sayso's id any number of theirs may have written it.
    const named = hashes.length > 0 ? hashes : (await readPerson(ctx, formatId("sub", subjectId))).hashes;
    beside.push(...(await wordsBesideCode(ctx, { subjectId, named, texts: [text] })));
  }
  return [text, ...beside];
}

/** A STOP ends everything that the business starts. */
function optOutOf({ from }: InboundReport, at: string) {
  return { subject: from, scope: "all", source: "keyword", occurredAt: at } as const;
}

async function take(
  ctx: Context,
  report: InboundReport,
  { at, texts, heard, senderId, named }: Awaited<ReturnType<typeof readReport>>,
) {
  const kind = report.kind ?? "text";
  const optOutId = heard === "no" ? ctx.services.newId("opt") : undefined;
  const suspect = (subjectIds: readonly string[]) =>
    newSuspicion(ctx, { heard, kind }, { subjectIds, senderId, messageId: report.messageId, at, named });
  const subject = await resolveSubject(ctx, report.from, "/from").catch(async (error: unknown) => {
    if (error instanceof SaysoError && error.code === "conflict") {
      // The answer to this request is the conflict, so what was said does not go on record as its answer.
      const aside = { ...ctx, idempotency: undefined };
      const suspicion =
        heard === "perhaps" ? suspect((await findSubjects(ctx, report.from, "/from")).roots) : undefined;
      if (heard === "no") await keepOptOut(aside, optOutOf(report, at));
      if (suspicion !== undefined) await keepSuspicion(aside, suspicion);
    }
    throw error;
  });
  return insertInboundMessage(ctx, {
    messageId: report.messageId,
    at,
    isStamped: true,
    senderId,
    subjectId: subject.id,
    kind,
    opensWindow: true,
    suspicion: suspect([subject.id]),
    code: newCode(ctx, report.text === undefined ? [] : [report.text], {
      subjectId: subject.id,
      senderId,
      messageId: report.messageId,
    }),
    optOut:
      optOutId === undefined
        ? undefined
        : {
            events: [{ id: optOutId, subjectId: subject.id }],
            publicId: formatId("opt", optOutId),
            scope: "all",
            purpose: undefined,
            channel: undefined,
            source: "keyword",
            occurredAt: at,
            named,
            told: await toldWithOptOut(ctx, texts, {
              optOutId,
              senderId,
              messageId: report.messageId,
            }),
          },
  });
}
