import type { Language } from "../kernel/language.ts";
import { otherLanguage, pageAddress, pageTemplates, shownContact, shownText } from "./page.ts";

/** Whose link it claims to be, when there is such an organization. */
interface ClaimedOrganization {
  /** `org_…` */
  readonly id: string;
  readonly name: string;
  readonly contact: string | undefined;
}

/** The page of an opt-out link that is old, altered or unknown: says so plainly, and names the ways without one. */
export function renderLinkProblemPage(
  language: Language,
  organization?: ClaimedOrganization | undefined,
): string {
  return pageTemplates.render(
    "opt-out-link-problem",
    {
      organizationName: organization === undefined ? null : shownText(organization.name),
      otherLanguage: otherLanguage(language),
      stopAddress: pageAddress(organization === undefined ? "/stop" : `/stop/${organization.id}`, language),
      contact: shownContact(organization?.contact),
    },
    language,
  );
}
