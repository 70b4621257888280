import type { Language } from "../../kernel/language.ts";
import type { SourcedSection } from "../accountdata/index.ts";
import type { Source } from "./domain/report-model.ts";

type Trouble = NonNullable<SourcedSection["trouble"]>;

/** What a source that failed leaves out of the report, in words for the person. Follows "Missing:". */
export function whatIsMissing({ rows }: Pick<Trouble, "rows">, language: Language): string {
  return rows === null ? words[language].everything : words[language].rows(rows);
}

const words = {
  en: {
    everything: "everything that it has about you here. It could not be read when this report was made.",
    rows: (count: number) =>
      `what ${count === 1 ? "one entry" : `${count} entries`} of it may say about you. ${
        count === 1 ? "It is" : "They are"
      } damaged and could not be read.`,
  },
  ru: {
    everything: "всего, что здесь о вас хранится. Прочитать это при подготовке отчёта не удалось.",
    rows: (count: number) =>
      `сведений о вас, которые могут быть в повреждённых записях (их ${count}). Прочитать эти записи не удалось.`,
  },
} as const satisfies Record<Language, { everything: string; rows: (count: number) => string }>;

/** The systems that were asked, each once: read, or failed with all that is missing and why. */
export function readSources(sourced: readonly SourcedSection[], language: Language): Source[] {
  const titles = [...new Set(sourced.map(({ title }) => title))];
  return titles.map((title): Source => {
    const answers = sourced.filter((answer) => answer.title === title);
    const failed = answers.flatMap(({ section, trouble }) =>
      trouble === undefined ? [] : [{ section, trouble }],
    );
    if (failed.length === 0) return { name: title, state: "read" };
    const isAll = failed.some(({ trouble }) => trouble.rows === null);
    const rows = failed.reduce((most, { trouble }) => Math.max(most, trouble.rows ?? 0), 0);
    return {
      name: title,
      state: "failed",
      missing: whatIsMissing({ rows: isAll ? null : rows }, language),
      trouble: failed.map(({ section, trouble: { reason, mayHeal } }) => ({ section, reason, mayHeal })),
    };
  });
}
