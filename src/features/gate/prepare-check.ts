import type { Context } from "../../context.ts";
import { readIdentifiers } from "../../kernel/identifier.ts";
import { type IdPrefix, parseId } from "../../kernel/ids.ts";
import { hashIdentifier, type SubjectReference } from "../subject/index.ts";
import type { CauseKind, Facts, Question } from "./domain/facts.ts";
import { simulatedBy } from "./domain/simulator.ts";
import type { FactsQuery } from "./facts-store.ts";

/** May this sender send this message to this person now? */
export interface CheckInput extends Question {
  readonly recipient: SubjectReference;
  readonly messageRef?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

/** A question, ready to be asked of the database. */
export interface Prepared {
  readonly question: Question;
  readonly query: FactsQuery;
  readonly unreadable: readonly string[];
  /** Of the numbers that the question names. */
  readonly countries: readonly string[];
  readonly sandbox: Facts["sandbox"];
  readonly isDryRun: boolean;
}

const causePrefixes: Readonly<Record<CauseKind, IdPrefix>> = {
  sign_in: "cau",
  data_request: "req",
  opt_out_confirmation: "opt",
  double_opt_in: "cns",
};

/** What a check asks of the database, its identifiers read and hashed. */
export function prepare(ctx: Context, input: CheckInput): Prepared {
  const { recipient, messageRef, dryRun, ...question } = input;
  const { subjectId, ...named } = recipient;
  const { identifiers, unreadable } = readIdentifiers(named);
  return {
    question,
    unreadable: unreadable.map(({ field }) => field),
    countries: identifiers.flatMap(({ country }) => country ?? []),
    sandbox: ctx.keys.isSandbox
      ? { simulates: simulatedBy(identifiers.map(({ canonical }) => canonical)) }
      : null,
    isDryRun: dryRun === true,
    query: factsQuery(question, {
      organizationId: ctx.organizationId,
      hashes: identifiers.map((identifier) => hashIdentifier(ctx, identifier)),
      subjectId: subjectId === undefined ? null : (parseId("sub", subjectId) ?? null),
      messageRef: messageRef ?? null,
      redeeming: null,
    }),
  };
}

/** What a question about a person asks the database. */
export function factsQuery(
  { sender, channel, purpose, message, cause }: Question,
  about: Pick<FactsQuery, "organizationId" | "hashes" | "subjectId" | "messageRef" | "redeeming">,
): FactsQuery {
  const template = message.kind === "template" ? message.template : undefined;
  // Member by member: V8 takes 7 µs to spread an object that so many members follow, 0.03 µs without.
  return {
    organizationId: about.organizationId,
    hashes: about.hashes,
    subjectId: about.subjectId,
    messageRef: about.messageRef,
    redeeming: about.redeeming,
    sender,
    channel,
    purpose,
    templateName: template?.name ?? null,
    templateLanguage: template?.language ?? null,
    causeKind: cause?.kind ?? null,
    causeId: cause === undefined ? null : (parseId(causePrefixes[cause.kind], cause.id) ?? null),
  };
}
