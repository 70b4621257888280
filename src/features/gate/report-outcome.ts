import type { Context } from "../../context.ts";
import { notFound, SaysoError } from "../../kernel/errors.ts";
import { parseId } from "../../kernel/ids.ts";
import { recordFailure, saysSpam } from "../whatsapp/index.ts";
import { insertOutcome, selectPermits } from "./permit-store.ts";
import { weighComplaints } from "./weigh-complaints.ts";

/** What became of a message that had a permit, as its sender knows it. */
export interface OutcomeReport {
  readonly outcome: "sent" | "failed" | "unknown";
  /** The platform's id of the message. */
  readonly messageId?: string | undefined;
  /** The platform's error code, such as 131050. */
  readonly errorCode?: number | undefined;
}

/**
 * Ties what became of a message to its decision. A failure gives the place under the frequency caps and the sender's
 * limits back, and means for the person and the sender what the same error in a webhook means; what was sent, or may have
 * been, keeps its place. A report may come again; `unknown` may become known later. Throws `not_found`, and `conflict`
 * when it was said to have been sent and is said to have failed, or the other way round.
 */
export async function reportOutcome(ctx: Context, permitId: string, report: OutcomeReport) {
  const id = parseId("prm", permitId);
  const [permit] =
    id === undefined ? [] : await selectPermits(ctx.services, [{ organizationId: ctx.organizationId, id }]);
  if (permit === undefined) throw notFound("permit");
  const { facts, recipient } = permit.document;
  // One that was said at the same time is seen the second time.
  const recorded =
    (await insertOutcome(ctx, permit.id, report)) ?? (await insertOutcome(ctx, permit.id, report));
  if (recorded === undefined) {
    throw new SaysoError("conflict", "Another outcome of this message is on record. Nothing was changed.");
  }
  // In force before the answer. Who got none reports again, and then it comes into force: twice it does nothing.
  if (report.outcome === "failed" && report.errorCode !== undefined && facts.sender !== null) {
    await recordFailure(ctx, {
      messageId: report.messageId ?? permitId,
      sender: facts.sender.id,
      subjectId: permit.subjectId,
      hashes: recipient,
      errorCode: report.errorCode,
    });
    const senderId = parseId("snd", facts.sender.id);
    if (senderId !== undefined && saysSpam(report.errorCode)) await weighComplaints(ctx, { senderId });
  }
  return { permitId, outcome: report.outcome, recordedAt: recorded.at.toISOString() };
}
