import type { Mail } from "../../context.ts";
import type { Language } from "../../kernel/language.ts";
import { formatInstant, loadTemplates } from "../../templates.ts";
import type { DueAbout, Warning } from "./domain/due.ts";
import { letterLanguage } from "./write-letter.ts";

const templates = loadTemplates("mail");

/** The mail that warns an organization of what is due. It tells nothing of the person. */
export function writeDueMail(
  due: { readonly warning: Warning; readonly about: DueAbout; readonly dueAt: Date },
  reference: string,
  organization: { readonly language: string; readonly timeZone: string | null },
): Omit<Mail, "to" | "id"> {
  const language: Language = letterLanguage(organization.language);
  const timeZone = organization.timeZone ?? "UTC";
  const message = (key: string, values = {}) => templates.message(`due.${key}`, language, values);
  const subject = message(`subject.${due.warning}`, { reference });
  const what = message(due.about, {
    due: formatInstant(due.dueAt.toISOString(), "dateTime", language, timeZone),
  });
  return {
    subject,
    text: [what, message("look", { reference }), ""].join("\n\n"),
    html: templates.render("due", { subject, what, reference }, language, timeZone),
  };
}
