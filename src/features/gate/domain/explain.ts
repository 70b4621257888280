import type { Question } from "./facts.ts";
import { type Language, retryText, type Text, texts, watchedText } from "./texts.ts";
import type { Reason } from "./verdict.ts";

/** The words for a reason: what is the matter, and what to do next. Plain text, to be escaped where it is shown. */
export function explain(
  reason: Pick<Reason, "code" | "retryAt" | "enforced">,
  question: Question,
  language: Language,
): Text {
  const { sender, purpose, message: asked } = question;
  const template = asked.kind === "template" ? asked.template : undefined;
  const words = new Map([
    ["sender", sender],
    ["purpose", purpose],
    ["template", template?.name ?? ""],
    ["templateLanguage", template?.language ?? ""],
    ["retryAt", reason.retryAt ?? ""],
  ]);
  const fill = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (place, name) => words.get(name) ?? place);
  const text = texts[language][reason.code];
  const remedy = reason.retryAt === null ? text.remedy : `${text.remedy} ${retryText[language]}`;
  const message = reason.enforced === false ? `${text.message} ${watchedText[language]}` : text.message;
  return { message: fill(message), remedy: fill(remedy) };
}
