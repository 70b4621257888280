import type { Context } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { inOrder } from "../../kernel/in-order.ts";
import { limits } from "../../kernel/limits.ts";
import { type Line, readLines } from "../../kernel/lines.ts";
import { safeError } from "../../kernel/safe-error.ts";
import type { Gate } from "./check.ts";
import type { Language } from "./domain/texts.ts";
import type { CheckInput } from "./prepare-check.ts";
import { presentAnswer } from "./present-decision.ts";
import type { Preview, Previewer, PreviewItem } from "./preview.ts";

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

/** Counts what every line that is not empty would be answered, and records nothing, see `createPreviewer`. */
export function previewLines<Problem>(
  ctx: Context,
  preview: Previewer,
  { pieces, readCheck }: CheckLines,
  problemOf: (error: SaysoError) => Problem,
): Promise<Preview<Problem>> {
  return preview(ctx, itemsOf(readLines(pieces, limits.bodyBytes), readCheck), problemOf);
}

async function* itemsOf(
  groups: AsyncIterable<readonly Line[]>,
  readCheck: CheckLines["readCheck"],
): AsyncGenerator<readonly PreviewItem[]> {
  for await (const lines of groups) {
    yield lines.map((line) => ({ line: line.number, check: checkOrError(line, readCheck) }));
  }
}

function readLine({ text }: Line, readCheck: CheckLines["readCheck"]): CheckInput {
  if (typeof text !== "string") throw text;
  return readCheck(text);
}

function checkOrError(line: Line, readCheck: CheckLines["readCheck"]): CheckInput | SaysoError {
  try {
    return readLine(line, readCheck);
  } catch (error) {
    if (error instanceof SaysoError) return error;
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
