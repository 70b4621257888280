import type { Language } from "../../../kernel/language.ts";
import { languageDiffers } from "./wording-language.ts";
import {
  advertisingTold,
  channelNamed,
  isNamed,
  personalDataTold,
  purposeTold,
  stopTold,
  wordsOf,
} from "./wording-words.ts";

/** A purpose as far as a wording has to tell it. */
export interface CheckedPurpose {
  readonly key: string;
  readonly name: string;
  readonly category: string;
  readonly lawfulBasis: string;
}

/** What is to be shown, and by whom. */
export interface CheckedVersion {
  readonly channels: readonly string[];
  /** BCP 47. */
  readonly language: string;
  /** In their order; `pointer` is the JSON pointer to the box in what the caller sent ("" for the only one). */
  readonly boxes: readonly {
    readonly pointer: string;
    readonly wording: string;
    readonly purposes: readonly CheckedPurpose[];
  }[];
  readonly privacyNoticeUrl: string | null;
  readonly defaultChecked: boolean;
  /** People read it on a screen, where a link can stand beside it. */
  readonly isOnScreen: boolean;
  /** How the business is called: the organization's name and those of its senders. */
  readonly names: readonly string[];
}

export const wordingFindings = [
  "box_preticked",
  "business_not_named",
  "channel_not_named",
  "purpose_not_told",
  "stop_not_told",
  "two_purposes_in_one_box",
  "personal_data_with_advertising",
  "notice_missing",
  "wording_too_long",
  "language_differs",
] as const;
export type WordingFindingCode = (typeof wordingFindings)[number];

export interface WordingFinding {
  readonly code: WordingFindingCode;
  /** An error cannot stay; a warning can, when somebody says that they have read it. */
  readonly severity: "error" | "warning";
  /** JSON pointer to what is meant. */
  readonly pointer: string;
  readonly message: Readonly<Record<Language, string>>;
}

/** More than people read beside a box. */
const mostWords = 60;

/** Languages whose words are known here; in others only names, scripts and lengths can be judged. */
const known: readonly string[] = ["en", "ru"];

/**
 * What is missing in what people are to agree to, or too much in it, in the order of the boxes. A wording must name the
 * business and the channel (Meta, WhatsApp Business Messaging Policy: opt-in), the purpose (GDPR Art. 4(11): specific) and
 * the way back (Art. 7(3)); each purpose on consent is agreed to by itself (recital 43), and consent to the processing of
 * personal data apart from everything else (Federal Law 152-FZ Art. 9(1) as of 1 September 2025). Nothing is ticked
 * beforehand (CJEU C-673/17), and the notice can be read there and then (GDPR Art. 13).
 */
export function checkWording(version: CheckedVersion): readonly WordingFinding[] {
  const { boxes, privacyNoticeUrl, defaultChecked, isOnScreen } = version;
  return [
    ...(defaultChecked ? [finding("box_preticked", "error", "/defaultChecked", preticked)] : []),
    ...boxes.flatMap((box) => checkBox(version, box)),
    ...(privacyNoticeUrl === null
      ? [finding("notice_missing", isOnScreen ? "error" : "warning", "/privacyNoticeUrl", noNotice)]
      : []),
  ];
}

function checkBox(
  { channels, language, names }: CheckedVersion,
  { pointer, wording, purposes }: CheckedVersion["boxes"][number],
): WordingFinding[] {
  const at = `${pointer}/wording`;
  const words = wordsOf(wording);
  const isKnown = known.includes(language.toLowerCase().split(/[-_]/)[0] ?? "");
  // What cannot be read is not refused: a person looks at it instead.
  const asFarAsKnown = isKnown ? "error" : "warning";
  const onConsent = purposes.filter(({ lawfulBasis }) => lawfulBasis === "consent");
  const isAdvertising = purposes.some(({ category }) => category === "marketing") || advertisingTold(wording);
  const differs = languageDiffers(wording, language, names);
  return [
    ...(names.some((name) => isNamed(name, words))
      ? []
      : [finding("business_not_named", "error", at, notNamed(names[0] ?? ""))]),
    ...channels
      .filter((channel) => !channelNamed(channel, wording))
      .map((channel) => finding("channel_not_named", "error", at, noChannel(channel))),
    ...purposes
      .filter((purpose) => !purposeTold(purpose, words))
      .map((purpose) => finding("purpose_not_told", asFarAsKnown, at, noPurpose(purpose.name))),
    ...(stopTold(wording)
      ? []
      : [finding("stop_not_told", onConsent.length > 0 ? asFarAsKnown : "warning", at, noStop)]),
    ...(purposes.length > 1
      ? [
          finding(
            "two_purposes_in_one_box",
            onConsent.length > 1 ? "error" : "warning",
            `${pointer}/purposes`,
            bundled(purposes.map(({ name }) => name)),
          ),
        ]
      : []),
    ...(isAdvertising && personalDataTold(wording)
      ? [finding("personal_data_with_advertising", "error", at, mixed)]
      : []),
    ...(words.length > mostWords ? [finding("wording_too_long", "warning", at, tooLong(words.length))] : []),
    ...(differs === undefined
      ? []
      : [
          finding(
            "language_differs",
            differs === "script" ? "error" : "warning",
            pointer === "" ? "/language" : at,
            otherTongue(language),
          ),
        ]),
  ];
}

function finding(
  code: WordingFindingCode,
  severity: WordingFinding["severity"],
  pointer: string,
  message: WordingFinding["message"],
): WordingFinding {
  return { code, severity, pointer, message };
}

type Message = WordingFinding["message"];

const preticked: Message = {
  en: "A box that is ticked beforehand proves no consent. Let people tick it themselves.",
  ru: "Отметка, поставленная заранее, не доказывает согласия. Пусть люди ставят её сами.",
};
const noNotice: Message = {
  en: "People must be able to read, there and then, how their data is handled. Give the address of your privacy notice.",
  ru: "Люди должны сразу видеть, как обращаются с их данными. Укажите адрес политики обработки данных.",
};
const notNamed = (name: string): Message => ({
  en: `The wording does not say who will write. Name the business: ${name}.`,
  ru: `Из текста не видно, кто будет писать. Назовите компанию: ${name}.`,
});
const channelNames: Readonly<Record<string, string>> = {
  whatsapp: "WhatsApp",
  sms: "SMS",
  email: "e-mail",
  viber: "Viber",
  telegram: "Telegram",
};
const noChannel = (channel: string): Message => {
  const name = channelNames[channel] ?? channel;
  return {
    en: `The wording does not say where the messages will come. Name ${name}.`,
    ru: `Из текста не видно, куда будут приходить сообщения. Назовите ${name}.`,
  };
};
const noPurpose = (name: string): Message => ({
  en: `The wording does not say what the messages are about. Say so in plain words: ${name}.`,
  ru: `Из текста не видно, о чём будут сообщения. Скажите прямо: ${name}.`,
});
const noStop: Message = {
  en: "The wording does not say that people can stop, or how. Add for example: I can stop at any time by replying STOP.",
  ru: "В тексте не сказано, что можно отказаться и как. Добавьте, например: отказаться можно в любой момент, ответив СТОП.",
};
const bundled = (names: readonly string[]): Message => ({
  en: `One box asks for several things: ${names.join(", ")}. Give each a box of its own, so that people can choose.`,
  ru: `Одна отметка — сразу о нескольких вещах: ${names.join(", ")}. Сделайте для каждой свою, чтобы люди могли выбрать.`,
});
const mixed: Message = {
  en: "Consent to the processing of personal data and consent to advertising share one box. The law wants them apart: make two boxes.",
  ru: "Согласие на обработку персональных данных и согласие на рекламу даются одной отметкой. Закон требует их разделить: сделайте две отметки.",
};
const tooLong = (words: number): Message => ({
  en: `The wording has ${words} words. Hardly anybody reads more than ${mostWords} beside a box: say it shorter, and leave the rest to the notice.`,
  ru: `В тексте ${words} сл. Больше ${mostWords} рядом с отметкой почти никто не читает: скажите короче, остальное оставьте политике.`,
});
const otherTongue = (language: string): Message => ({
  en: `The wording does not look like ${language}, the language that the page is said to be in.`,
  ru: `Текст не похож на язык страницы: указан ${language}.`,
});
