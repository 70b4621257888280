import {
  otherLanguage,
  pageAddress,
  pageTemplates,
  shownContact,
  shownDay,
  shownEnd,
  shownMoment,
  shownText,
} from "../../http/page.ts";
import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import { addSeconds } from "../../kernel/time.ts";
import type { Chosen } from "./choose.ts";
import { type Choice, frequencyName, wishedChannels, wishedLanguages } from "./domain/choice.ts";
import type { Session } from "./prove.ts";
import type { ShownChoices, ShownEvent, ShownPurpose, ShownYes } from "./show-choices.ts";
import type { UndoneChoice } from "./store.ts";

/** What every page behind a link says of itself. */
export interface LinkPage {
  readonly language: Language;
  /** The link's own path, `/o/{token}`. */
  readonly path: string;
  readonly organizationName: string;
  /** The person's number with all but its end hidden. */
  readonly maskedNumber: string;
  /** The time zone that times are shown in (IANA name). */
  readonly timeZone: string;
}

/** What the bearer of a link may choose. */
export interface PreferencesPage extends LinkPage {
  readonly purposes: readonly ShownPurpose[];
  /** What was posted is no choice that there is. */
  readonly isWrong: boolean;
}

/** All that can be taken away with the link alone, and the way to the rest. It shows nothing of what was chosen before. */
export function renderPreferencesPage(page: PreferencesPage): string {
  const { language } = page;
  return pageTemplates.render(
    "preferences",
    {
      ...shownLink(page),
      title: message(page.isWrong ? "preferences.titleWithError" : "preferences.title", language),
      problems: page.isWrong ? [{ field: "choices", message: message("preferences.wrong", language) }] : [],
      otherLanguage: otherLanguage(language),
      purposes: page.purposes.map(shownPurpose),
      languages: languageOptions(language),
      channels: channelOptions(null, language),
    },
    language,
  );
}

/** The answer to a choice that the bearer of a link made. */
export interface PreferenceDonePage extends LinkPage {
  readonly choice: Choice;
  readonly done: Chosen;
}

/** Says what holds from now on, and how to take it back; or that less is wanted already, which stays. */
export function renderPreferenceDonePage(page: PreferenceDonePage): string {
  const { language, timeZone, choice, done, path } = page;
  const { pause, frequency } = done.holds;
  const values = {
    until: pause === null ? "" : shownDay(pause.until, language, timeZone),
    word: shownWord(choice, language),
  };
  const holding = frequency?.name === undefined ? "other" : frequency.name;
  const what = choice.aspect === "frequency" ? `frequency.${choice.frequency ?? "other"}` : choice.aspect;
  return pageTemplates.render(
    "preference-done",
    {
      ...shownLink(page),
      otherLanguage: null,
      isDone: done.outcome === "chosen",
      heading:
        done.outcome === "chosen"
          ? message(`chosen.${what}`, language, values)
          : message("chosen.stricter", language),
      means:
        done.outcome === "chosen"
          ? message(`chosen.${choice.aspect}Means`, language)
          : message(`chosen.stricterMeans.${holding}`, language),
      recordedAt: done.outcome === "chosen" ? shownMoment(done.recordedAt, language, timeZone) : null,
      reference: done.outcome === "chosen" ? done.reference : null,
      undo:
        done.outcome === "chosen" && done.undo !== undefined
          ? {
              action: pageAddress(`${path}/preferences/undo`, language),
              nonce: done.undo.nonce,
              until: shownEnd(done.undo.until, {
                from: done.recordedAt,
                language,
                timeZone,
                rounding: "down",
              }),
            }
          : null,
    },
    language,
  );
}

/** What became of an undo. */
export interface PreferenceUndonePage extends LinkPage {
  readonly outcome: UndoneChoice;
  readonly contact?: string | undefined;
}

/** Says that everything is as before, or why it is not. */
export function renderPreferenceUndonePage(page: PreferenceUndonePage): string {
  const { language, outcome } = page;
  const isUndone = outcome === "undone" || outcome === "undone_before";
  const key = isUndone ? "undone" : outcome === "changed" ? "changed" : "late";
  return pageTemplates.render(
    "preference-undone",
    {
      ...shownLink(page),
      otherLanguage: null,
      isDone: isUndone,
      heading: message(`choiceUndone.${key}`, language),
      means: message(`choiceUndone.${key}Means`, language, { minutes: limits.optOutUndoSeconds / 60 }),
      contact: shownContact(page.contact),
    },
    language,
  );
}

/** The page where the number is proved by a code. */
export interface CodePage extends LinkPage {
  /** `sent`: whoever sends codes has been told, if the number gets any. */
  readonly state: "ask" | "sent" | "too_many";
  readonly problem?:
    | {
        readonly kind: "missing" | "unreadable" | "wrong" | "none" | "over";
        readonly triesLeft?: number | undefined;
      }
    | undefined;
}

/** The form for the code, and the button that has one sent. The code that was typed is never sent back. */
export function renderCodePage(page: CodePage): string {
  const { language, problem, state } = page;
  const kind = problem?.kind ?? (state === "too_many" ? "tooMany" : undefined);
  const error =
    kind === undefined
      ? null
      : message(`code.${kind}`, language, {
          left: problem?.triesLeft ?? 0,
          minutes: limits.preferenceCodeLifeSeconds / 60,
          codes: limits.preferenceCodes,
          day: limits.preferenceCodesByLinkPerDay,
        });
  return pageTemplates.render(
    "preference-code",
    {
      ...shownLink(page),
      title: message(kind === undefined ? "code.title" : "code.titleWithError", language),
      action: pageAddress(`${page.path}/preferences/code`, language),
      otherLanguage: kind === undefined && state === "ask" ? otherLanguage(language) : null,
      isSent: state === "sent",
      error,
      problems: error === null ? [] : [{ field: "code", message: error }],
      minutes: limits.preferenceCodeLifeSeconds / 60,
    },
    language,
  );
}

/** What the last button of a proven person's page did. */
export type Notice =
  | { readonly kind: "saved" | "stopped_all" | "agreed" | "agreed_pending" }
  | { readonly kind: "stopped"; readonly name: string }
  /** Nothing was recorded: the box was not ticked, or what was on the screen is not any more. */
  | { readonly kind: "not_ticked" | "stale"; readonly purpose: string };

/** All that a person chose, for whoever proved that the number is theirs. */
export interface ChoicesPage extends LinkPage, ShownChoices {
  readonly session: Session;
  readonly notice?: Notice | undefined;
}

/** Everything as it stands, how each yes was given, what happened, and a button for each change, either way. */
export function renderChoicesPage(page: ChoicesPage): string {
  const { language, timeZone, notice, session, preferences } = page;
  const wrong = notice !== undefined && "purpose" in notice ? notice : undefined;
  const error = wrong === undefined ? null : message(`mine.${wrong.kind}`, language);
  return pageTemplates.render(
    "preferences-mine",
    {
      ...shownLink(page),
      title: message(wrong === undefined ? "mine.title" : "mine.titleWithError", language),
      action: pageAddress(`${page.path}/preferences/mine`, language),
      otherLanguage: null,
      session: session.token,
      sessionUntil: shownEnd(session.until, {
        from: addSeconds(session.until, -limits.preferenceSessionSeconds),
        language,
        timeZone,
        rounding: "down",
      }),
      problems:
        error === null
          ? []
          : [
              {
                field: `yes-${page.choices.findIndex(({ key }) => key === wrong?.purpose)}`,
                message: error,
              },
            ],
      notice:
        notice === undefined || wrong !== undefined
          ? null
          : message(`mine.${notice.kind}`, language, {
              name: "name" in notice ? shownText(notice.name) : "",
            }),
      choices: page.choices.map(({ key, name, mayCome, yes, again }, place) => ({
        ...shownPurpose({ key, name }),
        id: `yes-${place}`,
        mayCome,
        state: message(mayCome ? "mine.on" : "mine.off", language),
        yes: yes === null ? null : shownYes(yes, page),
        again:
          again === null
            ? null
            : {
                wording: shownText(again.wording),
                language: again.language,
                token: again.captureToken,
                error: wrong?.purpose === key ? error : null,
              },
      })),
      pause:
        preferences.pause === null
          ? null
          : message("mine.pausedUntil", language, {
              until: shownMoment(preferences.pause.until, language, timeZone),
            }),
      frequency:
        preferences.frequency === null
          ? null
          : message(`word.frequency.${preferences.frequency.name ?? "other"}`, language),
      isWeekly: preferences.frequency?.name === "week",
      isMonthly: preferences.frequency?.name === "month",
      languages: languageOptions(preferences.language?.word ?? null),
      channels: channelOptions(preferences.channel?.word ?? null, language),
      history: page.history.map((event) => shownEvent(event, language, timeZone)),
    },
    language,
  );
}

const message = (key: string, language: Language, values: Record<string, string | number> = {}) =>
  pageTemplates.message(key, language, values);

function shownLink({ language, path, organizationName, maskedNumber }: LinkPage) {
  return {
    organizationName: shownText(organizationName),
    maskedNumber: shownText(maskedNumber),
    stopAction: pageAddress(path, language),
    preferencesAddress: pageAddress(`${path}/preferences`, language),
    codeAddress: pageAddress(`${path}/preferences/code`, language),
  };
}

const shownPurpose = ({ key, name }: ShownPurpose) => ({ key, name: shownText(name) });

const languageOptions = (chosen: string | null) =>
  Object.entries(wishedLanguages).map(([code, name]) => ({ code, name, isChosen: code === chosen }));

const channelOptions = (chosen: string | null, language: Language) =>
  wishedChannels.map((channel) => ({
    channel,
    name: message(`word.channel.${channel}`, language),
    isChosen: channel === chosen,
  }));

function shownWord(choice: Choice, language: Language): string {
  if (choice.aspect === "language") return languageName(choice.language);
  if (choice.aspect === "channel" && choice.channel !== null)
    return message(`word.channel.${choice.channel}`, language);
  return "";
}

const languageName = (code: string | null): string =>
  wishedLanguages[code as keyof typeof wishedLanguages] ?? code ?? "";

function shownYes({ at, indication, pointKind, wording, wordingLanguage }: ShownYes, page: LinkPage) {
  const how = [
    wordOf("indication", indication, page.language),
    wordOf("point", pointKind, page.language),
  ].flatMap((word) => word ?? []);
  return {
    at: shownMoment(at, page.language, page.timeZone),
    how: how.length === 0 ? null : how.join(" · "),
    wording: wording === null ? null : shownText(wording),
    language: wordingLanguage ?? "",
  };
}

function shownEvent(
  { at, what, purposeName, until, word }: ShownEvent,
  language: Language,
  timeZone: string,
) {
  const [most, hours] = (word ?? "").split("/").map(Number);
  const frequency = frequencyName(most ?? null, hours ?? null);
  const values = {
    purpose: purposeName === null ? "" : shownText(purposeName),
    until: until === null ? "" : shownDay(until, language, timeZone),
    word:
      frequency !== undefined
        ? message(`word.frequency.${frequency}`, language)
        : (wordOf("channel", word, language) ?? languageName(word)),
  };
  const key = `history.${what}`;
  return {
    at: shownMoment(at, language, timeZone),
    what: message(pageTemplates.hasMessage(key) ? key : "history.other", language, values),
  };
}

/** The catalogue's word for a value of a closed list; undefined for one that it has none for. */
function wordOf(list: string, value: string | null, language: Language): string | undefined {
  const key = `word.${list}.${value}`;
  return value !== null && pageTemplates.hasMessage(key) ? message(key, language) : undefined;
}
