import type { Context, Services } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import type { Question } from "./domain/facts.ts";
import { type Verdict, worstCode } from "./domain/verdict.ts";
import { type Judged, type Lanes, newDecision } from "./judge.ts";
import { type CheckInput, prepare } from "./prepare-check.ts";

/** What was decided. `decisionId` is absent for a dry run, which leaves nothing behind. */
export interface Answer {
  readonly decisionId: string | undefined;
  /** The leave to send this one message; absent for a deny and for a dry run. */
  readonly permit: { readonly id: string; readonly expiresAt: string } | undefined;
  readonly question: Question;
  readonly verdict: Verdict;
  readonly isSandbox: boolean;
}

/** Asks the gate. A check `of` a batch that bounds how many it asks at a time waits until no other does. */
export type Gate = (ctx: Context, input: CheckInput, of?: "batch") => Promise<Answer>;

/**
 * The gate of a process. A check is two statements, shared with all that are asked at the same time: read the facts,
 * decide, record. The answer is given only when it is on record; nothing but policies, which never change, is
 * remembered between checks. Throws `unavailable` or `outcome_unknown` when the database is lost, and `internal` when
 * the policy in force cannot be read: then the message must not go out.
 */
export function createGate(services: Services, { judge, record }: Lanes): Gate {
  return async (ctx, input, of) => {
    const prepared = prepare(ctx, input);
    if (prepared.sandbox?.simulates === "undecided")
      throw new SaysoError("unavailable", "Nobody decides about this simulator number.");
    for (let triesLeft: number = limits.checkTries; ; triesLeft -= 1) {
      const judged = await (of === "batch" ? judge.patiently(prepared) : judge(prepared));
      if (prepared.isDryRun) return answerOf(judged, undefined);
      const id = services.newId("dec");
      const made = newDecision(judged, id);
      if (await (of === "batch" ? record.patiently(made) : record(made))) {
        if (prepared.sandbox === null)
          services.metrics.decision(judged.verdict.decision, worstCode(judged.verdict) ?? "none");
        return answerOf(judged, id);
      }
      // A cause or a place under a cap went to somebody else meanwhile: judged again, as things are now.
      if (triesLeft === 0) {
        throw new SaysoError(
          "unavailable",
          "Too many ask about this person at the same time. Ask again in a moment.",
        );
      }
    }
  };
}

function answerOf({ prepared, verdict, permitExpiresAt: expiresAt }: Judged, id: string | undefined): Answer {
  return {
    decisionId: id === undefined ? undefined : formatId("dec", id),
    permit: id === undefined || expiresAt === null ? undefined : { id: formatId("prm", id), expiresAt },
    question: prepared.question,
    verdict,
    isSandbox: prepared.sandbox !== null,
  };
}
