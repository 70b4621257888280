import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { inOrder } from "../../kernel/in-order.ts";
import { limits } from "../../kernel/limits.ts";
import { type Line, readLines } from "../../kernel/lines.ts";
import { safeError } from "../../kernel/safe-error.ts";
import type { CheckInput, Gate } from "./check.ts";
import type { Language } from "./domain/texts.ts";
import { presentAnswer } from "./present-decision.ts";

/** Checks as lines of JSON (NDJSON), with what the transport knows of them. */
export interface CheckLines {
  /** The bytes, in whatever pieces they come. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Reads one line. Throws a SaysoError for one that is no check. */
  readonly readCheck: (line: string) => CheckInput;
}

/** The answer to one line, with the caller's own id of the message when the line named one. */
export type LineAnswer<Problem> = { readonly messageRef?: string } & (
  | ReturnType<typeof presentAnswer>
  | { readonly line: number; readonly problem: Problem }
);

/** What a batch would be answered, counted. */
export interface Preview {
  /** Lines that are not empty: `allowed`, `denied` and `problems` together. */
  readonly recipients: number;
  readonly allowed: number;
  readonly denied: number;
  /** Those denied, by the worst reason of each. */
  readonly byReason: Readonly<Record<string, number>>;
  /** Those allowed whose window is open, and those whom a template alone may reach. */
  readonly inWindow: number;
  readonly templateOnly: number;
  /** Lines that are no check. */
  readonly problems: number;
}

/**
 * Answers every line that is not empty, in the order asked, as soon as its turn is there. What is wrong with one line
 * is told in its place and harms no other; a check that could not be decided answers with its problem and never with
 * an allow. At most `limits.batchLinesInFlight` lines are under way, and no more are read while nobody takes answers.
 * Throws what `pieces` throws.
 */
export function answerLines<Problem>(
  ctx: Context,
  gate: Gate,
  { pieces, readCheck }: CheckLines,
  { problemOf, language }: { problemOf: (error: SaysoError) => Problem; language: Language },
): AsyncGenerator<readonly LineAnswer<Problem>[]> {
  const logged = new Set<string>();
  const answered = async (line: Line): Promise<LineAnswer<Problem>> => {
    let named: { messageRef?: string } = {};
    try {
      const input = readLine(line, readCheck);
      if (input.messageRef !== undefined) named = { messageRef: input.messageRef };
      return { ...named, ...presentAnswer(await gate(ctx, input, "batch"), language) };
    } catch (error) {
      return { ...named, line: line.number, problem: problemOf(publicError(ctx, error, logged)) };
    }
  };
  return inOrder(readLines(pieces, limits.bodyBytes), answered, limits.batchLinesInFlight);
}

/**
 * Counts what every line would be answered, and records nothing. Throws `unavailable` when the database is lost:
 * counts of a part would be taken for those of the whole.
 */
export async function previewLines(
  ctx: Context,
  gate: Gate,
  { pieces, readCheck }: CheckLines,
): Promise<Preview> {
  const decide = async (line: Line) => {
    const input = lineOrUndefined(line, readCheck);
    return input && (await gate(ctx, { ...input, dryRun: true }, "batch")).verdict;
  };
  const counted = { recipients: 0, allowed: 0, denied: 0, inWindow: 0, templateOnly: 0, problems: 0 };
  const byReason = new Map<string, number>();
  const verdicts = inOrder(readLines(pieces, limits.bodyBytes), decide, limits.batchLinesInFlight);
  for await (const group of verdicts) {
    for (const verdict of group) {
      counted.recipients += 1;
      if (verdict === undefined) counted.problems += 1;
      else if (verdict.decision === "allow") {
        counted.allowed += 1;
        counted[verdict.window.open ? "inWindow" : "templateOnly"] += 1;
      } else {
        const code = verdict.reasons[0]?.code ?? "none";
        counted.denied += 1;
        byReason.set(code, (byReason.get(code) ?? 0) + 1);
      }
    }
  }
  return { ...counted, byReason: Object.fromEntries(byReason) };
}

function readLine({ text }: Line, readCheck: CheckLines["readCheck"]): CheckInput {
  if (typeof text !== "string") throw text;
  return readCheck(text);
}

function lineOrUndefined(line: Line, readCheck: CheckLines["readCheck"]): CheckInput | undefined {
  try {
    return readLine(line, readCheck);
  } catch (error) {
    if (error instanceof SaysoError) return undefined;
    throw error;
  }
}

/** What the caller is told of a failure. Ours is logged, once for each kind of it in a batch: a batch has many lines. */
function publicError({ services, requestId }: Context, error: unknown, logged: Set<string>): SaysoError {
  const known = error instanceof SaysoError ? error : undefined;
  const code = known?.code ?? "internal";
  if (["internal", "unavailable", "outcome_unknown"].includes(code) && !logged.has(code)) {
    logged.add(code);
    if (known === undefined) services.log.error({ requestId, err: safeError(error) }, "unexpected error");
    else services.log.warn({ requestId, code, err: safeError(known.cause) }, "failed");
  }
  return (
    known ??
    new SaysoError("internal", "This is our fault, not yours. Tell us the requestId.", { cause: error })
  );
}
