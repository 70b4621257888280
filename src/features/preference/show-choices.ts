import type { Context } from "../../context.ts";
import { once } from "../../db/write.ts";
import { parseId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import { keyedHash } from "../../kernel/seal.ts";
import { boxFor, captureShown, findAsking, findPoints, type ShownPoint } from "../collection/index.ts";
import { consentHistory, giveConsent, type RecordedConsent } from "../consent/index.ts";
import { type OpenedLink, optOutsOf } from "../optout/index.ts";
import { listPurposes } from "../organization/index.ts";
import { readPerson } from "../subject/index.ts";
import { type Preferences, preferencesOf } from "./choose.ts";
import { type PreferenceEventRow, selectChoices } from "./store.ts";

/** Whether messages for a purpose may come, as the gate sees it: by a yes, or by another ground and no no. */
export type MayCome = (
  ctx: Context,
  subjectId: string,
  purposes: readonly string[],
) => Promise<ReadonlyMap<string, boolean>>;

export interface ShownPurpose {
  readonly key: string;
  readonly name: string;
}

/** What the bearer of a link may stop: every purpose but codes, which people ask for themselves. */
export async function stoppablePurposes(ctx: Context): Promise<readonly ShownPurpose[]> {
  const purposes = await listPurposes(ctx, undefined, limits.listMost);
  return purposes.filter(({ category }) => category !== "authentication");
}

/** How a yes was given: when, where, and the words that were shown. */
export interface ShownYes {
  readonly at: Date;
  readonly indication: string | null;
  /** The kind of place: form, checkbox, keyword, …; null: not on record. */
  readonly pointKind: string | null;
  readonly wording: string | null;
  readonly wordingLanguage: string | null;
}

/** One purpose as the person stands to it. */
export interface ShownChoice extends ShownPurpose {
  readonly mayCome: boolean;
  readonly yes: ShownYes | null;
  /** What they would agree to, and the token that proves it was on the screen; null: nothing asks for it on a screen. */
  readonly again: {
    readonly wording: string;
    readonly language: string;
    readonly captureToken: string;
  } | null;
}

/** One thing that happened, for the history. `what` is a word of the catalogue. */
export interface ShownEvent {
  readonly at: Date;
  readonly what: string;
  readonly purposeName: string | null;
  /** Of a pause: when it was to end. */
  readonly until: Date | null;
  /** Of a wish: the frequency's, the language's or the channel's name. */
  readonly word: string | null;
}

export interface ShownChoices {
  readonly choices: readonly ShownChoice[];
  readonly preferences: Preferences;
  /** The newest first. */
  readonly history: readonly ShownEvent[];
}

/** All that a person chose, for whoever proved that the number is theirs. */
export async function showChoices(
  { ctx, subjectId }: OpenedLink,
  language: Language,
  mayCome: MayCome,
): Promise<ShownChoices> {
  const [purposes, person, consents, preferences] = await Promise.all([
    stoppablePurposes(ctx),
    readPerson(ctx, subjectId),
    consentHistory(ctx, subjectId),
    preferencesOf(ctx, subjectId),
  ]);
  const pointIds = consents.flatMap(({ provenance: { collectionPointId } }) =>
    collectionPointId === null ? [] : (parseId("cpt", collectionPointId) ?? []),
  );
  const [mayComes, points, asking, optOuts, chosen] = await Promise.all([
    mayCome(
      ctx,
      subjectId,
      purposes.map(({ key }) => key),
    ),
    findPoints(ctx, [...new Set(pointIds)]),
    findAsking(ctx, "whatsapp"),
    optOutsOf(ctx, [...person.keys.keys()], person.hashes),
    selectChoices(ctx, [...person.keys.keys()]),
  ]);
  const nameOf = (key: string | null) =>
    key === null ? null : (purposes.find((purpose) => purpose.key === key)?.name ?? key);
  return {
    choices: purposes.map(({ key, name }) => {
      const yes = consents.find((event) => event.purpose === key && event.state === "given");
      const point = points.find(({ id }) => id === parseId("cpt", yes?.provenance.collectionPointId ?? ""));
      const isOn = mayComes.get(key) === true;
      return {
        key,
        name,
        mayCome: isOn,
        yes:
          yes === undefined
            ? null
            : {
                at: new Date(yes.occurredAt),
                indication: yes.provenance.indication,
                pointKind: point?.kind ?? null,
                wording: yes.provenance.wording,
                wordingLanguage: yes.provenance.wordingLanguage,
              },
        again: isOn ? null : againFor(ctx, key, asking, language),
      };
    }),
    preferences,
    history: [
      ...consents.map(({ state, purpose, occurredAt }) => ({
        ...blankEvent,
        at: new Date(occurredAt),
        what: `consent_${state}`,
        purposeName: nameOf(purpose),
      })),
      ...optOuts.map(({ kind, scope, purpose, occurredAt }) => ({
        ...blankEvent,
        at: occurredAt,
        what: `${kind}_${scope}`,
        purposeName: nameOf(purpose),
      })),
      ...chosen.map(eventOf),
    ]
      .sort((a, b) => b.at.getTime() - a.at.getTime())
      .slice(0, limits.historyShown),
  };
}

const blankEvent = { purposeName: null, until: null, word: null };

function eventOf({ aspect, kind, recordedAt, until, most, hours, word }: PreferenceEventRow): ShownEvent {
  return {
    ...blankEvent,
    at: recordedAt,
    what: `${aspect}_${kind}`,
    until,
    word: aspect === "frequency" && most !== null ? `${most}/${hours}` : word,
  };
}

/** What asks for a purpose, in the page's language if anything does, and rather for it alone. */
function againFor(ctx: Context, purpose: string, asking: readonly ShownPoint[], language: Language) {
  const [best] = asking
    .filter(({ shown }) => shown.purposes.includes(purpose))
    .toSorted((a, b) => rank(b) - rank(a));
  if (best === undefined) return null;
  const { wording } = boxFor(best.shown, purpose) ?? best.shown;
  return { wording, language: best.shown.language, captureToken: captureShown({ ctx, ...best }, {}).token };

  function rank({ shown }: ShownPoint) {
    return (shown.language.slice(0, 2) === language ? 2 : 0) + (shown.purposes.length === 1 ? 1 : 0);
  }
}

/**
 * Records the yes of somebody who proved that the number is theirs and ticked what their page showed. The same form sent
 * twice is one. Throws `invalid` for a token that is old, altered or proves another purpose or person.
 */
export function agreeAgain(
  { ctx, subjectId }: OpenedLink,
  input: {
    readonly purpose: string;
    readonly captureToken: string;
    readonly ipAddress: string | undefined;
    readonly userAgent: string | undefined;
  },
): Promise<RecordedConsent> {
  const { purpose, captureToken, ipAddress, userAgent } = input;
  const saidAt = ctx.services.now();
  const hash = keyedHash(ctx.keys.data, `${captureToken} ${purpose}`);
  return giveConsent(
    once(ctx, "agree-again", hash.toString("base64url")),
    {
      subject: { subjectId },
      channel: "whatsapp",
      purpose,
      state: "given",
      provenance: {
        captureToken,
        indication: "ticked",
        ipAddress,
        userAgent,
        occurredAt: saidAt.toISOString(),
      },
    },
    { by: "owner", saidAt },
  );
}
