/** The languages whose words for a no are known (ISO 639-1). */
export const keywordLanguages = [
  "en",
  "ru",
  "uk",
  "es",
  "pt",
  "fr",
  "de",
  "it",
  "nl",
  "pl",
  "tr",
  "ar",
  "hi",
  "id",
  "zh",
] as const;
export type KeywordLanguage = (typeof keywordLanguages)[number];

export interface Phrases {
  /** A no when it is the whole message. */
  readonly no: readonly string[];
  /** Perhaps a no, wherever in a message it stands. */
  readonly near: readonly string[];
  /** Words around a keyword that leave it perhaps a no: "please stop". */
  readonly courtesy: readonly string[];
}

/** Every beginning with every end. */
function each(beginnings: readonly string[], ends: readonly string[]): string[] {
  return beginnings.flatMap((beginning) => ends.map((end) => `${beginning} ${end}`));
}

/**
 * Words for a no by language. Source of the keywords: docs of the platform and of its providers, carriers' rules for
 * English, and what people in each country type to unsubscribe. A word that asks for something else as a whole message
 * (German "anmelden", Turkish "dur": wait) is none.
 */
export const phrases: Readonly<Record<KeywordLanguage, Phrases>> = {
  en: {
    no: [
      "STOP",
      "STOPALL",
      "STOP ALL",
      "UNSUBSCRIBE",
      "CANCEL",
      "END",
      "QUIT",
      "REVOKE",
      "OPT OUT",
      "OPTOUT",
    ],
    near: [
      ...each(
        ["stop", "quit"],
        ["texting", "messaging", "writing", "sending", "contacting", "spamming", "bothering"],
      ),
      ...each(
        ["don't", "dont", "do not", "never"],
        ["text", "message", "write", "contact", "send", "spam", "bother"],
      ),
      ...each(["no more"], ["messages", "texts", "ads", "offers", "promotions", "spam"]),
      ...each(["stop these", "stop the", "stop your"], ["messages", "texts", "ads", "offers", "spam"]),
      ...each(["stop"], ["promotions", "messages", "ads", "offers", "spam"]),
      "unsubscribe me",
      "want to unsubscribe",
      "how to unsubscribe",
      "opt me out",
      "opted out",
      "remove me",
      "remove my number",
      "delete my number",
      "take me off",
      "leave me alone",
      "this is spam",
    ],
    courtesy: ["please", "pls", "plz", "thanks", "thank", "you", "now", "me", "just", "ok", "hi", "hello"],
  },
  ru: {
    no: [
      "СТОП",
      "ОТПИСАТЬСЯ",
      "ОТПИСАТЬ",
      "ОТПИСКА",
      "ОТПИШИТЕ",
      "НЕ ПИШИТЕ",
      "ОТМЕНА ПОДПИСКИ",
      "ОТМЕНИТЬ ПОДПИСКУ",
    ],
    near: [
      ...each(
        ["хватит", "хватит мне", "прекратите", "прекратите мне", "прекращайте", "перестаньте"],
        ["писать", "слать", "присылать", "отправлять", "спамить", "беспокоить"],
      ),
      ...each(
        ["перестаньте мне", "не надо", "не надо мне", "не нужно", "не нужно мне", "довольно"],
        ["писать", "слать", "присылать", "отправлять", "спамить"],
      ),
      ...each(
        ["больше не", "не", "мне не"],
        ["пиши", "присылайте", "шлите", "отправляйте", "беспокойте", "спамьте"],
      ),
      "не пишите мне",
      "не пишите больше",
      "не пишите сюда",
      "больше не пишите",
      "мне не пишите",
      "отпишите меня",
      "отпишите от",
      "отпишите мой",
      "хочу отписаться",
      "как отписаться",
      "отписаться от",
      "отпишись",
      "отписываюсь",
      "отказываюсь от рассылки",
      "отказ от рассылки",
      "уберите из рассылки",
      "уберите меня",
      "удалите меня",
      "удалите мой номер",
      "удалите номер",
      "отстаньте",
      "отвяжитесь",
      "отвалите",
      "это спам",
      "хватит спама",
      "стоп рассылка",
      "остановите рассылку",
      "отключите рассылку",
    ],
    courtesy: [
      "пожалуйста",
      "пожалуйсто",
      "плиз",
      "спасибо",
      "уже",
      "сейчас",
      "всё",
      "мне",
      "меня",
      "здравствуйте",
    ],
  },
  uk: {
    no: ["ВІДПИСАТИСЯ", "ВІДПИСАТИСЬ", "ВІДПИСКА", "ВІДПИШІТЬ", "НЕ ПИШІТЬ", "СКАСУВАТИ ПІДПИСКУ"],
    near: [
      ...each(
        ["досить", "припиніть", "перестаньте", "не треба"],
        ["писати", "надсилати", "слати", "спамити"],
      ),
      ...each(["більше не", "не"], ["надсилайте", "присилайте", "турбуйте"]),
      "не пишіть мені",
      "не пишіть більше",
      "більше не пишіть",
      "відпишіть мене",
      "хочу відписатися",
      "видаліть мене",
      "видаліть мій номер",
      "це спам",
    ],
    courtesy: ["будь", "ласка", "дякую", "вже", "мені", "мене"],
  },
  es: {
    no: [
      "BAJA",
      "PARAR",
      "DARME DE BAJA",
      "DAR DE BAJA",
      "CANCELAR SUSCRIPCIÓN",
      "DESUSCRIBIR",
      "DESUSCRIBIRME",
    ],
    near: [
      ...each(
        ["no me"],
        ["escriban", "escribas", "escriba", "manden", "mandes", "envíen", "envíes", "molesten"],
      ),
      ...each(
        ["dejen de", "deja de", "deje de", "dejad de"],
        ["escribir", "escribirme", "enviar", "mandar", "molestar"],
      ),
      "quiero darme de baja",
      "quiero la baja",
      "darme de baja",
      "no quiero más mensajes",
      "no más mensajes",
      "no quiero publicidad",
      "basta de mensajes",
      "borren mi número",
      "esto es spam",
    ],
    courtesy: ["por", "favor", "gracias", "ya", "hola"],
  },
  pt: {
    no: ["SAIR", "PARAR", "DESCADASTRAR", "DESINSCREVER", "CANCELAR INSCRIÇÃO", "CANCELAR ASSINATURA"],
    near: [
      ...each(
        ["parem de", "pare de", "para de"],
        ["escrever", "mandar", "enviar", "me mandar", "me enviar", "incomodar"],
      ),
      ...each(["não me"], ["mandem", "mande", "enviem", "envie", "escrevam", "incomodem"]),
      "não quero mais mensagens",
      "não quero mais receber",
      "quero sair da lista",
      "me tirem da lista",
      "me tira da lista",
      "quero me descadastrar",
      "isso é spam",
    ],
    courtesy: ["por", "favor", "obrigado", "obrigada", "já", "oi", "olá"],
  },
  fr: {
    no: [
      "ARRET",
      "ARRÊT",
      "ARRÊTER",
      "DÉSABONNEMENT",
      "DÉSABONNER",
      "ME DÉSABONNER",
      "DÉSINSCRIPTION",
      "DÉSINSCRIRE",
    ],
    near: [
      ...each(
        ["arrêtez de", "arrête de"],
        ["m'écrire", "m'envoyer", "écrire", "envoyer", "me contacter", "me spammer"],
      ),
      ...each(["ne"], ["m'écrivez plus", "m'envoyez plus", "me contactez plus"]),
      "plus de messages",
      "plus de pub",
      "je veux me désabonner",
      "désabonnez moi",
      "désinscrivez moi",
      "retirez moi de",
      "supprimez mon numéro",
      "laissez moi tranquille",
      "c'est du spam",
    ],
    courtesy: ["s", "il", "vous", "plaît", "svp", "merci", "bonjour", "maintenant"],
  },
  de: {
    no: ["STOPP", "ABMELDEN", "ABBESTELLEN", "ABMELDUNG"],
    near: [
      ...each(
        ["keine", "keine weiteren", "bitte keine"],
        ["nachrichten mehr", "werbung mehr", "nachrichten", "werbung"],
      ),
      ...each(
        ["hören sie auf", "hört auf", "hör auf"],
        ["zu schreiben", "mir zu schreiben", "mich anzuschreiben"],
      ),
      ...each(["schreiben sie mir nicht", "schreibt mir nicht", "schreib mir nicht"], ["mehr"]),
      "nicht mehr schreiben",
      "melden sie mich ab",
      "meldet mich ab",
      "möchte mich abmelden",
      "will mich abmelden",
      "löschen sie meine nummer",
      "löscht meine nummer",
      "lasst mich in ruhe",
      "das ist spam",
    ],
    courtesy: ["bitte", "danke", "jetzt", "sofort", "hallo", "mich"],
  },
  it: {
    no: [
      "CANCELLAMI",
      "DISISCRIVIMI",
      "DISISCRIVERMI",
      "DISISCRIZIONE",
      "ANNULLA ISCRIZIONE",
      "CANCELLA ISCRIZIONE",
    ],
    near: [
      ...each(
        ["smettetela di", "smettila di", "smettete di"],
        ["scrivermi", "scrivere", "mandarmi", "inviarmi"],
      ),
      ...each(
        ["non"],
        ["scrivetemi più", "scrivermi più", "mandatemi più", "contattatemi più", "voglio più messaggi"],
      ),
      "basta messaggi",
      "niente più messaggi",
      "voglio disiscrivermi",
      "toglietemi dalla lista",
      "cancellate il mio numero",
      "questo è spam",
    ],
    courtesy: ["per", "favore", "grazie", "adesso", "ciao", "subito"],
  },
  nl: {
    no: ["AFMELDEN", "UITSCHRIJVEN", "STOPPEN"],
    near: [
      ...each(["stop met"], ["schrijven", "sturen", "berichten", "appen"]),
      ...each(["geen"], ["berichten meer", "reclame meer", "reclame", "spam"]),
      "stuur me niets meer",
      "niet meer appen",
      "meld me af",
      "schrijf me uit",
      "wil me afmelden",
      "verwijder mijn nummer",
      "laat me met rust",
      "dit is spam",
    ],
    courtesy: ["alstublieft", "alsjeblieft", "aub", "ajb", "bedankt", "nu", "hallo"],
  },
  pl: {
    no: ["WYPISZ", "WYPISZ MNIE", "REZYGNUJĘ", "REZYGNACJA", "ANULUJ SUBSKRYPCJĘ"],
    near: [
      ...each(
        ["przestańcie", "proszę przestać", "proszę nie", "przestań"],
        ["pisać", "wysyłać", "przysyłać", "spamować"],
      ),
      ...each(
        ["nie"],
        ["piszcie więcej", "piszcie do mnie", "wysyłajcie", "przysyłajcie", "chcę wiadomości"],
      ),
      "wypiszcie mnie",
      "chcę się wypisać",
      "usuńcie mój numer",
      "dajcie mi spokój",
      "to jest spam",
      "to spam",
    ],
    courtesy: ["proszę", "dziękuję", "dzięki", "już", "teraz", "mnie"],
  },
  tr: {
    no: ["RET", "İPTAL", "DURDUR", "ÇIK", "ÜYELİKTEN ÇIK", "ABONELİKTEN ÇIK"],
    near: [
      ...each(
        ["mesaj", "bana mesaj", "artık mesaj"],
        ["atmayın", "göndermeyin", "yollamayın", "istemiyorum"],
      ),
      ...each(["bana"], ["yazmayın", "yazma"]),
      "artık yazmayın",
      "reklam istemiyorum",
      "reklam göndermeyin",
      "listeden çıkarın",
      "numaramı silin",
      "rahatsız etmeyin",
      "bu spam",
    ],
    courtesy: ["lütfen", "teşekkürler", "artık", "hemen", "merhaba"],
  },
  ar: {
    no: ["توقف", "إيقاف", "إلغاء", "إلغاء الاشتراك", "الغاء الاشتراك"],
    near: [
      ...each(["توقفوا عن", "توقف عن"], ["الإرسال", "المراسلة", "إرسال", "الكتابة", "مراسلتي"]),
      ...each(["لا"], ["ترسلوا لي", "تراسلوني", "تكتبوا لي", "أريد رسائل", "اريد رسائل"]),
      "أريد إلغاء الاشتراك",
      "احذفوا رقمي",
      "احذف رقمي",
    ],
    courtesy: ["من", "فضلك", "فضلكم", "رجاء", "الرجاء", "شكرا", "الآن"],
  },
  hi: {
    no: ["बंद करें", "बंद करो", "बन्द करें", "रोकें", "रोको", "सदस्यता समाप्त", "सदस्यता रद्द करें"],
    near: [
      ...each(["मैसेज", "संदेश", "मेसेज"], ["मत भेजो", "मत भेजें", "मत भेजिए", "बंद करो", "बंद करें", "भेजना बंद करो"]),
      "मुझे मत लिखो",
      "मेरा नंबर हटाओ",
      "मेरा नंबर हटा दो",
      "मेरा नंबर हटाएं",
    ],
    courtesy: ["कृपया", "प्लीज", "प्लीज़", "धन्यवाद", "अब", "जी"],
  },
  id: {
    no: ["BERHENTI", "BERHENTI BERLANGGANAN", "BATAL LANGGANAN", "UNREG", "STOP LANGGANAN"],
    near: [
      ...each(["jangan"], ["kirim", "kirim lagi", "hubungi", "ganggu", "wa lagi", "chat lagi"]),
      ...each(["berhenti", "stop"], ["kirim", "mengirim", "hubungi", "menghubungi"]),
      "tidak mau menerima",
      "hapus nomor saya",
      "keluarkan saya",
      "ini spam",
    ],
    courtesy: ["tolong", "mohon", "terima", "kasih", "sekarang", "ya", "dong"],
  },
  zh: {
    no: ["退订", "退訂", "取消订阅", "取消訂閱", "停止"],
    // Written without spaces, so these are looked for inside words too.
    near: [
      "退订",
      "退訂",
      "取消订阅",
      "取消訂閱",
      "别再发",
      "別再發",
      "不要再发",
      "不要再發",
      "不要再联系",
      "不要再聯繫",
      "别发了",
      "別發了",
      "停止发送",
      "停止發送",
    ],
    courtesy: ["请", "請", "谢谢", "謝謝"],
  },
};

/** How a hurried hand types the shortest keywords: perhaps a no when it is the whole message. */
export const misspelt: readonly string[] = [
  "stpo",
  "sotp",
  "tsop",
  "sttop",
  "stoop",
  "сотп",
  "стпо",
  "тсоп",
  "стопп",
];
