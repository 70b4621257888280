/** A place in a JSON value: the steps that lead there. */
export type PlaceInJson = readonly (string | number)[];

/** Every place in a JSON value but the top. */
export function everyPlace(value: unknown): readonly PlaceInJson[] {
  return steps(value).flatMap(([step, member]) => [
    [step],
    ...everyPlace(member).map((rest) => [step, ...rest]),
  ]);
}

function steps(value: unknown): readonly (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return [...value.entries()];
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

/** The same JSON value with one place changed; undefined takes the member away. */
export function withPlaceChanged(value: unknown, place: PlaceInJson, changed: unknown): unknown {
  const [step, ...rest] = place;
  if (step === undefined) return changed;
  const members = steps(value).map(
    ([key, member]) => [key, key === step ? withPlaceChanged(member, rest, changed) : member] as const,
  );
  return Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members);
}
