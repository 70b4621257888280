import type { ErrorCode } from "../kernel/errors.ts";
import type { Language } from "../kernel/language.ts";
import { otherLanguage, pageTemplates } from "./page.ts";

/** What the page of a failure shows. */
export interface ProblemPage {
  readonly language: Language;
  readonly code: ErrorCode;
  /** Shown as a reference to ask about. */
  readonly requestId?: string | undefined;
  /** Whether a GET of this address shows the same again, so that a language link may lead there. */
  readonly isGet: boolean;
}

/** The page for a person whose request failed: what is the matter, whether anything was recorded, what to do. */
export function renderProblemPage(page: ProblemPage): string {
  const { language } = page;
  const problem = problems[page.code] ?? "internal";
  return pageTemplates.render(
    "problem",
    {
      organizationName: null,
      otherLanguage: page.isGet ? otherLanguage(language) : null,
      heading: pageTemplates.message(`problem.${problem}.heading`, language),
      means: pageTemplates.message(`problem.${problem}.means`, language),
      requestId: page.requestId ?? null,
    },
    language,
  );
}

const problems: Readonly<Partial<Record<ErrorCode, string>>> = {
  malformed: "malformed",
  invalid: "malformed",
  too_large: "malformed",
  unsupported_media_type: "malformed",
  method_not_allowed: "notFound",
  not_found: "notFound",
  gone: "notFound",
  too_many_requests: "tooManyRequests",
  unavailable: "unavailable",
  outcome_unknown: "outcomeUnknown",
};
