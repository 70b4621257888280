import { SaysoError } from "./errors.ts";
import { limits } from "./limits.ts";

/** A call that is gathered with others. */
export interface Gathered<Item, Answer> {
  (item: Item): Promise<Answer>;
  /** The same for whoever bounds how many it has waiting: it goes when no other waits, and is never refused. */
  patiently(item: Item): Promise<Answer>;
}

/**
 * Turns many simultaneous calls into few: while `inFlight` runs are under way, calls wait and go together into
 * the next one, at most `most` at a time. `run` answers in the order of its items; when it fails, see settleTogether.
 * With a `rest` those that wait when a run ends wait until it is over, for company, unless half of `most` are there: a call
 * that comes to an idle line goes at once, and under load fewer runs serve as many.
 *
 * At most `mostWaiting` calls wait, further ones are refused at once with `unavailable`: under more load than the
 * database takes they would wait for longer and longer. Patient ones do not count.
 */
export function gather<Item, Answer>(
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
  {
    most,
    inFlight,
    rest,
    mostWaiting = limits.waitingChecks,
  }: { most: number; inFlight: number; rest?: () => Promise<unknown>; mostWaiting?: number },
): Gathered<Item, Answer> {
  interface Waiting {
    readonly item: Item;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  const patient: Waiting[] = [];
  let running = 0;

  async function runOnce(calls: readonly Waiting[]): Promise<void> {
    const outcomes = await settleTogether(
      calls.map((call) => call.item),
      run,
    );
    outcomes.forEach((outcome, index) => {
      if (outcome.status === "fulfilled") calls[index]?.resolve(outcome.value);
      else calls[index]?.reject(outcome.reason);
    });
  }

  function start(): void {
    while (running < inFlight && waiting.length + patient.length > 0) {
      const calls = waiting.splice(0, most);
      calls.push(...patient.splice(0, most - calls.length));
      running += 1;
      void runOnce(calls).finally(() => {
        running -= 1;
        if (rest === undefined || waiting.length + patient.length >= most / 2) start();
        else void rest().then(start);
      });
    }
  }

  function waitIn(queue: Waiting[], item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject });
      // Calls of the same turn of the event loop go together.
      if (waiting.length + patient.length === 1) setImmediate(start);
    });
  }

  const call = async (item: Item) => {
    if (waiting.length >= mostWaiting) throw tooManyWait();
    return waitIn(waiting, item);
  };
  return Object.assign(call, { patiently: (item: Item) => waitIn(patient, item) });
}

/**
 * Runs for many items together, and answers as Promise.allSettled does. When a run of several fails, each of its items
 * is tried on its own, so that one bad item harms no other; not so when the database was lost, which is nobody's
 * fault: a run whose outcome is unknown is never repeated.
 */
export async function settleTogether<Item, Answer>(
  items: readonly Item[],
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
): Promise<PromiseSettledResult<Answer>[]> {
  try {
    const answers = await run(items);
    return items.map((_item, index) => {
      if (index in answers) return { status: "fulfilled", value: answers[index] as Answer };
      const reason = new Error("A run for several gave fewer answers than it was asked for.");
      return { status: "rejected", reason };
    });
  } catch (reason) {
    if (items.length === 1 || isLost(reason)) return items.map(() => ({ status: "rejected", reason }));
    const outcomes: PromiseSettledResult<Answer>[] = [];
    for (const item of items) outcomes.push(...(await settleTogether([item], run)));
    return outcomes;
  }
}

function tooManyWait(): SaysoError {
  return new SaysoError("unavailable", "Too many requests wait. Nothing was done; ask again in a moment.");
}

function isLost(error: unknown): boolean {
  return error instanceof SaysoError && (error.code === "outcome_unknown" || error.code === "unavailable");
}
