import type { Context } from "../../context.ts";
import { notFound } from "../../kernel/errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { readPerson } from "../subject/index.ts";
import type { Answer } from "./check.ts";
import { explain } from "./domain/explain.ts";
import type { Question } from "./domain/facts.ts";
import type { Language } from "./domain/texts.ts";
import type { Reason, Verdict } from "./domain/verdict.ts";
import { type DecisionRow, selectDecision, selectDecisionsOf } from "./store.ts";

/** A reason with its words. */
export function presentReason(reason: Reason, question: Question, language: Language) {
  return {
    code: reason.code,
    rule: reason.rule,
    ...explain(reason, question, language),
    ...(reason.retryAt === null ? {} : { retryAt: reason.retryAt }),
    ...(reason.enforced === undefined ? {} : { enforced: reason.enforced }),
    evidence: [...reason.evidence],
  };
}

/** A verdict with the words for every reason. */
export function presentVerdict(verdict: Verdict, question: Question, language: Language) {
  return {
    decision: verdict.decision,
    category: verdict.category,
    reasons: verdict.reasons.map((reason) => presentReason(reason, question, language)),
    rules: Object.entries(verdict.rules).map(([rule, outcome]) => ({ rule, outcome })),
    window: verdict.window,
    obligations: [...verdict.obligations],
    policyVersion: verdict.policyVersion,
  };
}

/** The answer to a check. */
export function presentAnswer(
  { decisionId, permit, question, verdict, isSandbox }: Answer,
  language: Language,
) {
  // Not spread into a new object: V8 takes 5 µs for that, every time.
  return Object.assign(
    presentVerdict(verdict, question, language),
    decisionId === undefined ? {} : { decisionId },
    permit === undefined ? {} : { permit },
    isSandbox ? ({ sandbox: true } as const) : {},
  );
}

/** A stored decision in full: the question, what it saw, every rule's result, and the reasons in plain words. */
export async function getDecision(ctx: Context, id: string, language: Language) {
  return presentDecision(await findDecision(ctx, id), language);
}

/** A decision as it is stored. Throws `not_found`. */
export async function findDecision(ctx: Context, id: string): Promise<DecisionRow> {
  const uuid = parseId("dec", id);
  const row = uuid === undefined ? undefined : await selectDecision(ctx, uuid);
  if (row === undefined) throw notFound("decision");
  return row;
}

/** Decisions about a person, the newest first. Throws `not_found`. */
export async function listDecisionsOf(
  ctx: Context,
  subjectId: string,
  page: { cursor: string | undefined; limit: number },
  language: Language,
) {
  const { keys } = await readPerson(ctx, subjectId);
  const rows = await selectDecisionsOf(ctx, [...keys.keys()], page.cursor, page.limit);
  return rows.map((row) => presentDecision(row, language));
}

function presentDecision(row: DecisionRow, language: Language) {
  const { question, facts, verdict } = row.document;
  return {
    decisionId: formatId("dec", row.id),
    at: row.at.toISOString(),
    subjectId: row.subjectId === null ? null : formatId("sub", row.subjectId),
    messageRef: row.messageRef,
    ...presentVerdict(verdict, question, language),
    ...(facts.sandbox ? { sandbox: true as const } : {}),
    question,
    facts,
  };
}
