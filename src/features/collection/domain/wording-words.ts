/** The words of a text in lower case, without accents that change no letter and without punctuation. */
export function wordsOf(text: string): readonly string[] {
  return (
    text
      .normalize("NFKC")
      .toLowerCase()
      .replaceAll("ё", "е")
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  );
}

/** What names of companies begin or end with, and people leave out. */
const legalForms = new Set(
  "ооо оао зао пао ао ип нко тоо чп ltd llc inc limited co corp company gmbh ag kg ug bv nv sa sas sarl srl spa oy ab as aps plc the".split(
    " ",
  ),
);

/**
 * Whether a wording names a business: every word of its name stands there, in whatever case Russian puts it. Legal forms
 * may be left out.
 */
export function isNamed(name: string, words: readonly string[]): boolean {
  const all = wordsOf(name);
  const telling = all.filter((word) => !legalForms.has(word));
  const wanted = telling.length > 0 ? telling : all;
  return wanted.length > 0 && wanted.every((part) => words.some((word) => isSameWord(part, word)));
}

/** The same word, or a form of it where the language inflects names. */
function isSameWord(part: string, word: string): boolean {
  if (part === word) return true;
  if (!/^\p{Script=Cyrillic}+$/u.test(part) || Math.abs(word.length - part.length) > 3) return false;
  const ending = part.length <= 4 ? 1 : part.length <= 6 ? 2 : 3;
  return word.startsWith(part.slice(0, Math.max(2, part.length - ending)));
}

const channelWords: Readonly<Record<string, RegExp>> = {
  whatsapp: /whats\s?app|(?:ватс|вотс|уотс|вац|ватц)\s?ап/iu,
  sms: /(?<!\p{L})(?:sms|смс|texts?|text messages?)(?!\p{L})/iu,
  email: /(?<!\p{L})e-?mails?(?!\p{L})|почт|имейл|емейл|e-?mail/iu,
  viber: /viber|вайбер/iu,
  telegram: /telegram|телеграм/iu,
};

/** Whether a wording names a channel. One that is not known here is named by its own name. */
export function channelNamed(channel: string, wording: string): boolean {
  const words = channelWords[channel];
  return words === undefined ? wording.toLowerCase().includes(channel) : words.test(wording);
}

/** Beginnings of words that tell what messages of a category are about, in English and Russian. */
const categoryWords: Readonly<Record<string, readonly string[]>> = {
  marketing:
    "offer news promo discount sale arrival advert marketing deal newsletter coupon gift special bargain скид предложен спецпредложен акци реклам новост новин рассыл распрод подар промокод маркетинг".split(
      " ",
    ),
  utility:
    "order deliver dispatch parcel shipment shipping appointment booking payment receipt invoice reminder reservation purchase return заказ достав посыл запис оплат чек счет напомин брон возврат покуп".split(
      " ",
    ),
  authentication: "code sign login log password verif код вход войти парол подтвержд".split(" "),
  service:
    "answer question support help request enquir inquir ответ вопрос поддерж помощ помоч обращен".split(" "),
};

/** Whether a wording says what a purpose is about: in words of its category, or in those of its name. */
export function purposeTold(
  { name, category }: { readonly name: string; readonly category: string },
  words: readonly string[],
): boolean {
  const beginnings = [
    ...(categoryWords[category] ?? []),
    ...wordsOf(name)
      .filter((word) => word.length >= 4)
      .map((word) => word.slice(0, Math.max(4, word.length - 3))),
  ];
  return words.some((word) => beginnings.some((beginning) => word.startsWith(beginning)));
}

/** Whether a wording speaks of advertising, whatever its purpose is called. */
export function advertisingTold(wording: string): boolean {
  return /(?<!\p{L})(?:advert|marketing|promotion|newsletter|реклам|рассыл|скид|акци(?!он)|маркетинг)/iu.test(
    wording,
  );
}

/** Whether a wording asks for consent to the processing of personal data. */
export function personalDataTold(wording: string): boolean {
  return (
    /персональн\p{L}*\s+данн|обработ\p{L}*\s+(?:(?:моих|своих|моего|моей)\s+)?(?:\p{L}+\s+)?(?:данн|номер|телефон)|(?<!\p{L})пдн(?!\p{L})/iu.test(
      wording,
    ) ||
    /personal (?:data|information)|process(?:ing)?(?: of)? (?:my|your|the) (?:\w+ )?(?:data|number|details|information)/iu.test(
      wording,
    )
  );
}

/** Whether a wording says that people can take it back. */
export function stopTold(wording: string): boolean {
  return /(?<!\p{L})(?:stop|unsubscribe|opt[ -]?out|withdraw|revoke|cancel)|(?<!\p{L})(?:отказ|отпис|отозв|отзыв|стоп|прекра)/iu.test(
    wording,
  );
}
