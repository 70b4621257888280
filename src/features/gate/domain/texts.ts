import type { ReasonCode } from "./verdict.ts";

export type Language = "en" | "ru";

/** `{name}` stands for a word of the question; see explain.ts for the names. */
export interface Text {
  readonly message: string;
  readonly remedy: string;
}

export const texts: Readonly<Record<Language, Readonly<Record<ReasonCode, Text>>>> = {
  en: {
    recipient_invalid: {
      message:
        "The recipient cannot be written to: the identifier cannot be read, or it is the sender's own number.",
      remedy:
        "Correct the recipient: a phone number with + and country code, a waId or a bsuid. Then ask again.",
    },
    recipient_unsupported: {
      message: "The recipient is a group. Consent belongs to a person, so only single people can be checked.",
      remedy: "Ask for each person of the group separately.",
    },
    recipient_ambiguous: {
      message: "The identifiers of the recipient belong to different people.",
      remedy:
        "Name one identifier only. If the records are one person's, have staff merge them with POST /v1/subjects/{id}/merge.",
    },
    sender_unknown: {
      message: "The sender “{sender}” is not registered.",
      remedy: "Register it with POST /v1/senders, or correct the sender in the question.",
    },
    sender_restricted: {
      message:
        "WhatsApp has restricted, disabled or locked the sender “{sender}” for messages like this one.",
      remedy: "See WhatsApp Manager for the cause and appeal there, or send from another registered number.",
    },
    sending_paused: {
      message: "Staff have paused sending for the organization, this sender or this purpose.",
      remedy:
        "Do not send until staff release it: GET /v1/switches tells why, POST /v1/switches/{id}/release ends it.",
    },
    intake_stale: {
      message:
        "The webhooks of this sender's account have been silent for longer than your policy allows. Replies and opt-outs may be getting lost.",
      remedy:
        "See to the webhook in the Meta app dashboard: callback URL, app secret and subscribed fields. Then write to the sender from any phone: when that message arrives, sending goes on.",
    },
    recipient_blocked: {
      message: "The recipient is on the blocklist. A block beats every consent.",
      remedy:
        "Do not write. If the block is a mistake, have staff lift it with a reason by POST /v1/blocks/{id}/lift.",
    },
    recipient_opted_out: {
      message: "The person opted out of “{purpose}” or of all messages.",
      remedy:
        "Do not write. Only the person can change this: by opting in again in your own form, widget or checkbox, by confirming a double opt-in, or by a message of their own.",
    },
    opt_out_suspected: {
      message:
        "A message of the person's may be a no: it asks in other words to be left alone, or it is a voice note that came after marketing and nobody has heard. Marketing waits until staff decide.",
      remedy:
        "Have staff look at the message and decide: GET /v1/opt-out-suspicions lists what waits, POST /v1/opt-out-suspicions/{id}/decide ends it.",
    },
    recipient_paused: {
      message: "The person has paused marketing messages for a time.",
      remedy:
        "Do not send marketing until the pause is over. Messages about orders and answers go on. Only the person can end it earlier, on their preference page.",
    },
    purpose_unknown: {
      message: "There is no purpose “{purpose}”.",
      remedy: "Correct the purpose in the question, or create it with POST /v1/purposes.",
    },
    purpose_category_mismatch: {
      message: "The purpose “{purpose}” does not cover messages of the template's category.",
      remedy:
        "Use a purpose of that category that the person agreed to, or a template that fits this purpose.",
    },
    consent_missing: {
      message: "The person has not agreed to “{purpose}” on this channel.",
      remedy:
        "Ask for consent at one of your collection points, record it with POST /v1/consents, then ask again.",
    },
    consent_pending: {
      message: "A consent to “{purpose}” is on record, but the person has not confirmed it.",
      remedy: "Wait for the person's confirmation, or send the request for it again.",
    },
    consent_refused: {
      message: "The person refused “{purpose}”.",
      remedy: "Do not write for this purpose unless the person opts in by their own action.",
    },
    consent_withdrawn: {
      message: "The person withdrew the consent to “{purpose}”, and no confirmed consent has followed.",
      remedy:
        "Do not write for this purpose unless the person opts in again: in your own form, widget or checkbox, by confirming a double opt-in, or by a message of their own.",
    },
    consent_revoked: {
      message: "The consent to “{purpose}” was revoked on the person's behalf or by staff.",
      remedy:
        "See the consent history for who revoked it and why. A new consent of the person's own is needed.",
    },
    consent_expired: {
      message: "The consent to “{purpose}” has expired.",
      remedy: "Ask the person to renew it at one of your collection points, then ask again.",
    },
    consent_invalidated: {
      message: "The consent to “{purpose}” was found invalid.",
      remedy:
        "See the consent history for what was wrong, correct the collection point, and ask the person for a new consent.",
    },
    consent_unproven: {
      message: "There is no proof of the consent to “{purpose}”. Marketing needs one.",
      remedy:
        "Record the consent again with its evidence, or ask the person to confirm it by a double opt-in.",
    },
    channel_opt_in_missing: {
      message: "The person has not agreed, with proof, to be written to by you on this channel.",
      remedy:
        "Ask for an opt-in at one of your collection points, for any purpose, record it with POST /v1/consents, then ask again.",
    },
    basis_objected: {
      message: "The person objected to “{purpose}”.",
      remedy: "Do not write for this purpose unless the person opts in to it by their own action.",
    },
    platform_marketing_stopped: {
      message: "The person stopped marketing messages from your business in WhatsApp itself.",
      remedy:
        "Do not send marketing. Only the person can resume it, in their WhatsApp settings for your business.",
    },
    window_closed: {
      message:
        "The customer service window is closed: no message or call from the person to this sender within the last 24 hours.",
      remedy: "Send an approved template, or wait for the person to write.",
    },
    service_limit_reached: {
      message:
        "The person's latest message has been answered as often as your policy allows (serviceMessagesPerInbound).",
      remedy: "Wait for the person to write again, or send an approved template that they agreed to.",
    },
    template_unknown: {
      message:
        "The template “{template}” in the language “{templateLanguage}” is not registered for this sender.",
      remedy: "Correct the name or language, or register the template with POST /v1/templates.",
    },
    template_not_approved: {
      message: "WhatsApp has not approved the template “{template}” in the language “{templateLanguage}”.",
      remedy: "Wait for the approval, or use an approved template.",
    },
    template_paused: {
      message: "WhatsApp has paused the template “{template}” because of its quality.",
      remedy: "Wait until WhatsApp unpauses it, or use another approved template.",
    },
    template_disabled: {
      message: "WhatsApp has disabled the template “{template}”.",
      remedy: "Use another approved template, or submit a new one that meets WhatsApp's policy.",
    },
    quiet_hours: {
      message:
        "It is outside the hours in which your policy lets this person be written to, or nobody can say what time it is there.",
      remedy:
        "Wait for the allowed hours. If no number of the person is known, record it with POST /v1/consents; if your policy's hours are too narrow, activate a policy with other allowedHours or timeZones.",
    },
    frequency_cap_reached: {
      message:
        "This person has had as many messages as your policy's frequency caps allow, or the person's own wish for fewer, or they are on their way.",
      remedy: "Send it later, or leave it out.",
    },
    platform_hold: {
      message:
        "WhatsApp held back a marketing message to this person within the last 24 hours. Another one now would only fail too.",
      remedy: "Send this person no marketing until the hold ends.",
    },
    destination_restricted: {
      message:
        "Your policy closes the country of the person's number for messages of this category, or the country is not known.",
      remedy:
        "Do not send. If there is a legal ground to, staff can activate a policy that opens the country with its reason, legal reference and end date (openedDestinations).",
    },
    sender_limit_reached: {
      message:
        "The sender “{sender}” has written to as many people within 24 hours as WhatsApp or your policy lets it, and this person is not one of them.",
      remedy:
        "Wait until there is room again, or let the person write first. If WhatsApp has raised your limit, staff can say so (messagingLimit of the sender); your own ceiling is senderCeilings in the policy.",
    },
    complaint_rate_exceeded: {
      message:
        "Marketing from the sender “{sender}” is stopped: people opted out of it, or WhatsApp found it unwelcome, more than your policy tolerates.",
      remedy:
        "Send no marketing from this sender. GET /v1/complaint-breakers tells what was counted; when staff have dealt with the cause, they close it with POST /v1/complaint-breakers/{id}/close.",
    },
    recipient_unreachable: {
      message:
        "Marketing does not reach this person: WhatsApp could not deliver two messages within seven days, there has been no sign of life for longer than your policy allows, or your policy only lets you write to people who wrote to this sender or saved its number.",
      remedy:
        "Send no marketing until the person writes or calls: dead numbers get senders restricted. If your policy asks who saved the number, record it where you know it (savedSenders of the person).",
    },
  },
  ru: {
    recipient_invalid: {
      message:
        "Этому получателю нельзя написать: идентификатор не распознан или это номер самого отправителя.",
      remedy:
        "Исправьте получателя: номер телефона с «+» и кодом страны, waId или bsuid. Затем повторите проверку.",
    },
    recipient_unsupported: {
      message: "Получатель — группа. Согласие даёт человек, поэтому проверить можно только отдельных людей.",
      remedy: "Проверьте каждого участника группы отдельно.",
    },
    recipient_ambiguous: {
      message: "Идентификаторы получателя принадлежат разным людям.",
      remedy:
        "Укажите только один идентификатор. Если записи относятся к одному человеку, попросите сотрудников объединить их: POST /v1/subjects/{id}/merge.",
    },
    sender_unknown: {
      message: "Отправитель «{sender}» не зарегистрирован.",
      remedy: "Зарегистрируйте его (POST /v1/senders) или исправьте отправителя в запросе.",
    },
    sender_restricted: {
      message: "WhatsApp ограничил, отключил или заблокировал отправителя «{sender}» для таких сообщений.",
      remedy:
        "Узнайте причину в WhatsApp Manager и подайте там апелляцию или отправьте сообщение с другого зарегистрированного номера.",
    },
    sending_paused: {
      message: "Отправка приостановлена сотрудниками: для организации, этого отправителя или этой цели.",
      remedy:
        "Не отправляйте, пока сотрудники её не возобновят: GET /v1/switches показывает причину, POST /v1/switches/{id}/release возобновляет отправку.",
    },
    intake_stale: {
      message:
        "Вебхуки аккаунта этого отправителя молчат дольше, чем допускает ваша политика. Ответы и отказы людей могут теряться.",
      remedy:
        "Проверьте вебхук в панели приложения Meta: адрес, секрет приложения и подписку на поля. Затем напишите отправителю с любого телефона: когда это сообщение придёт, отправка возобновится.",
    },
    recipient_blocked: {
      message: "Получатель в списке блокировки. Блокировка сильнее любого согласия.",
      remedy:
        "Не пишите этому человеку. Если блокировка ошибочна, попросите сотрудников снять её с указанием причины: POST /v1/blocks/{id}/lift.",
    },
    recipient_opted_out: {
      message: "Человек отписался от сообщений «{purpose}» или от всех сообщений.",
      remedy:
        "Не пишите ему. Изменить это может только он сам: снова подписаться через вашу форму, виджет или флажок, подтвердить подписку (double opt-in) или написать вам.",
    },
    opt_out_suspected: {
      message:
        "Похоже, человек просит ему не писать: об этом говорят его слова, или после рассылки пришло голосовое сообщение, которое никто не прослушал. Рассылка ему ждёт решения сотрудника.",
      remedy:
        "Попросите сотрудника посмотреть сообщение и решить: что ждёт решения, показывает GET /v1/opt-out-suspicions, ожидание завершает POST /v1/opt-out-suspicions/{id}/decide.",
    },
    recipient_paused: {
      message: "Человек на время приостановил маркетинговые сообщения.",
      remedy:
        "Не отправляйте маркетинговых сообщений, пока пауза не кончится. Сообщения о заказах и ответы отправлять можно. Раньше срока паузу может снять только сам человек на своей странице настроек.",
    },
    purpose_unknown: {
      message: "Цели «{purpose}» не существует.",
      remedy: "Исправьте цель в запросе или создайте её: POST /v1/purposes.",
    },
    purpose_category_mismatch: {
      message: "Цель «{purpose}» не охватывает сообщения той категории, к которой относится шаблон.",
      remedy:
        "Укажите цель этой категории, на которую человек согласился, или возьмите шаблон, подходящий к цели.",
    },
    consent_missing: {
      message: "Человек не давал согласия на «{purpose}» в этом канале.",
      remedy:
        "Попросите согласие в одной из ваших точек сбора, запишите его (POST /v1/consents) и повторите проверку.",
    },
    consent_pending: {
      message: "Согласие на «{purpose}» записано, но человек его ещё не подтвердил.",
      remedy: "Дождитесь подтверждения от человека или отправьте просьбу о нём ещё раз.",
    },
    consent_refused: {
      message: "Человек отказался от «{purpose}».",
      remedy: "Не пишите с этой целью, пока человек сам не подпишется.",
    },
    consent_withdrawn: {
      message: "Человек отозвал согласие на «{purpose}», и подтверждённого согласия после этого не было.",
      remedy:
        "Не пишите с этой целью, пока человек снова не подпишется сам: через вашу форму, виджет или флажок, подтвердив подписку (double opt-in) или написав вам.",
    },
    consent_revoked: {
      message: "Согласие на «{purpose}» отозвано от имени человека или сотрудниками.",
      remedy:
        "Посмотрите в истории согласий, кто и почему его отозвал. Нужно новое согласие самого человека.",
    },
    consent_expired: {
      message: "Срок согласия на «{purpose}» истёк.",
      remedy: "Попросите человека продлить его в одной из ваших точек сбора согласий и повторите проверку.",
    },
    consent_invalidated: {
      message: "Согласие на «{purpose}» признано недействительным.",
      remedy:
        "Посмотрите в истории согласий, что было не так, исправьте точку сбора и попросите у человека новое согласие.",
    },
    consent_unproven: {
      message: "Согласие на «{purpose}» ничем не подтверждено. Для маркетинга нужно доказательство.",
      remedy:
        "Запишите согласие снова, приложив доказательство, или попросите человека подтвердить подписку (double opt-in).",
    },
    channel_opt_in_missing: {
      message: "Нет подтверждённого согласия человека на то, чтобы вы писали ему в этом канале.",
      remedy:
        "Попросите согласие на любую цель в одной из ваших точек сбора, запишите его (POST /v1/consents) и повторите проверку.",
    },
    basis_objected: {
      message: "Человек возразил против «{purpose}».",
      remedy: "Не пишите с этой целью, пока человек сам на неё не согласится.",
    },
    platform_marketing_stopped: {
      message: "Человек отключил маркетинговые сообщения вашей компании в самом WhatsApp.",
      remedy:
        "Не отправляйте маркетинговых сообщений. Возобновить их может только сам человек в настройках чата с вашей компанией.",
    },
    window_closed: {
      message:
        "Окно обслуживания закрыто: за последние 24 часа человек не писал и не звонил этому отправителю.",
      remedy: "Отправьте одобренный шаблон или дождитесь сообщения от человека.",
    },
    service_limit_reached: {
      message:
        "На последнее сообщение человека уже ответили столько раз, сколько разрешает ваша политика (serviceMessagesPerInbound).",
      remedy:
        "Дождитесь нового сообщения от человека или отправьте одобренный шаблон, на который он согласен.",
    },
    template_unknown: {
      message: "Шаблон «{template}» на языке «{templateLanguage}» не зарегистрирован для этого отправителя.",
      remedy: "Исправьте имя или язык либо зарегистрируйте шаблон: POST /v1/templates.",
    },
    template_not_approved: {
      message: "WhatsApp не одобрил шаблон «{template}» на языке «{templateLanguage}».",
      remedy: "Дождитесь одобрения или возьмите одобренный шаблон.",
    },
    template_paused: {
      message: "WhatsApp приостановил шаблон «{template}» из-за его качества.",
      remedy: "Дождитесь, пока WhatsApp снимет паузу, или возьмите другой одобренный шаблон.",
    },
    template_disabled: {
      message: "WhatsApp отключил шаблон «{template}».",
      remedy: "Возьмите другой одобренный шаблон или подайте новый, отвечающий правилам WhatsApp.",
    },
    quiet_hours: {
      message:
        "Сейчас не те часы, в которые ваша политика разрешает писать этому человеку, или его местное время неизвестно.",
      remedy:
        "Дождитесь разрешённых часов. Если номер человека неизвестен, запишите его (POST /v1/consents); если часы слишком узкие, введите политику с другими allowedHours или timeZones.",
    },
    frequency_cap_reached: {
      message:
        "Этот человек уже получил столько сообщений, сколько разрешает ваша политика или просил он сам, или они в пути.",
      remedy: "Отправьте позже или не отправляйте вовсе.",
    },
    platform_hold: {
      message:
        "За последние 24 часа WhatsApp не доставил этому человеку маркетинговое сообщение. Новое сейчас тоже не дойдёт.",
      remedy: "Не отправляйте этому человеку маркетинговых сообщений, пока не закончится задержка.",
    },
    destination_restricted: {
      message:
        "Ваша политика закрывает страну номера этого человека для сообщений этой категории, или страна неизвестна.",
      remedy:
        "Не отправляйте. Если есть правовое основание, сотрудники могут ввести политику, которая открывает страну с указанием причины, правового основания и срока (openedDestinations).",
    },
    sender_limit_reached: {
      message:
        "Отправитель «{sender}» за 24 часа уже написал стольким людям, скольким ему разрешает WhatsApp или ваша политика, и этого человека среди них нет.",
      remedy:
        "Подождите, пока место освободится, или дождитесь сообщения от человека. Если WhatsApp повысил ваш лимит, сотрудники могут указать его у отправителя (messagingLimit); ваш собственный потолок — senderCeilings в политике.",
    },
    complaint_rate_exceeded: {
      message:
        "Маркетинг с отправителя «{sender}» остановлен: людей, которые от него отписались, или замечаний WhatsApp стало больше, чем допускает ваша политика.",
      remedy:
        "Не отправляйте с него маркетинговых сообщений. GET /v1/complaint-breakers показывает, что было посчитано; устранив причину, сотрудники снимают остановку: POST /v1/complaint-breakers/{id}/close.",
    },
    recipient_unreachable: {
      message:
        "Маркетинг не доходит до этого человека: за семь дней WhatsApp не смог доставить два сообщения, признаков жизни нет дольше, чем допускает ваша политика, или политика разрешает писать только тем, кто писал этому отправителю или сохранил его номер.",
      remedy:
        "Не отправляйте маркетинговых сообщений, пока человек сам не напишет или не позвонит: за рассылку по мёртвым номерам отправителей ограничивают. Если политика требует, чтобы номер был сохранён, и вы знаете, что это так, запишите это (savedSenders человека).",
    },
  },
};

/** Follows the remedy when the answer will change by itself. */
export const retryText: Readonly<Record<Language, string>> = {
  en: "You can ask again after {retryAt}.",
  ru: "Повторить проверку можно после {retryAt}.",
};

/** Follows the message of a rule that monitor mode only watched. */
export const watchedText: Readonly<Record<Language, string>> = {
  en: "Monitor mode: the rule was only watched and stopped nothing.",
  ru: "Режим наблюдения: правило только проверялось и ничего не остановило.",
};

/** Why a permit cannot be redeemed, the rules aside. */
export type PermitCode = "permit_expired" | "permit_used";

export const permitTexts: Readonly<Record<Language, Readonly<Record<PermitCode, Text>>>> = {
  en: {
    permit_expired: {
      message: "The permit has run out.",
      remedy: "Do not send. Check again with the same messageRef, and redeem the new permit at once.",
    },
    permit_used: {
      message: "The permit was redeemed before. It is for one message.",
      remedy:
        "Do not send. If you do not know whether the message went out, report the outcome “unknown” and check again with the same messageRef.",
    },
  },
  ru: {
    permit_expired: {
      message: "Срок разрешения истёк.",
      remedy: "Не отправляйте. Проверьте ещё раз с тем же messageRef и сразу используйте новое разрешение.",
    },
    permit_used: {
      message: "Разрешение уже использовано. Оно даётся на одно сообщение.",
      remedy:
        "Не отправляйте. Если неизвестно, ушло ли сообщение, сообщите исход «unknown» и проверьте ещё раз с тем же messageRef.",
    },
  },
};
