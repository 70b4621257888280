import type { Language } from "../../kernel/language.ts";
import { limits } from "../../kernel/limits.ts";
import type { Notice } from "./domain/report-model.ts";

/** What an organization wrote about its use of data (`PATCH /v1/organization`, `notice`). */
export interface WrittenNotice {
  readonly recipients?: string | undefined;
  readonly retention?: string | undefined;
  readonly source?: string | undefined;
  readonly automatedDecisions?: string | undefined;
}

interface Words {
  readonly whatsappReason: string;
  readonly whatsappOrigin: string;
  readonly rawNotices: string;
  readonly rawStarts: string;
  readonly rawReason: string;
  readonly archives: string;
  readonly archiveStarts: string;
  readonly archiveReason: string;
  readonly everything: string;
  readonly ownStarts: string;
}

const words: Readonly<Record<Language, Words>> = {
  en: {
    whatsappReason: "Carries the messages between you and the organization.",
    whatsappOrigin: "notices about your messages, about delivery and about what you chose there",
    rawNotices: "Notices from WhatsApp as they came",
    rawStarts: "Arrival",
    rawReason: "To process them again after a failure; they are sealed, and nobody reads them.",
    archives: "The archive of your data, such as this one",
    archiveStarts: "The day on which you were given the link",
    archiveReason: "So that you can fetch it; then it is deleted, and only the list of its files stays.",
    everything: "Everything else",
    ownStarts: "As the organization describes it",
  },
  ru: {
    whatsappReason: "Передаёт сообщения между вами и организацией.",
    whatsappOrigin: "уведомления о ваших сообщениях, об их доставке и о том, что вы там выбрали",
    rawNotices: "Уведомления WhatsApp в том виде, в каком они пришли",
    rawStarts: "Получение",
    rawReason: "Чтобы обработать их снова после сбоя; они зашифрованы, и их никто не читает.",
    archives: "Архив с вашими данными, такой как этот",
    archiveStarts: "День, когда вам дали ссылку",
    archiveReason: "Чтобы вы могли его получить; затем он удаляется, остаётся только список его файлов.",
    everything: "Всё остальное",
    ownStarts: "Как описывает организация",
  },
};

/**
 * What Article 15(1) GDPR wants told, apart from the purposes: what Sayso itself does with data, and what the
 * organization wrote about the rest. `usesWhatsapp`: it has a sender there.
 */
export function standingNotice(
  organization: { readonly name: string; readonly notice: WrittenNotice | null },
  usesWhatsapp: boolean,
  language: Language,
): Omit<Notice, "purposes"> {
  const say = words[language];
  const written = organization.notice ?? {};
  const recipients: Notice["recipients"] = usesWhatsapp
    ? [{ name: "WhatsApp", reason: say.whatsappReason, country: null, safeguards: null }]
    : [];
  const raw: Notice["retention"] = usesWhatsapp
    ? [
        {
          data: say.rawNotices,
          period: { value: limits.webhookRetentionDays, unit: "days" },
          starts: say.rawStarts,
          reason: say.rawReason,
        },
      ]
    : [];
  return {
    recipients: [
      ...recipients,
      ...(written.recipients === undefined
        ? []
        : [{ name: written.recipients, reason: say.ownStarts, country: null, safeguards: null }]),
    ],
    retention: [
      ...raw,
      {
        data: say.archives,
        period: { value: limits.deliveryLifeDays, unit: "days" },
        starts: say.archiveStarts,
        reason: say.archiveReason,
      },
      ...(written.retention === undefined
        ? []
        : [{ data: say.everything, period: null, starts: say.ownStarts, reason: written.retention }]),
    ],
    origins: [
      ...(usesWhatsapp ? [{ name: "WhatsApp", description: say.whatsappOrigin }] : []),
      ...(written.source === undefined ? [] : [{ name: organization.name, description: written.source }]),
    ],
    automatedDecisions: written.automatedDecisions ?? null,
  };
}
