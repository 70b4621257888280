import { SaysoError } from "./errors.ts";

/**
 * Turns many simultaneous calls into few: while `inFlight` runs are under way, calls wait and go together into
 * the next one, at most `most` at a time. `run` answers in the order of its items. When a run of several fails,
 * each of its items is tried on its own, so that one bad item harms no other; not so when the database was lost,
 * which is nobody's fault: a run whose outcome is unknown is never repeated.
 */
export function gather<Item, Answer>(
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
  { most, inFlight }: { most: number; inFlight: number },
): (item: Item) => Promise<Answer> {
  interface Waiting {
    readonly item: Item;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let running = 0;

  async function runOnce(calls: readonly Waiting[]): Promise<void> {
    try {
      const answers = await run(calls.map((call) => call.item));
      calls.forEach((call, index) => {
        if (index in answers) call.resolve(answers[index] as Answer);
        else call.reject(new Error("A gathered run gave fewer answers than it was asked for."));
      });
    } catch (error) {
      if (calls.length === 1 || isLost(error)) for (const call of calls) call.reject(error);
      else for (const call of calls) await runOnce([call]);
    }
  }

  function start(): void {
    while (running < inFlight && waiting.length > 0) {
      const calls = waiting.splice(0, most);
      running += 1;
      void runOnce(calls).finally(() => {
        running -= 1;
        start();
      });
    }
  }

  return (item) =>
    new Promise<Answer>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // Calls of the same turn of the event loop go together.
      if (waiting.length === 1) setImmediate(start);
    });
}

function isLost(error: unknown): boolean {
  return error instanceof SaysoError && (error.code === "outcome_unknown" || error.code === "unavailable");
}
