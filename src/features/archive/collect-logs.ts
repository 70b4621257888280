import { formatId } from "../../kernel/ids.ts";
import { explain, unpackDecision } from "../gate/index.ts";
import type { Reported } from "./collect-records.ts";
import type { Row, Section } from "./domain/report-model.ts";
import type { OwnRows } from "./domain/sections.ts";
import {
  countDecisions,
  countMessages,
  type DecisionRow,
  type MessageRow,
  type Span,
  selectDecisions,
  selectMessages,
} from "./store.ts";

const messagesOfPage = 1_000;
const decisionsOfPage = 500;

/** Messages of the person and what became of those to them, in the order of their time. */
export async function messageSection(reported: Reported): Promise<Section> {
  const { ctx } = reported;
  const span = spanOf(reported);
  const senders = senderNames(reported);
  return rowsSection(
    "messages",
    await countMessages(ctx, span),
    (after: MessageRow | undefined) => selectMessages(ctx, span, after, messagesOfPage),
    messagesOfPage,
    (row): OwnRows["messages"] => ({
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
  );
}

/** Every check about the person, with the reasons in the report's language. */
export async function decisionSection(reported: Reported): Promise<Section> {
  const { ctx, language } = reported;
  const span = spanOf(reported);
  const senders = senderNames(reported);
  return rowsSection(
    "decisions",
    await countDecisions(ctx, span),
    (after: DecisionRow | undefined) => selectDecisions(ctx, span, after, decisionsOfPage),
    decisionsOfPage,
    (row): OwnRows["decisions"] => {
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
  );
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

function rowsSection<Stored>(
  name: string,
  count: number,
  next: (after: Stored | undefined) => Promise<readonly Stored[]>,
  size: number,
  present: (stored: Stored) => Row,
): Section {
  return {
    name,
    state: "rows",
    count,
    async *rows() {
      let coming = next(undefined);
      for (;;) {
        const page = await coming;
        const hasMore = page.length === size;
        if (hasMore) {
          // Read while this page is being written; a failure is met when its turn comes.
          coming = next(page.at(-1));
          coming.catch(() => {});
        }
        yield page.map(present);
        if (!hasMore) return;
      }
    },
  };
}
