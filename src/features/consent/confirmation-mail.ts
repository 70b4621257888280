import type { Mail } from "../../context.ts";
import type { Language } from "../../kernel/language.ts";
import { formatInstant, loadTemplates } from "../../templates.ts";

const templates = loadTemplates("mail");

/** The mail with the link by which the owner of an address confirms what was typed for it. */
export function writeConfirmationMail(mail: {
  readonly language: Language;
  readonly organizationName: string;
  readonly url: string;
  readonly until: Date;
  /** The time zone that times are shown in (IANA name). */
  readonly timeZone: string;
}): Omit<Mail, "to"> {
  const { language, url, timeZone } = mail;
  // One line, and nothing that would turn the words around it.
  const name = mail.organizationName.replace(/[\p{C}\s]+/gu, " ").trim();
  const until = formatInstant(mail.until.toISOString(), "dateTime", language, timeZone);
  const message = (key: string, values = {}) => templates.message(`confirm.${key}`, language, values);
  const subject = message("subject", { name });
  return {
    subject,
    text: [message("asked", { name }), url, message("until", { until }), message("notYou"), ""].join("\n\n"),
    html: templates.render("confirm", { subject, name, url, until }, language, timeZone),
  };
}
