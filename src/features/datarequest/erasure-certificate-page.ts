import type { Context } from "../../context.ts";
import { otherLanguage, pageTemplates, shownContact, shownText } from "../../http/page.ts";
import type { Language } from "../../kernel/language.ts";
import { getOrganization } from "../organization/index.ts";
import { erasureCertificate } from "./erasure-certificate.ts";

/** The certificate of an erasure as a page to print. Throws what erasureCertificate throws. */
export async function renderCertificate(ctx: Context, id: string, language: Language): Promise<string> {
  const shown = await erasureCertificate(ctx, id, language);
  const { timeZone } = await getOrganization(ctx);
  const { dpo, name } = shown.organization;
  return pageTemplates.render(
    "erasure-certificate",
    {
      ...shown,
      otherLanguage: otherLanguage(language),
      organizationName: shownText(name),
      dpo: dpo === null ? null : { name: shownText(dpo.name), contact: shownContact(dpo.contact) },
      lastBackupGoneAt: shown.dataKey.lastBackupGoneAt,
    },
    language,
    timeZone ?? "UTC",
  );
}
