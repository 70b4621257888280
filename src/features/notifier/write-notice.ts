import type { Mail } from "../../context.ts";
import { loadTemplates } from "../../templates.ts";
import type { Notice } from "./domain/notice.ts";

const templates = loadTemplates("mail");

/** A code as a text for a phone. */
export function writeCodeText(notice: Notice): string {
  return templates.message("code.text", notice.language, valuesOf(notice));
}

/** A code as a mail. */
export function writeCodeMail(notice: Notice): Omit<Mail, "to"> {
  const { language } = notice;
  const values = valuesOf(notice);
  const message = (key: string) => templates.message(`code.${key}`, language, values);
  return {
    subject: message("subject"),
    text: [message("asked"), notice.code, message("until"), message("notYou"), ""].join("\n\n"),
    html: templates.render("code", { subject: message("subject"), ...values }, language),
  };
}

/** The name is one line, and nothing in it would turn the words around it. */
function valuesOf({ organizationName, code, minutes }: Notice) {
  return { name: organizationName.replace(/[\p{C}\s]+/gu, " ").trim(), code, minutes };
}
