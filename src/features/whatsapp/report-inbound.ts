import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { addSeconds, notInFuture } from "../../kernel/time.ts";
import { isNewOptOut, keepOptOut } from "../optout/index.ts";
import { findSender } from "../organization/index.ts";
import {
  ambiguous,
  findSubjects,
  hashIdentifier,
  readReference,
  resolveSubject,
  type SubjectReference,
} from "../subject/index.ts";
import { type OwnKeywords, saysNo } from "./opt-out-words.ts";
import { insertInboundMessage, type RecordedInbound, selectIsKnown } from "./store.ts";

export interface InboundReport {
  readonly sender: string;
  readonly from: SubjectReference;
  readonly messageId: string;
  readonly occurredAt: string;
  readonly text?: string | undefined;
}

/**
 * Takes a message from a person that did not come by Meta's webhook: opens the window, reads keywords. The text is
 * not kept. Throws `invalid` for an unknown sender and a time in the future; `conflict` when `from` names two people,
 * but a STOP is in force for both of them first.
 */
export async function reportInbound(ctx: Context, report: InboundReport, ownKeywords: OwnKeywords) {
  const read = await readReport(ctx, report, ownKeywords);
  const row = (await replay<RecordedInbound>(ctx)) ?? (await take(ctx, report, read));
  return {
    messageId: report.messageId,
    // As it was taken: the organization's words may be others by the time that it is told again.
    optOut: row?.isOptOut ?? read.isStop,
    windowExpiresAt: addSeconds(new Date(read.at), limits.windowSeconds).toISOString(),
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
  const { isStop, at } = await readReport(ctx, report, ownKeywords);
  const { roots } = await findSubjects(ctx, report.from, "/from");
  if (roots.length > 1) throw ambiguous();
  if (!(await selectIsKnown(ctx, report.messageId))) return true;
  return isStop && isNewOptOut(ctx, optOutOf(report, at));
}

async function readReport(ctx: Context, report: InboundReport, ownKeywords: OwnKeywords) {
  const at = notInFuture(report.occurredAt, ctx.services.now(), "/occurredAt").toISOString();
  const sender = await findSender(ctx, report.sender);
  if (sender === undefined) throw invalid("/sender", "There is no such sender.");
  const read = readReference(report.from, "/from");
  const isStop = await saysNo(ctx, report.text === undefined ? [] : [report.text], ownKeywords);
  return { at, isStop, senderId: sender.id, identifiers: "identifiers" in read ? read.identifiers : [] };
}

/** A STOP ends everything that the business starts. */
function optOutOf({ from }: InboundReport, at: string) {
  return { subject: from, scope: "all", source: "keyword", occurredAt: at } as const;
}

async function take(
  ctx: Context,
  report: InboundReport,
  { at, isStop, senderId, identifiers }: Awaited<ReturnType<typeof readReport>>,
) {
  const optOutId = isStop ? ctx.services.newId("opt") : undefined;
  const subject = await resolveSubject(ctx, report.from, "/from").catch(async (error: unknown) => {
    if (isStop && error instanceof SaysoError && error.code === "conflict") {
      // The answer to this request is the conflict, so the no does not go on record as its answer.
      await keepOptOut({ ...ctx, idempotency: undefined }, optOutOf(report, at));
    }
    throw error;
  });
  return insertInboundMessage(ctx, {
    messageId: report.messageId,
    at,
    isStamped: true,
    senderId,
    subjectId: subject.id,
    kind: "text",
    opensWindow: true,
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
            named: identifiers.map((identifier) => hashIdentifier(ctx, identifier)),
          },
  });
}
