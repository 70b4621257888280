import type { Question } from "./facts.ts";
import { type Language, retryText, type Text, texts } from "./texts.ts";
import type { Reason } from "./verdict.ts";

/** The words for a reason: what is the matter, and what to do next. Plain text, to be escaped where it is shown. */
export function explain(
  reason: Pick<Reason, "code" | "retryAt">,
  question: Question,
  language: Language,
): Text {
  const { message } = question;
  const words = new Map([
    ["sender", question.sender],
    ["purpose", question.purpose],
    ["template", message.kind === "template" ? message.template.name : ""],
    ["templateLanguage", message.kind === "template" ? message.template.language : ""],
    ["retryAt", reason.retryAt ?? ""],
  ]);
  const fill = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (place, name) => words.get(name) ?? place);
  const text = texts[language][reason.code];
  const remedy = reason.retryAt === null ? text.remedy : `${text.remedy} ${retryText[language]}`;
  return { message: fill(text.message), remedy: fill(remedy) };
}
