/**
 * Works on items as they come, on at most `most` of them at the same time, and gives the results in the order of the
 * items, together those that are ready. Whoever takes results sets the pace: while nobody does, no more than `most`
 * are begun and no more than one further group of items is asked for. A failure of the source or of `work` ends it
 * with that failure.
 */
export async function* inOrder<Item, Result>(
  groups: AsyncIterable<readonly Item[]>,
  work: (item: Item) => Promise<Result>,
  most: number,
): AsyncGenerator<readonly Result[]> {
  const source = groups[Symbol.asyncIterator]();
  /** Begun and not given yet; empty until its result is there. */
  const places: { result?: readonly [Result] }[] = [];
  let items: readonly Item[] = [];
  let next = 0;
  let isAsking = false;
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;
  let wake = () => {};

  function fail(error: unknown): void {
    failure ??= { error };
    wake();
  }

  function begin(item: Item): void {
    const place: (typeof places)[number] = {};
    places.push(place);
    work(item).then((result) => {
      place.result = [result];
      wake();
    }, fail);
  }

  function ask(): void {
    isAsking = true;
    source.next().then(({ done, value }) => {
      isAsking = false;
      if (done) isOver = true;
      else [items, next] = [value, 0];
      wake();
    }, fail);
  }

  function takeReady(): Result[] {
    const waiting = places.findIndex(({ result }) => result === undefined);
    return places.splice(0, waiting < 0 ? places.length : waiting).flatMap(({ result }) => result ?? []);
  }

  try {
    for (;;) {
      for (const item of items.slice(next, next + most - places.length)) {
        begin(item);
        next += 1;
      }
      if (next >= items.length && places.length < most && !isAsking && !isOver) ask();
      const ready = takeReady();
      if (failure !== undefined) throw failure.error;
      if (ready.length > 0) yield ready;
      else if (isOver && places.length === 0) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    // Not waited for: a source that was asked may not answer for a long time.
    source.return?.()?.catch(() => {});
  }
}
