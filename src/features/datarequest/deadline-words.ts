import { IntlMessageFormat } from "intl-messageformat";
import type { DayOff, DeadlineStep } from "./domain/deadline.ts";

type Language = "en" | "ru";

const words: Readonly<
  Record<Language, Readonly<Record<Exclude<DeadlineStep["rule"], "day_off"> | DayOff, string>>>
> = {
  en: {
    received:
      "The request was received on {day} (time zone {timeZone}). That day is not counted (Regulation 1182/71, Art. 3(1)).",
    same_date:
      "A term of {months, plural, one {# month} other {# months}} ends on the same date: {day} (Art. 3(2)(c)).",
    last_of_month:
      "A term of {months, plural, one {# month} other {# months}} ends on the month’s last day, as it has no such date: {day} (Art. 3(2)(c)).",
    saturday: "{day} is a Saturday: the term does not end on it (Art. 3(4)).",
    sunday: "{day} is a Sunday: the term does not end on it (Art. 3(4)).",
    public_holiday: "{day} is a public holiday: the term does not end on it (Art. 3(4)).",
    last_day: "The last day for the answer is {day}, until its end.",
  },
  ru: {
    received:
      "Запрос получен {day} (часовой пояс {timeZone}). День получения не считается (Регламент 1182/71, ст. 3(1)).",
    same_date:
      "Срок в {months, plural, one {# месяц} few {# месяца} other {# месяцев}} заканчивается в тот же день месяца: {day} (ст. 3(2)(c)).",
    last_of_month:
      "Срок в {months, plural, one {# месяц} few {# месяца} other {# месяцев}} заканчивается в последний день месяца, так как такого числа в нём нет: {day} (ст. 3(2)(c)).",
    saturday: "{day} — суббота: срок в этот день не заканчивается (ст. 3(4)).",
    sunday: "{day} — воскресенье: срок в этот день не заканчивается (ст. 3(4)).",
    public_holiday: "{day} — нерабочий праздничный день: срок в этот день не заканчивается (ст. 3(4)).",
    last_day: "Последний день для ответа — {day}, до конца суток.",
  },
};

/** How a due date came about, a sentence for every step, for staff and for the person. */
export function explainDeadline(steps: readonly DeadlineStep[], language: Language): string[] {
  return steps.map((step) => {
    const message = words[language][step.rule === "day_off" ? step.because : step.rule];
    const text = new IntlMessageFormat(message, language).format({
      ...step,
      day: longDate(step.day, language),
    });
    return String(text);
  });
}

function longDate(day: string, language: Language): string {
  // The day is a calendar date already: as UTC midnight, shown in UTC, it stays the same day everywhere.
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : "ru", {
    dateStyle: "long",
    timeZone: "UTC",
  }).format(new Date(`${day}T00:00:00Z`));
}
