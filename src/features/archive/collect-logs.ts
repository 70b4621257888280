import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { explain, unpackDecision } from "../gate/index.ts";
import type { Reported } from "./collect-records.ts";
import { monthsBetween } from "./domain/months.ts";
import type { Row, Section, Stretch } from "./domain/report-model.ts";
import type { OwnRows } from "./domain/sections.ts";
import {
  countBetween,
  type DecisionPlace,
  type DecisionRow,
  type MessagePlace,
  type MessageRow,
  type Span,
  selectDecisions,
  selectExtent,
  selectMessages,
} from "./store.ts";

const messagesOfPage = 1_000;
const decisionsOfPage = 500;

/** Messages of the person and what became of those to them, in the order of their time. */
export async function messageSection(reported: Reported): Promise<Section> {
  const { ctx } = reported;
  const span = spanOf(reported);
  const senders = senderNames(reported);
  return logSection<MessageRow, MessagePlace>(reported, {
    name: "messages",
    pageSize: messagesOfPage,
    next: (after, size, skipped) => selectMessages(ctx, span, after, size, skipped),
    present: (row): OwnRows["messages"] => ({
      direction: row.direction,
      messageId: row.messageId,
      at: row.at.toISOString(),
      receivedAt: row.receivedAt.toISOString(),
      sender: senders.get(row.senderId) ?? formatId("snd", row.senderId),
      kind: row.kind,
      opensWindow: row.opensWindow,
      status: row.status,
      errorCode: row.errorCode === 0 ? null : row.errorCode,
      text: null,
    }),
  });
}

/** Every check about the person, with the reasons in the report's language. */
export async function decisionSection(reported: Reported): Promise<Section> {
  const { ctx, language } = reported;
  const span = spanOf(reported);
  const senders = senderNames(reported);
  return logSection<DecisionRow, DecisionPlace>(reported, {
    name: "decisions",
    pageSize: decisionsOfPage,
    next: (after, size, skipped) => selectDecisions(ctx, span, after, size, skipped),
    present: (row): OwnRows["decisions"] => {
      const { question, verdict } = unpackDecision(row.document);
      const { message } = question;
      const template = message.kind === "template" ? message.template : undefined;
      return {
        decisionId: formatId("dec", row.id),
        at: row.at.toISOString(),
        decision: row.decision,
        sender: senders.get(question.sender) ?? question.sender,
        channel: question.channel,
        purpose: question.purpose,
        messageKind: message.kind,
        category: verdict.category,
        template: template === undefined ? null : `${template.name} (${template.language})`,
        messageRef: row.messageRef,
        redeemedAt: row.redeemedAt?.toISOString() ?? null,
        outcome: row.outcome,
        messageId: row.messageId,
        reasons: verdict.reasons.map((reason) => ({
          code: reason.code,
          message: explain(reason, question, language).message,
        })),
        policyVersion: verdict.policyVersion,
      };
    },
  });
}

function spanOf({ recordIds, until }: Reported): Span {
  return { subjectIds: recordIds, until };
}

/** Business numbers by every name that a record may have for their sender. */
function senderNames({ senders }: Reported): ReadonlyMap<string, string> {
  return new Map(
    senders.flatMap(({ id, phoneNumberId, displayPhoneNumber }) => [
      [id, displayPhoneNumber],
      [formatId("snd", id), displayPhoneNumber],
      [phoneNumberId, displayPhoneNumber],
    ]),
  );
}

/** A log that is read page by page. A place is a row, or an instant before its first one. */
interface Log<Stored, Place> {
  readonly name: "messages" | "decisions";
  readonly pageSize: number;
  readonly next: (after: Place | undefined, size: number, skipped?: number) => Promise<readonly Stored[]>;
  readonly present: (stored: Stored) => Row;
}

async function logSection<Stored extends Place, Place extends { readonly at: Date }>(
  reported: Reported,
  log: Log<Stored, Place | { readonly at: Date }>,
): Promise<Section> {
  const { count, first, last } = await selectExtent(reported.ctx, log.name, spanOf(reported));
  const section = { name: log.name, state: "rows", count, rows: () => read(log, undefined) } as const;
  if (count <= limits.stretchRows || first === null || last === null) return section;
  const stretches = await stretchesOf(reported, log, first, last);
  return { ...section, stretches: [...stretches.slice(0, -1), ...stretches.slice(-1).map(checked)] };

  /** What was recorded before `until` and came in after the counting is in no stretch: the archive is built again. */
  function checked(stretch: Stretch): Stretch {
    return {
      ...stretch,
      async *rows() {
        yield* stretch.rows();
        const now = await selectExtent(reported.ctx, log.name, spanOf(reported));
        if (now.count !== count)
          throw new SaysoError("unavailable", "Records came in while the report was read.");
      },
    };
  }
}

/** Cuts a log into months, and those into as many rows as a page takes. */
async function stretchesOf<Stored extends Place, Place>(
  reported: Reported,
  log: Log<Stored, Place | { readonly at: Date }>,
  first: Date,
  last: Date,
): Promise<Stretch[]> {
  const months = monthsBetween(first, last, reported.timeZone);
  const counts = await countBetween(
    reported.ctx,
    log.name,
    spanOf(reported),
    months.map(({ start }) => start),
  );
  const stretches: Stretch[] = [];
  for (const [index, { name: month, start }] of months.entries()) {
    let left = counts[index] ?? 0;
    let after: Place | Stored | { readonly at: Date } = { at: start };
    for (let number = 1; left > 0; number += 1) {
      const from = after;
      const count = Math.min(left, limits.stretchRows);
      stretches.push({ month, number, count, rows: () => read(log, from, count) });
      left -= count;
      if (left === 0) break;
      const [end] = await log.next(from, 1, count - 1);
      if (end === undefined) break;
      after = end;
    }
  }
  return stretches;
}

/** The next `count` rows after a place, or all of them. */
async function* read<Stored extends Place, Place>(
  { next, pageSize, present }: Log<Stored, Place>,
  after: Place | undefined,
  count = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly Row[]> {
  let left = count;
  let coming = next(after, Math.min(pageSize, left));
  while (left > 0) {
    const page = await coming;
    left -= page.length;
    const end = page.at(-1);
    if (left > 0 && end !== undefined) {
      // Read while this page is being written; a failure is met when its turn comes.
      coming = next(end, Math.min(pageSize, left));
      coming.catch(() => {});
    }
    yield page.map(present);
    if (end === undefined) return;
  }
}
