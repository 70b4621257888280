import type { Category, Facts } from "../facts.ts";
import { formatInstant, readInstant } from "../instants.ts";
import type { Policy } from "../policy.ts";
import { fail, notApplicable, pass, type Rule } from "./rule.ts";

/** At most so many messages to one person in so many rolling hours. */
export type Cap = Policy["caps"][number];

/**
 * The caps that a message is under: those of its purpose and of the category that counts. An unknown category is
 * under every cap.
 */
export function capsOn(policy: Policy, purpose: string, category: Category | null): readonly Cap[] {
  return policy.caps.filter(
    (cap) =>
      (cap.purposes === undefined || cap.purposes.includes(purpose)) &&
      (cap.categories === undefined || category === null || cap.categories.includes(category)),
  );
}

/**
 * Every cap that the message is under leaves room. What counts is what was permitted or what the platform's statuses
 * show; the place itself is taken when the decision is recorded. What the person asks for at this moment is exempt.
 */
export const frequencyCap: Rule = {
  name: "frequency_cap",
  judge: ({ question, facts, policy, category, now, isCaused }) => {
    const caps = capsOn(policy, question.purpose, category);
    if (caps.length === 0 || isCaused) return notApplicable;
    const full = caps.flatMap((cap) => {
      const counted = facts.sends.filter((send) => countsFor(cap, send));
      const ends = counted
        .map((send) => readInstant(send.at) + cap.hours * 3_600_000)
        // What cannot be read never ends, and stands last.
        .map((end) => (Number.isNaN(end) ? Number.POSITIVE_INFINITY : end))
        .filter((end) => !(end <= now))
        .sort((a, b) => a - b);
      const roomAt = ends[ends.length - cap.most];
      return roomAt === undefined ? [] : [{ roomAt, counted }];
    });
    if (full.length === 0) return pass;
    const roomAt = Math.max(...full.map((cap) => cap.roomAt));
    return fail(
      "frequency_cap_reached",
      full.flatMap(({ counted }) => counted.flatMap(({ decisionId }) => decisionId ?? [])),
      formatInstant(Number.isFinite(roomAt) ? roomAt : Number.NaN),
    );
  },
};

/** A message that only statuses show may have been of any kind, so it counts for every cap. */
function countsFor(cap: Cap, { category, purpose }: Facts["sends"][number]): boolean {
  return (
    (cap.categories === undefined || category === null || cap.categories.includes(category)) &&
    (cap.purposes === undefined || purpose === null || cap.purposes.includes(purpose))
  );
}
