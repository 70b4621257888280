import type {
  CheckedPurpose,
  CheckedVersion,
  WordingFindingCode,
} from "../../../src/features/collection/domain/wording-check.ts";

/** A wording and what must be said of it: `code`, with `?` for a warning, at the pointer where it is not /wording. */
export interface WordingCase {
  readonly guarantee: string;
  readonly shown: Partial<CheckedVersion> & {
    readonly wording?: string;
    readonly purposes?: readonly CheckedPurpose[];
  };
  readonly found: readonly (
    | WordingFindingCode
    | `${WordingFindingCode}?`
    | `${WordingFindingCode}${"" | "?"} ${string}`
  )[];
}

export const promotions: CheckedPurpose = {
  key: "promotions",
  name: "Offers and news",
  category: "marketing",
  lawfulBasis: "consent",
};
export const orders: CheckedPurpose = {
  key: "order_updates",
  name: "Order updates",
  category: "utility",
  lawfulBasis: "contract",
};
const codes: CheckedPurpose = {
  key: "sign_in_codes",
  name: "Sign-in codes",
  category: "authentication",
  lawfulBasis: "contract",
};
const club: CheckedPurpose = {
  key: "club",
  name: "Клуб читателей",
  category: "marketing",
  lawfulBasis: "consent",
};

export const good = {
  en: "Yes, Harbour Bookshop may send me offers and news on WhatsApp. I can stop at any time by replying STOP.",
  ru: "Да, пусть Книжная лавка «Причал» присылает мне в WhatsApp скидки и новинки. Отказаться можно в любой момент, ответив СТОП.",
} as const;

const ru = { language: "ru", names: ["ООО «Книжная лавка „Причал“»"] } as const;
const box = (wording: string, purposes: readonly CheckedPurpose[], n: number) => ({
  pointer: `/boxes/${n}`,
  wording,
  purposes,
});

export const wordingCases: readonly WordingCase[] = [
  { guarantee: "a whole English wording is found nothing wrong with", shown: {}, found: [] },
  { guarantee: "and so is a whole Russian one", shown: { ...ru, wording: good.ru }, found: [] },
  {
    guarantee: "a box that is ticked beforehand is refused, whatever it says",
    shown: { defaultChecked: true },
    found: ["box_preticked /defaultChecked"],
  },
  {
    guarantee: "a business that is not named is missed",
    shown: { wording: good.en.replace("Harbour Bookshop", "we") },
    found: ["business_not_named"],
  },
  {
    guarantee: "half of a name is none",
    shown: { wording: good.en.replace("Harbour Bookshop", "the Bookshop") },
    found: ["business_not_named"],
  },
  {
    guarantee: "a name may go without its legal form and quotation marks, and in any case of Russian",
    shown: {
      ...ru,
      wording:
        "Разрешаю Книжной лавке «Причал» присылать мне в WhatsApp скидки. Отказаться можно в любой момент.",
    },
    found: [],
  },
  {
    guarantee: "another business of nearly that name is none",
    shown: {
      ...ru,
      wording:
        "Разрешаю Книжному дому «Причал» присылать мне в WhatsApp скидки. Отказаться можно в любой момент.",
    },
    found: ["business_not_named"],
  },
  {
    guarantee: "the name of a sender is a name of the business",
    shown: { names: ["Harbour Trading Ltd", "Harbour Bookshop"] },
    found: [],
  },
  {
    guarantee: "a business of nothing but a legal form is named by that",
    shown: { names: ["The Company"], wording: good.en.replace("Harbour Bookshop", "The Company") },
    found: [],
  },
  {
    guarantee: "a channel that is not named is missed",
    shown: { wording: good.en.replace(" on WhatsApp", "") },
    found: ["channel_not_named"],
  },
  {
    guarantee: "each channel is named by itself",
    shown: { channels: ["whatsapp", "sms"] },
    found: ["channel_not_named"],
  },
  {
    guarantee: "a channel may be named as people write it",
    shown: {
      ...ru,
      channels: ["whatsapp", "sms", "email"],
      wording: good.ru.replace("в WhatsApp", "в ватсап, по СМС и на почту"),
    },
    found: [],
  },
  {
    guarantee: "a word that holds the name of a channel is none",
    shown: { channels: ["sms"], wording: good.en.replace("on WhatsApp", "in contexts") },
    found: ["channel_not_named"],
  },
  {
    guarantee: "messages about nothing are told apart from messages about something",
    shown: { wording: "Yes, Harbour Bookshop may write to me on WhatsApp. I can stop at any time." },
    found: ["purpose_not_told"],
  },
  {
    guarantee: "each purpose of a box is told",
    shown: { purposes: [promotions, orders] },
    found: ["purpose_not_told", "two_purposes_in_one_box? /purposes"],
  },
  {
    guarantee: "a purpose may be told in the words of its name",
    shown: {
      ...ru,
      purposes: [club],
      wording: good.ru.replace("скидки и новинки", "приглашения читательского клуба для читателей"),
    },
    found: [],
  },
  {
    guarantee: "no way to stop is missed where consent is the basis",
    shown: { wording: good.en.slice(0, good.en.indexOf(" I can")) },
    found: ["stop_not_told"],
  },
  {
    guarantee: "and asked about where it is another",
    shown: { purposes: [orders], wording: "Harbour Bookshop may write to me about my orders on WhatsApp." },
    found: ["stop_not_told?"],
  },
  {
    guarantee: "a way to stop may be told in any words for it",
    shown: { wording: good.en.replace("stop at any time by replying STOP", "unsubscribe whenever I like") },
    found: [],
  },
  {
    guarantee: "two purposes on consent never share a box",
    shown: { purposes: [promotions, { ...promotions, key: "gifts", name: "Gifts" }] },
    found: ["two_purposes_in_one_box /purposes"],
  },
  {
    guarantee: "personal data and advertising never share a box in Russian",
    shown: {
      ...ru,
      wording: `Согласен на обработку персональных данных. ${good.ru}`,
    },
    found: ["personal_data_with_advertising"],
  },
  {
    guarantee: "nor in English",
    shown: { wording: `I agree to the processing of my personal data. ${good.en}` },
    found: ["personal_data_with_advertising"],
  },
  {
    guarantee: "nor when the purpose is called something else than advertising",
    shown: {
      ...ru,
      purposes: [orders],
      wording:
        "Согласен на обработку моих персональных данных Книжной лавкой «Причал» для сообщений о заказах и рекламы в WhatsApp. Отказаться можно в любой момент.",
    },
    found: ["personal_data_with_advertising"],
  },
  {
    guarantee: "in boxes of their own they may stand on one page, and findings name the box",
    shown: {
      ...ru,
      boxes: [
        box(
          "Согласен на обработку моих персональных данных Книжной лавкой «Причал», чтобы мне писали в WhatsApp о заказах. Согласие можно отозвать в любой момент.",
          [orders],
          0,
        ),
        box(good.ru.replace("в WhatsApp ", ""), [promotions], 1),
      ],
    },
    found: ["channel_not_named /boxes/1/wording"],
  },
  {
    guarantee: "a link to the notice is missed on a screen",
    shown: { privacyNoticeUrl: null },
    found: ["notice_missing /privacyNoticeUrl"],
  },
  {
    guarantee: "and asked about on paper or by voice",
    shown: { privacyNoticeUrl: null, isOnScreen: false },
    found: ["notice_missing? /privacyNoticeUrl"],
  },
  {
    guarantee: "more than people read is asked about",
    shown: { wording: `${good.en} ${"And then there is a good deal more to be said about it. ".repeat(5)}` },
    found: ["wording_too_long?"],
  },
  {
    guarantee: "another script than the language's is another language",
    shown: { language: "ru" },
    found: ["language_differs /language"],
  },
  {
    guarantee: "and so it is the other way round",
    shown: { names: ru.names, wording: good.ru },
    found: ["language_differs /language"],
  },
  {
    guarantee: "names of businesses and channels say nothing of the language",
    shown: {
      ...ru,
      names: ["Harbour Bookshop International"],
      wording: "Скидки от Harbour Bookshop International в WhatsApp: да. Отказ — STOP.",
    },
    found: [],
  },
  {
    guarantee: "a sister language in the same script is asked about",
    shown: {
      language: "en",
      wording:
        "Ja, Harbour Bookshop darf mir Angebote (offers) und News per WhatsApp senden. Ich kann das jederzeit mit STOP beenden, und zwar von hier.",
    },
    found: ["language_differs? /language"],
  },
  {
    guarantee: "in a language whose words are not known here nothing is refused for a word",
    shown: {
      language: "de",
      wording: "Ja, Harbour Bookshop darf mir per WhatsApp schreiben. Ich kann das jederzeit beenden.",
    },
    found: ["purpose_not_told?", "stop_not_told?"],
  },
  {
    guarantee: "everything that is wrong is said at once",
    shown: { wording: "Yes.", purposes: [promotions, codes], privacyNoticeUrl: null },
    found: [
      "business_not_named",
      "channel_not_named",
      "purpose_not_told",
      "purpose_not_told",
      "stop_not_told",
      "two_purposes_in_one_box? /purposes",
      "notice_missing /privacyNoticeUrl",
    ],
  },
];
