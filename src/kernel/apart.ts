/**
 * Splits items into those that can be done at once and those for afterwards: each waits for every earlier one that
 * claims something it claims too. Doing what waits in the same way is as good as doing one after the other.
 */
export function apart<Item>(
  items: readonly Item[],
  claimsOf: (item: Item) => readonly string[],
): [atOnce: Item[], afterwards: Item[]] {
  const claimed = new Set<string>();
  const atOnce: Item[] = [];
  const afterwards: Item[] = [];
  for (const item of items) {
    const claims = claimsOf(item);
    (claims.some((claim) => claimed.has(claim)) ? afterwards : atOnce).push(item);
    for (const claim of claims) claimed.add(claim);
  }
  return [atOnce, afterwards];
}
