import { type KeywordLanguage, keywordLanguages } from "./opt-out-phrases.ts";

const texts: Readonly<Record<KeywordLanguage, string>> = {
  en: "{business}: done, we will not write to you any more. This is the last message.",
  ru: "{business}: готово, больше мы вам не напишем. Это последнее сообщение.",
  uk: "{business}: готово, більше ми вам не писатимемо. Це останнє повідомлення.",
  es: "{business}: hecho, no volveremos a escribirle. Este es el último mensaje.",
  pt: "{business}: pronto, não vamos mais escrever para você. Esta é a última mensagem.",
  fr: "{business} : c'est fait, nous ne vous écrirons plus. Ceci est le dernier message.",
  de: "{business}: erledigt, wir schreiben Ihnen nicht mehr. Dies ist die letzte Nachricht.",
  it: "{business}: fatto, non le scriveremo più. Questo è l'ultimo messaggio.",
  nl: "{business}: gelukt, we sturen u niets meer. Dit is het laatste bericht.",
  pl: "{business}: gotowe, nie będziemy już do Pani/Pana pisać. To ostatnia wiadomość.",
  tr: "{business}: tamam, size artık yazmayacağız. Bu son mesajımız.",
  ar: "{business}: تم، لن نراسلك بعد الآن. هذه آخر رسالة.",
  hi: "{business}: हो गया, अब हम आपको संदेश नहीं भेजेंगे। यह आख़िरी संदेश है।",
  id: "{business}: selesai, kami tidak akan mengirimi Anda pesan lagi. Ini pesan terakhir.",
  zh: "{business}：已为您退订，我们不会再给您发消息。这是最后一条。",
};

/** Words by which a business may confirm a no, and their language. */
export interface Confirmation {
  readonly language: KeywordLanguage;
  readonly text: string;
}

/**
 * The words by which a business confirms that it writes no more, in the first of these languages that it has them in
 * (BCP 47 tags; English where it has none). It names the business (Meta's policy), and offers nothing.
 */
export function confirmationIn(
  languages: readonly (string | null | undefined)[],
  business: string,
): Confirmation {
  const wanted = languages.map((tag) => tag?.toLowerCase().split(/[-_]/)[0]);
  const language = wanted.flatMap((tag) => keywordLanguages.find((known) => known === tag) ?? [])[0] ?? "en";
  return { language, text: texts[language].replace("{business}", () => business) };
}
