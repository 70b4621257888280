import { setImmediate as nextTurn } from "node:timers/promises";
import type { Context, Services } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { gather } from "../../kernel/gather.ts";
import { inOrder } from "../../kernel/in-order.ts";
import { limits } from "../../kernel/limits.ts";
import { type Judged, judgeAll } from "./judge.ts";
import { createPolicies } from "./policies.ts";
import { type CheckInput, type Prepared, prepare } from "./prepare-check.ts";

/** A check of a preview, or why it is none, and its place, counted from 1. */
export interface PreviewItem {
  readonly line: number;
  readonly check: CheckInput | SaysoError;
}

/** What a campaign would be answered if it went out now, counted. */
export interface Preview<Problem> {
  /** `allowed`, `denied` and `unreadable` together. */
  readonly recipients: number;
  readonly allowed: number;
  readonly denied: number;
  /** What is no check. */
  readonly unreadable: number;
  /** Those allowed whose customer service window is open: a free-form message could go as well. */
  readonly inWindow: number;
  /** Those allowed whom a template alone may reach. */
  readonly templateOnly: number;
  /** Those denied, each under the worst reason: adds up to `denied`. */
  readonly byWorstReason: Readonly<Record<string, number>>;
  /** Those denied, each under every reason. */
  readonly byReason: Readonly<Record<string, number>>;
  /** Those denied for reasons that all end by themselves. */
  readonly deniedForNow: {
    readonly recipients: number;
    /** Those of the next `limits.previewHours` hours, by the full hour (ISO 8601) from which on to ask again. */
    readonly byHour: Readonly<Record<string, number>>;
  };
  /** The first that are no check: `limits.previewProblems` at most, and `limits.bodyBytes` of text. */
  readonly problems: { readonly line: number; readonly problem: Problem }[];
}

/** Counts what each of many checks would be answered, see `createPreviewer`. */
export type Previewer = <Problem>(
  ctx: Context,
  groups: AsyncIterable<readonly PreviewItem[]>,
  problemOf: (error: SaysoError) => Problem,
) => Promise<Preview<Problem>>;

/**
 * The previews of a process. Each check is judged on its own, as if none of the others went out; nothing is recorded
 * and no place is taken. Holds a few chunks, however many there are, and takes no more while those are under way.
 * Throws what `groups` throws, and `unavailable` or `outcome_unknown` when the database is lost: counts of a part would
 * be taken for those of the whole.
 */
export function createPreviewer(services: Services): Previewer {
  const policies = createPolicies(services);
  // A lane of their own: single checks do not wait behind these large statements, and these leave them connections.
  const judgeChunks = gather<readonly Prepared[], readonly Judged[]>(
    async ([chunk = []]) => [await judgeAll(services, policies, chunk)],
    { most: 1, inFlight: limits.previewsInFlight },
  );
  return async (ctx, groups, problemOf) => {
    const counts = newCounts(problemOf);
    const judged = inOrder(
      chunksOf(ctx, groups, counts.addUnreadable),
      (chunk) => judgeChunks.patiently(chunk),
      limits.previewsInFlight,
    );
    for await (const chunks of judged) for (const chunk of chunks) for (const one of chunk) counts.add(one);
    return counts.counted();
  };
}

/** Puts checks together, those that can be read, for one statement at a time. */
async function* chunksOf(
  ctx: Context,
  groups: AsyncIterable<readonly PreviewItem[]>,
  refuse: (line: number, error: SaysoError) => void,
): AsyncGenerator<readonly (readonly Prepared[])[]> {
  let chunk: Prepared[] = [];
  let read = 0;
  for await (const group of groups) {
    for (const { line, check } of group) {
      if (check instanceof SaysoError) refuse(line, check);
      else chunk.push(prepare(ctx, check));
      if (chunk.length === limits.previewChunk) {
        yield [chunk];
        chunk = [];
      }
      // What came already would all be read in one turn of the event loop, and single checks would wait for that.
      read += 1;
      if (read % limits.previewChunk === 0) await nextTurn();
    }
  }
  if (chunk.length > 0) yield [chunk];
}

const hourMs = 3_600_000;

function newCounts<Problem>(problemOf: (error: SaysoError) => Problem) {
  const counts = { recipients: 0, allowed: 0, denied: 0, unreadable: 0, inWindow: 0, templateOnly: 0 };
  const byWorstReason = new Map<string, number>();
  const byReason = new Map<string, number>();
  const byHour = new Map<number, number>();
  let deniedForNow = 0;
  const problems: { line: number; problem: Problem }[] = [];
  let room: number = limits.bodyBytes;

  const addRetry = (now: string, retries: readonly (string | null)[]) => {
    let last = 0;
    for (const retryAt of retries) {
      if (retryAt === null) return;
      last = Math.max(last, Date.parse(retryAt));
    }
    deniedForNow += 1;
    if (last - Date.parse(now) <= limits.previewHours * hourMs)
      increment(byHour, Math.ceil(last / hourMs) * hourMs);
  };
  return {
    add({ facts, verdict }: Judged): void {
      counts.recipients += 1;
      if (verdict.decision === "allow") {
        counts.allowed += 1;
        counts[verdict.window.open ? "inWindow" : "templateOnly"] += 1;
        return;
      }
      counts.denied += 1;
      const denying = verdict.reasons.filter(({ enforced }) => enforced !== false);
      increment(byWorstReason, denying[0]?.code ?? "none");
      for (const code of new Set(denying.map((reason) => reason.code))) increment(byReason, code);
      addRetry(
        facts.now,
        denying.map(({ retryAt }) => retryAt),
      );
    },
    addUnreadable(line: number, error: SaysoError): void {
      counts.recipients += 1;
      counts.unreadable += 1;
      if (problems.length === limits.previewProblems || room <= 0) return;
      const problem = problemOf(error);
      room -= JSON.stringify(problem).length;
      if (room > 0) problems.push({ line, problem });
    },
    counted: (): Preview<Problem> => ({
      ...counts,
      byWorstReason: Object.fromEntries(byWorstReason),
      byReason: Object.fromEntries(byReason),
      deniedForNow: {
        recipients: deniedForNow,
        byHour: Object.fromEntries(
          [...byHour]
            .sort(([a], [b]) => a - b)
            .map(([hour, number]) => [new Date(hour).toISOString(), number]),
        ),
      },
      problems,
    }),
  };
}

function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
