import { IntlMessageFormat } from "intl-messageformat";
import type { Language } from "../../kernel/language.ts";
import type { DayOff, DeadlineStep } from "./domain/deadline.ts";
import type { Regime } from "./domain/regime.ts";
import { findRegime } from "./regimes.ts";

type Rule = Exclude<DeadlineStep["rule"], "day_off"> | DayOff;
type Words = Readonly<Record<Rule, string>>;

/** Where a regime counts by another rule than Regulation 1182/71, another sentence says so. */
type OtherWords = Readonly<Partial<Record<Rule, string>>>;

const words: Readonly<Record<Language, Words>> = {
  en: {
    received:
      "The request was received on {day} (time zone {timeZone}). That day is not counted (Regulation 1182/71, Art. 3(1)).",
    extended:
      "On {day} the person was told that the answer takes longer: the term below includes the extension.",
    same_date:
      "A term of {months, plural, one {# month} other {# months}} ends on the same date: {day} (Art. 3(2)(c)).",
    last_of_month:
      "A term of {months, plural, one {# month} other {# months}} ends on the month’s last day, as it has no such date: {day} (Art. 3(2)(c)).",
    days: "A term of {days, plural, one {# day} other {# days}} ends on {day}.",
    working_days:
      "A term of {workingDays, plural, one {# working day} other {# working days}} ends on {day}, by the calendar of {country}.{off, select, none {} other { Not counted, beside weekends: {off}.}}{worked, select, none {} other { Worked although a weekend: {worked}.}}",
    named_date: "The person was told that the answer comes by {day}.",
    paused:
      "The clock stood from {from} to {to}, both included: {days, plural, one {# day} other {# days}} later is {day}.",
    saturday: "{day} is a Saturday: the term does not end on it (Art. 3(4)).",
    sunday: "{day} is a Sunday: the term does not end on it (Art. 3(4)).",
    public_holiday: "{day} is a public holiday: the term does not end on it (Art. 3(4)).",
    last_day: "The last day for the answer is {day}, until its end.",
    earliest: "Several laws apply: the earliest date counts, {day} ({regime}).",
  },
  ru: {
    received:
      "Запрос получен {day} (часовой пояс {timeZone}). День получения не считается (Регламент 1182/71, ст. 3(1)).",
    extended: "Заявителю сообщено {day}, что ответ займёт больше времени: срок ниже включает продление.",
    same_date:
      "Срок в {months, plural, one {# месяц} few {# месяца} other {# месяцев}} заканчивается в тот же день месяца: {day} (ст. 3(2)(c)).",
    last_of_month:
      "Срок в {months, plural, one {# месяц} few {# месяца} other {# месяцев}} заканчивается в последний день месяца, так как такого числа в нём нет: {day} (ст. 3(2)(c)).",
    days: "Срок в {days, plural, one {# день} few {# дня} other {# дней}} заканчивается {day}.",
    working_days:
      "Срок в {workingDays, plural, one {# рабочий день} few {# рабочих дня} other {# рабочих дней}} заканчивается {day} по календарю {country}.{off, select, none {} other { Кроме суббот и воскресений не считаются: {off}.}}{worked, select, none {} other { Рабочие выходные: {worked}.}}",
    named_date: "Заявителю сообщено, что ответ будет дан до {day}.",
    paused:
      "Течение срока было остановлено с {from} по {to}, включая оба дня: через {days, plural, one {# день} few {# дня} other {# дней}} — {day}.",
    saturday: "{day} — суббота: срок в этот день не заканчивается (ст. 3(4)).",
    sunday: "{day} — воскресенье: срок в этот день не заканчивается (ст. 3(4)).",
    public_holiday: "{day} — нерабочий праздничный день: срок в этот день не заканчивается (ст. 3(4)).",
    last_day: "Последний день для ответа — {day}, до конца суток.",
    earliest: "Применяются несколько законов, действует самая ранняя дата: {day} ({regime}).",
  },
};

const otherWords: Readonly<Record<Language, Readonly<Record<Regime["counting"], OtherWords>>>> = {
  en: {
    regulation_1182_71: {},
    corresponding_date: {
      received:
        "{regime}: the request was received on {day} (time zone {timeZone}). The term ends on the corresponding date.",
      same_date:
        "A term of {months, plural, one {# month} other {# months}} ends on the corresponding date: {day}.",
      last_of_month:
        "A term of {months, plural, one {# month} other {# months}} ends on the month’s last day, as it has no such date: {day}.",
      saturday: "{day} is a Saturday: there is time until the next working day.",
      sunday: "{day} is a Sunday: there is time until the next working day.",
      public_holiday: "{day} is a bank holiday: there is time until the next working day.",
    },
    from_receipt: {
      received:
        "{regime}: the request was received on {day} (time zone {timeZone}). The term begins with the next day.",
      same_date: "A term of {months, plural, one {# month} other {# months}} ends on {day}.",
      last_of_month: "A term of {months, plural, one {# month} other {# months}} ends on {day}.",
    },
  },
  ru: {
    regulation_1182_71: {},
    corresponding_date: {
      received:
        "{regime}: запрос получен {day} (часовой пояс {timeZone}). Срок заканчивается в соответствующее число месяца.",
      same_date:
        "Срок в {months, plural, one {# месяц} few {# месяца} other {# месяцев}} заканчивается в соответствующее число: {day}.",
      last_of_month:
        "Срок в {months, plural, one {# месяц} few {# месяца} other {# месяцев}} заканчивается в последний день месяца, так как такого числа в нём нет: {day}.",
      saturday: "{day} — суббота: время есть до следующего рабочего дня.",
      sunday: "{day} — воскресенье: время есть до следующего рабочего дня.",
      public_holiday: "{day} — банковский выходной: время есть до следующего рабочего дня.",
    },
    from_receipt: {
      received:
        "{regime}: запрос получен {day} (часовой пояс {timeZone}). Срок начинается со следующего дня.",
      same_date:
        "Срок в {months, plural, one {# месяц} few {# месяца} other {# месяцев}} заканчивается {day}.",
      last_of_month:
        "Срок в {months, plural, one {# месяц} few {# месяца} other {# месяцев}} заканчивается {day}.",
    },
  },
};

/** How a due date came about, a sentence for every step, for staff and for the person. */
export function explainDeadline(steps: readonly DeadlineStep[], language: Language): string[] {
  let counting: Regime["counting"] = "regulation_1182_71";
  return steps.map((step) => {
    if (step.rule === "received") counting = step.counting ?? "regulation_1182_71";
    const rule = step.rule === "day_off" ? step.because : step.rule;
    const message = otherWords[language][counting][rule] ?? words[language][rule];
    return String(new IntlMessageFormat(message, language).format(valuesOf(step, language)));
  });
}

function valuesOf(step: DeadlineStep, language: Language): Record<string, string | number> {
  const day = longDate(step.day, language);
  switch (step.rule) {
    case "received":
      return { ...regimeName(step.regime, language), day, timeZone: step.timeZone };
    case "earliest":
      return { ...regimeName(step.regime, language), day };
    case "same_date":
    case "last_of_month":
      return { day, months: step.months };
    case "days":
      return { day, days: step.days };
    case "working_days":
      return {
        day,
        workingDays: step.workingDays,
        country: step.country,
        off: step.holidays.map((date) => longDate(date, language)).join(", ") || "none",
        worked: step.workedWeekends.map((date) => longDate(date, language)).join(", ") || "none",
      };
    case "paused":
      return {
        day,
        days: step.days,
        from: longDate(step.from, language),
        to: longDate(step.to, language),
      };
    default:
      return { day };
  }
}

function regimeName(key: string | undefined, language: Language): { regime: string } {
  return { regime: findRegime(key ?? "gdpr")?.name[language] ?? String(key) };
}

/** A day (YYYY-MM-DD) as people read it. */
export function longDate(day: string, language: Language): string {
  // The day is a calendar date already: as UTC midnight, shown in UTC, it stays the same day everywhere.
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : "ru", {
    dateStyle: "long",
    timeZone: "UTC",
  }).format(new Date(`${day}T00:00:00Z`));
}
