/** What people choose about how they are written to. */
export const aspects = ["pause", "frequency", "language", "channel"] as const;
export type Aspect = (typeof aspects)[number];

/** At most one marketing message in so many rolling hours, the stricter one last. */
export const frequencies = { week: { most: 1, hours: 7 * 24 }, month: { most: 1, hours: 30 * 24 } } as const;
export type Frequency = keyof typeof frequencies;

/** Languages that a person can wish for (ISO 639-1), each as it names itself. The business sees to it that it can. */
export const wishedLanguages = {
  en: "English",
  ru: "Русский",
  ar: "العربية",
  de: "Deutsch",
  es: "Español",
  fr: "Français",
  hi: "हिन्दी",
  id: "Bahasa Indonesia",
  it: "Italiano",
  kk: "Қазақша",
  nl: "Nederlands",
  pl: "Polski",
  pt: "Português",
  tr: "Türkçe",
  uk: "Українська",
  zh: "中文",
} as const;

/** Channels that a person can wish for. A wish lets nothing out: what a channel needs, a channel needs. */
export const wishedChannels = ["whatsapp", "sms", "email"] as const;

/** One thing that a person chose; null ends what held of the kind. */
export type Choice =
  | { readonly aspect: "pause"; readonly days: number | null }
  | { readonly aspect: "frequency"; readonly frequency: Frequency | null }
  | { readonly aspect: "language"; readonly language: string | null }
  | { readonly aspect: "channel"; readonly channel: string | null };

/** Whether it ends what held of the kind: that gives, and needs more than a link. */
export function isEnding(choice: Choice): boolean {
  switch (choice.aspect) {
    case "pause":
      return choice.days === null;
    case "frequency":
      return choice.frequency === null;
    case "language":
      return choice.language === null;
    case "channel":
      return choice.channel === null;
  }
}

/** Whether it is a wish, which lets nothing out and holds nothing back. */
export function isWish({ aspect }: Choice): boolean {
  return aspect === "language" || aspect === "channel";
}

/**
 * The choice that a form's fields say: `pause=on|off`, `frequency=week|month|any`, `language=de|any` or
 * `channel=whatsapp|any`. Undefined when they say none that there is.
 */
export function readChoice(fields: Readonly<Record<string, unknown>>, pauseDays: number): Choice | undefined {
  const { pause, frequency, language, channel } = fields;
  if (pause === "on") return { aspect: "pause", days: pauseDays };
  if (pause === "off") return { aspect: "pause", days: null };
  if (frequency === "any") return { aspect: "frequency", frequency: null };
  if (isOneOf(frequency, frequencies)) return { aspect: "frequency", frequency: frequency as Frequency };
  if (language === "any") return { aspect: "language", language: null };
  if (isOneOf(language, wishedLanguages)) return { aspect: "language", language: language as string };
  if (channel === "any") return { aspect: "channel", channel: null };
  const wished = wishedChannels.find((each) => each === channel);
  return wished === undefined ? undefined : { aspect: "channel", channel: wished };
}

const isOneOf = (word: unknown, list: object): boolean =>
  typeof word === "string" && Object.hasOwn(list, word);

/** The name of a frequency; undefined for one that nobody can choose (any more). */
export function frequencyName(most: number | null, hours: number | null): Frequency | undefined {
  return (Object.keys(frequencies) as Frequency[]).find(
    (name) => frequencies[name].most === most && frequencies[name].hours === hours,
  );
}
