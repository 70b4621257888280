import type { Category, Facts } from "../facts.ts";
import { formatInstant, readInstant } from "../instants.ts";
import type { Policy } from "../policy.ts";
import type { Situation } from "../situation.ts";
import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/** At most so many messages to one person in so many rolling hours. */
export type Cap = Policy["caps"][number];

/** The policy's, or one that the person set themself, and its id. */
export type OwnCap = Cap & { readonly id?: string };

/**
 * The caps that a message is under: the policy's for its purpose and the category that counts, and the person's own,
 * which are on marketing. An unknown category is under every cap.
 */
export function capsOn(
  policy: Policy,
  facts: Facts,
  purpose: string,
  category: Category | null,
): readonly OwnCap[] {
  const ofPolicy = policy.caps.filter(
    (cap) =>
      (cap.purposes === undefined || cap.purposes.includes(purpose)) &&
      (cap.categories === undefined || category === null || cap.categories.includes(category)),
  );
  return [...ofPolicy, ...ownCapsOn(facts, category)];
}

/** The caps that the person set themself. */
export function ownCapsOn({ preferences }: Facts, category: Category | null): readonly OwnCap[] {
  if (category !== null && category !== "marketing") return [];
  return preferences.caps.map(({ id, most, hours }) => ({ id, categories: ["marketing"], most, hours }));
}

/** Whether one of the person's own caps leaves no room. */
export function isOwnCapFull({ facts, category, now }: Situation): boolean {
  return ownCapsOn(facts, category).some((cap) => whenRoom(cap, facts, now) !== undefined);
}

/**
 * Every cap that the message is under leaves room, so of the policy's and the person's own the stricter one counts. What counts is what was permitted or what the platform's statuses
 * show; the place itself is taken when the decision is recorded. What the person asks for at this moment is exempt.
 */
export const frequencyCap: Rule = {
  name: "frequency_cap",
  judge: ({ question, facts, policy, category, now, isCaused }) => {
    const caps = capsOn(policy, facts, question.purpose, category);
    if (caps.length === 0 || isCaused) return notApplicable;
    const full = caps.flatMap((cap) => whenRoom(cap, facts, now) ?? []);
    if (full.length === 0) return pass;
    const roomAt = Math.max(...full.map((cap) => cap.roomAt));
    return fail(
      "frequency_cap_reached",
      full.flatMap(({ cap, counted }) => [
        ...(cap.id === undefined ? [] : [cap.id]),
        ...counted.flatMap(({ decisionId }) => decisionId ?? []),
      ]),
      formatInstant(Number.isFinite(roomAt) ? roomAt : Number.NaN),
    );
  },
};

/** When a cap that leaves no room will do so again, and what fills it; undefined: there is room. */
function whenRoom(cap: OwnCap, facts: Facts, now: number) {
  const counted = facts.sends.filter((send) => countsFor(cap, send));
  const ends = counted
    .map((send) => readInstant(send.at) + cap.hours * 3_600_000)
    // What cannot be read never ends, and stands last.
    .map((end) => (Number.isNaN(end) ? Number.POSITIVE_INFINITY : end))
    .filter((end) => !(end <= now))
    .sort((a, b) => a - b);
  const roomAt = ends[ends.length - cap.most];
  return roomAt === undefined ? undefined : { cap, roomAt, counted };
}

/** A message that only statuses show may have been of any kind, so it counts for every cap. */
function countsFor(cap: Cap, { category, purpose }: Facts["sends"][number]): boolean {
  return (
    (cap.categories === undefined || category === null || cap.categories.includes(category)) &&
    (cap.purposes === undefined || purpose === null || cap.purposes.includes(purpose))
  );
}
