import type { Context } from "../../context.ts";
import { replay } from "../../db/write.ts";
import { invalid, SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { addSeconds, notInFuture } from "../../kernel/time.ts";
import { keepOptOut } from "../optout/index.ts";
import { findSender } from "../organization/index.ts";
import { hashIdentifier, readReference, resolveSubject, type SubjectReference } from "../subject/index.ts";
import { isOptOutKeyword } from "./domain/keywords.ts";
import { insertInboundMessage } from "./store.ts";

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
export async function reportInbound(ctx: Context, report: InboundReport) {
  const at = notInFuture(report.occurredAt, ctx.services.now(), "/occurredAt").toISOString();
  const sender = await findSender(ctx, report.sender);
  if (sender === undefined) throw invalid("/sender", "There is no such sender.");
  const read = readReference(report.from, "/from");
  const isStop = report.text !== undefined && isOptOutKeyword(report.text);
  const optOutId = isStop ? ctx.services.newId("opt") : undefined;

  const earlier = await replay<{ id: string }>(ctx);
  if (earlier === undefined) {
    const subject = await resolveSubject(ctx, report.from, "/from").catch(async (error: unknown) => {
      if (isStop && error instanceof SaysoError && error.code === "conflict") {
        // The answer to this request is the conflict, so the no does not go on record as its answer.
        const apart = { ...ctx, idempotency: undefined };
        await keepOptOut(apart, { subject: report.from, scope: "all", source: "keyword", occurredAt: at });
      }
      throw error;
    });
    await insertInboundMessage(ctx, {
      messageId: report.messageId,
      at,
      isStamped: true,
      senderId: sender.id,
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
              named:
                "identifiers" in read
                  ? read.identifiers.map((identifier) => hashIdentifier(ctx, identifier))
                  : [],
            },
    });
  }
  return {
    messageId: report.messageId,
    optOut: isStop,
    windowExpiresAt: addSeconds(new Date(at), limits.windowSeconds).toISOString(),
  };
}
