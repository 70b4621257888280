import type { Context, Services } from "../../context.ts";
import { gather } from "../../kernel/gather.ts";
import { readIdentifiers } from "../../kernel/identifier.ts";
import { formatId, type IdPrefix, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { senderState } from "../../kernel/sender-state.ts";
import { hashIdentifier, type SubjectReference } from "../subject/index.ts";
import { decide } from "./domain/decide.ts";
import type { Category, CauseKind, Facts, LawfulBasis, Question } from "./domain/facts.ts";
import { builtInPolicy } from "./domain/policy.ts";
import type { Verdict } from "./domain/verdict.ts";
import { type ConsentRow, type FactsQuery, type FactsRow, insertDecisions, selectFacts } from "./store.ts";

/** May this sender send this message to this person now? */
export interface CheckInput extends Question {
  readonly recipient: SubjectReference;
  readonly messageRef?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

/** What was decided. `decisionId` is absent for a dry run, which leaves nothing behind. */
export interface Answer {
  readonly decisionId: string | undefined;
  readonly question: Question;
  readonly verdict: Verdict;
}

/** What a stored decision holds: enough to explain and to repeat it, and no identifier of a person. */
export interface DecisionDocument {
  readonly question: Question;
  /** Keyed hashes of the identifiers that were asked about. */
  readonly recipient: readonly string[];
  readonly facts: Facts;
  readonly verdict: Verdict;
}

interface Prepared {
  readonly ctx: Context;
  readonly input: CheckInput;
  readonly question: Question;
  readonly query: FactsQuery;
  readonly unreadable: readonly string[];
}

const causePrefixes: Readonly<Record<CauseKind, IdPrefix>> = {
  sign_in: "cau",
  data_request: "req",
  opt_out_confirmation: "opt",
  double_opt_in: "cns",
};

/**
 * The gate of a process. A check is two statements, shared with all that are asked at the same time: read the facts,
 * decide, record. The answer is given only when it is on record; nothing is remembered between checks. Throws
 * `unavailable` or `outcome_unknown` when the database is lost: then the message must not go out.
 */
export function createGate(services: Services): (ctx: Context, input: CheckInput) => Promise<Answer> {
  const check = gather<Prepared, Answer>((asked) => checkGathered(services, asked), {
    most: limits.gatheredChecks,
    inFlight: 4,
  });
  return (ctx, input) => check(prepare(ctx, input));
}

function prepare(ctx: Context, input: CheckInput): Prepared {
  const { recipient, messageRef: _ref, dryRun: _dry, ...question } = input;
  const { subjectId, ...named } = recipient;
  const { identifiers, unreadable } = readIdentifiers(named);
  const senderId = parseId("snd", input.sender) ?? null;
  const template = input.message.kind === "template" ? input.message.template : undefined;
  const cause = input.cause;
  return {
    ctx,
    input,
    question,
    unreadable: unreadable.map(({ field }) => field),
    query: {
      organizationId: ctx.organizationId,
      senderId,
      phoneNumberId: senderId === null ? input.sender : null,
      hashes: identifiers.map((identifier) => hashIdentifier(ctx, identifier)),
      subjectId: subjectId === undefined ? null : (parseId("sub", subjectId) ?? null),
      channel: input.channel,
      purpose: input.purpose,
      templateName: template?.name ?? null,
      templateLanguage: template?.language ?? null,
      causeKind: cause?.kind ?? null,
      causeId: cause === undefined ? null : (parseId(causePrefixes[cause.kind], cause.id) ?? null),
    },
  };
}

async function checkGathered(services: Services, asked: readonly Prepared[]): Promise<Answer[]> {
  const rows = await selectFacts(
    services,
    asked.map(({ query }) => query),
  );
  const judged = asked.map((prepared, index) => {
    const row = rows[index];
    if (row === undefined) throw new Error("Facts are missing.");
    const facts = factsOf(prepared, row);
    const verdict = decide(prepared.question, facts, builtInPolicy);
    const withoutCause = verdict.causeUsed ? { ...facts, cause: null } : undefined;
    return {
      prepared,
      facts,
      verdict,
      fallback: withoutCause && {
        facts: withoutCause,
        verdict: decide(prepared.question, withoutCause, builtInPolicy),
      },
      id: prepared.input.dryRun ? undefined : services.newId("dec"),
    };
  });

  const recorded = judged.flatMap((each) => (each.id === undefined ? [] : [{ ...each, id: each.id }]));
  const held =
    recorded.length === 0
      ? []
      : await insertDecisions(
          services,
          recorded.map(({ id, prepared, facts, verdict, fallback }) => ({
            id,
            organizationId: prepared.ctx.organizationId,
            at: facts.now,
            subjectId: parseId("sub", facts.recipient.subjectIds[0] ?? "") ?? null,
            messageRef: prepared.input.messageRef ?? null,
            decision: verdict.decision,
            document: document(prepared, facts, verdict),
            cause:
              verdict.causeUsed && prepared.query.causeKind !== null && prepared.query.causeId !== null
                ? { kind: prepared.query.causeKind, id: prepared.query.causeId }
                : null,
            withoutCause: fallback
              ? {
                  decision: fallback.verdict.decision,
                  document: document(prepared, fallback.facts, fallback.verdict),
                }
              : null,
          })),
        );
  const stands = new Map(recorded.map(({ id }, index) => [id, held[index] === true]));
  return judged.map(({ id, prepared, verdict, fallback }) => {
    const final = id !== undefined && !stands.get(id) && fallback ? fallback.verdict : verdict;
    if (id !== undefined) services.metrics.decision(final.decision, final.reasons[0]?.code ?? "none");
    return {
      decisionId: id === undefined ? undefined : formatId("dec", id),
      question: prepared.question,
      verdict: final,
    };
  });
}

function document({ question, query }: Prepared, facts: Facts, verdict: Verdict): DecisionDocument {
  return { question, recipient: query.hashes, facts, verdict };
}

function factsOf({ input, query, unreadable }: Prepared, row: FactsRow): Facts {
  const cause = input.cause;
  const state = senderState(row.sender?.restrictions ?? {}, row.now);
  return {
    now: row.now.toISOString(),
    recipient: {
      unreadable: row.subjectUnknown ? [...unreadable, "subjectId"] : unreadable,
      identifierCount: query.hashes.length + (query.subjectId === null || row.subjectUnknown ? 0 : 1),
      isSender: row.sender?.isRecipient ?? false,
      subjectIds: (row.roots ?? []).map((id) => formatId("sub", id)),
      mergedAt: row.mergedAt?.toISOString() ?? null,
    },
    sender: row.sender && {
      id: formatId("snd", row.sender.id),
      state: state.state,
      restrictedUntil: state.until,
    },
    blocks: (row.blocks ?? []).map((block) => ({ ...block, id: formatId("blk", block.id) })),
    nos: (row.nos ?? []).map((no) => ({
      kind: no.kind as Facts["nos"][number]["kind"],
      purpose: no.purpose === "*" ? null : no.purpose,
      at: no.at,
      eventId: no.eventId,
    })),
    purpose: row.purpose && {
      key: row.purpose.key,
      category: row.purpose.category as Category,
      lawfulBasis: row.purpose.lawfulBasis as LawfulBasis,
    },
    consents: (row.consents ?? []).map(consentFact),
    platformStops: row.platformStops ?? [],
    window: row.window,
    template: row.template && {
      id: formatId("tpl", row.template.id),
      category: row.template.category as Category,
      status: row.template.status,
    },
    cause: row.cause && cause ? { kind: cause.kind, id: cause.id, ...row.cause } : null,
  };
}

function consentFact(row: ConsentRow): Facts["consents"][number] {
  const yes = (id: string | null, at: string | null, expiresAt: string | null) =>
    id === null || at === null ? null : { eventId: formatId("cns", id), at, expiresAt };
  return {
    purpose: row.purpose,
    subjectId: formatId("sub", row.subject_id),
    given: yes(row.given_event_id, row.given_at, row.given_expires_at),
    proven: yes(row.proven_event_id, row.proven_at, row.proven_expires_at),
    requested:
      row.requested_event_id === null || row.requested_at === null
        ? null
        : { eventId: formatId("cns", row.requested_event_id), at: row.requested_at },
    no:
      row.no_kind === null || row.no_event_id === null || row.no_at === null
        ? null
        : {
            kind: row.no_kind as NonNullable<Facts["consents"][number]["no"]>["kind"],
            eventId: formatId("cns", row.no_event_id),
            at: row.no_at,
          },
    unproven: row.unproven,
  };
}
