import { describe, expect, it } from "vitest";
import { explainDeadline } from "../../../src/features/datarequest/deadline-words.ts";
import type { DeadlineStep } from "../../../src/features/datarequest/domain/deadline.ts";

const steps: readonly DeadlineStep[] = [
  { rule: "received", day: "2026-01-31", timeZone: "Europe/Berlin" },
  { rule: "last_of_month", day: "2026-02-28", months: 1 },
  { rule: "day_off", day: "2026-02-28", because: "saturday" },
  { rule: "day_off", day: "2026-03-01", because: "sunday" },
  { rule: "last_day", day: "2026-03-02" },
];

describe("the explanation of a due date", () => {
  it("says in English, with the law's articles, how it was counted", () => {
    expect(explainDeadline(steps, "en")).toEqual([
      "The request was received on 31 January 2026 (time zone Europe/Berlin). That day is not counted (Regulation 1182/71, Art. 3(1)).",
      "A term of 1 month ends on the month’s last day, as it has no such date: 28 February 2026 (Art. 3(2)(c)).",
      "28 February 2026 is a Saturday: the term does not end on it (Art. 3(4)).",
      "1 March 2026 is a Sunday: the term does not end on it (Art. 3(4)).",
      "The last day for the answer is 2 March 2026, until its end.",
    ]);
  });

  it("says the same in Russian", () => {
    expect(explainDeadline(steps, "ru")).toEqual([
      "Запрос получен 31 января 2026 г. (часовой пояс Europe/Berlin). День получения не считается (Регламент 1182/71, ст. 3(1)).",
      "Срок в 1 месяц заканчивается в последний день месяца, так как такого числа в нём нет: 28 февраля 2026 г. (ст. 3(2)(c)).",
      "28 февраля 2026 г. — суббота: срок в этот день не заканчивается (ст. 3(4)).",
      "1 марта 2026 г. — воскресенье: срок в этот день не заканчивается (ст. 3(4)).",
      "Последний день для ответа — 2 марта 2026 г., до конца суток.",
    ]);
  });

  it("counts months as the language does", () => {
    const months = (count: number): readonly DeadlineStep[] => [
      { rule: "same_date", day: "2026-06-10", months: count },
      { rule: "day_off", day: "2026-06-10", because: "public_holiday" },
    ];
    expect(explainDeadline(months(3), "en")[0]).toContain("A term of 3 months");
    expect(explainDeadline(months(3), "ru")[0]).toContain("Срок в 3 месяца");
    expect(explainDeadline(months(6), "ru")[0]).toContain("Срок в 6 месяцев");
    expect(explainDeadline(months(1), "en")[1]).toContain("10 June 2026 is a public holiday");
    expect(explainDeadline(months(1), "ru")[1]).toContain("10 июня 2026 г. — нерабочий праздничный день");
  });
});
