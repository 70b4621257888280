import type { Context } from "../../context.ts";
import { takeTurn } from "../../db/rate-limit.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { makeNonce, readNonce } from "../../kernel/nonce.ts";
import { addSeconds } from "../../kernel/time.ts";
import { type OpenedLink, openOptOutLink, optOutByCode } from "../optout/index.ts";
import { findSubject } from "../subject/index.ts";
import {
  type Choice,
  type Frequency,
  frequencies,
  frequencyName,
  isEnding,
  isWish,
} from "./domain/choice.ts";
import {
  insertChoice,
  insertUndoneChoice,
  type PreferenceRow,
  selectStanding,
  type UndoneChoice,
} from "./store.ts";

export { type OpenedLink, openOptOutLink as openLink, optOutByCode as stop };

/** What holds of a person's own choices. Null: they said nothing about it. */
export interface Preferences {
  readonly pause: { readonly id: string; readonly until: Date; readonly at: Date } | null;
  readonly frequency: {
    readonly id: string;
    readonly most: number;
    readonly hours: number;
    readonly name: Frequency | undefined;
    readonly at: Date;
  } | null;
  readonly language: { readonly id: string; readonly word: string; readonly at: Date } | null;
  readonly channel: { readonly id: string; readonly word: string; readonly at: Date } | null;
}

/** What a person (`sub_…`) chose, merged records as one: the strictest holds. Throws `not_found`. */
export async function preferencesOf(ctx: Context, subjectId: string): Promise<Preferences> {
  const { id } = await findSubject(ctx, subjectId);
  return present(await selectStanding(ctx, id));
}

function present(rows: readonly PreferenceRow[]): Preferences {
  const of = (aspect: string) => rows.find((row) => row.aspect === aspect);
  const [pause, frequency, language, channel] = ["pause", "frequency", "language", "channel"].map(of);
  const common = ({ event_id, at }: PreferenceRow) => ({ id: formatId("prf", event_id), at: new Date(at) });
  const worded = (row: PreferenceRow | undefined) =>
    row === undefined || row.word === null ? null : { ...common(row), word: row.word };
  return {
    pause:
      pause === undefined || pause.until === null ? null : { ...common(pause), until: new Date(pause.until) },
    frequency:
      frequency === undefined || frequency.most === null || frequency.hours === null
        ? null
        : {
            ...common(frequency),
            most: frequency.most,
            hours: frequency.hours,
            name: frequencyName(frequency.most, frequency.hours),
          },
    language: worded(language),
    channel: worded(channel),
  };
}

/** What became of a choice. `stricter`: less is wanted already, and the bearer of a link can only take away. */
export type Chosen =
  | {
      readonly outcome: "chosen";
      /** `prf_…` */
      readonly reference: string;
      readonly recordedAt: Date;
      readonly holds: Preferences;
      /** Undefined for what was chosen with a code, too: no link takes that back. */
      readonly undo: { readonly nonce: string; readonly until: Date } | undefined;
    }
  | { readonly outcome: "stricter"; readonly holds: Preferences };

/**
 * Records what somebody chose on their page. Chosen again it answers the same as before. `isProven`: they proved that the
 * number is theirs; without it whatever gives is `stricter`. Throws `too_many_requests` for too many wishes.
 */
export async function choose(
  link: OpenedLink,
  choice: Choice,
  { isProven }: { isProven: boolean },
): Promise<Chosen> {
  const { ctx } = link;
  const subjectId = parseId("sub", link.subjectId) ?? "";
  if (!isProven && isEnding(choice))
    return { outcome: "stricter", holds: present(await selectStanding(ctx, subjectId)) };
  // What takes away does so however often; wishes may go to and fro for ever.
  if (isWish(choice))
    await takeTurn(ctx.services, "wish", `${ctx.organizationId}:${subjectId}`, limits.wishesOfPerson);
  const id = ctx.services.newId("prf");
  const made = await insertChoice(ctx, {
    id,
    subjectId,
    aspect: choice.aspect,
    ...valuesOf(choice, ctx.services.now()),
    mayGive: isProven,
    source: isProven ? "code" : "link",
  });
  const rows = await selectStanding(ctx, subjectId);
  const holds = present(rows);
  const standing = rows.find(({ aspect }) => aspect === choice.aspect);
  if (made === undefined && !isEnding(choice) && !(standing && isSame(choice, standing)))
    return { outcome: "stricter", holds };
  const reference = formatId("prf", made?.id ?? standing?.event_id ?? id);
  const recordedAt = new Date(made?.recorded_at ?? standing?.at ?? ctx.services.now());
  const undoUntil = addSeconds(recordedAt, limits.optOutUndoSeconds);
  const isByLink = made === undefined ? standing?.source === "link" : !isProven;
  return {
    outcome: "chosen",
    reference,
    recordedAt,
    holds,
    undo:
      isByLink && undoUntil > ctx.services.now()
        ? { nonce: makeNonce(ctx.keys.data, undoUse, reference), until: undoUntil }
        : undefined,
  };
}

function valuesOf(choice: Choice, now: Date) {
  const nothing = { until: null, most: null, hours: null, word: null };
  switch (choice.aspect) {
    case "pause":
      return choice.days === null
        ? nothing
        : { ...nothing, until: addSeconds(now, choice.days * 24 * 3600).toISOString() };
    case "frequency":
      return choice.frequency === null ? nothing : { ...nothing, ...frequencies[choice.frequency] };
    case "language":
      return { ...nothing, word: choice.language };
    case "channel":
      return { ...nothing, word: choice.channel };
  }
}

/** Whether what holds is what was chosen. A pause that holds is one, whenever it ends. */
function isSame(choice: Choice, row: PreferenceRow): boolean {
  switch (choice.aspect) {
    case "pause":
      return choice.days !== null;
    case "frequency":
      return choice.frequency !== null && frequencyName(row.most, row.hours) === choice.frequency;
    case "language":
      return choice.language === row.word;
    case "channel":
      return choice.channel === row.word;
  }
}

/**
 * Takes a choice by link back with its nonce; see undo_preference in the migrations. Throws `too_many_requests`: choosing
 * and taking back goes to and fro for a while only.
 */
export async function undoChoice(link: OpenedLink, nonce: string): Promise<UndoneChoice> {
  const reference = readNonce(link.ctx.keys.data, undoUse, nonce);
  const eventId = parseId("prf", reference ?? "");
  if (eventId === undefined) return "unknown";
  const { ctx, subjectId } = link;
  await takeTurn(ctx.services, "undo", `${ctx.organizationId}:${subjectId}`, limits.undosOfPerson);
  return insertUndoneChoice(ctx, {
    id: ctx.services.newId("prf"),
    subjectId: parseId("sub", subjectId) ?? "",
    eventId,
  });
}

const undoUse = "preference_undo";
